#include "proto/report_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/timestamp.h"

const struct report *report_find(const char *name)
{
    for (size_t i = 0; name && i < report_count; i++)
        if (strcmp(reports[i].name, name) == 0)
            return &reports[i];
    return NULL;
}

bool report_has_desks(const struct report *report)
{
    const unsigned none = REPORT_REGISTER(AUTHORISATION) | REPORT_REGISTER(CONTACT);
    bool cases = false, objects = false;
    for (const struct report_feed *feed = report->feeds; feed->row; feed++) {
        cases = cases || feed->source == REPORT_CASES;
        objects = objects || feed->source == REPORT_OBJECTS;
    }
    return cases || (objects && (report->registers & ~none));
}

bool report_adds_by(const struct report *report, const char *by)
{
    bool desks = !strcmp(report->name, "desks");
    return desks && (!strcmp(by, "window") || !strcmp(by, "township") || !strcmp(by, "staff"));
}

const struct register_kind *report_register(const struct report *report)
{
    for (size_t i = 0; i < REGISTER_KINDS; i++)
        if (report->registers == 1U << i)
            return &register_kinds[i];
    return NULL;
}

const struct report_word *report_word_find(const char *word)
{
    for (size_t i = 0; word && i < report_word_count; i++)
        if (strcmp(report_words[i].word, word) == 0)
            return &report_words[i];
    return NULL;
}

int report_begin(struct report_run *run, const struct report *report)
{
    *run = (struct report_run){.report = report, .us = "", .office = "", .item = "", .rows = json_array(), .index = json_object()};
    if (run->rows && run->index)
        return 0;
    report_end(run);
    return TB_ENOMEM;
}

void report_end(struct report_run *run)
{
    json_decref(run->rows);
    json_decref(run->index);
    run->rows = run->index = NULL;
}

/* ---- rows ---- */

/* What makes two rows of sums the same row: every cell that is not added up or computed. */
static int key_of(const struct report *report, const json_t *row, struct buf *key)
{
    buf_clear(key);
    int rc = 0;
    for (const struct report_column *c = report->columns; c->name && !rc; c++) {
        const char *text = json_string_value(json_object_get(row, c->name));
        if (c->type == REPORT_COUNT || c->type == REPORT_VALUE)
            continue;
        rc = buf_append_str(key, text ? text : "");
        rc = rc ? rc : buf_append(key, "\x1f", 1);
    }
    return rc;
}

static int add_counts(const struct report *report, json_t *into, const json_t *row)
{
    for (const struct report_column *c = report->columns; c->name; c++) {
        if (c->type != REPORT_COUNT)
            continue;
        json_int_t sum = json_integer_value(json_object_get(into, c->name)) + json_integer_value(json_object_get(row, c->name));
        if (json_object_set_new(into, c->name, json_integer(sum)))
            return TB_ENOMEM;
    }
    return 0;
}

/* Takes `row`. */
static int add_row(struct report_run *run, json_t *row)
{
    struct buf key;
    if (!run->report->sums)
        return json_array_append_new(run->rows, row) ? TB_ENOMEM : 0;
    buf_init(&key, 4096);
    int rc = key_of(run->report, row, &key);
    json_t *same = rc ? NULL : json_object_get(run->index, key.data);
    if (!rc && same)
        rc = add_counts(run->report, same, row);
    else if (!rc && (json_object_set(run->index, key.data, row) || json_array_append(run->rows, row)))
        rc = TB_ENOMEM;
    json_decref(row);
    buf_free(&key);
    return rc;
}

int report_emit(struct report_run *run, json_t *cells)
{
    json_t *row = cells ? json_object() : NULL;
    int rc = row ? 0 : TB_ENOMEM;
    size_t i = 0;
    for (const struct report_column *c = run->report->columns; c->name && !rc; c++)
        rc = json_object_set(row, c->name, json_array_get(cells, i++)) ? TB_ENOMEM : 0;
    json_decref(cells);
    if (!rc)
        return add_row(run, row);
    json_decref(row);
    return rc;
}

/* Taken in at the wanted window and township. */
static bool taken_in_there(const struct report_run *run, const char *window, const char *township)
{
    bool there = !run->window || !run->window[0] || (window && !strcmp(window, run->window));
    return there && (!run->township || !run->township[0] || (township && !strcmp(township, run->township)));
}

