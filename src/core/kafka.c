/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/kafka.h"

#include "portside/attr.h"

static const char *const names[] = {
    [PS_PROTOCOL_MIRROR] = "mirror",
    [PS_PROTOCOL_PLAINTEXT] = "PLAINTEXT",
    [PS_PROTOCOL_SASL_PLAINTEXT] = "SASL_PLAINTEXT",
    [PS_PROTOCOL_SSL] = "SSL",
    [PS_PROTOCOL_SASL_SSL] = "SASL_SSL",
};

bool ps_protocol_parse(struct ps_str text, enum ps_protocol *ret_protocol)
{
    /* "mirror" is a word of ours, not of Kafka */
    for (size_t i = PS_PROTOCOL_PLAINTEXT; i < PS_COUNT(names); i++) {
        if (ps_str_equal_nocase(text, ps_str_of(names[i]))) {
            *ret_protocol = (enum ps_protocol)i;
            return true;
        }
    }
    return false;
}

const char *ps_protocol_name(enum ps_protocol protocol)
{
    return names[protocol];
}
