/* SPDX-License-Identifier: Apache-2.0 */
/* Recognition: brokers, and what only looks like one. */
#include "portside/broker.h"

#include "in_arena.h"
#include "portside/buf.h"
#include "support/runner.h"

/* JSON is written with ' for " so that a row stays readable. */
struct row {
    const char *containers; /* elements of spec.containers */
    const char *spec;       /* more members of the spec, with a comma in front */
    const char *metadata;   /* members */
    const char *container;  /* portside.dev/container */
    const char *family_is;  /* portside.dev/family */
    enum ps_verdict verdict;
    enum ps_reason reason;
    size_t index;
    const char *family;
    enum ps_start start;
    bool java_direct;
    bool clean_env;
};

#define C(image) "{'name':'kafka','image':'" image "'}"
#define WITH(image, more) "{'name':'kafka','image':'" image "'," more "}"
#define SH(image, script) WITH(image, "'command':['sh','-c','" script "']")
#define HEX32 "0123456789abcdef0123456789abcdef"
#define ENV(name) "'env':[{'name':'" name "','value':'x'}]"
#define ROLES(value) "'env':[{'name':'KAFKA_PROCESS_ROLES','value':'" value "'}]"

static const struct row brokers[] = {
    {C("apache/kafka:4.1.0"), .family = "apache"},
    {C("confluentinc/cp-kafka:7.6.0"), .family = "cp-kafka"},
    {C("bitnami/kafka:3.9"), .family = "bitnami"},
    {C("wurstmeister/kafka"), .family = "wurstmeister"},
    {C("someone/my-kafka-image"), .family = "custom"},
    {C("someone/KafkaImage"), .family = "custom"},
    {WITH("someone/thing", ENV("KAFKA_ADVERTISED_LISTENERS")), .family = "custom"},
    {WITH("someone/thing", ENV("KAFKA_CFG_ADVERTISED_LISTENERS")), .family = "custom"},
    {WITH("someone/thing", ENV("KAFKA_CFG_PROCESS_ROLES")), .family = "custom"},
    {WITH("someone/thing", ROLES("broker")), .family = "custom"},
    {C("registry:5000/a/cp-kafka@sha256:" HEX32 HEX32), .family = "cp-kafka"},
    /* the command */
    {SH("confluentinc/cp-kafka:7.6.0", "export A=1; exec /etc/confluent/docker/run"),
     .family = "cp-kafka", .start = PS_START_SHELL},
    {SH("apache/kafka:3.9.0", "sleep 10 && exec /etc/kafka/docker/run"), .family = "apache",
     .start = PS_START_SHELL},
    {WITH("confluentinc/cp-kafka:7.6.0", "'command':['/etc/confluent/docker/run']"),
     .family = "cp-kafka", .start = PS_START_SCRIPT},
    {WITH("someone/image",
          "'command':['/opt/kafka/bin/kafka-server-start.sh','/c/server.properties']"),
     .family = "custom", .start = PS_START_SCRIPT},
    {WITH("solsson/kafka:2.8",
          "'command':['./bin/kafka-server-start.sh','/etc/kafka/server.properties'"
          ",'--override','zookeeper.connect=zookeeper:2181']"),
     .family = "solsson", .start = PS_START_SCRIPT},
    {SH("gcr.io/google_samples/k8skafka:v1",
        "exec kafka-server-start.sh /opt/kafka/config/server.prope"
        "rties --override broker.id=1"),
     .family = "k8skafka", .start = PS_START_SHELL},
    {WITH("bitnami/kafka:3.9", "'args':['bash','-c','exec /opt/bitnami/scripts/kafka/run.sh']"),
     .family = "bitnami", .start = PS_START_SHELL},
    {WITH("bitnami/kafka:3.9", "'command':['/scripts/setup.sh']"), .family = "bitnami",
     .start = PS_START_OTHER},
    {WITH("apache/kafka:3.9.0", "'command':['/usr/bin/bash','/scripts/start.sh']"),
     .family = "apache", .start = PS_START_SHELL},
    {WITH("wurstmeister/kafka", "'command':['start-kafka.sh']"), .family = "wurstmeister",
     .start = PS_START_SCRIPT},
    {SH("bitnami/kafka:3",
        "#exec zookeeper-server-start.sh\\nexec /opt/bitnami/scripts/kafka/run.sh"),
     .family = "bitnami", .start = PS_START_SHELL},
    {SH("apache/kafka:3.9.0", "kafka-storage.sh format; exec kafka-server-start.sh /c"),
     .family = "apache", .start = PS_START_SHELL},
    /* java itself, and without an environment */
    {WITH("someone/kafka",
          "'command':['java','-cp','/libs/*','kafka.Kafka','/c/server.properties']"),
     .family = "custom", .start = PS_START_SCRIPT, .java_direct = true},
    {SH("someone/kafka", "exec /usr/bin/java -Xmx1g kafka.Kafka /c/server.properties"),
     .family = "custom", .start = PS_START_SHELL, .java_direct = true},
    {SH("someone/kafka", "cd /opt\\njava -cp /libs/* kafka.Kafka /c"), .family = "custom",
     .start = PS_START_SHELL, .java_direct = true},
    {SH("someone/kafka", "echo javac; exec /start kafka.Kafka /c"), .family = "custom",
     .start = PS_START_SHELL},
    {SH("someone/kafka", "java -version; exec bin/kafka-server-start.sh kafka.Kafka /c"),
     .family = "custom", .start = PS_START_SHELL},
    {SH("someone/kafka", "exec kafka-run-class.sh -name kafkaServer kafka.Kafka /c"),
     .family = "custom", .start = PS_START_SHELL},
    {SH("apache/kafka:3.9.0", "exec env -i PATH=$PATH /etc/kafka/docker/run"), .family = "apache",
     .start = PS_START_SHELL, .clean_env = true},
    {SH("apache/kafka:3.9.0", "su - kafka -c /etc/kafka/docker/run"), .family = "apache",
     .start = PS_START_SHELL, .clean_env = true},
    {SH("apache/kafka:3.9.0", "unset BASH_ENV; exec /etc/kafka/docker/run"), .family = "apache",
     .start = PS_START_SHELL, .clean_env = true},
    {SH("apache/kafka:3.9.0", "exec env A=b /etc/kafka/docker/run"), .family = "apache",
     .start = PS_START_SHELL},
    {SH("someone/kafka", "java -version; exec kafka-run-class.sh kafka.Kafka /c"),
     .family = "custom", .start = PS_START_SHELL},
    /* which container */
    {C("busybox") "," C("apache/kafka:4.1.0"), .index = 1, .family = "apache"},
    {C("bitnami/zookeeper") "," C("confluentinc/cp-kafka-connect") "," C("apache/kafka"),
     .index = 2, .family = "apache"},
    {C("someone/kafka-sidecar") "," WITH("confluentinc/cp-kafka",
                                         ENV("KAFKA_ADVERTISED_LISTENERS")),
     .index = 1, .family = "cp-kafka"},
    {SH("solsson/kafka", "bin/zookeeper-server-start.sh c") "," SH("solsson/kafka",
                                                                   "bin/kafka-server-start.sh c"),
     .index = 1, .family = "solsson", .start = PS_START_SHELL},
    {C("danielqsj/kafka-exporter") "," C("bitnami/kafka"), .index = 1, .family = "bitnami"},
    {C("apache/kafka") ",{'name':'x','image':'busybox'}", .container = "x", .index = 1,
     .family = "custom"},
    {"null,7," C("apache/kafka"), .index = 2, .family = "apache"},
    /* what a person states */
    {C("someone/kafka:3.9"), .family_is = "cp-kafka", .family = "cp-kafka"},
    {C("apache/kafka"), .family_is = "bitnami", .family = "bitnami"},
    {C("apache/kafka"), .family_is = "nonsense", .family = "apache"},
    /* roles and systems that do not count */
    {WITH("apache/kafka", ROLES("broker,controller")), .family = "apache"},
    {WITH("apache/kafka", ROLES("controller, broker")), .family = "apache"},
    {SH("someone/kafka", "kafka-server-start.sh /c --override process.roles=controller,broker"),
     .family = "custom", .start = PS_START_SHELL},
    {C("apache/kafka"), .family = "apache", .spec = ",'os':{'name':'linux'}"},
    {C("apache/kafka"), .family = "apache",
     .metadata = "'labels':{'app.kubernetes.io/managed-by':'Helm','app':'strimzi'}"},
    {C("apache/kafka"), .family = "apache",
     .metadata = "'ownerReferences':[{'apiVersion':'apps/v1','kind':'StatefulSet'}]"},
};

