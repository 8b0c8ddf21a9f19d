/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: kafka.server.KafkaConfig and, from 3.9, AbstractKafkaConfig: listeners,
 * effectiveAdvertisedListeners, effectiveListenerSecurityProtocolMap, interBrokerListenerName.
 * Values are trimmed as ConfigDef does.
 */
#include "listener_state.h"

static bool problem(struct ps_arena *arena, struct ps_str *ret_message, const char *property,
                    struct ps_str value, const char *what)
{
    *ret_message = ps_arena_printf(arena, "%s '%.*s' %s", property,
                                   (int)(value.len > 160 ? 160 : value.len), value.ptr, what);
    return false;
}

static bool is_ssl_or_sasl(struct ps_str name)
{
    enum ps_protocol protocol;
    return ps_protocol_parse(name, &protocol) && protocol != PS_PROTOCOL_PLAINTEXT;
}

bool ps_listener_is_controller(const struct ps_listener_state *state, struct ps_str name)
{
    return ps_list_has(state->controller_names, name);
}

size_t ps_listener_client_count(const struct ps_listener_state *state)
{
    size_t count = 0;
    for (size_t i = 0; i < state->listeners.count; i++) {
        count += ps_listener_is_controller(state, state->listeners.list[i].name) ? 0 : 1;
    }
    return count;
}

static struct ps_str or_default(const struct ps_setting *setting, struct ps_str fallback)
{
    return setting->set ? ps_str_trim(setting->value) : fallback;
}

/* Before 3.0, host.name and port make the only listener if listeners is not set. */
static struct ps_str default_listeners(struct ps_arena *arena,
                                       const struct ps_listener_settings *settings)
{
    if (!settings->before_3_0) {
        return PS_STR("PLAINTEXT://:9092");
    }
    struct ps_str host = or_default(&settings->host_name, PS_STR(""));
    struct ps_str port = or_default(&settings->port, PS_STR("9092"));
    return ps_arena_printf(arena, "PLAINTEXT://%.*s:%.*s", PS_FMT(host), PS_FMT(port));
}

static bool has_duplicates(struct ps_endpoints *endpoints)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        if (ps_endpoints_find(endpoints, endpoints->list[i].name) != &endpoints->list[i]) {
            return true;
        }
    }
    return false;
}

static bool read_listeners(struct ps_arena *arena, const struct ps_listener_settings *settings,
                           struct ps_listener_state *state, struct ps_str *ret_message)
{
    struct ps_str text = or_default(&settings->listeners, default_listeners(arena, settings));
    if (!ps_endpoints_parse(text, &state->listeners) || state->listeners.count == 0) {
        return problem(arena, ret_message, "listeners", text, "cannot be read");
    }
    for (size_t i = 0; i < state->listeners.count; i++) {
        if (!state->listeners.list[i].port_known) {
            return problem(arena, ret_message, "listeners", text, "has a port that is no number");
        }
    }
    if (has_duplicates(&state->listeners)) {
        return problem(arena, ret_message, "listeners", text, "has a name twice");
    }
    return true;
}

/* Before 3.0, advertised.host.name and advertised.port count if advertised.listeners is not set. */
static bool legacy_advertised(struct ps_arena *arena, const struct ps_listener_settings *settings,
                              struct ps_str *ret_text)
{
    if (!settings->before_3_0 ||
        (!settings->advertised_host_name.set && !settings->advertised_port.set)) {
        return false;
    }
    struct ps_str host = or_default(&settings->host_name, PS_STR(""));
    struct ps_str port = or_default(&settings->port, PS_STR("9092"));
    host = or_default(&settings->advertised_host_name, host);
    port = or_default(&settings->advertised_port, port);
    *ret_text = ps_arena_printf(arena, "PLAINTEXT://%.*s:%.*s", PS_FMT(host), PS_FMT(port));
    return true;
}

