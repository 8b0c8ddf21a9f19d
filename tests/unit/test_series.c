/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the metrics' labels are those of the rest of the program. */
#include "series.h"

#include "portside/exposure.h"
#include "portside/family.h"

#include <stdlib.h>
#include <string.h>

#include "in_arena.h"
#include "support/runner.h"

static bool shows(const struct ps_metrics *metrics, const char *line)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(out);
    ps_metrics_write(metrics, out);
    ck_assert_int_eq(fclose(out), 0);
    bool found = strstr(text, line) != NULL;
    free(text);
    return found;
}

/* Whether a review of that family and delivery is counted under these names. */
static bool is_counted(struct ps_str family, struct ps_str delivery, const char *labels)
{
    struct ps_metrics *metrics = ps_series_new();
    const struct ps_admission admission = {
        .http_status = 200,
        .verdict = PS_VERDICT_INJECT,
        .kind = PS_STR_INIT("Pod"),
        .family = family,
        .delivery = delivery,
    };
    char line[200];
    (void)snprintf(
        line, sizeof(line),
        "portside_admission_requests_total{verdict=\"inject\",reason=\"\",kind=\"Pod\",%s} "
        "1\n",
        labels);
    ps_series_review(metrics, &admission, 1000);
    bool counted = shows(metrics, line);
    ps_metrics_free(metrics);
    return counted;
}

static void check_families(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_str names = ps_family_names(arena);
    struct ps_str name;
    size_t count = 0;
    while (ps_str_split(&names, ',', &name)) {
        char labels[100];
        name = ps_str_trim(name);
        (void)snprintf(labels, sizeof(labels), "family=\"%.*s\",delivery=\"\"", PS_FMT(name));
        ck_assert_msg(is_counted(name, PS_STR(""), labels), "%s", labels);
        count++;
    }
    ck_assert_uint_gt(count, 5);
}

START_TEST(every_family_has_a_label)
{
    ps_in_arena(check_families, NULL);
}
END_TEST

START_TEST(every_delivery_has_a_label)
{
    static const enum ps_delivery deliveries[] = {PS_DELIVERY_ENV, PS_DELIVERY_HOOK};
    for (size_t i = 0; i < PS_COUNT(deliveries); i++) {
        const char *name = ps_delivery_name(deliveries[i]);
        char labels[100];
        (void)snprintf(labels, sizeof(labels), "family=\"apache\",delivery=\"%s\"", name);
        ck_assert_msg(is_counted(PS_STR("apache"), ps_str_of(name), labels), "%s", labels);
    }
}
END_TEST

START_TEST(what_nobody_knows_is_other)
{
    ck_assert(is_counted(PS_STR("new"), PS_STR("pigeon"), "family=\"other\",delivery=\"other\""));
    ck_assert(is_counted(PS_STR(""), PS_STR(""), "family=\"\",delivery=\"\""));
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("series");
    TCase *all = tcase_create("all");
    tcase_add_test(all, every_family_has_a_label);
    tcase_add_test(all, every_delivery_has_a_label);
    tcase_add_test(all, what_nobody_knows_is_other);
    suite_add_tcase(suite, all);
    return suite;
}