/* An object that the other side never took is nothing but an entry. */
static bool object_wanted(const struct report_run *run, const struct report_object *o)
{
    bool office = !run->office[0] || !strcmp(o->owner, run->office) || !strcmp(o->other, run->office);
    return o->state != REGISTER_NONE && office && taken_in_there(run, o->window, o->township) &&
           (!run->item[0] || !strcmp(o->item, run->item));
}

static bool wanted(const struct report_run *run, const struct report_fact *fact)
{
    if (fact->source == REPORT_OBJECTS)
        return object_wanted(run, fact->object);
    if (fact->source != REPORT_CASES)
        return true;
    const struct report_case *c = fact->one;
    bool office = !run->office[0] || !strcmp(c->home, run->office) || !strcmp(c->intake, run->office);
    return office && taken_in_there(run, c->window, c->township) && (!run->item[0] || !strcmp(c->item, run->item));
}

int report_add(struct report_run *run, const struct report_fact *fact)
{
    int rc = 0;
    if (!wanted(run, fact))
        return 0;
    for (const struct report_feed *feed = run->report->feeds; feed->row && !rc; feed++)
        if (feed->source == fact->source)
            rc = feed->row(run, fact);
    return rc;
}

/* A cell of a page has the form that its column says. */
static bool cell_fits(const struct report_column *c, const json_t *cell)
{
    if (c->type == REPORT_COUNT || c->type == REPORT_FLAG)
        return json_is_integer(cell);
    if (c->type == REPORT_NUMBER)
        return json_is_integer(cell) || json_is_null(cell);
    return json_is_string(cell) || json_is_null(cell);
}

int report_merge(struct report_run *run, const json_t *rows)
{
    size_t i;
    json_t *one;
    if (!json_is_array(rows))
        return TB_EMALFORMED;
    json_array_foreach(rows, i, one)
    {
        json_t *row = json_is_object(one) ? json_object() : NULL;
        int rc = !json_is_object(one) ? TB_EMALFORMED : row ? 0 : TB_ENOMEM;
        for (const struct report_column *c = run->report->columns; c->name && !rc; c++) {
            json_t *cell = json_object_get(one, c->name);
            rc = !cell_fits(c, cell) ? TB_EMALFORMED : json_object_set(row, c->name, cell) ? TB_ENOMEM : 0;
        }
        if (rc) {
            json_decref(row);
            return rc;
        }
        rc = add_row(run, row);
        if (rc)
            return rc;
    }
    return 0;
}

/* ---- order, values, totals ---- */

static int word_place(const char *word)
{
    const struct report_word *found = report_word_find(word);
    return found ? (int)(found - report_words) : (int)report_word_count;
}

/* Words in the order of their table, other texts by their bytes, nothing last. */
static int compare_cells(const struct report_column *c, const json_t *a, const json_t *b)
{
    const char *x = json_string_value(a), *y = json_string_value(b);
    if (!x || !y)
        return (x == NULL) - (y == NULL);
    int place = c->type == REPORT_WORD ? word_place(x) - word_place(y) : 0;
    return place ? place : strcmp(x, y);
}

/* For compare_rows, which qsort gives no context. */
static _Thread_local const struct report *sorted_report;

static int compare_rows(const void *a, const void *b)
{
    const struct report *report = sorted_report;
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    for (int pass = 0; pass < 2; pass++)
        for (const struct report_column *c = report->columns; c->name; c++) {
            bool first = report->sums || (report->sort && !strcmp(c->name, report->sort));
            if (first != !pass || c->type == REPORT_COUNT || c->type == REPORT_FLAG || c->type == REPORT_VALUE ||
                c->type == REPORT_NUMBER)
                continue;
            int order = compare_cells(c, json_object_get(x, c->name), json_object_get(y, c->name));
            if (order)
                return order;
        }
    return 0;
}

