/* SPDX-License-Identifier: Apache-2.0 */
#include "hazard_view.h"

/* A look at a variable is a walk through env, which may be long. */
#define REFERENCES_MAX 48

/* By enum ps_hazard_key; the name of the variable behind KAFKA_ or KAFKA_CFG_. */
static const char *const suffixes[PS_HAZARD_KEY_COUNT] = {
    [PS_HAZARD_LISTENERS] = "LISTENERS",
    [PS_HAZARD_ADVERTISED] = "ADVERTISED_LISTENERS",
    [PS_HAZARD_MAP] = "LISTENER_SECURITY_PROTOCOL_MAP",
    [PS_HAZARD_CONTROLLER_NAMES] = "CONTROLLER_LISTENER_NAMES",
    [PS_HAZARD_INTER_BROKER_NAME] = "INTER_BROKER_LISTENER_NAME",
    [PS_HAZARD_INTER_BROKER_PROTOCOL] = "SECURITY_INTER_BROKER_PROTOCOL",
    [PS_HAZARD_ROLES] = "PROCESS_ROLES",
    [PS_HAZARD_NODE_ID] = "NODE_ID",
    [PS_HAZARD_BROKER_ID] = "BROKER_ID",
    [PS_HAZARD_ZOOKEEPER] = "ZOOKEEPER_CONNECT",
    [PS_HAZARD_OFFSETS_FACTOR] = "OFFSETS_TOPIC_REPLICATION_FACTOR",
    [PS_HAZARD_QUORUM_VOTERS] = "CONTROLLER_QUORUM_VOTERS",
    [PS_HAZARD_ADVERTISED_HOST] = "ADVERTISED_HOST_NAME",
};

static bool contains_any(struct ps_str text, const char *const *parts)
{
    for (; *parts != NULL; parts++) {
        if (ps_str_contains(text, *parts)) {
            return true;
        }
    }
    return false;
}

/* A file of the user's stands where the image takes its settings from, and wins over env. */
static bool has_config_mount(const struct ps_broker *broker)
{
    PS_JSON_EACH(mount, ps_json_get(broker->container, "volumeMounts"))
    {
        struct ps_str path = ps_json_get_text(mount, "mountPath");
        for (const char *const *known = broker->family->config_mounts;
             known != NULL && *known != NULL; known++) {
            if (ps_str_starts(path, *known)) {
                return true;
            }
        }
    }
    return false;
}

/* A script that reads nothing else and ends in the image's own start makes no guess necessary. */
static bool image_starts(const struct ps_broker *broker)
{
    static const char *const starts[] = {
        "/etc/confluent/docker/run", "/etc/kafka/docker/run", "scripts/kafka/entrypoint.sh",
        "/entrypoint.sh /run.sh",    "start-kafka.sh",        NULL};
    static const char *const unseen[] = {"source ", "eval ", " . ", "\n. ", NULL};
    if (has_config_mount(broker) || broker->clean_env) {
        return false;
    }
    /* With args alone Bitnami's entry point stays, and sets up from env if they name its run.sh. */
    bool bitnami = broker->family->env_rule == PS_ENV_RULE_BITNAMI &&
                   ps_json_count(ps_json_get(broker->container, "command")) == 0 &&
                   ps_str_contains(broker->command, "scripts/kafka/run.sh");
    return broker->start == PS_START_IMAGE || ((bitnami || contains_any(broker->command, starts)) &&
                                               !contains_any(broker->command, unseen));
}

static void name_settings(struct ps_hazard_view *view)
{
    bool bitnami = view->facts->broker->family->env_rule == PS_ENV_RULE_BITNAMI;
    for (size_t i = 0; i < PS_HAZARD_KEY_COUNT; i++) {
        view->settings[i].variable =
            ps_arena_printf(view->arena, "%s%s", bitnami ? "KAFKA_CFG_" : "KAFKA_", suffixes[i]);
    }
}

