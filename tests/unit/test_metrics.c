/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

enum {
    REQUESTS,
    CONNECTIONS,
    SECONDS,
    MANY
};

static const char *letter(size_t index)
{
    static const char *const letters[] = {"a", "b"};
    return letters[index];
}

static const char *digit(size_t index)
{
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return digits[index];
}

static const struct ps_metric_family families[] = {
    [REQUESTS] = {"t_requests_total", "Requests.", PS_METRIC_COUNTER, {{"letter", 2, letter}}},
    [CONNECTIONS] = {"t_connections", "Connections.", PS_METRIC_GAUGE, {{0}}},
    [SECONDS] = {"t_seconds", "Durations.", PS_METRIC_HISTOGRAM, {{0}}},
    [MANY] = {"t_many_total",
              "Pairs.",
              PS_METRIC_COUNTER,
              {{"letter", 2, letter}, {"digit", 10, digit}}},
};

/* What the registry shows; to be freed. */
static char *show(const struct ps_metrics *metrics)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    ps_metrics_write(metrics, out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

START_TEST(the_text_is_as_specified)
{
    struct ps_metrics *metrics = ps_metrics_new(families, PS_COUNT(families));
    ps_metrics_count(metrics, REQUESTS, 1, 0, 0);
    ps_metrics_add(metrics, CONNECTIONS, 5);
    ps_metrics_add(metrics, CONNECTIONS, -2);
    ps_metrics_put(metrics, REQUESTS, 0, 9);
    ps_metrics_put(metrics, REQUESTS, 0, 0);
    ps_metrics_observe(metrics, SECONDS, 60000);      /* 60 us */
    ps_metrics_observe(metrics, SECONDS, 100000);     /* a bound belongs to its bucket */
    ps_metrics_observe(metrics, SECONDS, 7000000000); /* above all */
    ps_metrics_count(metrics, MANY, 1, 7, 0);
    char *text = show(metrics);
    ck_assert_str_eq(text, "# HELP t_requests_total Requests.\n"
                           "# TYPE t_requests_total counter\n"
                           "t_requests_total{letter=\"a\"} 0\n"
                           "t_requests_total{letter=\"b\"} 1\n"
                           "# HELP t_connections Connections.\n"
                           "# TYPE t_connections gauge\n"
                           "t_connections 3\n"
                           "# HELP t_seconds Durations.\n"
                           "# TYPE t_seconds histogram\n"
                           "t_seconds_bucket{le=\"0.00005\"} 0\n"
                           "t_seconds_bucket{le=\"0.0001\"} 2\n"
                           "t_seconds_bucket{le=\"0.00025\"} 2\n"
                           "t_seconds_bucket{le=\"0.0005\"} 2\n"
                           "t_seconds_bucket{le=\"0.001\"} 2\n"
                           "t_seconds_bucket{le=\"0.0025\"} 2\n"
                           "t_seconds_bucket{le=\"0.005\"} 2\n"
                           "t_seconds_bucket{le=\"0.01\"} 2\n"
                           "t_seconds_bucket{le=\"0.025\"} 2\n"
                           "t_seconds_bucket{le=\"0.1\"} 2\n"
                           "t_seconds_bucket{le=\"0.25\"} 2\n"
                           "t_seconds_bucket{le=\"0.5\"} 2\n"
                           "t_seconds_bucket{le=\"1\"} 2\n"
                           "t_seconds_bucket{le=\"5\"} 2\n"
                           "t_seconds_bucket{le=\"+Inf\"} 3\n"
                           "t_seconds_sum 7.000160000\n"
                           "t_seconds_count 3\n"
                           "# HELP t_many_total Pairs.\n"
                           "# TYPE t_many_total counter\n"
                           "t_many_total{letter=\"b\",digit=\"7\"} 1\n");
    free(text);
    ps_metrics_free(metrics);
}
END_TEST

START_TEST(each_series_counts_alone)
{
    struct ps_metrics *metrics = ps_metrics_new(families, PS_COUNT(families));
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 10; j++) {
            for (size_t n = 0; n < i * 10 + j; n++) {
                ps_metrics_count(metrics, MANY, i, j, 0);
            }
        }
    }
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(ps_metrics_get(metrics, MANY, i / 10, i % 10, 0), (int64_t)i);
    }
    ck_assert_int_eq(ps_metrics_get(metrics, REQUESTS, 1, 0, 0), 0);
    ps_metrics_free(metrics);
}
END_TEST

START_TEST(a_value_beyond_its_label_is_the_first)
{
    struct ps_metrics *metrics = ps_metrics_new(families, PS_COUNT(families));
    ps_metrics_count(metrics, REQUESTS, 99, 99, 99);
    ck_assert_int_eq(ps_metrics_get(metrics, REQUESTS, 0, 0, 0), 1);
    ps_metrics_free(metrics);
}
END_TEST

static void *count_many(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        ps_metrics_count(arg, REQUESTS, 0, 0, 0);
        ps_metrics_observe(arg, SECONDS, 1);
    }
    return NULL;
}

START_TEST(threads_lose_no_count)
{
    struct ps_metrics *metrics = ps_metrics_new(families, PS_COUNT(families));
    pthread_t threads[4];
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_many, metrics), 0);
    }
    free(show(metrics)); /* while they count */
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_int_eq(ps_metrics_get(metrics, REQUESTS, 0, 0, 0), 40000);
    char *text = show(metrics);
    ck_assert_ptr_nonnull(strstr(text, "t_seconds_count 40000\n"));
    free(text);
    ps_metrics_free(metrics);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("metrics");
    TCase *all = tcase_create("all");
    tcase_add_test(all, the_text_is_as_specified);
    tcase_add_test(all, each_series_counts_alone);
    tcase_add_test(all, a_value_beyond_its_label_is_the_first);
    tcase_add_test(all, threads_lose_no_count);
    suite_add_tcase(suite, all);
    return suite;
}