#define SKIP .verdict = PS_VERDICT_SKIP
#define NOT_KAFKA SKIP, .reason = PS_REASON_NOT_KAFKA

static const struct row others[] = {
    {"", NOT_KAFKA},
    {C("postgres:16"), NOT_KAFKA},
    {"{'name':'kafka'}", NOT_KAFKA},
    {WITH("postgres:16", "'command':['kafka-server-start']"), .verdict = PS_VERDICT_INJECT,
     .family = "custom", .start = PS_START_SCRIPT},
    {C("bitnami/zookeeper"), NOT_KAFKA},
    {C("confluentinc/cp-zookeeper"), NOT_KAFKA},
    {C("confluentinc/cp-kafka-connect"), NOT_KAFKA},
    {C("confluentinc/cp-schema-registry"), NOT_KAFKA},
    {C("confluentinc/cp-kafka-rest"), NOT_KAFKA},
    {C("confluentinc/cp-ksqldb-server"), NOT_KAFKA},
    {C("provectuslabs/kafka-ui"), NOT_KAFKA},
    {WITH("provectuslabs/kafka-ui", ENV("KAFKA_CLUSTERS_0_NAME")), NOT_KAFKA},
    {C("danielqsj/kafka-exporter"), NOT_KAFKA},
    {C("someone/kafka-prometheus-x"), NOT_KAFKA},
    {C("hlebalbau/kafka-manager"), NOT_KAFKA},
    {C("obsidiandynamics/kafdrop"), NOT_KAFKA},
    {C("tchiotludo/akhq"), NOT_KAFKA},
    {C("redpandadata/redpanda"), NOT_KAFKA},
    {C("someone/kafka-consumer-app"), NOT_KAFKA},
    {WITH("someone/app", ENV("KAFKA_BOOTSTRAP_SERVERS")), NOT_KAFKA},
    {WITH("someone/app", ENV("KAFKA_LISTENERS")), NOT_KAFKA},
    {SH("solsson/kafka", "exec bin/zookeeper-server-start.sh /c/zookeeper.properties"), NOT_KAFKA},
    {SH("apache/kafka", "exec bin/connect-distributed.sh /c/connect.properties"), NOT_KAFKA},
    {SH("apache/kafka", "exec bin/kafka-mirror-maker.sh --consumer.config /c"), NOT_KAFKA},
    {SH("apache/kafka", "tail -f /dev/null"), NOT_KAFKA},
    {SH("apache/kafka", "sleep infinity"), NOT_KAFKA},
    {WITH("apache/kafka", "'command':['/bin/sleep','infinity']"), NOT_KAFKA},
    {SH("apache/kafka", "exec sleep infinity"), NOT_KAFKA},
    {SH("apache/kafka", "bin/kafka-topics.sh --create --topic t"), NOT_KAFKA},
    {SH("confluentinc/cp-kafka", "kafka-console-consumer --topic t"), NOT_KAFKA},
    {SH("confluentinc/cp-kafka", "#exec /etc/confluent/docker/run\\nsleep infinity"), NOT_KAFKA},
    {SH("apache/kafka", "kafka-storage.sh format -t x"), NOT_KAFKA},
    /* left alone, with a word */
    {C("apache/kafka") "," C("bitnami/kafka"), .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_AMBIGUOUS},
    {C("apache/kafka"), .container = "broker", .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_NO_CONTAINER},
    {"", .container = "broker", .verdict = PS_VERDICT_LEAVE, .reason = PS_REASON_NO_CONTAINER},
    /* brokers that are not ours */
    {WITH("apache/kafka", ROLES("controller")), SKIP, .reason = PS_REASON_CONTROLLER_ONLY},
    {WITH("apache/kafka", ROLES(" controller ")), SKIP, .reason = PS_REASON_CONTROLLER_ONLY},
    {WITH("bitnami/kafka", "'env':[{'name':'KAFKA_CFG_PROCESS_ROLES','value':'controller'}]"), SKIP,
     .reason = PS_REASON_CONTROLLER_ONLY},
    {SH("someone/kafka", "kafka-server-start.sh /c --override process.roles=controller"), SKIP,
     .reason = PS_REASON_CONTROLLER_ONLY},
    {SH("someone/kafka",
        "kafka-server-start.sh /c --override process.roles=controller --override a=b"),
     SKIP, .reason = PS_REASON_CONTROLLER_ONLY},
    {C("quay.io/strimzi/kafka:0.40.0-kafka-3.7.0"), SKIP, .reason = PS_REASON_OPERATOR_OWNED,
     .metadata = "'labels':{'strimzi.io/cluster':'c'}"},
    {C("confluentinc/cp-server:7.6.0"), SKIP, .reason = PS_REASON_OPERATOR_OWNED,
     .metadata = "'labels':{'platform.confluent.io/type':'kafka'}"},
    {C("ghcr.io/banzaicloud/kafka"), SKIP, .reason = PS_REASON_OPERATOR_OWNED,
     .metadata = "'labels':{'kafka_cr':'kafka'}"},
    {C("apache/kafka"), SKIP, .reason = PS_REASON_OPERATOR_OWNED,
     .metadata = "'labels':{'app.kubernetes.io/managed-by':'strimzi-cluster-operator'}"},
    {C("apache/kafka"), SKIP, .reason = PS_REASON_OPERATOR_OWNED,
     .metadata =
         "'ownerReferences':[{'apiVersion':'core.strimzi.io/v1beta2','kind':'StrimziPodSet'}]"},
    {C("apache/kafka"), SKIP, .reason = PS_REASON_OPERATOR_OWNED, .container = "kafka",
     .metadata = "'labels':{'strimzi.io/cluster':'c'}"},
    {C("apache/kafka"), SKIP, .reason = PS_REASON_WINDOWS, .spec = ",'os':{'name':'windows'}"},
    {C("apache/kafka"), SKIP, .reason = PS_REASON_WINDOWS,
     .spec = ",'nodeSelector':{'kubernetes.io/os':'windows'}"},
};

