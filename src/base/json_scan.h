/* SPDX-License-Identifier: Apache-2.0 */
/* What json.c gives cJSON less to read by. */
#pragma once

#include "portside/json.h"

/* More are read like any other value. */
#define PS_JSON_HOLES_MAX 8U

/* Values of the members that are left out, by their place in the text. */
struct ps_json_holes {
    const struct ps_json_skip *skips;
    size_t skip_count;
    size_t count;
    struct {
        size_t begin;
        size_t end;
    } list[PS_JSON_HOLES_MAX];
};

/*
 * Moves *at from a backslash behind the escape that it begins. What is wrong with it, and *at on
 * where; NULL: nothing.
 */
const char *ps_json_pass_escape(struct ps_str text, size_t *at);

/* As ps_json_scan(), and finds the holes. */
struct ps_status ps_json_scan_holes(struct ps_str text, struct ps_json_holes *holes,
                                    struct ps_error *err) PS_MUST_USE;
