/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Env delivery is for the easy case only: the image makes properties of variables, nothing runs
 * between kubelet and the image's entry point that could change them, and all three listener values
 * are visible. Everything else is left to the hook, which sees the effective settings at run time.
 */
#include "portside/inject.h"

#include "env_extra.h"
#include "env_settings.h"
#include "port_check.h"

static bool decide(struct ps_injection *injection, enum ps_verdict verdict, enum ps_reason reason,
                   struct ps_str message)
{
    injection->verdict = verdict;
    injection->reason = reason;
    injection->message = message;
    return true;
}

static bool leave(struct ps_injection *injection, enum ps_reason reason, const char *message)
{
    return decide(injection, PS_VERDICT_LEAVE, reason, ps_str_of(message));
}

struct ps_str ps_inject_endpoint(struct ps_arena *arena, const struct ps_exposure *exposure)
{
    return PS_ARENA_JOIN(arena, PS_STR("$("), exposure->env_prefix, PS_STR("_HOST):$("),
                         exposure->env_prefix, PS_STR("_PORT)"));
}

/* True if something is mounted at path or below. */
static bool mounts_path(const struct ps_broker *broker, const char *path)
{
    PS_JSON_EACH(mount, ps_json_get(broker->container, "volumeMounts"))
    {
        if (ps_str_starts(ps_json_get_text(mount, "mountPath"), path)) {
            return true;
        }
    }
    return false;
}

/* A mount by which the image finds a configuration file of the user's. */
static bool mounts_configuration(const struct ps_broker *broker)
{
    const char *const *mounts = broker->family->config_mounts;
    for (size_t i = 0; mounts != NULL && mounts[i] != NULL; i++) {
        if (mounts_path(broker, mounts[i])) {
            return true;
        }
    }
    return false;
}

/* The image's own entry point runs, directly or named in the command, with no shell before it. */
static bool runs_entry_point(const struct ps_broker *broker)
{
    bool replaced = ps_json_count(ps_json_get(broker->container, "command")) > 0;
    if (broker->start != PS_START_SCRIPT) {
        return broker->start == PS_START_IMAGE;
    }
    if (ps_str_contains(broker->command, "kafka-server-start") ||
        ps_str_contains(broker->command, "LISTENER")) {
        return false; /* no variables are read, or arguments KEY=VALUE win over them */
    }
    /* Bitnami's setup, which reads the variables, is called by entrypoint.sh alone. */
    return broker->family->env_rule != PS_ENV_RULE_BITNAMI || !replaced ||
           ps_str_contains(broker->command, "entrypoint.sh");
}

/* Nothing that we cannot see decides the listeners. */
static bool env_decides(const struct ps_broker *broker)
{
    return broker->family->env_rule != PS_ENV_RULE_NONE && runs_entry_point(broker) &&
           ps_json_count(ps_json_get(broker->container, "envFrom")) == 0 &&
           !mounts_configuration(broker);
}

/* Each of the three is set once, by a literal value. */
static bool all_three_literal(struct ps_injection *injection)
{
    static const char *const names[PS_VARIABLE_COUNT] = {
        [PS_VARIABLE_LISTENERS] = "LISTENERS",
        [PS_VARIABLE_ADVERTISED] = "ADVERTISED_LISTENERS",
        [PS_VARIABLE_MAP] = "LISTENER_SECURITY_PROTOCOL_MAP",
    };
    for (size_t i = 0; i < PS_VARIABLE_COUNT; i++) {
        const struct ps_json *entry = NULL;
        if (ps_env_property(&injection->broker, names[i], &injection->index[i], &entry) != 1 ||
            ps_str_trim(ps_json_get_text(entry, "value")).len == 0) {
            return false;
        }
        injection->index[i] -= injection->broker.extra_count; /* which hold none of the three */
    }
    return true;
}