static const struct ps_json *parse(struct ps_arena *arena, const char *before, const char *text,
                                   const char *after, const char *more)
{
    const char *const parts[] = {before, text, after, more, "}"};
    struct ps_buf buf;
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    ps_buf_init(&buf, arena, 512);
    for (size_t i = 0; i < PS_COUNT(parts); i++) {
        for (const char *c = parts[i]; c != NULL && *c != '\0'; c++) {
            ps_buf_putc(&buf, *c == '\'' ? '"' : *c);
        }
    }
    struct ps_status status = ps_json_parse(arena, ps_buf_view(&buf), &root, &err);
    ck_assert_msg(ps_ok(status), "%s: %s", err.message, buf.ptr);
    return root;
}

static void find(struct ps_arena *arena, const struct row *row, struct ps_broker_search *ret_search)
{
    struct ps_exposures exposures = {.container = ps_str_of(row->container),
                                     .family = ps_str_of(row->family_is)};
    const struct ps_json *spec = parse(arena, "{'containers':[", row->containers, "]", row->spec);
    const struct ps_json *metadata = parse(arena, "{", row->metadata, NULL, NULL);
    ps_broker_find(arena, metadata, spec, &exposures, ret_search);
}

static void check_broker(struct ps_arena *arena, const struct row *row)
{
    struct ps_broker_search search;
    find(arena, row, &search);
    const struct ps_broker *broker = &search.broker;
    ck_assert_msg(search.verdict == PS_VERDICT_INJECT, "%s: %s %s", row->containers,
                  ps_verdict_name(search.verdict), ps_reason_name(search.reason));
    ck_assert_uint_eq(broker->index, row->index);
    ck_assert_str_eq(broker->family->name, row->family);
    ck_assert_msg(broker->start == row->start, "%s: %d", row->containers, (int)broker->start);
    ck_assert_msg(broker->java_direct == row->java_direct, "%s: java", row->containers);
    ck_assert_msg(broker->clean_env == row->clean_env, "%s: env", row->containers);
    ck_assert_ptr_nonnull(broker->container);
}

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_broker_search search;
    if (row->family != NULL) {
        check_broker(arena, row);
        return;
    }
    find(arena, row, &search);
    ck_assert_msg(search.verdict == row->verdict, "%s: %s", row->containers,
                  ps_verdict_name(search.verdict));
    ck_assert_msg(search.reason == row->reason, "%s: %s", row->containers,
                  ps_reason_name(search.reason));
    ck_assert_msg((search.detail.len > 0) == (row->verdict == PS_VERDICT_LEAVE), "%s: '%.*s'",
                  row->containers, PS_FMT(search.detail));
}

