/* SPDX-License-Identifier: Apache-2.0 */
#include "env_extra.h"

#include "exposure_template.h"
#include "portside/jw.h"

/* What the listener planner reads; the first three it also writes. */
static const char *const listener_settings[] = {
    "LISTENERS",
    "ADVERTISED_LISTENERS",
    "LISTENER_SECURITY_PROTOCOL_MAP",
    "CONTROLLER_LISTENER_NAMES",
    "PROCESS_ROLES",
    "INTER_BROKER_LISTENER_NAME",
    "SECURITY_INTER_BROKER_PROTOCOL",
};
#define WRITTEN_COUNT 3

const struct ps_exposure_pair *ps_env_extra_find(const struct ps_exposures *exposures,
                                                 struct ps_str variable)
{
    for (size_t i = 0; i < exposures->env.count; i++) {
        if (ps_str_equal(exposures->env.list[i].name, variable)) {
            return &exposures->env.list[i];
        }
    }
    return NULL;
}

/* {"name": …, "value": …} as a node of its own; NULL if the text does not fit a string of JSON. */
static struct ps_json *make_entry(struct ps_arena *arena, const struct ps_exposure_pair *pair)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_json *entry = NULL;
    ps_buf_init(&buf, arena, 128);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "name", pair->name);
    ps_jw_member(&jw, "value", pair->value);
    ps_jw_object_end(&jw);
    return ps_ok(ps_json_parse(arena, ps_buf_view(&buf), &entry, NULL)) ? entry : NULL;
}

/* The list to add to; NULL if env is neither a list nor absent. */
static struct ps_json *open_env(struct ps_arena *arena, struct ps_json *container)
{
    struct ps_json *env = ps_json_mutable_get(container, PS_STR("env"));
    enum ps_json_type type = ps_json_type(env);
    if (type == PS_JSON_ARRAY || (type != PS_JSON_ABSENT && type != PS_JSON_NULL)) {
        return type == PS_JSON_ARRAY ? env : NULL;
    }
    if (!ps_ok(ps_json_parse(arena, PS_STR("[]"), &env, NULL))) {
        return NULL;
    }
    ps_json_object_set(arena, container, PS_STR("env"), env);
    return env;
}

void ps_env_extra_apply(struct ps_arena *arena, const struct ps_exposures *exposures,
                        struct ps_broker *broker)
{
    broker->original = broker->container;
    broker->extra_count = 0;
    if (exposures->env.count == 0) {
        return;
    }
    struct ps_json *container = ps_json_copy(arena, broker->container);
    struct ps_json *env = open_env(arena, container);
    for (size_t i = 0; i < exposures->env.count && env != NULL; i++) {
        const struct ps_exposure_pair *pair = &exposures->env.list[i];
        if (ps_env_find(&broker->env, pair->name) != NULL) {
            continue;
        }
        struct ps_json *entry = make_entry(arena, pair);
        if (entry != NULL && ps_json_array_insert(env, broker->extra_count, entry)) {
            broker->extra_count++;
        }
    }
    broker->container = container;
    ps_env_read(arena, container, &broker->env);
}

bool ps_env_names(const struct ps_json *list, struct ps_str variable)
{
    PS_JSON_EACH(name, list)
    {
        if (ps_str_equal(ps_json_text(name), variable)) {
            return true;
        }
    }
    return false;
}

struct ps_str ps_env_rack_variable(const struct ps_broker *broker)
{
    return broker->family->env_rule == PS_ENV_RULE_BITNAMI ? PS_STR("KAFKA_CFG_BROKER_RACK")
                                                           : PS_STR("KAFKA_BROKER_RACK");
}

struct ps_str ps_env_stated_rack(const struct ps_exposures *exposures,
                                 const struct ps_broker *broker, const struct ps_json *added)
{
    /* The last one is wurstmeister's: a command whose output becomes broker.rack. */
    const struct ps_str variables[] = {PS_STR("KAFKA_BROKER_RACK"), ps_env_rack_variable(broker),
                                       PS_STR("RACK_COMMAND")};
    const struct ps_env env = ps_env_stated(broker);
    for (size_t i = 0; i < PS_COUNT(variables); i++) {
        bool own = ps_env_find(&env, variables[i]) != NULL && !ps_env_names(added, variables[i]);
        if (own || ps_env_extra_find(exposures, variables[i]) != NULL) {
            return variables[i];
        }
    }
    return PS_STR("");
}

bool ps_env_extra_hides_listeners(const struct ps_exposures *exposures)
{
    static const char *const prefixes[] = {"KAFKA_", "KAFKA_CFG_"};
    for (size_t i = 0; i < exposures->env.count; i++) {
        const struct ps_exposure_pair *pair = &exposures->env.list[i];
        for (size_t j = 0; j < PS_COUNT(listener_settings) * PS_COUNT(prefixes); j++) {
            size_t setting = j / PS_COUNT(prefixes);
            struct ps_str prefix = ps_str_of(prefixes[j % PS_COUNT(prefixes)]);
            bool named = ps_str_starts(pair->name, prefix.ptr) &&
                         ps_str_is(ps_str_slice(pair->name, prefix.len, pair->name.len),
                                   listener_settings[setting]);
            if (named && (setting < WRITTEN_COUNT || ps_template_varies(pair->value))) {
                return true;
            }
        }
    }
    return false;
}
