/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON writer: appends compact JSON to a buffer, commas and escapes done. Object members stand in
 * the order of the calls, so output is a function of the calls alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/buf.h"
#include "portside/json.h"

struct ps_jw {
    struct ps_buf *buf;
    bool comma; /* the next element needs one in front */
};

void ps_jw_init(struct ps_jw *jw, struct ps_buf *buf);

void ps_jw_object(struct ps_jw *jw);
void ps_jw_object_end(struct ps_jw *jw);
void ps_jw_array(struct ps_jw *jw);
void ps_jw_array_end(struct ps_jw *jw);

/* Key of the next value: the name of a field, in which nothing needs an escape. */
void ps_jw_key(struct ps_jw *jw, const char *key);
void ps_jw_key_str(struct ps_jw *jw, struct ps_str key);

void ps_jw_str(struct ps_jw *jw, struct ps_str value);
void ps_jw_int(struct ps_jw *jw, int64_t value);
void ps_jw_bool(struct ps_jw *jw, bool value);
void ps_jw_null(struct ps_jw *jw);

/* Key and value in one call. */
void ps_jw_member(struct ps_jw *jw, const char *key, struct ps_str value);
void ps_jw_member_int(struct ps_jw *jw, const char *key, int64_t value);
void ps_jw_member_bool(struct ps_jw *jw, const char *key, bool value);

/* A string: bytes as base64, which is what Go's encoding/json takes for a []byte. */
void ps_jw_base64(struct ps_jw *jw, struct ps_str bytes);

/* A value that is JSON already. */
void ps_jw_raw(struct ps_jw *jw, struct ps_str json);

/* False if node holds a number that a double may have damaged; then ps_jw_copy must not be used. */
bool ps_jw_can_copy(const struct ps_json *node);
/* The parsed node, written again. */
void ps_jw_copy(struct ps_jw *jw, const struct ps_json *node);
