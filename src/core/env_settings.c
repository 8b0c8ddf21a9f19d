/* SPDX-License-Identifier: Apache-2.0 */
#include "env_settings.h"

#include "portside/buf.h"

static bool matches(struct ps_str variable, struct ps_str prefix, struct ps_str name)
{
    return variable.len == prefix.len + name.len &&
           memcmp(variable.ptr, prefix.ptr, prefix.len) == 0 &&
           memcmp(variable.ptr + prefix.len, name.ptr, name.len) == 0;
}

/* Bitnami copies bare names onto KAFKA_CFG_ ones, so the bare one wins if both are there. */
size_t ps_env_property(const struct ps_broker *broker, const char *name, size_t *ret_index,
                       const struct ps_json **ret_entry)
{
    const struct ps_str wanted = ps_str_of(name);
    bool bitnami = broker->family->env_rule == PS_ENV_RULE_BITNAMI;
    bool bare_found = false;
    size_t found = 0;
    for (size_t i = 0; i < broker->env.count; i++) {
        struct ps_str variable = broker->env.names[i];
        bool bare = matches(variable, PS_STR("KAFKA_"), wanted);
        if (bare || (bitnami && matches(variable, PS_STR("KAFKA_CFG_"), wanted))) {
            found++;
            if (bare || !bare_found) {
                *ret_index = i;
                *ret_entry = broker->env.entries[i];
            }
            bare_found = bare_found || bare;
        }
    }
    return found;
}

static struct ps_setting setting_of(const struct ps_broker *broker, const char *name)
{
    size_t index = 0;
    const struct ps_json *entry = NULL;
    if (ps_env_property(broker, name, &index, &entry) == 0) {
        return (struct ps_setting){false, PS_STR("")};
    }
    return (struct ps_setting){true, ps_json_get_text(entry, "value")};
}

void ps_env_settings(const struct ps_broker *broker, struct ps_listener_settings *ret_settings)
{
    *ret_settings = (struct ps_listener_settings){
        .listeners = setting_of(broker, "LISTENERS"),
        .advertised = setting_of(broker, "ADVERTISED_LISTENERS"),
        .protocol_map = setting_of(broker, "LISTENER_SECURITY_PROTOCOL_MAP"),
        .controller_names = setting_of(broker, "CONTROLLER_LISTENER_NAMES"),
        .roles = setting_of(broker, "PROCESS_ROLES"),
        .inter_broker_name = setting_of(broker, "INTER_BROKER_LISTENER_NAME"),
        .inter_broker_protocol = setting_of(broker, "SECURITY_INTER_BROKER_PROTOCOL"),
    };
}

bool ps_env_has_listener_settings(struct ps_arena *arena, const struct ps_broker *broker,
                                  struct ps_str listener)
{
    struct ps_buf part;
    ps_buf_init(&part, arena, 64);
    ps_buf_puts(&part, "LISTENER_NAME_");
    for (size_t i = 0; i < listener.len; i++) {
        ps_buf_putc(&part, ps_to_upper(listener.ptr[i]));
    }
    ps_buf_putc(&part, '_');
    for (size_t i = 0; i < broker->env.count; i++) {
        if (ps_str_contains_nocase(broker->env.names[i], ps_buf_view(&part).ptr)) {
            return true;
        }
    }
    return false;
}
