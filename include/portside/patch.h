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

enum ps_patch_kind {
    PS_PATCH_ADD = 0,
    PS_PATCH_REPLACE,
    PS_PATCH_REMOVE,
};

/* One operation of those that were written. */
struct ps_patch_operation {
    enum ps_patch_kind kind;
    struct ps_str pointer;
    size_t begin; /* of its value in the text */
    size_t end;
};

struct ps_patch {
    struct ps_arena *arena;
    struct ps_buf buf;
    struct ps_jw jw;
    size_t count; /* operations so far */
    size_t room;
    struct ps_patch_operation *operations;
};

void ps_patch_init(struct ps_patch *patch, struct ps_arena *arena);

/*
 * Begins an operation with a value. Exactly one value must be written to the writer that is
 * returned, then ps_patch_end() called. Pointers must live as long as the patch.
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
 * Proves that the text of a finished patch is JSON, and that its operations apply to *root, in
 * place: fails as ps_json_scan_known() and ps_patch_apply() would. Values are not read again but
 * where a later operation goes into one; *root is of no use afterwards.
 */
struct ps_status ps_patch_prove(const struct ps_patch *patch, const struct ps_str *known,
                                size_t known_count, struct ps_json **root,
                                struct ps_error *err) PS_MUST_USE;

/*
 * Applies patch (an array of operations) to *root, in place. All six operations of RFC 6902. On
 * failure *root is half-patched and must be dropped; the message names the operation's index,
 * its pointer and what is wrong. PS_CODE_INPUT.
 */
struct ps_status ps_patch_apply(struct ps_arena *arena, struct ps_json **root,
                                const struct ps_json *patch, struct ps_error *err) PS_MUST_USE;