static void plan_env(struct ps_arena *arena, const struct ps_exposures *exposures,
                     struct ps_injection *injection)
{
    struct ps_listener_settings settings;
    struct ps_listener_wish wishes[PS_EXPOSURES_MAX];
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *exposure = &exposures->list[i];
        wishes[i] = (struct ps_listener_wish){
            .name = exposure->listener_name,
            .port = exposure->listener_port,
            .protocol = exposure->protocol,
            .key_prefix = exposure->key_prefix,
            .endpoint = ps_inject_endpoint(arena, exposure),
        };
    }
    ps_env_settings(&injection->broker, &settings);
    ps_listener_plan(arena, &settings, wishes, exposures->count, &injection->plan);
}

/* Settings of the mirrored listener alone, which may hold secrets, are the hook's business. */
static bool mirrors_settings(struct ps_arena *arena, const struct ps_exposures *exposures,
                             const struct ps_injection *injection)
{
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_listener_result *result = &injection->plan.results[i];
        if (result->mirrored.len > 0 && result->protocol != PS_PROTOCOL_PLAINTEXT &&
            ps_env_has_listener_settings(arena, &injection->broker, result->mirrored)) {
            return true;
        }
    }
    return false;
}

/*
 * A new name goes through variables and start scripts, some of which take "SSL://" or "SASL_"
 * anywhere in the listeners for a protocol; only letters and digits pass all of them.
 */
static bool is_plain_name(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!ps_is_alpha(name.ptr[i]) && !ps_is_digit(name.ptr[i])) {
            return false;
        }
    }
    struct ps_str end = ps_str_slice(name, name.len < 3 ? 0 : name.len - 3, name.len);
    return !ps_str_equal_nocase(end, PS_STR("SSL"));
}

static bool names_pass_scripts(const struct ps_exposures *exposures,
                               const struct ps_injection *injection)
{
    for (size_t i = 0; i < exposures->count; i++) {
        if (!injection->plan.results[i].adopted &&
            !is_plain_name(exposures->list[i].listener_name)) {
            return false;
        }
    }
    return true;
}

static bool is_easy(struct ps_arena *arena, const struct ps_exposures *exposures,
                    struct ps_injection *injection)
{
    return injection->env_read && all_three_literal(injection) &&
           injection->plan.outcome != PS_LISTENER_REFUSED &&
           names_pass_scripts(exposures, injection) &&
           !mirrors_settings(arena, exposures, injection);
}

/* True if one KAFKA_ variable is a property, so no option of the start scripts. */
static bool sets_property(const struct ps_broker *broker)
{
    static const char *const not_properties[] = {
        "_OPTS", "KAFKA_LOG4J", "KAFKA_JMX_", "KAFKA_HEAP", "KAFKA_GC_", "KAFKA_VERSION", NULL};
    for (size_t i = 0; i < broker->env.count; i++) {
        struct ps_str name = broker->env.names[i];
        if (ps_str_starts(name, "KAFKA_") && !ps_str_contains_any(name, not_properties)) {
            return true;
        }
    }
    return false;
}

/*
 * Once one KAFKA_ variable that is a property is set, the apache images start from nothing but
 * variables; without these the broker cannot come up (docker/resources/common-scripts/configure).
 * Not asked for: the node id, which portside.dev/env may bring, and the quorum, which has several
 * names (voters, bootstrap servers). Without them no broker comes up either, injected or not, so to
 * leave it alone would save nothing and hide the listener once its author has mended it.
 * NULL if none is missing.
 */
static const char *missing_variable(const struct ps_broker *broker)
{
    static const char *const needed[] = {"PROCESS_ROLES", "CONTROLLER_LISTENER_NAMES", "LISTENERS"};
    size_t index = 0;
    const struct ps_json *entry = NULL;
    if (!sets_property(broker) ||
        ps_env_property(broker, "ZOOKEEPER_CONNECT", &index, &entry) > 0) {
        return NULL;
    }
    for (size_t i = 0; i < PS_COUNT(needed); i++) {
        if (ps_env_property(broker, needed[i], &index, &entry) == 0) {
            return needed[i];
        }
    }
    return NULL;
}

