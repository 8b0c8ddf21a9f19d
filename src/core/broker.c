/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's name is not enough: ZooKeeper, Connect and one-shot tools run from broker images, and
 * a Kafka UI has variables that begin with KAFKA_. So the command counts first, then the name of
 * the image, then the variables.
 */
#include "portside/broker.h"

#include "command.h"
#include "env_extra.h"
#include "portside/buf.h"

/* Of the names of containers in a message: those of most pods. */
#define NAMES_BYTES_MAX 80

/* How sure we are that a container is a broker. */
enum evidence {
    EVIDENCE_NONE = 0,
    EVIDENCE_IMAGE,   /* the image's name says so, and nothing speaks against it */
    EVIDENCE_CERTAIN, /* the command starts a broker, or the variables are a broker's */
};

/* Images of other programs, whatever the command says. */
static const char *const other_images[] = {
    "connect",  "registry", "-ui",      "_ui",      "exporter", "manager",   "zookeeper",
    "ksql",     "-rest",    "akhq",     "kafdrop",  "cruise",   "initutils", "config-image",
    "kafkacat", "kcat",     "operator", "redpanda", NULL};

/* Words that name a program which uses Kafka, unless its command starts a broker. */
static const char *const user_images[] = {"mirror", "consumer", "producer",   "client", "stream",
                                          "sink",   "burrow",   "bridge",     "tools",  "cli",
                                          "topics", "console",  "prometheus", NULL};

/* Variables that only a broker has. */
static const struct ps_str broker_variables[] = {
    PS_STR_INIT("KAFKA_ADVERTISED_LISTENERS"),
    PS_STR_INIT("KAFKA_CFG_ADVERTISED_LISTENERS"),
    PS_STR_INIT("KAFKA_PROCESS_ROLES"),
    PS_STR_INIT("KAFKA_CFG_PROCESS_ROLES"),
};

void ps_env_read(struct ps_arena *arena, const struct ps_json *container, struct ps_env *ret_env)
{
    const struct ps_json *list = ps_json_get(container, "env");
    size_t count = ps_json_count(list);
    ret_env->count = 0;
    ret_env->names = PS_ARENA_ARRAY(arena, struct ps_str, count);
    ret_env->entries = PS_ARENA_ARRAY(arena, const struct ps_json *, count);
    PS_JSON_EACH(entry, list)
    {
        ret_env->names[ret_env->count] = ps_json_get_text(entry, "name");
        ret_env->entries[ret_env->count++] = entry;
    }
}

struct ps_env ps_env_stated(const struct ps_broker *broker)
{
    return (struct ps_env){
        .count = broker->env.count - broker->extra_count,
        .names = broker->env.names + broker->extra_count,
        .entries = broker->env.entries + broker->extra_count,
    };
}

const struct ps_json *ps_env_find(const struct ps_env *env, struct ps_str name)
{
    for (size_t i = env->count; i > 0; i--) {
        if (ps_str_equal(env->names[i - 1], name)) {
            return env->entries[i - 1];
        }
    }
    return NULL;
}

bool ps_env_literal(const struct ps_env *env, struct ps_str name, struct ps_str *ret_value)
{
    const struct ps_json *entry = ps_env_find(env, name);
    if (entry == NULL || ps_json_type(ps_json_get(entry, "valueFrom")) == PS_JSON_OBJECT) {
        return false;
    }
    *ret_value = ps_json_get_text(entry, "value");
    return true;
}

