/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

/* Below 64 ns each value has a bucket of its own; above, each power of two has 64. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < LOAD_STEPS) {
        return (size_t)ns;
    }
    unsigned power = 63U - (unsigned)__builtin_clzll(ns);
    unsigned shift = power - 6U;
    size_t bucket = (size_t)(shift + 1U) * LOAD_STEPS + ((ns >> shift) & (LOAD_STEPS - 1U));
    return bucket < LOAD_BUCKETS ? bucket : LOAD_BUCKETS - 1U;
}

/* The middle of a bucket. */
static uint64_t value_of(size_t bucket)
{
    if (bucket < LOAD_STEPS) {
        return bucket;
    }
    unsigned shift = (unsigned)(bucket / LOAD_STEPS) - 1U;
    uint64_t low = (uint64_t)(LOAD_STEPS + bucket % LOAD_STEPS) << shift;
    return low + ((uint64_t)1 << shift) / 2U;
}

void load_histogram_add(struct load_histogram *histogram, uint64_t ns)
{
    histogram->counts[bucket_of(ns)]++;
    histogram->total++;
    if (ns > histogram->max_ns) {
        histogram->max_ns = ns;
    }
}

uint64_t load_histogram_at(const struct load_histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total);
    uint64_t seen = 0;
    for (size_t i = 0; i < LOAD_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted) {
            return value_of(i) < histogram->max_ns ? value_of(i) : histogram->max_ns;
        }
    }
    return histogram->max_ns;
}
