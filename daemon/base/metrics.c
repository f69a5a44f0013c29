#include "daemon/base/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "daemon/base/series.h"

static _Atomic int64_t values[METRICS];

static const struct {
    const char *kind, *name, *help;
} rows[METRICS] = {
#define M(constant, kind, name, help) {#kind, name, help},
    METRIC_TABLE(M)
#undef M
};

void metric_add(enum metric metric, int64_t n)
{
    if ((unsigned)metric < METRICS)
        (void)atomic_fetch_add_explicit(&values[metric], n, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    if ((unsigned)metric < METRICS)
        atomic_store_explicit(&values[metric], value, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
    return (unsigned)metric < METRICS ? atomic_load_explicit(&values[metric], memory_order_relaxed) : 0;
}

int metrics_print(struct buf *out)
{
    for (unsigned i = 0; i < METRICS; i++) {
        int err = buf_printf(out, "# HELP tongban_%s %s\n# TYPE tongban_%s %s\ntongban_%s %" PRId64 "\n", rows[i].name,
                             rows[i].help, rows[i].name, rows[i].kind, rows[i].name, metric_get((enum metric)i));
        if (err)
            return err;
    }
    return series_print(out);
}
