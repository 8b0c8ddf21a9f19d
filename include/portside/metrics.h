/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: a table of families, counted by C11 atomics, shown in the text format 0.0.4 of
 * Prometheus. A registry is made from a static table and belongs to whoever made it; counting is
 * wait-free and may happen in any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "portside/attr.h"

enum ps_metric_type {
    PS_METRIC_COUNTER = 1,
    PS_METRIC_GAUGE,
    PS_METRIC_HISTOGRAM, /* of durations in nanoseconds, shown in seconds; has no labels */
};

/* A label and the texts of its values, by index. Texts need no escapes: they are our own words. */
struct ps_metric_label {
    const char *name; /* NULL: no further label */
    size_t count;
    const char *(*value)(size_t index);
};

#define PS_METRIC_LABELS 5U

/* One row of the table. */
struct ps_metric_family {
    const char *name;
    const char *help;
    enum ps_metric_type type;
    struct ps_metric_label labels[PS_METRIC_LABELS];
};

struct ps_metrics;

/* A registry of zeroes; families is borrowed and must outlive it. NULL if there is no memory. */
struct ps_metrics *ps_metrics_new(const struct ps_metric_family *families, size_t count);

/* Frees metrics (may be NULL). */
void ps_metrics_free(struct ps_metrics *metrics);

/* Adds delta to the only series of family. */
void ps_metrics_add(struct ps_metrics *metrics, size_t family, int64_t delta);

/* Adds 1 to the series of family with these values; missing labels are 0. */
void ps_metrics_count(struct ps_metrics *metrics, size_t family, size_t first, size_t second,
                      size_t third);

/* The same for families with more labels; values in the order of the labels. */
void ps_metrics_count_all(struct ps_metrics *metrics, size_t family,
                          const size_t values[PS_METRIC_LABELS]);

/* Sets the only series of family. */
void ps_metrics_set(struct ps_metrics *metrics, size_t family, int64_t value);

/* Sets the series of family whose only label has the value number first. */
void ps_metrics_put(struct ps_metrics *metrics, size_t family, size_t first, int64_t value);

/* The value of a series, for tests. */
int64_t ps_metrics_get(const struct ps_metrics *metrics, size_t family, size_t first, size_t second,
                       size_t third);

/* Counts a duration in a histogram. */
void ps_metrics_observe(struct ps_metrics *metrics, size_t family, uint64_t nanoseconds);

/*
 * Writes all families in the order of the table. A series with labels is left out while it is 0 if
 * its family has many (most pairs of a verdict and a reason never happen).
 */
void ps_metrics_write(const struct ps_metrics *metrics, FILE *out);
