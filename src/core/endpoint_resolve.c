/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure_host.h"
#include "node_address.h"
#include "portside/buf.h"
#include "portside/resolve.h"
#include "portside/service.h"
#include "service_digest.h"
#include "service_spec.h"

#define PORT_LAST 65535

struct resolving {
    struct ps_arena *arena;
    const struct ps_resolve_input *input;
    struct ps_families families;
    struct ps_resolved *resolved;
};

/* The Service's own families decide; until it stands, those that the exposure asks for. */
static struct ps_families families_of(const struct ps_resolve_input *input)
{
    struct ps_families families = {.count = 0};
    PS_JSON_EACH(family, ps_json_get2(input->service, "spec", "ipFamilies"))
    {
        if (families.count < PS_IP_FAMILIES_MAX) {
            bool four = ps_str_is(ps_json_text(family), "IPv4");
            families.list[families.count++] = four ? PS_IP_FAMILY_4 : PS_IP_FAMILY_6;
        }
    }
    if (families.count == 0) {
        const struct ps_service_options *options = &input->exposure->service;
        families.count = options->ip_family_count;
        for (size_t i = 0; i < families.count; i++) {
            families.list[i] = options->ip_families[i];
        }
    }
    return families;
}

/* Kafka's advertised.listeners wants an IPv6 address in brackets. */
static struct ps_str bracketed(struct ps_arena *arena, struct ps_str host)
{
    bool bare = ps_str_index(host, ':') < host.len && !ps_str_starts(host, "[");
    return bare ? ps_arena_printf(arena, "[%.*s]", PS_FMT(host)) : host;
}

/* Says what is missing; the first thing that is said stands. */
static struct ps_str lack(struct resolving *r, struct ps_str reason)
{
    if (r->resolved->reason.len == 0) {
        r->resolved->reason = reason;
    }
    return PS_STR("");
}

static struct ps_str service_name(const struct resolving *r)
{
    const struct ps_resolve_input *input = r->input;
    return ps_service_name_for(r->arena, input->exposure, input->facts.statefulset,
                               input->facts.ordinal);
}

/* A load balancer may list several; names first, then families, then the order of bytes. */
static struct ps_str best_ingress(const struct resolving *r, const char *member)
{
    struct ps_str best = PS_STR("");
    size_t best_rank = 0;
    PS_JSON_EACH(ingress,
                 ps_json_get2(ps_json_get(r->input->service, "status"), "loadBalancer", "ingress"))
    {
        struct ps_str host = ps_json_get_text(ingress, member);
        size_t rank = ps_families_rank(&r->families, host);
        if (!ps_host_is_valid(host)) {
            continue;
        }
        if (best.len == 0 || rank < best_rank ||
            (rank == best_rank && ps_str_compare(host, best) < 0)) {
            best = host;
            best_rank = rank;
        }
    }
    return best;
}

static struct ps_str balancer_host(struct resolving *r)
{
    struct ps_str host = best_ingress(r, "hostname");
    if (host.len == 0) {
        host = best_ingress(r, "ip");
    }
    if (host.len > 0) {
        return host;
    }
    return lack(r, ps_arena_printf(r->arena, "the load balancer of Service '%.*s' has no address",
                                   PS_FMT(service_name(r))));
}

/* "ExternalIP (203.0.113.7), InternalIP (10.0.0.7)", for people who look for their mistake. */
static struct ps_str show_addresses(struct ps_arena *arena, const struct ps_json *node)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 128);
    PS_JSON_EACH(entry, ps_json_get2(node, "status", "addresses"))
    {
        ps_buf_printf(&buf, "%s%.*s (%.*s)", buf.len > 0 ? ", " : "",
                      PS_FMT(ps_json_get_text(entry, "type")),
                      PS_FMT(ps_json_get_text(entry, "address")));
    }
    return buf.len > 0 ? ps_buf_view(&buf) : PS_STR("no addresses at all");
}

static struct ps_str node_host(struct resolving *r)
{
    const struct ps_json *node = r->input->node;
    if (node == NULL) {
        return lack(r, PS_STR("the pod is bound to no node whose addresses are known"));
    }
    struct ps_str host = ps_node_address(node, r->input->exposure, &r->families);
    if (host.len > 0) {
        return host;
    }
    return lack(
        r, ps_arena_printf(r->arena,
                           "node '%.*s' has no address of the types in 'address-types' and the IP "
                           "families of the Service: it has %.*s",
                           PS_FMT(ps_json_get_text(ps_json_get(node, "metadata"), "name")),
                           PS_FMT(show_addresses(r->arena, node))));
}

static struct ps_str resolve_host(struct resolving *r)
{
    const struct ps_exposure *exposure = r->input->exposure;
    if (exposure->advertised_host.len > 0) {
        struct ps_str host =
            ps_template_expand(r->arena, exposure->advertised_host, &r->input->facts);
        return ps_host_is_valid(host)
                   ? host
                   : lack(r, ps_arena_printf(r->arena,
                                             "'advertised-host' gives '%.*s', which is "
                                             "not a host",
                                             PS_FMT(host)));
    }
    switch (exposure->type) {
    case PS_EXPOSURE_LOAD_BALANCER:
        return balancer_host(r);
    case PS_EXPOSURE_NODE_PORT:
    case PS_EXPOSURE_NONE:
        return node_host(r);
    case PS_EXPOSURE_CLUSTER_IP:
        return lack(r, PS_STR("type ClusterIP needs 'advertised-host': the address of the proxy "
                              "in front"));
    }
    return PS_STR("");
}