START_TEST(test_brokers)
{
    ps_in_arena(check_row, &brokers[_i]);
}
END_TEST

START_TEST(test_others)
{
    ps_in_arena(check_row, &others[_i]);
}
END_TEST

static const char *const wrong[] = {"null", "7", "''", "[]", "{}", "[null,{},[]]", "{'a':null}"};

/* Nothing in it has the type that Kubernetes gives it. */
static void find_wrong(struct ps_arena *arena, const void *arg)
{
    static const char *const members[] = {"containers", "os", "nodeSelector"};
    static const char *const inner[] = {"name", "image", "command", "args", "env"};
    static const struct ps_exposures no_exposures;
    const char *value = wrong[*(const int *)arg];
    struct ps_broker_search search;
    for (size_t i = 0; i < PS_COUNT(members); i++) {
        const char *key = ps_arena_printf(arena, "{'%s':", members[i]).ptr;
        const struct ps_json *spec = parse(arena, key, value, NULL, NULL);
        ps_broker_find(arena, spec, spec, &no_exposures, &search);
        ck_assert_int_eq((int)search.reason, (int)PS_REASON_NOT_KAFKA);
    }
    for (size_t i = 0; i < PS_COUNT(inner); i++) {
        const char *key =
            ps_arena_printf(arena, "{'containers':[{'image':'kafka-ui','%s':", inner[i]).ptr;
        if (i != 1) {
            ps_broker_find(arena, NULL, parse(arena, key, value, "}]", NULL), &no_exposures,
                           &search);
            ck_assert_int_eq((int)search.reason, (int)PS_REASON_NOT_KAFKA);
        }
    }
    ps_broker_find(arena, NULL, NULL, &no_exposures, &search);
    ck_assert_int_eq((int)search.reason, (int)PS_REASON_NOT_KAFKA);
}