/* What speaks against any injection; true if it was decided. */
static bool decide_obstacles(struct ps_arena *arena, struct ps_injection *injection)
{
    const struct ps_broker *broker = &injection->broker;
    if (broker->clean_env) {
        return leave(injection, PS_REASON_CLEAN_ENV,
                     "the command drops the environment before Kafka starts (env -i, su -)");
    }
    if (broker->java_direct) {
        return leave(injection, PS_REASON_JAVA_DIRECT,
                     "the command runs java itself: start Kafka with kafka-server-start.sh");
    }
    const char *missing = missing_variable(broker);
    if (broker->family->drops_defaults && injection->env_read && missing != NULL &&
        !mounts_path(broker, "/mnt/shared/config")) {
        return decide(injection, PS_VERDICT_LEAVE, PS_REASON_INCOMPLETE_ENV,
                      ps_arena_printf(
                          arena,
                          "one KAFKA_ variable drops the image's own file, and KAFKA_%s is not set",
                          missing));
    }
    return false;
}

/* A refusal that will not be different at run time; true if it was decided. */
static bool decide_conflicts(struct ps_injection *injection)
{
    const struct ps_listener_plan *plan = &injection->plan;
    if (!injection->env_read || plan->outcome != PS_LISTENER_REFUSED ||
        plan->reason == PS_REASON_LISTENERS) {
        return false;
    }
    injection->culprit = plan->refused;
    return decide(injection, PS_VERDICT_LEAVE, plan->reason, plan->message);
}

/* True if a variable's name holds part, or KAFKA_OPTS names a JAAS file. */
static bool has_security_settings(const struct ps_broker *broker, const char *part)
{
    for (size_t i = 0; i < broker->env.count; i++) {
        struct ps_str name = broker->env.names[i];
        struct ps_str value = ps_json_get_text(broker->env.entries[i], "value");
        bool options = ps_str_is(name, "KAFKA_OPTS") && ps_str_contains(value, "auth.login.config");
        if (options || ps_str_contains(name, part)) {
            return true;
        }
    }
    return false;
}

static bool lacks_settings_for(const struct ps_broker *broker, enum ps_protocol protocol)
{
    bool sasl = protocol == PS_PROTOCOL_SASL_PLAINTEXT || protocol == PS_PROTOCOL_SASL_SSL;
    bool ssl = protocol == PS_PROTOCOL_SSL || protocol == PS_PROTOCOL_SASL_SSL;
    return (sasl && !has_security_settings(broker, "SASL_")) ||
           (ssl && !has_security_settings(broker, "SSL_") &&
            !has_security_settings(broker, "TLS_"));
}

/*
 * A stated protocol for which the broker has no settings would keep it from starting: Kafka exits
 * without JAAS configuration, Bitnami's scripts without a keystore. True if it was decided.
 */
static bool decide_security(struct ps_arena *arena, const struct ps_exposures *exposures,
                            struct ps_injection *injection)
{
    for (size_t i = 0; i < exposures->count && injection->env_read; i++) {
        enum ps_protocol protocol = exposures->list[i].protocol;
        if (lacks_settings_for(&injection->broker, protocol)) {
            injection->culprit = i;
            return decide(injection, PS_VERDICT_LEAVE, PS_REASON_LISTENERS,
                          ps_arena_printf(arena,
                                          "%.*sportside.dev/protocol: '%s': the broker has no "
                                          "SASL_ or SSL_ settings for it",
                                          PS_FMT(exposures->list[i].key_prefix),
                                          ps_protocol_name(protocol)));
        }
    }
    return false;
}

