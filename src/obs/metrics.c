/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/metrics.h"

#include "portside/heap.h"

#include <inttypes.h>
#include <stdatomic.h>

#define NS_PER_S 1000000000U
#define MANY 16U /* more series than this, and those that are 0 are left out */

/*
 * Upper bounds in nanoseconds. Reviews take well under a millisecond, where the API server's own
 * histogram has a single bucket; so most of ours lie there.
 */
static const uint64_t bounds[] = {
    50000,    100000,   250000,    500000,    1000000,   2500000,    5000000,
    10000000, 25000000, 100000000, 250000000, 500000000, 1000000000, 5000000000,
};

/* A histogram's series: one count for each bound, one above all bounds, and the sum. */
#define SLOTS (PS_COUNT(bounds) + 2)
#define SLOT_ABOVE PS_COUNT(bounds)
#define SLOT_SUM (PS_COUNT(bounds) + 1)

struct series {
    _Atomic int64_t value;
};

struct ps_metrics {
    const struct ps_metric_family *families;
    size_t count;
    size_t *first; /* index of each family's first series in series */
    struct series *series;
};

static size_t label_count(const struct ps_metric_label *label)
{
    return label->name == NULL ? 1 : label->count;
}

static size_t series_count(const struct ps_metric_family *family)
{
    if (family->type == PS_METRIC_HISTOGRAM) {
        return SLOTS;
    }
    size_t product = 1;
    for (size_t i = 0; i < PS_METRIC_LABELS; i++) {
        product *= label_count(&family->labels[i]);
    }
    return product;
}

struct ps_metrics *ps_metrics_new(const struct ps_metric_family *families, size_t count)
{
    struct ps_metrics *metrics = ps_heap_new(1, sizeof(*metrics));
    if (metrics == NULL) {
        return NULL;
    }
    *metrics = (struct ps_metrics){.families = families, .count = count};
    metrics->first = ps_heap_new(count, sizeof(*metrics->first));
    size_t total = 0;
    for (size_t i = 0; metrics->first != NULL && i < count; i++) {
        metrics->first[i] = total;
        total += series_count(&families[i]);
    }
    metrics->series = ps_heap_new(total, sizeof(*metrics->series));
    if (metrics->first == NULL || metrics->series == NULL) {
        ps_metrics_free(metrics);
        return NULL;
    }
    return metrics;
}

void ps_metrics_free(struct ps_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    ps_heap_free(metrics->first);
    ps_heap_free(metrics->series);
    ps_heap_free(metrics);
}

/* Series of the given label values; a value that the label does not have counts as its first. */
static _Atomic int64_t *value_of_all(const struct ps_metrics *metrics, size_t family,
                                     const size_t values[PS_METRIC_LABELS])
{
    const struct ps_metric_label *labels = metrics->families[family].labels;
    size_t index = 0;
    for (size_t i = 0; i < PS_METRIC_LABELS; i++) {
        size_t count = label_count(&labels[i]);
        index = index * count + (values[i] < count ? values[i] : 0);
    }
    return &metrics->series[metrics->first[family] + index].value;
}

static _Atomic int64_t *value_of(const struct ps_metrics *metrics, size_t family, size_t first,
                                 size_t second, size_t third)
{
    const size_t values[PS_METRIC_LABELS] = {first, second, third};
    return value_of_all(metrics, family, values);
}

void ps_metrics_add(struct ps_metrics *metrics, size_t family, int64_t delta)
{
    (void)atomic_fetch_add_explicit(value_of(metrics, family, 0, 0, 0), delta,
                                    memory_order_relaxed);
}

void ps_metrics_count(struct ps_metrics *metrics, size_t family, size_t first, size_t second,
                      size_t third)
{
    (void)atomic_fetch_add_explicit(value_of(metrics, family, first, second, third), 1,
                                    memory_order_relaxed);
}

void ps_metrics_count_all(struct ps_metrics *metrics, size_t family,
                          const size_t values[PS_METRIC_LABELS])
{
    (void)atomic_fetch_add_explicit(value_of_all(metrics, family, values), 1, memory_order_relaxed);
}

void ps_metrics_set(struct ps_metrics *metrics, size_t family, int64_t value)
{
    atomic_store_explicit(value_of(metrics, family, 0, 0, 0), value, memory_order_relaxed);
}

