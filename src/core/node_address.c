/* SPDX-License-Identifier: Apache-2.0 */
#include "node_address.h"

#include "exposure_host.h"

const char *ps_address_type_name(enum ps_address_type type)
{
    switch (type) {
    case PS_ADDRESS_EXTERNAL_DNS:
        return "ExternalDNS";
    case PS_ADDRESS_EXTERNAL_IP:
        return "ExternalIP";
    case PS_ADDRESS_INTERNAL_DNS:
        return "InternalDNS";
    case PS_ADDRESS_INTERNAL_IP:
        return "InternalIP";
    case PS_ADDRESS_HOSTNAME:
        return "Hostname";
    }
    return "";
}

enum ps_ip_family ps_address_family(struct ps_str address)
{
    if (ps_host_is_ipv4(address)) {
        return PS_IP_FAMILY_4;
    }
    return ps_host_is_ipv6(address) ? PS_IP_FAMILY_6 : PS_IP_FAMILY_ANY;
}

size_t ps_families_rank(const struct ps_families *families, struct ps_str address)
{
    enum ps_ip_family family = ps_address_family(address);
    if (family == PS_IP_FAMILY_ANY || families->count == 0) {
        return 0;
    }
    size_t rank = 0;
    while (rank < families->count && families->list[rank] != family) {
        rank++;
    }
    return rank;
}

/* True if others may dial it: fe80::/10 needs a zone, and loopback is everybody's own. */
static bool is_usable(struct ps_str address)
{
    return ps_host_is_valid(address) && !ps_str_starts(address, "127.") &&
           !ps_str_is(address, "::1") && !ps_str_is(address, "localhost") &&
           !ps_str_contains_nocase(ps_str_slice(address, 0, 5), "fe80:");
}

static struct ps_str best_of_type(const struct ps_json *node, enum ps_address_type type,
                                  const struct ps_families *families)
{
    struct ps_str best = PS_STR("");
    size_t best_rank = families->count > 0 ? families->count : 1;
    PS_JSON_EACH(entry, ps_json_get2(node, "status", "addresses"))
    {
        struct ps_str address = ps_json_get_text(entry, "address");
        if (!ps_str_is(ps_json_get_text(entry, "type"), ps_address_type_name(type)) ||
            !is_usable(address)) {
            continue;
        }
        size_t rank = ps_families_rank(families, address);
        if (rank < best_rank) {
            best = address;
            best_rank = rank;
        }
    }
    return best;
}

struct ps_str ps_node_address(const struct ps_json *node, const struct ps_exposure *exposure,
                              const struct ps_families *families)
{
    for (size_t i = 0; i < exposure->address_type_count; i++) {
        struct ps_str address = best_of_type(node, exposure->address_types[i], families);
        if (address.len > 0) {
            return address;
        }
    }
    return PS_STR("");
}