static struct ps_str why_not_env(struct ps_arena *arena, const struct ps_exposures *exposures,
                                 const struct ps_injection *injection)
{
    const char *why = "all three listener variables must be set to literal values";
    if (injection->broker.family->env_rule == PS_ENV_RULE_NONE) {
        why = "this image does not read KAFKA_ variables";
    } else if (ps_env_extra_hides_listeners(exposures)) {
        why = "portside.dev/env sets the listeners: put them into the container's env";
    } else if (!injection->env_read) {
        why = "the command, envFrom or a file decides the listeners";
    } else if (injection->plan.outcome == PS_LISTENER_REFUSED) {
        why = injection->plan.message.ptr;
    }
    return ps_arena_printf(arena, "portside.dev/delivery: 'env' is not possible: %s", why);
}

static bool decide_hook(struct ps_arena *arena, const struct ps_exposures *exposures,
                        struct ps_injection *injection)
{
    const struct ps_broker *broker = &injection->broker;
    bool script_seen = broker->start == PS_START_SHELL || broker->start == PS_START_SCRIPT;
    bool stated = exposures->delivery == PS_DELIVERY_HOOK || exposures->family.len > 0;
    bool native = broker->family->env_rule != PS_ENV_RULE_NONE && !broker->family->has_bash;
    if (!native && (broker->family->has_bash || script_seen || stated)) {
        injection->delivery = PS_DELIVERY_HOOK;
        return decide(injection, PS_VERDICT_INJECT, PS_REASON_NONE, PS_STR(""));
    }
    if (native) {
        return leave(
            injection, PS_REASON_NATIVE_IMAGE,
            "a native image needs all three listener variables, and no shell in its command");
    }
    return decide(
        injection, PS_VERDICT_LEAVE, PS_REASON_UNKNOWN_IMAGE,
        ps_arena_printf(arena,
                        "image '%.*s' is not known: set portside.dev/family (or delivery: hook)",
                        PS_FMT(broker->image.path)));
}

static void decide_delivery(struct ps_arena *arena, const struct ps_exposures *exposures,
                            struct ps_injection *injection)
{
    bool easy = is_easy(arena, exposures, injection);
    if (easy && exposures->delivery != PS_DELIVERY_HOOK) {
        injection->delivery = PS_DELIVERY_ENV;
        (void)decide(injection, PS_VERDICT_INJECT, PS_REASON_NONE, PS_STR(""));
        return;
    }
    if (exposures->delivery == PS_DELIVERY_ENV) {
        (void)decide(injection, PS_VERDICT_LEAVE, PS_REASON_LISTENERS,
                     why_not_env(arena, exposures, injection));
        return;
    }
    (void)decide_hook(arena, exposures, injection);
}

void ps_inject_decide(struct ps_arena *arena, const struct ps_json *metadata,
                      const struct ps_json *spec, const struct ps_exposures *exposures,
                      struct ps_injection *ret_injection)
{
    struct ps_broker_search search;
    ps_broker_find(arena, metadata, spec, exposures, &search);
    *ret_injection = (struct ps_injection){
        .verdict = search.verdict,
        .reason = search.reason,
        .message = search.detail,
        .broker = search.broker,
    };
    if (search.verdict != PS_VERDICT_INJECT) {
        return;
    }
    ret_injection->env_read =
        env_decides(&search.broker) && !ps_env_extra_hides_listeners(exposures);
    plan_env(arena, exposures, ret_injection);
    if (decide_obstacles(arena, ret_injection) || decide_conflicts(ret_injection) ||
        decide_security(arena, exposures, ret_injection)) {
        return;
    }
    struct ps_str declared = PS_STR("");
    if (ps_port_is_declared(arena, spec, exposures, ret_injection, &declared)) {
        (void)decide(ret_injection, PS_VERDICT_LEAVE, PS_REASON_PORT_TAKEN, declared);
        return;
    }
    decide_delivery(arena, exposures, ret_injection);
}
