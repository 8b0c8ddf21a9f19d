/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of a host that clients can dial; the same as in the address script. */
#pragma once

#include "portside/str.h"

/* Dotted decimal, four octets without leading zeros. */
bool ps_host_is_ipv4(struct ps_str text);

/* RFC 4291 section 2.2, without brackets and zone. */
bool ps_host_is_ipv6(struct ps_str text);

/*
 * A DNS name, an IPv4 address, or an IPv6 address with or without brackets, but neither 0.0.0.0
 * nor ::, which nobody can dial.
 */
bool ps_host_is_valid(struct ps_str text);

/* A DNS label of RFC 1123 in lower case, as Kubernetes wants for names. */
bool ps_host_is_label(struct ps_str text);

/* What Kubernetes takes as the value of a label, but not nothing. */
bool ps_host_is_label_value(struct ps_str text);