static int sort_rows(struct report_run *run)
{
    size_t count = json_array_size(run->rows);
    if ((!run->report->sums && !run->report->sort) || count < 2)
        return 0;
    json_t **rows = calloc(count, sizeof *rows), *ordered = json_array();
    int rc = rows && ordered ? 0 : TB_ENOMEM;
    for (size_t i = 0; i < count && !rc; i++)
        rows[i] = json_array_get(run->rows, i);
    if (!rc) {
        sorted_report = run->report;
        qsort(rows, count, sizeof(json_t *), compare_rows);
    }
    for (size_t i = 0; i < count && !rc; i++)
        rc = json_array_append(ordered, rows[i]) ? TB_ENOMEM : 0;
    free(rows);
    if (rc) {
        json_decref(ordered);
        return rc;
    }
    json_decref(run->rows);
    run->rows = ordered;
    return 0;
}

/* Measures that are no share of anything. */
static bool counts_alone(const char *measure)
{
    static const char *const alone[] = {"cases",     "ratings", "problems_raised", "problems_solved", "problems_open", "problems_late",
                                        "changes",   "granted", "accepted",        "declined",        "taken_back",    "suspended",
                                        "resumed",   "revoked", "renounced",       "expired",         "begins",        "ends",
                                        "late_steps"};
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (!strcmp(alone[i], measure))
            return true;
    return false;
}

/* A rate with its numerator and denominator, an average to the hundredth; rounded half away from nothing, in integers. */
static void value_text(const char *measure, int64_t count, int64_t of, char *out, size_t size)
{
    size_t len = strlen(measure);
    if (!strcmp(measure, "no_data") || !strcmp(measure, "question"))
        out[0] = '\0';
    else if (!of && counts_alone(measure))
        (void)snprintf(out, size, "%lld", (long long)count);
    else if (!of)
        (void)snprintf(out, size, "-");
    else if (!strncmp(measure, "average_", 8)) {
        int64_t hundredths = (200 * count + of) / (2 * of);
        (void)snprintf(out, size, "%lld.%02lld (%lld/%lld)", (long long)(hundredths / 100), (long long)(hundredths % 100), (long long)count,
                       (long long)of);
    } else if (len > 5 && !strcmp(measure + len - 5, "_rate")) {
        int64_t tenths = (2000 * count + of) / (2 * of);
        (void)snprintf(out, size, "%lld.%lld%% (%lld/%lld)", (long long)(tenths / 10), (long long)(tenths % 10), (long long)count,
                       (long long)of);
    } else
        (void)snprintf(out, size, "%lld/%lld", (long long)count, (long long)of);
}

static bool has_section(const json_t *rows, const char *section)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *have = json_string_value(json_object_get(row, "section"));
        if (have && !strcmp(have, section))
            return true;
    }
    return false;
}

static int say_no_data(struct report_run *run)
{
    int rc = 0;
    if (strcmp(run->report->name, "meeting") != 0)
        return 0;
    for (const struct report_section *s = report_meeting_sections; s->section && !rc; s++)
        if (!has_section(run->rows, s->section))
            rc = report_measure(run, s->section, strcmp(s->measure, "no_data") ? "all" : "", "", s->measure, 0, 0);
    return rc;
}

static int set_values(struct report_run *run)
{
    size_t i;
    json_t *row;
    for (const struct report_column *c = run->report->columns; c->name; c++) {
        if (c->type != REPORT_VALUE)
            continue;
        json_array_foreach(run->rows, i, row)
        {
            char text[96];
            const char *measure = json_string_value(json_object_get(row, "measure"));
            value_text(measure ? measure : "", json_integer_value(json_object_get(row, "count")),
                       json_integer_value(json_object_get(row, "of")), text, sizeof text);
            if (json_object_set_new(row, c->name, json_string(text)))
                return TB_ENOMEM;
        }
    }
    return 0;
}

int report_finish(struct report_run *run)
{
    int rc = say_no_data(run);
    if (!rc)
        rc = sort_rows(run);
    return rc ? rc : set_values(run);
}

/* Sections of one table count different things, and so do rows of different measures: their counts do not add up. */
static bool adds_up(const struct report *report)
{
    return strcmp(report->columns->name, "section") != 0;
}

