/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list, taken apart as text before it is parsed: object by object, so that a page needs no more
 * memory than its text and one object, and one object that cannot be read does not hide the others.
 * Only strings and brackets are looked at; the parser judges the rest.
 */
#pragma once

#include <stdbool.h>

#include "portside/str.h"

struct ps_items {
    struct ps_str text;  /* the whole list object */
    struct ps_str array; /* "[…]" of its member items; empty if it has none */
    size_t at;
};

/* Finds the member items of the object in text; false if text is no object as a whole. */
bool ps_items_init(struct ps_items *items, struct ps_str text);

/* The next element; false at the end. */
bool ps_items_next(struct ps_items *items, struct ps_str *ret_item);
