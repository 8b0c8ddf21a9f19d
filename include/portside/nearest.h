/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": which of several known words is near enough to one that is not known. */
#pragma once

#include "portside/str.h"

/* A search under way. word is borrowed. */
struct ps_nearest {
    struct ps_str word;
    size_t limit; /* edits that are still of interest */
};

/* Begins a search; a third of the word may be wrong, more is another word. */
void ps_nearest_init(struct ps_nearest *nearest, struct ps_str word);

/* True if candidate is nearer than all before it; letters of either case are the same. */
bool ps_nearest_try(struct ps_nearest *nearest, struct ps_str candidate);
