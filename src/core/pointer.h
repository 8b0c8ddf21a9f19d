/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of JSON Pointer (RFC 6901), shared by the finder and the patch applier. */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"
#include "portside/str.h"

/* True if pointer is empty or begins with '/', and each '~' is followed by '0' or '1'. */
bool ps_pointer_is_valid(struct ps_str pointer);

/* Takes the first token off *rest, a valid pointer that is not empty; unescaped. */
struct ps_str ps_pointer_take(struct ps_arena *arena, struct ps_str *rest);

/* Number of tokens in a valid pointer. */
size_t ps_pointer_depth(struct ps_str pointer);

/* Array index by RFC 6901 section 4: digits without a leading zero. */
bool ps_pointer_to_index(struct ps_str token, size_t *ret_index);
