/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of kafka.server.KafkaConfig for listeners, and what a client can do with an address. */
#include "hazard_checks.h"

static bool family_is(const struct ps_hazard_view *view, const char *name)
{
    return ps_str_is(ps_str_of(view->facts->broker->family->name), name);
}

static struct ps_str host_of(const struct ps_endpoint *endpoint)
{
    return ps_str_slice(endpoint->rest, 0, ps_str_last_index(endpoint->rest, ':'));
}

/* What is decided at run time: kubelet's, wurstmeister's or a config provider's placeholder. */
static bool is_open(struct ps_str host)
{
    return ps_str_index(host, '$') < host.len || ps_str_contains(host, "_{");
}

static bool is_loopback(struct ps_str host)
{
    return ps_str_equal_nocase(host, PS_STR("localhost")) || ps_str_starts(host, "127.") ||
           ps_str_is(host, "[::1]");
}

static bool is_any_address(struct ps_str host)
{
    return ps_str_is(host, "0.0.0.0") || ps_str_is(host, "[::]");
}

/* The setting that decides the advertised addresses; NULL if that cannot be told. */
static const struct ps_hazard_setting *advertised_by(const struct ps_hazard_view *view,
                                                     const struct ps_hazard_endpoints **ret_list)
{
    *ret_list = &view->advertised;
    if (ps_hazard_is_set(view, PS_HAZARD_ADVERTISED)) {
        return &view->settings[PS_HAZARD_ADVERTISED];
    }
    *ret_list = &view->listeners;
    bool kafka_derives = ps_hazard_is_unset(view, PS_HAZARD_ADVERTISED) &&
                         ps_hazard_is_set(view, PS_HAZARD_LISTENERS) &&
                         view->settings[PS_HAZARD_ADVERTISED_HOST].entry == NULL &&
                         !view->facts->broker->family->needs_advertised;
    return kafka_derives ? &view->settings[PS_HAZARD_LISTENERS] : NULL;
}

static void check_hosts(struct ps_hazard_view *view, bool (*is_wrong)(struct ps_str host))
{
    const struct ps_hazard_endpoints *list = NULL;
    const struct ps_hazard_setting *setting = advertised_by(view, &list);
    if (setting == NULL) {
        return;
    }
    for (size_t i = 0; i < list->parsed.count; i++) {
        const struct ps_endpoint *endpoint = &list->parsed.list[i];
        if (is_wrong(host_of(endpoint)) && !ps_hazard_is_adopted(view, endpoint->name) &&
            !ps_hazard_is_controller(view, endpoint->name)) {
            ps_hazard_report(view, (struct ps_hazard_finding){.variable = setting->variable,
                                                              .value = list->raw[i],
                                                              .name = endpoint->name,
                                                              .number = view->facts->replicas});
            return;
        }
    }
}

void ps_hazard_localhost(struct ps_hazard_view *view)
{
    check_hosts(view, is_loopback);
}

void ps_hazard_any_address(struct ps_hazard_view *view)
{
    check_hosts(view, is_any_address);
}

/* An empty host is the pod's own name. */
static bool is_static(struct ps_str host)
{
    return host.len > 0 && !is_open(host) && !is_loopback(host) && !is_any_address(host);
}

void ps_hazard_static_host(struct ps_hazard_view *view)
{
    if (view->facts->replicas > 1) {
        check_hosts(view, is_static);
    }
}

/* Kafka's defaults; with roles, controller listeners are PLAINTEXT (KIP-631). */
static bool has_default_protocol(const struct ps_hazard_view *view, struct ps_str name)
{
    enum ps_protocol protocol;
    const struct ps_hazard_setting *names = &view->settings[PS_HAZARD_CONTROLLER_NAMES];
    const struct ps_hazard_setting *roles = &view->settings[PS_HAZARD_ROLES];
    bool unknown = !roles->sure || !names->sure || (names->entry != NULL && !names->literal);
    /* Bitnami starts from Kafka's own KRaft file, which maps CONTROLLER. */
    bool in_file = family_is(view, "bitnami") && ps_str_equal_nocase(name, PS_STR("CONTROLLER"));
    return ps_protocol_parse(name, &protocol) || in_file || unknown ||
           (roles->entry != NULL && ps_hazard_is_controller(view, name));
}

static bool is_mapped(const struct ps_hazard_view *view, const struct ps_mappings *map,
                      bool map_is_set, struct ps_str name)
{
    return map_is_set ? ps_mappings_find(map, name) != NULL : has_default_protocol(view, name);
}

void ps_hazard_no_protocol(struct ps_hazard_view *view)
{
    struct ps_mappings map = {.count = 0};
    const struct ps_hazard_setting *setting = &view->settings[PS_HAZARD_MAP];
    bool is_set = ps_hazard_is_set(view, PS_HAZARD_MAP);
    bool listeners_known = ps_hazard_is_set(view, PS_HAZARD_LISTENERS) ||
                           ps_hazard_is_unset(view, PS_HAZARD_LISTENERS);
    const struct ps_endpoints *listeners = ps_hazard_is_set(view, PS_HAZARD_LISTENERS)
                                               ? &view->listeners.parsed
                                               : &view->advertised.parsed;
    if (!listeners_known || (!is_set && !ps_hazard_is_unset(view, PS_HAZARD_MAP)) ||
        (is_set && !ps_mappings_parse(setting->value, &map))) {
        return;
    }
    for (size_t i = 0; i < listeners->count; i++) {
        struct ps_str name = listeners->list[i].name;
        if (!is_mapped(view, &map, is_set, name)) {
            ps_hazard_report(
                view, (struct ps_hazard_finding){.variable = setting->variable, .name = name});
        }
    }
}

