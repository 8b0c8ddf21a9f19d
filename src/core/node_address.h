/* SPDX-License-Identifier: Apache-2.0 */
/* The choice among the addresses of a node, private to the endpoint resolver. */
#pragma once

#include "portside/exposure.h"
#include "portside/json.h"

/* IP families that the Service serves; count 0: any. */
struct ps_families {
    size_t count;
    enum ps_ip_family list[PS_IP_FAMILIES_MAX];
};

/* Name of an address type in the Kubernetes API. */
const char *ps_address_type_name(enum ps_address_type type);

/* Family of an IP address; PS_IP_FAMILY_ANY for a name. */
enum ps_ip_family ps_address_family(struct ps_str address);

/* Place of the family of address in families: 0 is best; families->count: not served. */
size_t ps_families_rank(const struct ps_families *families, struct ps_str address);

/*
 * The address of node by the order of the exposure's types, without brackets; empty if it has none
 * that can be dialled. Within a type the family that the Service names first is preferred, then
 * the node's own order decides.
 */
struct ps_str ps_node_address(const struct ps_json *node, const struct ps_exposure *exposure,
                              const struct ps_families *families);
