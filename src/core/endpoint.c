/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <inttypes.h>

#include "portside/resolve.h"

const struct ps_source ps_endpoint_rack = {
    .kind = PS_SOURCE_ANNOTATION,
    .annotation = PS_STR_INIT(PS_ANNOTATION_RACK),
    .variable = PS_STR_INIT("PORTSIDE_RACK"),
    .file = PS_STR_INIT("rack"),
};

static struct ps_source source(struct ps_arena *arena, const struct ps_exposure *exposure,
                               struct ps_str part, struct ps_str variable_part)
{
    return (struct ps_source){
        .kind = PS_SOURCE_ANNOTATION,
        .annotation = PS_ARENA_JOIN(arena, exposure->name, PS_STR("." PS_ANNOTATION_PREFIX), part),
        .variable = PS_ARENA_JOIN(arena, exposure->env_prefix, PS_STR("_"), variable_part),
        .file = PS_ARENA_JOIN(arena, exposure->name, PS_STR("."), part),
    };
}

static void make_literal(struct ps_source *source, struct ps_str text)
{
    source->kind = PS_SOURCE_LITERAL;
    source->literal = text;
}

/* Kafka's advertised.listeners wants an IPv6 address in brackets. */
static struct ps_str bracketed(struct ps_arena *arena, struct ps_str host)
{
    bool bare_ipv6 = ps_str_index(host, ':') < host.len && !ps_str_starts(host, "[");
    return bare_ipv6 ? ps_arena_printf(arena, "[%.*s]", PS_FMT(host)) : host;
}

/* True if kubelet knows the host as well; of which IP family its address is, nobody chooses. */
static bool is_host_ip(const struct ps_exposure *exposure)
{
    bool on_node = exposure->type == PS_EXPOSURE_NODE_PORT || exposure->type == PS_EXPOSURE_NONE;
    return on_node && exposure->service.ip_family_count == 0 && exposure->address_type_count == 1 &&
           exposure->address_types[0] == PS_ADDRESS_INTERNAL_IP;
}

struct ps_endpoint_sources ps_endpoint_sources(struct ps_arena *arena,
                                               const struct ps_exposure *exposure,
                                               const struct ps_template_facts *facts)
{
    struct ps_endpoint_sources sources = {
        .host = source(arena, exposure, PS_STR("host"), PS_STR("HOST")),
        .port = source(arena, exposure, PS_STR("port"), PS_STR("PORT")),
    };
    if (exposure->advertised_host.len > 0) {
        make_literal(&sources.host,
                     bracketed(arena, ps_template_expand(arena, exposure->advertised_host, facts)));
    } else if (is_host_ip(exposure)) {
        sources.host.kind = PS_SOURCE_HOST_IP;
    }
    if (exposure->advertised_port.len > 0) {
        make_literal(&sources.port, ps_template_expand(arena, exposure->advertised_port, facts));
    } else if (exposure->type == PS_EXPOSURE_NONE) {
        make_literal(&sources.port,
                     ps_arena_printf(arena, "%u", (unsigned)exposure->listener_port));
    } else if (exposure->type == PS_EXPOSURE_NODE_PORT && exposure->node_port_base > 0) {
        uint64_t addend = exposure->service.shared_port ? 0 : facts->ordinal;
        make_literal(&sources.port,
                     ps_arena_printf(arena, "%" PRIu64, exposure->node_port_base + addend));
    }
    return sources;
}

/* The facts do not matter for where host and port come from. */
bool ps_endpoint_is_awaited(struct ps_arena *arena, const struct ps_exposure *exposure)
{
    const struct ps_template_facts facts = {.pod = PS_STR("")};
    struct ps_endpoint_sources sources = ps_endpoint_sources(arena, exposure, &facts);
    return sources.host.kind == PS_SOURCE_ANNOTATION || sources.port.kind == PS_SOURCE_ANNOTATION;
}