static bool read_advertised(struct ps_arena *arena, const struct ps_listener_settings *settings,
                            struct ps_listener_state *state, struct ps_str *ret_message)
{
    struct ps_str text = ps_str_trim(settings->advertised.value);
    if (!settings->advertised.set && !legacy_advertised(arena, settings, &text)) {
        for (size_t i = 0; i < state->listeners.count; i++) {
            if (!ps_listener_is_controller(state, state->listeners.list[i].name)) {
                (void)ps_endpoints_add(&state->advertised, state->listeners.list[i].text);
            }
        }
        return true;
    }
    if (!ps_endpoints_parse(text, &state->advertised) || state->advertised.count == 0 ||
        has_duplicates(&state->advertised)) {
        return problem(arena, ret_message, "advertised.listeners", text, "cannot be read");
    }
    for (size_t i = 0; i < state->advertised.count; i++) {
        if (ps_endpoints_find(&state->listeners, state->advertised.list[i].name) == NULL) {
            return problem(arena, ret_message, "advertised.listeners", text,
                           "names a listener that listeners does not have");
        }
    }
    return true;
}

/*
 * Without a map, KRaft maps each controller listener to PLAINTEXT, unless a listener is named after
 * SSL or a SASL protocol (KIP-631; AbstractKafkaConfig.effectiveListenerSecurityProtocolMap).
 */
static void add_controller_defaults(const struct ps_listener_settings *settings,
                                    struct ps_listener_state *state)
{
    struct ps_str rest = state->controller_names;
    struct ps_str name;
    if (!settings->roles.set) {
        return;
    }
    for (size_t i = 0; i < state->listeners.count; i++) {
        if (is_ssl_or_sasl(state->listeners.list[i].name)) {
            return;
        }
    }
    while (ps_str_split(&rest, ',', &name)) {
        if (is_ssl_or_sasl(ps_str_trim(name))) {
            return;
        }
    }
    rest = state->controller_names;
    while (ps_str_split(&rest, ',', &name)) {
        name = ps_str_trim(name);
        if (name.len > 0 && ps_mappings_find(&state->map, name) == NULL) {
            (void)ps_mappings_add(&state->map, name, PS_PROTOCOL_PLAINTEXT);
        }
    }
}

/* Kafka's default map keeps the case of controller names, and so does not find them again. */
static bool is_upper(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (ps_to_upper(text.ptr[i]) != text.ptr[i]) {
            return false;
        }
    }
    return true;
}

static bool read_map(struct ps_arena *arena, const struct ps_listener_settings *settings,
                     struct ps_listener_state *state, struct ps_str *ret_message)
{
    struct ps_str text = or_default(
        &settings->protocol_map, PS_STR("PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,"
                                        "SASL_SSL:SASL_SSL"));
    if (!ps_mappings_parse(text, &state->map)) {
        return problem(arena, ret_message, "listener.security.protocol.map", text,
                       "cannot be read");
    }
    if (!settings->protocol_map.set && !is_upper(state->controller_names)) {
        return problem(arena, ret_message, "controller.listener.names", state->controller_names,
                       "is not in capitals: correct it, or set listener.security.protocol.map");
    }
    if (!settings->protocol_map.set) {
        add_controller_defaults(settings, state);
    }
    for (size_t i = 0; i < state->listeners.count; i++) {
        if (ps_mappings_find(&state->map, state->listeners.list[i].name) == NULL) {
            return problem(arena, ret_message, "listener.security.protocol.map", text,
                           ps_arena_printf(arena, "has no protocol for the listener '%.*s'",
                                           PS_FMT(state->listeners.list[i].name))
                               .ptr);
        }
    }
    return true;
}

/* inter.broker.listener.name, else the listener named after security.inter.broker.protocol. */
static struct ps_str inter_broker_name(const struct ps_listener_settings *settings)
{
    if (settings->inter_broker_name.set) {
        return ps_str_trim(settings->inter_broker_name.value);
    }
    return or_default(&settings->inter_broker_protocol, PS_STR("PLAINTEXT"));
}

bool ps_listener_state_read(struct ps_arena *arena, const struct ps_listener_settings *settings,
                            struct ps_listener_state *ret_state, struct ps_str *ret_message)
{
    /* Not the lists, which have room for more than anybody has. */
    ret_state->listeners.count = 0;
    ret_state->advertised.count = 0;
    ret_state->map.count = 0;
    ret_state->controller_names = ps_str_trim(settings->controller_names.value);
    ret_state->inter_broker = inter_broker_name(settings);
    return read_listeners(arena, settings, ret_state, ret_message) &&
           read_advertised(arena, settings, ret_state, ret_message) &&
           read_map(arena, settings, ret_state, ret_message);
}
