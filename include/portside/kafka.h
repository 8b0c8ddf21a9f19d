/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka's own words: security protocols.
 * Source: org.apache.kafka.common.security.auth.SecurityProtocol.
 */
#pragma once

#include <stdbool.h>

#include "portside/str.h"

/* In order of strength, which decides what a new listener mirrors. */
enum ps_protocol {
    PS_PROTOCOL_MIRROR = 0, /* not stated: that of the listener that in-cluster clients use */
    PS_PROTOCOL_PLAINTEXT,
    PS_PROTOCOL_SASL_PLAINTEXT,
    PS_PROTOCOL_SSL,
    PS_PROTOCOL_SASL_SSL,
};

/* False unless text is exactly a protocol's name (Kafka takes any case; so do we). */
bool ps_protocol_parse(struct ps_str text, enum ps_protocol *ret_protocol);
/* "mirror", "PLAINTEXT", … */
const char *ps_protocol_name(enum ps_protocol protocol);