START_TEST(test_wrong_types)
{
    ps_in_arena(find_wrong, &_i);
}
END_TEST

static void read_env(struct ps_arena *arena, const void *arg)
{
    struct ps_str value = PS_STR("untouched");
    struct ps_env env;
    const struct ps_json *container =
        parse(arena, "{",
              "'env':[{'name':'A','value':'1'},{'name':'B','valueFrom':{}},"
              "{'name':'A','value':'2'},{'name':'C'},{'name':'B2'},null,7]",
              NULL, NULL);
    (void)arg;
    ps_env_read(arena, container, &env);
    ck_assert_uint_eq(env.count, 7);
    ck_assert(ps_env_literal(&env, PS_STR("A"), &value));
    ck_assert(ps_str_is(value, "2"));
    ck_assert(!ps_env_literal(&env, PS_STR("B"), &value));
    ck_assert(ps_str_is(value, "2"));
    ck_assert(ps_env_literal(&env, PS_STR("C"), &value));
    ck_assert_uint_eq(value.len, 0);
    ck_assert(!ps_env_literal(&env, PS_STR("D"), &value));
    ck_assert_ptr_nonnull(ps_env_find(&env, PS_STR("B")));
    ck_assert_ptr_null(ps_env_find(&env, PS_STR("a")));
    ps_env_read(arena, NULL, &env);
    ck_assert_uint_eq(env.count, 0);
    ck_assert(!ps_env_literal(&env, PS_STR("A"), &value));
    ck_assert_ptr_null(ps_env_find(&env, PS_STR("A")));
}

START_TEST(test_env)
{
    ps_in_arena(read_env, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("broker");
    TCase *tcase = tcase_create("recognition");
    tcase_add_loop_test(tcase, test_brokers, 0, PS_COUNT(brokers));
    tcase_add_loop_test(tcase, test_others, 0, PS_COUNT(others));
    tcase_add_loop_test(tcase, test_wrong_types, 0, PS_COUNT(wrong));
    tcase_add_test(tcase, test_env);
    suite_add_tcase(suite, tcase);
    return suite;
}
