/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $(VAR) in values of env, by kubelet's rule (third_party/forked/golang/expansion), and what people
 * write there in its stead.
 */
#pragma once

#include "portside/broker.h"

enum ps_reference_kind {
    PS_REFERENCE_VARIABLE = 0, /* $(NAME) */
    PS_REFERENCE_SHELL,        /* ${…}, $NAME, `…`, $(command with words) */
};

struct ps_reference {
    enum ps_reference_kind kind;
    struct ps_str text; /* with its sign and brackets */
    struct ps_str name; /* of a variable */
    size_t begin;       /* of text in the value */
};

/*
 * The next reference in value at or behind *at, which moves on. $$ is an escape; ${provider:…} is
 * Kafka's own and passed over.
 */
bool ps_reference_next(struct ps_str value, size_t *at, struct ps_reference *ret_reference);

/* The entry that kubelet takes for name in the entry number before; NULL if none stands above. */
const struct ps_json *ps_reference_resolve(const struct ps_env *env, struct ps_str name,
                                           size_t before, size_t *ret_index);

/*
 * Value with $(VAR) of literal variables resolved; the others stay as they are. Each look at a
 * variable takes one off *budget, and at 0 none is resolved any more.
 */
struct ps_str ps_reference_expand(struct ps_arena *arena, const struct ps_env *env,
                                  struct ps_str value, size_t before, size_t *budget);