json_t *report_totals(const struct report *report, const json_t *rows)
{
    json_t *totals = json_pack("{s:I}", "rows", (json_int_t)json_array_size(rows));
    size_t i;
    json_t *row;
    for (const struct report_column *c = report->columns; totals && c->name && adds_up(report); c++) {
        json_int_t sum = 0;
        if (c->type != REPORT_COUNT && c->type != REPORT_FLAG)
            continue;
        json_array_foreach(rows, i, row) sum += json_integer_value(json_object_get(row, c->name));
        (void)json_object_set_new(totals, c->name, json_integer(sum));
    }
    return totals;
}

/* ---- periods ---- */

/* First day of the month that is `months` after the first of the month of `year`-`month`. */
static int first_of(int year, int month, int64_t *day)
{
    char text[24];
    year += (month - 1) / 12;
    month = (month - 1) % 12 + 1;
    (void)snprintf(text, sizeof text, "%04d-%02d-01", year, month);
    return date_parse(text, day);
}

int report_quarter(const char *text, int64_t *from, int64_t *to)
{
    int64_t first, next;
    if (!text || strlen(text) != 6 || strspn(text, "0123456789") != 4 || text[4] != 'Q' || text[5] < '1' || text[5] > '4')
        return TB_EMALFORMED;
    int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0'), month = (text[5] - '1') * 3 + 1;
    if (first_of(year, month, &first) || first_of(year, month + 3, &next))
        return TB_EMALFORMED;
    *from = first;
    *to = next - 1;
    return 0;
}

void report_period(const struct report *report, int64_t today, int64_t *from, int64_t *to)
{
    char text[DATE_TEXT];
    if (!*to)
        *to = today;
    if (*from)
        return;
    if (report->span == REPORT_SPAN_ALL) {
        *from = *to - LIMIT_REPORT_DAYS + 1;
        return;
    }
    date_format(*to, text);
    int year = (int)strtol(text, NULL, 10), month = (int)strtol(text + 5, NULL, 10);
    if (report->span == REPORT_SPAN_QUARTER)
        month = (month - 1) / 3 * 3 + 1;
    if (first_of(year, month, from))
        *from = *to;
}

int report_check_period(int64_t from, int64_t to, struct problem *p)
{
    if (to < from)
        return problem_set(p, PROBLEM_FIELD, "/to", "the period ends before it begins");
    if (to - from >= LIMIT_REPORT_DAYS)
        return problem_set(p, PROBLEM_FIELD, "/from", "a period has at most %d days", (int)LIMIT_REPORT_DAYS);
    return 0;
}

/* ---- two paths ---- */

static void say_time(int64_t ms, char out[TIMESTAMP_TEXT])
{
    if (ms)
        timestamp_format(ms, out);
    else
        (void)snprintf(out, TIMESTAMP_TEXT, "-");
}

size_t report_compare(const struct report_case *row, const struct report_case *entries, report_differ differ, void *context)
{
    static const char *const times[CASE_TIMES] = {
        [TIME_HANDED_IN] = "handed_in", [TIME_SENT] = "sent",           [TIME_RECEIVED] = "received", [TIME_ACCEPTED] = "accepted",
        [TIME_DECIDED] = "decided",     [TIME_DELIVERED] = "delivered", [TIME_CLOSED] = "closed"};
    const struct {
        const char *field, *row, *entries;
    } texts[] = {{"home", row->home, entries->home},
                 {"intake", row->intake, entries->intake},
                 {"item", row->item, entries->item},
                 {"applicant", row->applicant, entries->applicant},
                 {"window", row->window, entries->window},
                 {"township", row->township, entries->township},
                 {"state", case_states[row->state].name, case_states[entries->state].name}};
    const struct {
        const char *field;
        int64_t row, entries;
    } numbers[] = {{"item_version", row->item_version, entries->item_version},
                   {"notices", row->notices, entries->notices},
                   {"due", row->due_day, entries->due_day},
                   {"originals.kept", row->originals.kept, entries->originals.kept},
                   {"originals.returned", row->originals.returned, entries->originals.returned},
                   {"originals.at_intake", row->originals.at_intake, entries->originals.at_intake},
                   {"originals.at_home", row->originals.at_home, entries->originals.at_home},
                   {"originals.moving", row->originals.moving, entries->originals.moving},
                   {"originals.lost", row->originals.lost, entries->originals.lost}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].row, texts[i].entries) != 0 && ++count)
            differ(context, texts[i].field, texts[i].row, texts[i].entries);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char a[24], b[24];
        (void)snprintf(a, sizeof a, "%lld", (long long)numbers[i].row);
        (void)snprintf(b, sizeof b, "%lld", (long long)numbers[i].entries);
        if (strcmp(a, b) != 0 && ++count)
            differ(context, numbers[i].field, a, b);
    }
    for (int i = TIME_HANDED_IN; i < CASE_TIMES; i++) {
        char a[TIMESTAMP_TEXT], b[TIMESTAMP_TEXT];
        say_time(row->times[i], a);
        say_time(entries->times[i], b);
        if (strcmp(a, b) != 0 && ++count)
            differ(context, times[i], a, b);
    }
    return count;
}