/* Bitnami: the bare name wins over KAFKA_CFG_, whatever their order. */
static void take(struct ps_hazard_view *view, const struct ps_json *entry, size_t index)
{
    struct ps_str name = ps_json_get_text(entry, "name");
    bool bitnami = view->facts->broker->family->env_rule == PS_ENV_RULE_BITNAMI;
    bool bare = !bitnami || !ps_str_starts(name, "KAFKA_CFG_");
    if (!ps_str_starts(name, "KAFKA_")) {
        return;
    }
    struct ps_str suffix =
        ps_str_slice(name, bare ? sizeof("KAFKA_") - 1 : sizeof("KAFKA_CFG_") - 1, name.len);
    for (size_t i = 0; i < PS_HAZARD_KEY_COUNT; i++) {
        struct ps_hazard_setting *setting = &view->settings[i];
        bool keeps = bitnami && !bare && setting->entry != NULL &&
                     !ps_str_starts(setting->variable, "KAFKA_CFG_");
        if (ps_str_is(suffix, suffixes[i]) && !keeps) {
            bool from = ps_json_type(ps_json_get(entry, "valueFrom")) == PS_JSON_OBJECT;
            *setting = (struct ps_hazard_setting){
                .variable = name,
                .entry = entry,
                .index = index,
                .literal = !from,
                .value = ps_str_trim(from ? PS_STR("") : ps_json_get_text(entry, "value"))};
        }
    }
}

/* The command may set the variable; run of cp-kafka and apache takes NAME=VALUE as arguments. */
static bool is_sure(const struct ps_hazard_view *view, const struct ps_hazard_setting *setting,
                    const char *suffix)
{
    const struct ps_hazard_facts *facts = view->facts;
    if (facts->broker->family->env_rule == PS_ENV_RULE_NONE) {
        return false;
    }
    const char *plain = ps_arena_printf(view->arena, "KAFKA_%s", suffix).ptr;
    const char *bitnami = ps_arena_printf(view->arena, "KAFKA_CFG_%s", suffix).ptr;
    bool read = view->image_starts && (setting->entry != NULL || !view->env_from);
    return (facts->env_read || read) && !ps_str_contains(facts->broker->command, plain) &&
           !ps_str_contains(facts->broker->command, bitnami);
}

/* What other rows speak of, or what something puts in at run time: '$', wurstmeister's "_{". */
static bool is_unsettled(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '$' || c == '`') {
            return true;
        }
    }
    return text.len == 0 || ps_str_contains(text, "_{");
}

/* NAME://HOST:PORT, as kafka.cluster.EndPoint reads it (uriParseExp). */
static bool is_malformed(struct ps_str text)
{
    uint64_t port = 0;
    size_t at = ps_str_find(text, PS_STR("://"), 0);
    struct ps_str rest = ps_str_slice(text, at + 3, text.len);
    size_t colon = ps_str_last_index(rest, ':');
    struct ps_str number = ps_str_slice(rest, colon + 1, rest.len);
    bool negative = ps_str_starts(number, "-");
    bool valid = at < text.len && colon < rest.len &&
                 ps_str_to_uint(ps_str_slice(number, negative, number.len), INT32_MAX, &port);
    return !valid && !is_unsettled(text);
}

static void read_endpoints(const struct ps_hazard_view *view,
                           const struct ps_hazard_setting *setting,
                           struct ps_hazard_endpoints *ret_endpoints)
{
    struct ps_str rest = setting->value;
    struct ps_str raw;
    size_t budget = REFERENCES_MAX;
    if (setting->entry == NULL || !setting->literal || !setting->sure) {
        return;
    }
    for (size_t i = 0; i < PS_LISTENERS_MAX && ps_str_split(&rest, ',', &raw); i++) {
        struct ps_str text =
            ps_reference_expand(view->arena, view->env, raw, setting->index, &budget);
        size_t count = ret_endpoints->parsed.count;
        if (ret_endpoints->malformed.len == 0 && is_malformed(ps_str_trim(text))) {
            ret_endpoints->malformed = ps_str_trim(raw);
        } else if (ps_endpoints_add(&ret_endpoints->parsed, ps_str_trim(text))) {
            ret_endpoints->raw[count] = ps_str_trim(raw);
        }
    }
}

