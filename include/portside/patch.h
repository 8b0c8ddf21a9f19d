/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Patch (RFC 6902): a writer for our own patches, and an applier by the letter.
 *
 * The writer emits only `add`, `replace` and `remove`, each valid for a strict applier and for the
 * lenient one in the API server. Output is a function of the calls alone.
 */
#pragma once

#include "portside/arena.h"
#include "portside/error.h"
#include "portside/json.h"
#include "portside/jw.h"

/* Pointer (RFC 6901) to a member: parent with "/key", in which '~' and '/' are escaped. */
struct ps_str ps_pointer_key(struct ps_arena *arena, struct ps_str parent, struct ps_str key);
/* Pointer to an element of an array. */
struct ps_str ps_pointer_index(struct ps_arena *arena, struct ps_str parent, size_t index);

/* The node that pointer names in doc; NULL if there is none or pointer is malformed. */
const struct ps_json *ps_pointer_find(struct ps_arena *arena, const struct ps_json *doc,
                                      struct ps_str pointer);

struct ps_patch {
    struct ps_arena *arena;
    struct ps_buf buf;
    struct ps_jw jw;
    size_t count; /* operations so far */
};

void ps_patch_init(struct ps_patch *patch, struct ps_arena *arena);

/*
 * Begins an operation with a value. Exactly one value must be written to the writer that is
 * returned, then ps_patch_end() called.
 */
struct ps_jw *ps_patch_add(struct ps_patch *patch, struct ps_str pointer);
struct ps_jw *ps_patch_replace(struct ps_patch *patch, struct ps_str pointer);
void ps_patch_end(struct ps_patch *patch);

void ps_patch_add_str(struct ps_patch *patch, struct ps_str pointer, struct ps_str value);
void ps_patch_replace_str(struct ps_patch *patch, struct ps_str pointer, struct ps_str value);
void ps_patch_remove(struct ps_patch *patch, struct ps_str pointer);

/* The array of operations as text, empty if there are none. No calls may follow. */
struct ps_str ps_patch_finish(struct ps_patch *patch);

/*
 * Applies patch (an array of operations) to *root, in place. All six operations of RFC 6902. On
 * failure *root is half-patched and must be dropped; the message names the operation's index,
 * its pointer and what is wrong. PS_CODE_INPUT.
 */
struct ps_status ps_patch_apply(struct ps_arena *arena, struct ps_json **root,
                                const struct ps_json *patch, struct ps_error *err) PS_MUST_USE;