static size_t compare_texts(const char *field, const char *row, const char *entries, report_differ differ, void *context)
{
    if (!strcmp(row, entries))
        return 0;
    differ(context, field, row, entries);
    return 1;
}

static const char *state_name(const struct report_object *o, int state)
{
    return state >= 0 && (size_t)state < o->kind->state_count ? o->kind->states[state].name : "-";
}

/* The members of the content that differ; the texts of the people in them stay out of the answer. */
static size_t compare_content(const struct report_object *row, const struct report_object *entries, report_differ differ, void *context)
{
    const char *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)entries->content, name, value)
    {
        const json_t *stored = json_object_get(row->content, name);
        if (!stored || !json_equal(stored, value))
            differ(context, name, stored ? "changed" : "-", "as acted"), count++;
    }
    json_object_foreach((json_t *)(uintptr_t)row->content, name, value)
        if (!json_object_get(entries->content, name))
            differ(context, name, "added", "-"), count++;
    return count;
}

size_t report_compare_objects(const struct report_object *row, const struct report_object *entries, report_differ differ, void *context)
{
    const struct {
        const char *field, *row, *entries;
    } texts[] = {{"owner", row->owner, entries->owner},
                 {"other", row->other, entries->other},
                 {"case", row->case_no, entries->case_no},
                 {"uuid", row->uuid, entries->uuid},
                 {"state", state_name(row, row->state), state_name(entries, entries->state)},
                 {"confirmed", state_name(row, row->confirmed), state_name(entries, entries->confirmed)},
                 {"spans", row->spans, entries->spans},
                 {"cover", row->cover, entries->cover}};
    const struct {
        const char *field;
        int64_t row, entries;
    } times[] = {{"opened", row->opened, entries->opened}, {"changed", row->changed, entries->changed}};
    char a[TIMESTAMP_TEXT], b[TIMESTAMP_TEXT];
    size_t count = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        count += compare_texts(texts[i].field, texts[i].row, texts[i].entries, differ, context);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        say_time(times[i].row, a);
        say_time(times[i].entries, b);
        count += compare_texts(times[i].field, a, b, differ, context);
    }
    (void)snprintf(a, sizeof a, "%lld", (long long)row->due_day);
    (void)snprintf(b, sizeof b, "%lld", (long long)entries->due_day);
    count += compare_texts("due", a, b, differ, context);
    (void)snprintf(a, sizeof a, "%lld", (long long)row->pending);
    (void)snprintf(b, sizeof b, "%lld", (long long)entries->pending);
    count += compare_texts("pending", a, b, differ, context);
    return count + compare_content(row, entries, differ, context);
}

/* ---- CSV ---- */

int report_csv_cell(const char *text, bool first, struct buf *out)
{
    /* a tab or a line end in front makes some spreadsheets look at what follows */
    bool formula = text[0] && strchr("=+-@\t\r\n", text[0]), number = text[0] == '-' && text[1];
    for (const char *c = text + 1; number && *c; c++)
        number = (*c >= '0' && *c <= '9') || *c == '.';
    bool quote = strpbrk(text, ",\"\r\n") != NULL || (formula && !number);
    int rc = first ? 0 : buf_append(out, ",", 1);
    if (!rc && quote)
        rc = buf_append(out, "\"", 1);
    if (!rc && formula && !number)
        rc = buf_append(out, "'", 1);
    for (const char *c = text; *c && !rc; c++)
        rc = buf_append(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    return rc || !quote ? rc : buf_append(out, "\"", 1);
}