static bool is_or_lacks(const struct ps_json *service, const char *label, struct ps_str value)
{
    struct ps_str found = ps_label_of(service, label);
    return found.len == 0 || ps_str_equal(found, value);
}

/* A foreign one, or one that another exposure or StatefulSet gave its name, leads elsewhere. */
static bool is_own_service(const struct ps_resolve_input *input)
{
    return ps_service_is_ours(input->service) &&
           is_or_lacks(input->service, PS_LABEL_STATEFULSET, input->facts.statefulset) &&
           is_or_lacks(input->service, PS_LABEL_EXPOSURE, input->exposure->name);
}

static uint32_t service_port(struct resolving *r)
{
    const struct ps_json *service = r->input->service;
    int64_t port = 0;
    if (!is_own_service(r->input)) {
        (void)lack(r, ps_arena_printf(r->arena, "there is no Service '%.*s' of portside's",
                                      PS_FMT(service_name(r))));
        return 0;
    }
    if (r->input->exposure->type == PS_EXPOSURE_NODE_PORT) {
        port = ps_service_node_port(service);
    } else {
        (void)ps_json_to_int(
            ps_json_get(ps_json_first(ps_json_get2(service, "spec", "ports")), "port"), &port);
    }
    if (port < 1 || port > PORT_LAST) {
        (void)lack(r, ps_arena_printf(r->arena, "Service '%.*s' has no port yet",
                                      PS_FMT(service_name(r))));
        return 0;
    }
    return (uint32_t)port;
}

static struct ps_str resolve_port(struct resolving *r)
{
    const struct ps_exposure *exposure = r->input->exposure;
    uint64_t port = 0;
    if (exposure->advertised_port.len > 0) {
        struct ps_str text =
            ps_template_expand(r->arena, exposure->advertised_port, &r->input->facts);
        if (!ps_str_to_uint(text, PORT_LAST, &port) || port == 0) {
            return lack(r, ps_arena_printf(r->arena,
                                           "'advertised-port' gives '%.*s', which is "
                                           "not a port",
                                           PS_FMT(text)));
        }
    } else if (exposure->type == PS_EXPOSURE_NONE) {
        port = r->input->listener_port > 0 ? r->input->listener_port : exposure->listener_port;
    } else {
        port = service_port(r);
    }
    return port == 0 ? PS_STR("") : ps_arena_printf(r->arena, "%u", (unsigned)port);
}

/* The broker reads rack and endpoint when it starts, so both must be known before. */
static struct ps_str resolve_rack(struct resolving *r)
{
    struct ps_str label = r->input->rack_label;
    const struct ps_json *metadata = ps_json_get(r->input->node, "metadata");
    if (label.len == 0) {
        return PS_STR("");
    }
    if (r->input->node == NULL) {
        return lack(r, PS_STR("the pod is bound to no node whose labels are known"));
    }
    const struct ps_json *value = ps_json_get_str(ps_json_get(metadata, "labels"), label);
    if (ps_host_is_label_value(ps_json_text(value))) {
        return ps_json_text(value);
    }
    return lack(r, ps_arena_printf(r->arena, "node '%.*s' has no %s '%.*s'",
                                   PS_FMT(ps_json_get_text(metadata, "name")),
                                   value == NULL ? "label" : "value for label", PS_FMT(label)));
}

void ps_resolve_endpoint(struct ps_arena *arena, const struct ps_resolve_input *input,
                         struct ps_resolved *ret_resolved)
{
    struct ps_resolved resolved = {.known = false};
    struct resolving r = {arena, input, families_of(input), &resolved};
    struct ps_str port = resolve_port(&r);
    struct ps_str host = resolve_host(&r);
    struct ps_str rack = resolve_rack(&r);
    bool placed = input->rack_label.len == 0 || rack.len > 0;
    resolved.known = host.len > 0 && port.len > 0 && placed;
    resolved.host = resolved.known ? bracketed(arena, host) : PS_STR("");
    resolved.port = resolved.known ? port : PS_STR("");
    resolved.rack = rack;
    resolved.rack_wanted = input->rack_label.len > 0;
    *ret_resolved = resolved;
}

void ps_endpoint_of_pod(const struct ps_json *pod, const struct ps_exposure *exposure,
                        struct ps_str *ret_host, struct ps_str *ret_port)
{
    struct ps_str host = PS_STR("");
    struct ps_str port = PS_STR("");
    PS_JSON_EACH(annotation, ps_json_get2(pod, "metadata", "annotations"))
    {
        struct ps_str key = ps_json_key(annotation);
        struct ps_str name = ps_str_slice(key, 0, exposure->name.len);
        struct ps_str rest = ps_str_slice(key, exposure->name.len, key.len);
        if (ps_str_equal(name, exposure->name) && ps_str_is(rest, ".portside.dev/host")) {
            host = ps_json_text(annotation);
        } else if (ps_str_equal(name, exposure->name) && ps_str_is(rest, ".portside.dev/port")) {
            port = ps_json_text(annotation);
        }
    }
    bool both = host.len > 0 && port.len > 0;
    *ret_host = both ? host : PS_STR("");
    *ret_port = both ? port : PS_STR("");
}
