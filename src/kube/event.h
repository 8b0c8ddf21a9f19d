/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a watch, decoded. Pure. */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"

enum ps_event_kind {
    PS_EVENT_ADDED = 1,
    PS_EVENT_MODIFIED,
    PS_EVENT_DELETED,
    PS_EVENT_BOOKMARK,
    PS_EVENT_ERROR,
};

struct ps_event {
    enum ps_event_kind kind;
    const struct ps_json *object;
    struct ps_str version; /* metadata.resourceVersion; empty for ERROR */
    int64_t code;          /* ERROR: as an HTTP status; 0 if it has none */
};

/* Decodes line; fails with PS_CODE_INPUT if it is no event, PS_CODE_LIMIT if it is too large. */
struct ps_status ps_event_decode(struct ps_arena *arena, struct ps_str line,
                                 struct ps_event *ret_event, struct ps_error *err) PS_MUST_USE;

/* True if an API server may have written line, though it cannot be decoded. */
bool ps_event_looks_real(struct ps_str line);
