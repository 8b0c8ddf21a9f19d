/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the annotations that say what the listener and its endpoints are. */
#include "exposure_host.h"
#include "exposure_reader.h"
#include "exposure_template.h"

#define PORT_MAX 65535
#define LISTENER_NAME_MIN 2
#define LISTENER_NAME_MAX 63
/* Kubernetes' --service-node-port-range, for a policy that states none. */
#define NODE_PORT_MIN 30000
#define NODE_PORT_MAX 32767

/* Digits only and no leading zero, which a shell would read as octal. */
static bool to_number(struct ps_str text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (ps_str_starts(text, "0") || !ps_str_to_uint(text, max, &number)) {
        return false;
    }
    *ret_number = number;
    return true;
}

bool ps_exposure_read_inject(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (!ps_exposure_read_word(reader, value)) {
        return false;
    }
    reader->exposures->opted_out = ps_str_is(value, "false");
    return true;
}

static bool allowed_by_policy(const struct ps_policy *policy, struct ps_str type)
{
    struct ps_str rest = policy->types_allowed;
    struct ps_str allowed;
    if (rest.len == 0) {
        return true;
    }
    while (ps_str_split(&rest, ',', &allowed)) {
        if (ps_str_equal(ps_str_trim(allowed), type)) {
            return true;
        }
    }
    return false;
}

static bool find_type(struct ps_str value, enum ps_exposure_type *ret_type)
{
    for (int i = PS_EXPOSURE_NODE_PORT; i <= PS_EXPOSURE_NONE; i++) {
        if (ps_str_is(value, ps_exposure_type_name((enum ps_exposure_type)i))) {
            *ret_type = (enum ps_exposure_type)i;
            return true;
        }
    }
    return false;
}

bool ps_exposure_read_type(struct ps_exposure_reader *reader, struct ps_str value)
{
    enum ps_exposure_type type = PS_EXPOSURE_NODE_PORT;
    if (!find_type(value, &type)) {
        return ps_exposure_refuse_value(reader, value);
    }
    if (!allowed_by_policy(reader->policy, value)) {
        const char *preset = reader->source == PS_EXPOSURE_OF_TABLE ? "the default " : "";
        return ps_exposure_refuse(
            reader, ps_arena_printf(reader->arena,
                                    "%s'%.*s' is not allowed by the policy of this installation: "
                                    "use one of %.*s",
                                    preset, PS_FMT(value), PS_FMT(reader->policy->types_allowed)));
    }
    reader->exposure->type = type;
    return true;
}

static bool is_name_byte(char c)
{
    return ps_is_alpha(c) || ps_is_digit(c) || c == '_' || c == '-' || c == '.';
}

/* What Kafka takes: a listener of any name may be adopted. inject.c is choosier with new ones. */
bool ps_exposure_read_listener_name(struct ps_exposure_reader *reader, struct ps_str value)
{
    bool valid = value.len >= LISTENER_NAME_MIN && value.len <= LISTENER_NAME_MAX &&
                 ps_is_alpha(value.ptr[0]);
    for (size_t i = 0; valid && i < value.len; i++) {
        valid = is_name_byte(value.ptr[i]);
    }
    if (!valid) {
        return ps_exposure_refuse_value(reader, value);
    }
    reader->exposure->listener_name = value;
    reader->exposure->listener_name_stated = reader->source != PS_EXPOSURE_OF_TABLE;
    return true;
}

bool ps_exposure_read_listener_port(struct ps_exposure_reader *reader, struct ps_str value)
{
    uint64_t port = 0;
    if (!to_number(value, PORT_MAX, &port)) {
        return ps_exposure_refuse_value(reader, value);
    }
    reader->exposure->listener_port = (uint16_t)port;
    reader->exposure->listener_port_stated = reader->source != PS_EXPOSURE_OF_TABLE;
    return true;
}

bool ps_exposure_read_protocol(struct ps_exposure_reader *reader, struct ps_str value)
{
    return ps_protocol_parse(value, &reader->exposure->protocol) ||
           ps_exposure_refuse_value(reader, value);
}

static uint32_t node_port_min(const struct ps_policy *policy)
{
    return policy->node_port_max == 0 ? NODE_PORT_MIN : policy->node_port_min;
}

static uint32_t node_port_max(const struct ps_policy *policy)
{
    return policy->node_port_max == 0 ? NODE_PORT_MAX : policy->node_port_max;
}

/* A node port between the policy's least and the highest that leaves room for more behind it. */
static bool read_node_port(struct ps_exposure_reader *reader, struct ps_str value, uint32_t room,
                           uint32_t *ret_port)
{
    uint64_t port = 0;
    uint32_t min = node_port_min(reader->policy);
    uint32_t max = node_port_max(reader->policy);
    struct ps_str shown = ps_exposure_show(reader->arena, value);
    if (!to_number(value, PORT_MAX, &port)) {
        return ps_exposure_refuse(
            reader,
            ps_arena_printf(reader->arena, "'%.*s' is not a node port: use a number from %u to %u",
                            PS_FMT(shown), min, max));
    }
    if (port < min || port > max) {
        return ps_exposure_refuse(
            reader, ps_arena_printf(reader->arena,
                                    "'%.*s' is outside the node port range of this installation: "
                                    "use a number from %u to %u",
                                    PS_FMT(shown), min, max));
    }
    if (port > min && port + room > max) {
        return ps_exposure_refuse(
            reader, ps_arena_printf(reader->arena,
                                    "'%.*s' leaves no node ports for %u brokers up to %u, the end "
                                    "of the range of this installation: use a lower number",
                                    PS_FMT(shown), room + 1, max));
    }
    *ret_port = (uint32_t)port;
    return true;
}

