/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/family.h"

#include "in_arena.h"
#include "support/runner.h"

static const struct {
    const char *image;
    const char *family;
} images[] = {
    {"apache/kafka:4.1.0", "apache"},
    {"apache/kafka", "apache"},
    {"docker.io/apache/kafka:latest", "apache"},
    {"registry.example:5000/mirror/apache/kafka:3.9.0", "apache"},
    {"apache/kafka-native:4.0.0", "apache-native"},
    {"mirror.example/apache/kafka-native", "apache-native"},
    {"confluentinc/cp-kafka:7.6.0", "cp-kafka"},
    {"cp-kafka", "cp-kafka"},
    {"registry.example/team/cp-kafka:8.0.0", "cp-kafka"},
    {"confluentinc/cp-enterprise-kafka:5.5.0", "cp-kafka"},
    {"confluentinc/cp-server:7.6.0", "cp-kafka"},
    {"confluentinc/confluent-local:7.6.0", "cp-kafka"},
    {"bitnami/kafka:3.9", "bitnami"},
    {"docker.io/bitnami/kafka:3.6.0-debian-11-r0", "bitnami"},
    {"bitnamilegacy/kafka:3.9", "bitnami"},
    {"registry.example/bitnami/kafka", "bitnami"},
    {"wurstmeister/kafka:2.12-2.5.0", "wurstmeister"},
    {"solsson/kafka:2.8", "solsson"},
    {"yolean/kafka", "solsson"},
    {"gcr.io/google_samples/k8skafka:v1", "k8skafka"},
    {"example/kubernetes-kafka:1.0-10.2.1", "k8skafka"},
    {"engapa/kafka:2.13-2.6.0", "engapa"},
    {"example/kafkakraft:1", "kafkakraft"},
    {"doughgle/kafka-kraft:3", "kafkakraft"},
    {"kafka:3.9", "custom"},
    {"kafka", "custom"},
    {"someone/kafka:3.9", "custom"},
    {"confluentinc/cp-kafka-connect:7.6.0", "custom"},
    {"confluentinc/cp-zookeeper:7.6.0", "custom"},
    {"apache/kafka-something", "custom"},
    {"bitnami/kafka-exporter:1", "custom"},
    {"bitnami/zookeeper", "custom"},
    {"bitnami.example/kafka", "custom"},
    {"example/kafka-kraft", "custom"},
    {"redpandadata/redpanda", "custom"},
    {"quay.io/strimzi/kafka:0.40.0-kafka-3.7.0", "custom"},
    {"postgres:16", "custom"},
};

static const struct ps_family *family_of(const char *text)
{
    struct ps_image image;
    ck_assert_msg(ps_ok(ps_image_parse(ps_str_of(text), &image, NULL)), "%s", text);
    return ps_family_of_image(&image);
}

START_TEST(test_image)
{
    ck_assert_str_eq(family_of(images[_i].image)->name, images[_i].family);
}
END_TEST

START_TEST(test_image_of_nothing)
{
    struct ps_image image = {.path = {NULL, 0}};
    ck_assert_str_eq(ps_family_of_image(&image)->name, "custom");
}
END_TEST

/* What the start scripts of the images do. */
static const struct {
    const char *image;
    enum ps_env_rule env_rule;
    bool has_bash;
    bool drops_defaults;
    bool needs_advertised;
    bool kraft_only_latest;
    bool service_link_trap;
    bool config_mounts;
} facts[] = {
    {"apache/kafka", PS_ENV_RULE_KAFKA, true, true, false, true, false, false},
    {"apache/kafka-native", PS_ENV_RULE_KAFKA, false, true, false, false, false, false},
    {"confluentinc/cp-kafka", PS_ENV_RULE_KAFKA, true, false, true, true, true, false},
    {"confluentinc/cp-server", PS_ENV_RULE_KAFKA, true, false, true, true, true, false},
    {"confluentinc/cp-enterprise-kafka", PS_ENV_RULE_KAFKA, true, false, true, false, true, false},
    {"confluentinc/confluent-local", PS_ENV_RULE_KAFKA, true, false, false, false, true, false},
    {"bitnami/kafka", PS_ENV_RULE_BITNAMI, true, false, false, true, false, true},
    {"wurstmeister/kafka", PS_ENV_RULE_KAFKA, true, false, false, false, true, false},
    {"solsson/kafka", PS_ENV_RULE_NONE, true, false, false, false, false, false},
    {"kafka", PS_ENV_RULE_NONE, false, false, false, false, false, false},
};

START_TEST(test_facts)
{
    const struct ps_family *family = family_of(facts[_i].image);
    ck_assert_int_eq(family->env_rule, facts[_i].env_rule);
    ck_assert_int_eq(family->has_bash, facts[_i].has_bash);
    ck_assert_int_eq(family->drops_defaults, facts[_i].drops_defaults);
    ck_assert_int_eq(family->needs_advertised, facts[_i].needs_advertised);
    ck_assert_int_eq(family->kraft_only_latest, facts[_i].kraft_only_latest);
    ck_assert_int_eq(family->service_link_trap, facts[_i].service_link_trap);
    ck_assert_int_eq(family->config_mounts != NULL, facts[_i].config_mounts);
}
END_TEST

static const char *const names[] = {"apache-native", "apache",  "cp-kafka", "bitnami",
                                    "wurstmeister",  "solsson", "k8skafka", "engapa",
                                    "kafkakraft",    "custom"};

START_TEST(test_find)
{
    const struct ps_family *family = ps_family_find(ps_str_of(names[_i]));
    ck_assert_ptr_nonnull(family);
    ck_assert_str_eq(family->name, names[_i]);
}
END_TEST

static const char *const no_names[] = {"", "kafka", "Apache", "apache ", "apach", "cp-kafka\n"};

START_TEST(test_find_none)
{
    ck_assert_ptr_null(ps_family_find(ps_str_of(no_names[_i])));
}
END_TEST

static void lists_names(struct ps_arena *arena, const void *arg)
{
    struct ps_str list = ps_family_names(arena);
    struct ps_str name;
    size_t count = 0;
    (void)arg;
    while (ps_str_split(&list, ',', &name)) {
        ck_assert_uint_lt(count, PS_COUNT(names));
        ck_assert(ps_str_is(ps_str_trim(name), names[count]));
        count++;
    }
    ck_assert_uint_eq(count, PS_COUNT(names));
}

START_TEST(test_names_are_listed_once)
{
    ps_in_arena(lists_names, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("family");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, test_image, 0, PS_COUNT(images));
    tcase_add_test(tcase, test_image_of_nothing);
    tcase_add_loop_test(tcase, test_facts, 0, PS_COUNT(facts));
    tcase_add_loop_test(tcase, test_find, 0, PS_COUNT(names));
    tcase_add_loop_test(tcase, test_find_none, 0, PS_COUNT(no_names));
    tcase_add_test(tcase, test_names_are_listed_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