static bool has_broker_variables(const struct ps_env *env)
{
    for (size_t i = 0; i < PS_COUNT(broker_variables); i++) {
        if (ps_env_find(env, broker_variables[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum evidence judge(const struct ps_broker *broker)
{
    bool starts_broker = ps_command_starts_broker(broker->command);
    if (!starts_broker && ps_command_starts_other(broker->command)) {
        return EVIDENCE_NONE;
    }
    if (ps_str_contains_any(broker->image.base, other_images)) {
        return EVIDENCE_NONE;
    }
    if (starts_broker && (ps_str_contains_nocase(broker->image.path, "kafka") ||
                          ps_str_contains(broker->command, "kafka"))) {
        return EVIDENCE_CERTAIN;
    }
    if (ps_command_is_idle(broker->command)) {
        return EVIDENCE_NONE;
    }
    if (has_broker_variables(&broker->env)) {
        return EVIDENCE_CERTAIN;
    }
    if (ps_str_contains_any(broker->image.base, user_images)) {
        return EVIDENCE_NONE;
    }
    return ps_str_contains_nocase(broker->image.base, "kafka") ? EVIDENCE_IMAGE : EVIDENCE_NONE;
}

static struct ps_broker look_at(struct ps_arena *arena, const struct ps_json *container,
                                size_t index)
{
    struct ps_broker broker = {.index = index,
                               .container = container,
                               .container_name = ps_json_get_text(container, "name"),
                               .command = ps_command_text(arena, container)};
    struct ps_str image = ps_json_get_text(container, "image");
    if (!ps_ok(ps_image_parse(image, &broker.image, NULL))) {
        broker.image = (struct ps_image){.path = image, .base = ps_path_base(image)};
    }
    broker.family = ps_family_of_image(&broker.image);
    broker.start = ps_command_start(container, broker.command);
    broker.java_direct = ps_command_runs_java(broker.command);
    broker.clean_env = ps_command_drops_env(broker.command);
    ps_env_read(arena, container, &broker.env);
    return broker;
}

static void no_broker(struct ps_broker_search *search, enum ps_verdict verdict,
                      enum ps_reason reason, struct ps_str detail)
{
    search->verdict = verdict;
    search->reason = reason;
    search->detail = detail;
}

/* "portside.dev/container: there is no container 'x': use kafka or exporter" */
static struct ps_str no_such_container(struct ps_arena *arena, const struct ps_json *containers,
                                       struct ps_str name)
{
    struct ps_buf names;
    ps_buf_init(&names, arena, 64);
    PS_JSON_EACH(container, containers)
    {
        if (names.len < NAMES_BYTES_MAX) {
            ps_buf_printf(&names, "%s%.*s", names.len == 0 ? ": use " : " or ",
                          PS_FMT(ps_json_get_text(container, "name")));
        }
    }
    return ps_arena_printf(arena, "portside.dev/container: there is no container '%.*s'%.*s",
                           PS_FMT(name), PS_FMT(ps_buf_view(&names)));
}

static void find_named(struct ps_arena *arena, const struct ps_json *containers, struct ps_str name,
                       struct ps_broker_search *search)
{
    size_t index = 0;
    PS_JSON_EACH(container, containers)
    {
        if (ps_str_equal(ps_json_get_text(container, "name"), name)) {
            search->verdict = PS_VERDICT_INJECT;
            search->broker = look_at(arena, container, index);
            return;
        }
        index++;
    }
    no_broker(search, PS_VERDICT_LEAVE, PS_REASON_NO_CONTAINER,
              no_such_container(arena, containers, name));
}

/* The only container with the best evidence. */
static void find_best(struct ps_arena *arena, const struct ps_json *containers,
                      struct ps_broker_search *search)
{
    enum evidence best = EVIDENCE_NONE;
    size_t index = 0;
    bool tie = false;
    PS_JSON_EACH(container, containers)
    {
        struct ps_broker broker = look_at(arena, container, index++);
        enum evidence evidence = judge(&broker);
        tie = evidence == best ? evidence != EVIDENCE_NONE || tie : evidence < best && tie;
        if (evidence > best) {
            best = evidence;
            search->broker = broker;
        }
    }
    if (best == EVIDENCE_NONE) {
        no_broker(search, PS_VERDICT_SKIP, PS_REASON_NOT_KAFKA, PS_STR(""));
    } else if (tie) {
        no_broker(search, PS_VERDICT_LEAVE, PS_REASON_AMBIGUOUS,
                  PS_STR("several containers look like the broker: name it with "
                         "portside.dev/container"));
    } else {
        search->verdict = PS_VERDICT_INJECT;
    }
}

/* Labels and owners that operators put on what they generate; pods inherit the labels. */
bool ps_broker_is_operated(const struct ps_json *metadata)
{
    static const char *const label_prefixes[] = {"strimzi.io/", "platform.confluent.io/",
                                                 "kubeblocks.io/", "kubedb.com/", NULL};
    static const char *const owner_groups[] = {"strimzi.io",     "confluent.io", "banzaicloud",
                                               "stackable.tech", "koperator",    NULL};
    static const char *const managers[] = {
        "strimzi", "confluent-operator", "koperator", "stackable", "kafka-operator",
        "kubedb",  "kubeblocks",         NULL};
    PS_JSON_EACH(label, ps_json_get(metadata, "labels"))
    {
        struct ps_str key = ps_json_key(label);
        bool managed_by = ps_str_is(key, "app.kubernetes.io/managed-by");
        if (ps_str_contains_any(key, label_prefixes) || ps_str_is(key, "kafka_cr") ||
            (managed_by && ps_str_contains_any(ps_json_text(label), managers))) {
            return true;
        }
    }
    PS_JSON_EACH(owner, ps_json_get(metadata, "ownerReferences"))
    {
        if (ps_str_contains_any(ps_json_get_text(owner, "apiVersion"), owner_groups)) {
            return true;
        }
    }
    return false;
}

static bool is_windows(const struct ps_json *spec)
{
    const struct ps_json *selector = ps_json_get(spec, "nodeSelector");
    return ps_str_is(ps_json_get_text(ps_json_get(spec, "os"), "name"), "windows") ||
           ps_str_is(ps_json_get_text(selector, "kubernetes.io/os"), "windows");
}

static bool is_controller_only(const struct ps_broker *broker)
{
    static const struct ps_str names[] = {PS_STR_INIT("KAFKA_PROCESS_ROLES"),
                                          PS_STR_INIT("KAFKA_CFG_PROCESS_ROLES")};
    struct ps_str roles = PS_STR("");
    for (size_t i = 0; i < PS_COUNT(names); i++) {
        if (ps_env_literal(&broker->env, names[i], &roles) &&
            ps_str_is(ps_str_trim(roles), "controller")) {
            return true;
        }
    }
    size_t at = ps_str_find(broker->command, PS_STR("process.roles=controller"), 0);
    size_t end = at + sizeof("process.roles=controller") - 1;
    return at < broker->command.len &&
           (end >= broker->command.len || broker->command.ptr[end] != ',');
}

void ps_broker_find(struct ps_arena *arena, const struct ps_json *metadata,
                    const struct ps_json *spec, const struct ps_exposures *exposures,
                    struct ps_broker_search *ret_search)
{
    const struct ps_json *containers = ps_json_get(spec, "containers");
    *ret_search = (struct ps_broker_search){.detail = PS_STR("")};
    if (ps_broker_is_operated(metadata)) {
        no_broker(ret_search, PS_VERDICT_SKIP, PS_REASON_OPERATOR_OWNED, PS_STR(""));
        return;
    }
    if (exposures->container.len > 0) {
        find_named(arena, containers, exposures->container, ret_search);
    } else {
        find_best(arena, containers, ret_search);
    }
    if (ret_search->reason == PS_REASON_NOT_KAFKA && exposures->family.len > 0 &&
        ps_json_count(containers) == 1) {
        *ret_search = (struct ps_broker_search){
            .verdict = PS_VERDICT_INJECT,
            .detail = PS_STR(""),
            .broker = look_at(arena, ps_json_first(containers), 0),
        };
    }
    if (ret_search->verdict == PS_VERDICT_SKIP) {
        return;
    }
    if (is_windows(spec)) {
        no_broker(ret_search, PS_VERDICT_SKIP, PS_REASON_WINDOWS, PS_STR(""));
    } else if (ret_search->verdict == PS_VERDICT_INJECT &&
               is_controller_only(&ret_search->broker)) {
        no_broker(ret_search, PS_VERDICT_SKIP, PS_REASON_CONTROLLER_ONLY, PS_STR(""));
    }
    const struct ps_family *stated = ps_family_find(exposures->family);
    if (ret_search->verdict == PS_VERDICT_INJECT && stated != NULL) {
        ret_search->broker.family = stated;
    }
    if (ret_search->verdict == PS_VERDICT_INJECT) {
        ps_env_extra_apply(arena, exposures, &ret_search->broker);
    }
}