/* One socket may be IPv4 and the other IPv6 (KIP-797); port 0 is any free one. */
static bool clash(const struct ps_endpoint *a, const struct ps_endpoint *b)
{
    bool a_is_ipv6 = ps_str_starts(a->rest, "[");
    bool b_is_ipv6 = ps_str_starts(b->rest, "[");
    return a->port_known && b->port_known && a->port == b->port && a->port != 0 &&
           a_is_ipv6 == b_is_ipv6;
}

void ps_hazard_port_twice(struct ps_hazard_view *view)
{
    const struct ps_family *family = view->facts->broker->family;
    const struct ps_hazard_setting *setting = &view->settings[PS_HAZARD_LISTENERS];
    const struct ps_endpoints *list = &view->listeners.parsed;
    /* These images bind the advertised ports if listeners is not set. */
    if (ps_hazard_is_unset(view, PS_HAZARD_LISTENERS) &&
        (family->needs_advertised || family->drops_defaults)) {
        setting = &view->settings[PS_HAZARD_ADVERTISED];
        list = &view->advertised.parsed;
    }
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (clash(&list->list[i], &list->list[j])) {
                ps_hazard_report(view, (struct ps_hazard_finding){.variable = setting->variable,
                                                                  .name = list->list[i].name,
                                                                  .number = list->list[i].port});
                return;
            }
        }
    }
}

void ps_hazard_controller_advertised(struct ps_hazard_view *view)
{
    const struct ps_endpoints *list = &view->advertised.parsed;
    if (!ps_hazard_kafka_before(view->facts->broker, 3, 9)) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (ps_hazard_is_controller(view, list->list[i].name)) {
            ps_hazard_report(view, (struct ps_hazard_finding){
                                       .variable = view->settings[PS_HAZARD_ADVERTISED].variable,
                                       .name = list->list[i].name});
            return;
        }
    }
}

void ps_hazard_not_advertised(struct ps_hazard_view *view)
{
    const struct ps_family *family = view->facts->broker->family;
    if (family->needs_advertised && ps_hazard_is_unset(view, PS_HAZARD_ADVERTISED)) {
        ps_hazard_report(view, (struct ps_hazard_finding){
                                   .variable = view->settings[PS_HAZARD_ADVERTISED].variable,
                                   .name = ps_str_of(family->name)});
    }
}

static struct ps_setting as_setting(const struct ps_hazard_view *view, enum ps_hazard_key key)
{
    return (struct ps_setting){.set = ps_hazard_is_set(view, key),
                               .value = view->settings[key].value};
}

static bool speaks_tls(struct ps_hazard_view *view, const struct ps_listener_settings *settings,
                       const struct ps_exposure *exposure)
{
    struct ps_listener_plan plan;
    struct ps_listener_wish wish = {.name = exposure->listener_name,
                                    .port = exposure->listener_port,
                                    .protocol = exposure->protocol,
                                    .endpoint = PS_STR("node:1")};
    ps_listener_plan(view->arena, settings, &wish, 1, &plan);
    return plan.outcome != PS_LISTENER_REFUSED && plan.reason == PS_REASON_NONE &&
           (plan.results[0].protocol == PS_PROTOCOL_SSL ||
            plan.results[0].protocol == PS_PROTOCOL_SASL_SSL);
}

/* The planner itself says which listener's protocol, and so whose certificate, is taken. */
void ps_hazard_certificate(struct ps_hazard_view *view)
{
    const struct ps_exposures *exposures = view->facts->exposures;
    struct ps_listener_settings settings = {
        .listeners = as_setting(view, PS_HAZARD_LISTENERS),
        .advertised = as_setting(view, PS_HAZARD_ADVERTISED),
        .protocol_map = as_setting(view, PS_HAZARD_MAP),
        .controller_names = as_setting(view, PS_HAZARD_CONTROLLER_NAMES),
        .roles = as_setting(view, PS_HAZARD_ROLES),
        .inter_broker_name = as_setting(view, PS_HAZARD_INTER_BROKER_NAME),
        .inter_broker_protocol = as_setting(view, PS_HAZARD_INTER_BROKER_PROTOCOL)};
    if (!settings.listeners.set || !settings.protocol_map.set) {
        return;
    }
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *exposure = &exposures->list[i];
        bool at_nodes =
            exposure->type == PS_EXPOSURE_NODE_PORT && exposure->advertised_host.len == 0;
        if (at_nodes && speaks_tls(view, &settings, exposure)) {
            ps_hazard_report(view, (struct ps_hazard_finding){.name = exposure->listener_name});
        }
    }
}
