/* SPDX-License-Identifier: Apache-2.0 */
/* A line under construction in memory of fixed size. */
#pragma once

#include "portside/log.h"

#include <stdbool.h>
#include <stddef.h>

/* Invariant: len <= room; what does not fit into room is left out and sets full. */
struct ps_log_line {
    char *ptr;
    size_t len;
    size_t room;
    bool full;
};

/* Appends text as it is, all of it or nothing. */
void ps_log_put(struct ps_log_line *line, struct ps_str text);

/* Appends text as a JSON string; keeps tail bytes free behind it, cutting the text if need be. */
void ps_log_put_json(struct ps_log_line *line, struct ps_str text, size_t tail);

/* Appends text for a person: quoted if it is empty or has spaces, quotes or control characters. */
void ps_log_put_text(struct ps_log_line *line, struct ps_str text, size_t tail);