bool ps_exposure_read_node_port(struct ps_exposure_reader *reader, struct ps_str value)
{
    return read_node_port(reader, value, 0, &reader->exposure->service.bootstrap_node_port);
}

bool ps_exposure_read_node_port_base(struct ps_exposure_reader *reader, struct ps_str value)
{
    return read_node_port(reader, value, PS_EXPOSURE_ORDINAL_PLAUSIBLE,
                          &reader->exposure->node_port_base);
}

static bool find_address_type(struct ps_str name, enum ps_address_type *ret_type)
{
    static const char *const names[] = {
        [PS_ADDRESS_EXTERNAL_DNS] = "ExternalDNS", [PS_ADDRESS_EXTERNAL_IP] = "ExternalIP",
        [PS_ADDRESS_INTERNAL_DNS] = "InternalDNS", [PS_ADDRESS_INTERNAL_IP] = "InternalIP",
        [PS_ADDRESS_HOSTNAME] = "Hostname",
    };
    for (size_t i = 0; i < PS_COUNT(names); i++) {
        if (ps_str_is(name, names[i])) {
            *ret_type = (enum ps_address_type)i;
            return true;
        }
    }
    return false;
}

static bool has_address_type(const struct ps_exposure *exposure, enum ps_address_type type)
{
    for (size_t i = 0; i < exposure->address_type_count; i++) {
        if (exposure->address_types[i] == type) {
            return true;
        }
    }
    return false;
}

bool ps_exposure_read_address_types(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_exposure *exposure = reader->exposure;
    struct ps_str rest = value;
    struct ps_str element;
    exposure->address_type_count = 0;
    while (ps_str_split(&rest, ',', &element)) {
        enum ps_address_type type = PS_ADDRESS_EXTERNAL_DNS;
        struct ps_str name = ps_str_trim(element);
        if (!find_address_type(name, &type)) {
            return ps_exposure_refuse_value(reader, name);
        }
        /* No repeats, so that no more than PS_ADDRESS_TYPES_MAX are stored. */
        if (has_address_type(exposure, type)) {
            return ps_exposure_refuse(reader, ps_arena_printf(reader->arena,
                                                              "'%.*s' is named twice: name it once",
                                                              PS_FMT(name)));
        }
        exposure->address_types[exposure->address_type_count++] = type;
    }
    return true;
}

/* What a template gives for one broker of a StatefulSet like any other. */
static struct ps_str expand_sample(struct ps_arena *arena, struct ps_str text, uint64_t ordinal)
{
    struct ps_template_facts facts = {
        .ordinal = ordinal,
        .pod = ps_arena_printf(arena, "kafka-%llu", (unsigned long long)ordinal),
        .statefulset = PS_STR("kafka"),
        .namespace_name = PS_STR("kafka"),
    };
    return ps_template_expand(arena, text, &facts);
}

/* "'{ordinal}' gives '0' for the broker with ordinal 0, which is not a port: use …" */
static bool refuse_sample(struct ps_exposure_reader *reader, struct ps_str value,
                          struct ps_str sample, uint64_t ordinal)
{
    if (!ps_template_varies(value)) {
        return ps_exposure_refuse_value(reader, value);
    }
    struct ps_str shown = ps_exposure_show(reader->arena, value);
    struct ps_str given = ps_exposure_show(reader->arena, sample);
    return ps_exposure_refuse(
        reader, ps_arena_printf(reader->arena,
                                "'%.*s' gives '%.*s' for ordinal %llu, which is not %s: use %s",
                                PS_FMT(shown), PS_FMT(given), (unsigned long long)ordinal,
                                ps_exposure_row_get(reader->key)->what,
                                ps_exposure_key_get(reader->key)->values));
}

static bool check_template(struct ps_exposure_reader *reader, struct ps_str value,
                           enum ps_template_kind kind)
{
    struct ps_str flaw;
    if (ps_template_check(reader->arena, value, kind, &flaw)) {
        return true;
    }
    struct ps_str shown = ps_exposure_show(reader->arena, value);
    return ps_exposure_refuse(
        reader, ps_arena_printf(reader->arena, "'%.*s': %.*s", PS_FMT(shown), PS_FMT(flaw)));
}

/* IPv6 hosts are kept in brackets, so that host:port is always their concatenation. */
bool ps_exposure_read_advertised_host(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (!check_template(reader, value, PS_TEMPLATE_HOST)) {
        return false;
    }
    struct ps_str sample = expand_sample(reader->arena, value, 0);
    if (!ps_host_is_valid(sample)) {
        return refuse_sample(reader, value, sample, 0);
    }
    bool bare = ps_str_index(value, ':') < value.len && value.ptr[0] != '[';
    reader->exposure->advertised_host =
        bare ? ps_arena_printf(reader->arena, "[%.*s]", PS_FMT(value)) : value;
    return true;
}

bool ps_exposure_read_advertised_port(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (!ps_template_varies(value) && !to_number(value, PORT_MAX, &(uint64_t){0})) {
        return ps_exposure_refuse_value(reader, value);
    }
    if (!check_template(reader, value, PS_TEMPLATE_PORT)) {
        return false;
    }
    for (uint64_t ordinal = 0; ordinal <= PS_EXPOSURE_ORDINAL_PLAUSIBLE; ordinal++) {
        struct ps_str sample = expand_sample(reader->arena, value, ordinal);
        if (!to_number(sample, PORT_MAX, &(uint64_t){0})) {
            return refuse_sample(reader, value, sample, ordinal);
        }
    }
    reader->exposure->advertised_port = value;
    return true;
}