void ps_metrics_put(struct ps_metrics *metrics, size_t family, size_t first, int64_t value)
{
    atomic_store_explicit(value_of(metrics, family, first, 0, 0), value, memory_order_relaxed);
}

int64_t ps_metrics_get(const struct ps_metrics *metrics, size_t family, size_t first, size_t second,
                       size_t third)
{
    return atomic_load_explicit(value_of(metrics, family, first, second, third),
                                memory_order_relaxed);
}

void ps_metrics_observe(struct ps_metrics *metrics, size_t family, uint64_t nanoseconds)
{
    size_t slot = 0;
    while (slot < SLOT_ABOVE && nanoseconds > bounds[slot]) {
        slot++;
    }
    struct series *slots = &metrics->series[metrics->first[family]];
    (void)atomic_fetch_add_explicit(&slots[slot].value, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&slots[SLOT_SUM].value, (int64_t)nanoseconds,
                                    memory_order_relaxed);
}

static void write_seconds(FILE *out, uint64_t nanoseconds)
{
    (void)fprintf(out, "%" PRIu64 ".%09" PRIu64, nanoseconds / NS_PER_S, nanoseconds % NS_PER_S);
}

/* A bound without trailing zeroes, as in le="0.00025". */
static void write_bound(FILE *out, uint64_t nanoseconds)
{
    uint64_t fraction = nanoseconds % NS_PER_S;
    int digits = 9;
    while (digits > 0 && fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    (void)fprintf(out, "%" PRIu64, nanoseconds / NS_PER_S);
    if (digits > 0) {
        (void)fprintf(out, ".%0*" PRIu64, digits, fraction);
    }
}

/* The count is what the buckets add up to, so that one scrape never contradicts itself. */
static void write_histogram(FILE *out, const char *name, const struct series *slots)
{
    int64_t below = 0;
    for (size_t i = 0; i < PS_COUNT(bounds); i++) {
        below += atomic_load_explicit(&slots[i].value, memory_order_relaxed);
        (void)fprintf(out, "%s_bucket{le=\"", name);
        write_bound(out, bounds[i]);
        (void)fprintf(out, "\"} %" PRId64 "\n", below);
    }
    below += atomic_load_explicit(&slots[SLOT_ABOVE].value, memory_order_relaxed);
    (void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum ", name, below, name);
    write_seconds(out,
                  (uint64_t)atomic_load_explicit(&slots[SLOT_SUM].value, memory_order_relaxed));
    (void)fprintf(out, "\n%s_count %" PRId64 "\n", name, below);
}

/* The labels of series number index; the last label changes fastest. */
static void write_labels(FILE *out, const struct ps_metric_family *family, size_t index)
{
    size_t below = series_count(family);
    for (size_t i = 0; i < PS_METRIC_LABELS && family->labels[i].name != NULL; i++) {
        const struct ps_metric_label *label = &family->labels[i];
        below /= label->count;
        (void)fprintf(out, "%s%s=\"%s\"", i == 0 ? "{" : ",", label->name,
                      label->value(index / below % label->count));
    }
    if (family->labels[0].name != NULL) {
        (void)fputc('}', out);
    }
}

static void write_family(FILE *out, const struct ps_metric_family *family,
                         const struct series *series)
{
    static const char *const types[] = {
        [PS_METRIC_COUNTER] = "counter",
        [PS_METRIC_GAUGE] = "gauge",
        [PS_METRIC_HISTOGRAM] = "histogram",
    };
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                  types[family->type]);
    if (family->type == PS_METRIC_HISTOGRAM) {
        write_histogram(out, family->name, series);
        return;
    }
    size_t count = series_count(family);
    for (size_t i = 0; i < count; i++) {
        int64_t value = atomic_load_explicit(&series[i].value, memory_order_relaxed);
        if (value == 0 && count > MANY) {
            continue;
        }
        (void)fputs(family->name, out);
        write_labels(out, family, i);
        (void)fprintf(out, " %" PRId64 "\n", value);
    }
}

void ps_metrics_write(const struct ps_metrics *metrics, FILE *out)
{
    for (size_t i = 0; i < metrics->count; i++) {
        write_family(out, &metrics->families[i], &metrics->series[metrics->first[i]]);
    }
}