void ps_hazard_view_read(struct ps_arena *arena, const struct ps_hazard_facts *facts,
                         struct ps_hazard_view *ret_view)
{
    struct ps_hazard_view *view = ret_view;
    *view = (struct ps_hazard_view){
        .facts = facts, .arena = arena, .container = facts->broker->container};
    view->env_from = ps_json_count(ps_json_get(view->container, "envFrom")) > 0;
    view->image_starts = image_starts(facts->broker);
    name_settings(view);
    view->env = &facts->broker->env;
    for (size_t i = 0; i < view->env->count; i++) {
        take(view, view->env->entries[i], i);
    }
    for (size_t i = 0; i < PS_HAZARD_KEY_COUNT; i++) {
        view->settings[i].sure = is_sure(view, &view->settings[i], suffixes[i]);
    }
    read_endpoints(view, &view->settings[PS_HAZARD_LISTENERS], &view->listeners);
    read_endpoints(view, &view->settings[PS_HAZARD_ADVERTISED], &view->advertised);
}

bool ps_hazard_is_set(const struct ps_hazard_view *view, enum ps_hazard_key key)
{
    const struct ps_hazard_setting *setting = &view->settings[key];
    return setting->sure && setting->entry != NULL && setting->literal && setting->value.len > 0;
}

bool ps_hazard_is_unset(const struct ps_hazard_view *view, enum ps_hazard_key key)
{
    const struct ps_hazard_setting *setting = &view->settings[key];
    return setting->sure &&
           (setting->entry == NULL || (setting->literal && setting->value.len == 0));
}

bool ps_hazard_is_adopted(const struct ps_hazard_view *view, struct ps_str listener)
{
    const struct ps_exposures *exposures = view->facts->exposures;
    for (size_t i = 0; i < exposures->count; i++) {
        if (ps_str_equal_nocase(exposures->list[i].listener_name, listener)) {
            return true;
        }
    }
    return false;
}

bool ps_hazard_is_controller(const struct ps_hazard_view *view, struct ps_str listener)
{
    return ps_hazard_is_set(view, PS_HAZARD_CONTROLLER_NAMES) &&
           ps_list_has(view->settings[PS_HAZARD_CONTROLLER_NAMES].value, listener);
}

bool ps_hazard_kafka_before(const struct ps_broker *broker, unsigned major, unsigned minor)
{
    unsigned tag_major = 0;
    unsigned tag_minor = 0;
    bool versioned = ps_str_is(ps_str_of(broker->family->name), "apache") ||
                     ps_str_is(ps_str_of(broker->family->name), "apache-native") ||
                     ps_str_is(ps_str_of(broker->family->name), "bitnami");
    /* From Kafka 3.0 on, Confluent's platform counts four more: 7.0 is 3.0, 8.0 is 4.0. */
    if (ps_str_is(ps_str_of(broker->family->name), "cp-kafka")) {
        versioned = true;
        major += 4;
    }
    return versioned && ps_image_version(&broker->image, &tag_major, &tag_minor) &&
           (tag_major < major || (tag_major == major && tag_minor < minor));
}

bool ps_hazard_uses_zookeeper(const struct ps_hazard_view *view)
{
    static const char *const kraft[] = {"PROCESS_ROLES", "process.roles", "QUORUM", "quorum", NULL};
    const struct ps_hazard_setting *connect = &view->settings[PS_HAZARD_ZOOKEEPER];
    struct ps_str command = view->facts->broker->command;
    bool stated = (connect->entry != NULL && (!connect->literal || connect->value.len > 0)) ||
                  ps_str_contains(command, "zookeeper.connect=");
    return stated && view->settings[PS_HAZARD_ROLES].entry == NULL && !view->env_from &&
           !contains_any(command, kraft);
}
