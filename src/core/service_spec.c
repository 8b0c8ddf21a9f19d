/* SPDX-License-Identifier: Apache-2.0 */
#include "service_spec.h"

/* Istio and others choose the protocol by the name in front of the dash. */
#define PORT_NAME "tcp-kafka"

uint32_t ps_service_node_port(const struct ps_json *service)
{
    int64_t port = 0;
    const struct ps_json *first = ps_json_first(ps_json_get2(service, "spec", "ports"));
    PS_JSON_EACH(candidate, ps_json_get2(service, "spec", "ports"))
    {
        first = ps_str_is(ps_json_get_text(candidate, "name"), PORT_NAME) ? candidate : first;
    }
    if (!ps_json_to_int(ps_json_get(first, "nodePort"), &port) || port < 1 || port > UINT16_MAX) {
        return 0;
    }
    return (uint32_t)port;
}

static void put_port(struct ps_jw *jw, const struct ps_service_spec *spec, bool digest)
{
    uint32_t node_port = spec->node_port > 0 ? spec->node_port : spec->kept_port;
    ps_jw_key(jw, "ports");
    ps_jw_array(jw);
    ps_jw_object(jw);
    ps_jw_member(jw, "name", PS_STR(PORT_NAME));
    ps_jw_member(jw, "protocol", PS_STR("TCP"));
    ps_jw_member_int(jw, "port", spec->listener_port);
    ps_jw_member_int(jw, "targetPort", spec->listener_port);
    if (digest) {
        node_port = spec->node_port;
    }
    if (ps_exposure_has_node_ports(spec->exposure) && node_port > 0) {
        ps_jw_member_int(jw, "nodePort", node_port);
    }
    ps_jw_object_end(jw);
    ps_jw_array_end(jw);
}

static void put_texts(struct ps_jw *jw, const char *key, const struct ps_exposure_texts *texts)
{
    ps_jw_key(jw, key);
    ps_jw_array(jw);
    for (size_t i = 0; i < texts->count; i++) {
        ps_jw_str(jw, texts->list[i]);
    }
    ps_jw_array_end(jw);
}

/* These members are invalid in a Service of another type. */
static void put_load_balancer(struct ps_jw *jw, const struct ps_service_spec *spec)
{
    const struct ps_service_options *options = &spec->exposure->service;
    if (spec->exposure->type != PS_EXPOSURE_LOAD_BALANCER) {
        return;
    }
    if (options->load_balancer_class.len > 0) {
        ps_jw_member(jw, "loadBalancerClass", options->load_balancer_class);
    }
    if (spec->load_balancer_ip.len > 0) {
        ps_jw_member(jw, "loadBalancerIP", spec->load_balancer_ip);
    }
    if (options->no_node_ports) {
        ps_jw_member_bool(jw, "allocateLoadBalancerNodePorts", false);
    }
    if (options->allow_from.count > 0) {
        put_texts(jw, "loadBalancerSourceRanges", &options->allow_from);
    }
}

static const char *family_policy_name(enum ps_ip_family_policy policy)
{
    switch (policy) {
    case PS_IP_FAMILY_POLICY_DEFAULT:
        return "";
    case PS_IP_FAMILY_POLICY_SINGLE:
        return "SingleStack";
    case PS_IP_FAMILY_POLICY_PREFER_DUAL:
        return "PreferDualStack";
    case PS_IP_FAMILY_POLICY_REQUIRE_DUAL:
        return "RequireDualStack";
    }
    return "";
}

static void put_families(struct ps_jw *jw, const struct ps_service_options *options)
{
    if (options->ip_family_policy != PS_IP_FAMILY_POLICY_DEFAULT) {
        ps_jw_member(jw, "ipFamilyPolicy",
                     ps_str_of(family_policy_name(options->ip_family_policy)));
    }
    if (options->ip_family_count == 0) {
        return;
    }
    ps_jw_key(jw, "ipFamilies");
    ps_jw_array(jw);
    for (size_t i = 0; i < options->ip_family_count; i++) {
        bool four = options->ip_families[i] == PS_IP_FAMILY_4;
        ps_jw_str(jw, four ? PS_STR("IPv4") : PS_STR("IPv6"));
    }
    ps_jw_array_end(jw);
}

void ps_service_put_spec(struct ps_jw *jw, const struct ps_object *object, bool digest)
{
    const struct ps_service_spec *spec = object->what;
    enum ps_exposure_type type = spec->exposure->type;
    ps_jw_key(jw, "spec");
    ps_jw_object(jw);
    ps_jw_member(jw, "type", ps_str_of(ps_exposure_type_name(type)));
    if (type == PS_EXPOSURE_NODE_PORT || type == PS_EXPOSURE_LOAD_BALANCER) {
        ps_jw_member(jw, "externalTrafficPolicy",
                     spec->local ? PS_STR("Local") : PS_STR("Cluster"));
    }
    /* The API server leaves false out of what it stores. */
    if (spec->also_not_ready) {
        ps_jw_member_bool(jw, "publishNotReadyAddresses", true);
    }
    ps_jw_key(jw, "selector");
    ps_jw_object(jw);
    ps_jw_key_str(jw, spec->selector_label);
    ps_jw_str(jw, spec->selector_value);
    ps_jw_object_end(jw);
    put_port(jw, spec, digest);
    put_load_balancer(jw, spec);
    put_families(jw, &spec->exposure->service);
    ps_jw_object_end(jw);
}
