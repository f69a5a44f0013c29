#include "daemon/base/series.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "proto/codes.h"

enum { CELLS = LIMIT_PEERS * (SERIES_BUCKETS + 2), MARK_WORDS = (CELLS + 63) / 64 };
enum kind { KIND_counter, KIND_gauge, KIND_histogram };

static const struct {
    enum kind kind;
    int64_t scale;
    enum series_label first, second;
    const char *kind_name, *name, *help;
} rows[SERIES] = {
#define S(constant, kind, scale, first, second, name, help) \
    [SERIES_##constant] = {KIND_##kind, scale, LABEL_##first, LABEL_##second, #kind, name, help},
    SERIES_TABLE(S)
#undef S
};
static const struct {
    const char *name, *values;
} labels[SERIES_LABELS] = {
#define L(constant, name, values) {name, values},
    SERIES_LABEL_TABLE(L)
#undef L
};
/* Upper bounds: a local operation from 100 µs to 10 s; a delivery from a tenth of a second to ten days. */
static const int64_t bounds_us[SERIES_BUCKETS] = {100,    250,    500,     1000,    2500,    5000,    10000,
                                                  25000, 50000, 100000, 250000, 1000000, 2500000, 10000000};
static const int64_t bounds_ms[SERIES_BUCKETS] = {100,       250,        500,         1000,        2500,      5000,      10000,
                                                  30000, 60000, 600000, 3600000, 6 * 3600000, 24 * 3600000, 10 * 24 * 3600000};

static _Atomic int64_t cells[SERIES][CELLS];
static _Atomic uint64_t marks[SERIES][MARK_WORDS]; /* gauges that have a value */
static char peers[LIMIT_PEERS][OFFICE_TEXT];
static unsigned peer_count;

/* ---- labels ---- */

void series_set_peers(const char *const *codes, unsigned count)
{
    peer_count = 0;
    for (unsigned i = 0; i < count && i < LIMIT_PEERS; i++, peer_count++)
        (void)snprintf(peers[i], sizeof peers[i], "%s", codes[i]);
}

/* The nth word of a set and its length; NULL behind the last. */
static const char *word_at(enum series_label label, unsigned n, size_t *len)
{
    const char *word = labels[label].values;
    if (label == LABEL_PEER) {
        *len = n < peer_count ? strlen(peers[n]) : 0;
        return n < peer_count ? peers[n] : NULL;
    }
    if (label == LABEL_NONE) {
        *len = 0;
        return n ? NULL : "";
    }
    for (; *word; word += *len + (word[*len] == ' ')) {
        *len = strcspn(word, " ");
        if (!n--)
            return word;
    }
    return NULL;
}

unsigned series_value(enum series_label label, const char *word)
{
    size_t len = 0;
    const char *found;
    for (unsigned n = 0; (found = word_at(label, n, &len)); n++)
        if (strlen(word) == len && !memcmp(word, found, len))
            return n;
    return SERIES_NONE;
}

static unsigned size_of(enum series_label label)
{
    size_t len = 0;
    unsigned n = 0;
    while (word_at(label, n, &len))
        n++;
    return n;
}

/* ---- values ---- */

/* Where a value stands, or CELLS. */
static unsigned cell(enum series series, unsigned first, unsigned second)
{
    if ((unsigned)series >= SERIES || first >= size_of(rows[series].first) || second >= size_of(rows[series].second))
        return CELLS;
    return first * size_of(rows[series].second) + second;
}

void series_add(enum series series, unsigned first, unsigned second, int64_t n)
{
    unsigned at = cell(series, first, second);
    if (at < CELLS)
        (void)atomic_fetch_add_explicit(&cells[series][at], n, memory_order_relaxed);
}

void series_set(enum series series, unsigned first, unsigned second, int64_t value)
{
    unsigned at = cell(series, first, second);
    if (at >= CELLS)
        return;
    atomic_store_explicit(&cells[series][at], value, memory_order_relaxed);
    (void)atomic_fetch_or_explicit(&marks[series][at / 64], UINT64_C(1) << at % 64, memory_order_relaxed);
}

void series_unset(enum series series, unsigned first, unsigned second)
{
    unsigned at = cell(series, first, second);
    if (at < CELLS)
        (void)atomic_fetch_and_explicit(&marks[series][at / 64], ~(UINT64_C(1) << at % 64), memory_order_relaxed);
}

int64_t series_get(enum series series, unsigned first, unsigned second)
{
    unsigned at = cell(series, first, second);
    return at < CELLS ? atomic_load_explicit(&cells[series][at], memory_order_relaxed) : 0;
}

static bool is_set(enum series series, unsigned at)
{
    return atomic_load_explicit(&marks[series][at / 64], memory_order_relaxed) >> at % 64 & 1;
}

/* ---- histograms: buckets, then the sum ---- */

static const int64_t *bounds_of(enum series series)
{
    return rows[series].scale == 1000 ? bounds_ms : bounds_us;
}

static unsigned bucket_of(enum series series, int64_t value)
{
    const int64_t *bounds = bounds_of(series);
    unsigned n = 0;
    while (n < SERIES_BUCKETS && value > bounds[n])
        n++;
    return n;
}

static _Atomic int64_t *histogram(enum series series, unsigned first)
{
    bool known = (unsigned)series < SERIES && rows[series].kind == KIND_histogram && first < size_of(rows[series].first);
    return known ? &cells[series][first * (SERIES_BUCKETS + 2)] : NULL;
}

void series_observe(enum series series, unsigned first, int64_t value)
{
    _Atomic int64_t *buckets = histogram(series, first);
    if (!buckets)
        return;
    value = value > 0 ? value : 0; /* a clock that was set back */
    (void)atomic_fetch_add_explicit(&buckets[bucket_of(series, value)], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&buckets[SERIES_BUCKETS + 1], value, memory_order_relaxed);
}

void series_gather(enum series series, struct series_sample *sample, int64_t value)
{
    value = value > 0 ? value : 0;
    sample->buckets[bucket_of(series, value)]++;
    sample->sum += value;
}

void series_merge(enum series series, unsigned first, const struct series_sample *sample)
{
    _Atomic int64_t *buckets = histogram(series, first);
    for (unsigned n = 0; buckets && n <= SERIES_BUCKETS; n++)
        if (sample->buckets[n])
            (void)atomic_fetch_add_explicit(&buckets[n], (int64_t)sample->buckets[n], memory_order_relaxed);
    if (buckets)
        (void)atomic_fetch_add_explicit(&buckets[SERIES_BUCKETS + 1], sample->sum, memory_order_relaxed);
}

uint64_t series_count(enum series series, unsigned first)
{
    const _Atomic int64_t *buckets = histogram(series, first);
    uint64_t count = 0;
    for (unsigned n = 0; buckets && n <= SERIES_BUCKETS; n++)
        count += (uint64_t)atomic_load_explicit(&buckets[n], memory_order_relaxed);
    return count;
}

/* ---- text ---- */

/* A value of the small unit as a decimal number of the base unit, without zeros at its end. */
static int print_scaled(struct buf *out, int64_t value, int64_t scale)
{
    int digits = 0;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, whole = size / (uint64_t)scale, rest = size % (uint64_t)scale;
    int rc = buf_printf(out, "%s%" PRIu64, value < 0 ? "-" : "", whole);
    for (int64_t s = scale; s > 1; s /= 10)
        digits++;
    while (rest && rest % 10 == 0) {
        rest /= 10;
        digits--;
    }
    return rc || !rest ? rc : buf_printf(out, ".%0*" PRIu64, digits, rest);
}

static int print_label(struct buf *out, enum series_label label, unsigned n, char *mark)
{
    size_t len = 0;
    const char *word = word_at(label, n, &len);
    if (label == LABEL_NONE || !word)
        return 0;
    int rc = buf_printf(out, "%c%s=\"%.*s\"", *mark, labels[label].name, (int)len, word);
    *mark = ',';
    return rc;
}

static int print_value(struct buf *out, enum series series, unsigned first, unsigned second)
{
    char mark = '{';
    int rc = buf_printf(out, "tongban_%s", rows[series].name);
    if (!rc)
        rc = print_label(out, rows[series].first, first, &mark);
    if (!rc)
        rc = print_label(out, rows[series].second, second, &mark);
    if (!rc)
        rc = buf_append_str(out, mark == ',' ? "} " : " ");
    if (!rc)
        rc = print_scaled(out, series_get(series, first, second), rows[series].scale);
    return rc ? rc : buf_append_str(out, "\n");
}

/* _bucket lines are cumulative; the count is that of the last one, so that they always agree. */
static int print_histogram(struct buf *out, enum series series, unsigned first)
{
    const _Atomic int64_t *buckets = histogram(series, first);
    const int64_t *bounds = bounds_of(series), scale = rows[series].scale;
    const char *name = rows[series].name;
    uint64_t count = 0;
    struct buf label;
    char mark = '{';
    buf_init(&label, 64);
    int rc = print_label(&label, rows[series].first, first, &mark);
    if (!rc)
        rc = buf_reserve(&label, 1);
    for (unsigned n = 0; n <= SERIES_BUCKETS && !rc; n++) {
        count += (uint64_t)atomic_load_explicit(&buckets[n], memory_order_relaxed);
        rc = buf_printf(out, "tongban_%s_bucket%.*s%cle=\"", name, (int)label.len, label.data, mark);
        if (!rc)
            rc = n < SERIES_BUCKETS ? print_scaled(out, bounds[n], scale) : buf_append_str(out, "+Inf");
        if (!rc)
            rc = buf_printf(out, "\"} %" PRIu64 "\n", count);
    }
    const char *end = mark == ',' ? "}" : "";
    if (!rc)
        rc = buf_printf(out, "tongban_%s_sum%.*s%s ", name, (int)label.len, label.data, end);
    if (!rc)
        rc = print_scaled(out, atomic_load_explicit(&buckets[SERIES_BUCKETS + 1], memory_order_relaxed), scale);
    if (!rc)
        rc = buf_printf(out, "\ntongban_%s_count%.*s%s %" PRIu64 "\n", name, (int)label.len, label.data, end, count);
    buf_free(&label);
    return rc;
}

static int print_row(struct buf *out, enum series series)
{
    unsigned firsts = size_of(rows[series].first), seconds = size_of(rows[series].second);
    int rc = 0;
    for (unsigned first = 0; first < firsts && !rc; first++) {
        if (rows[series].kind == KIND_histogram) {
            rc = print_histogram(out, series, first);
            continue;
        }
        for (unsigned second = 0; second < seconds && !rc; second++)
            if (rows[series].kind == KIND_counter || is_set(series, first * seconds + second))
                rc = print_value(out, series, first, second);
    }
    return rc;
}

int series_print(struct buf *out)
{
    int rc = 0;
    for (unsigned i = 0; i < SERIES && !rc; i++) {
        rc = buf_printf(out, "# HELP tongban_%s %s\n# TYPE tongban_%s %s\n", rows[i].name, rows[i].help, rows[i].name, rows[i].kind_name);
        if (!rc)
            rc = print_row(out, (enum series)i);
    }
    return rc;
}
