/* SPDX-License-Identifier: Apache-2.0 */
/* What json.c, json_parse.c and json_edit.c share: the nodes. */
#pragma once

#include "portside/json.h"

/*
 * Children form a list in their order; prev of the first one is the last one, so that appending
 * needs no walk. Texts are NUL-terminated, hold no other NUL and stand in the arena.
 */
struct ps_json {
    struct ps_json *next;
    struct ps_json *prev;
    const char *key; /* NULL unless it is a member of an object */
    union {
        struct ps_json *child; /* array, object: the first one */
        const char *text;
        double number;
        bool truth;
    };
    uint32_t key_len;
    uint32_t text_len;
    enum ps_json_type type;
};

/* Puts child behind the last one of parent. */
void ps_json_append(struct ps_json *parent, struct ps_json *child);
