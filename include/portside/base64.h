/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4): what JSON and YAML of Kubernetes have for bytes. */
#pragma once

#include <stdbool.h>

#include "portside/arena.h"
#include "portside/attr.h"
#include "portside/str.h"

#define PS_BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Writes the PS_BASE64_LEN(bytes.len) characters of bytes, with padding, to out. */
void ps_base64_write(struct ps_str bytes, char *out);

/* The same in arena; what Go's encoding/json takes for a []byte. */
struct ps_str ps_base64_encode(struct ps_arena *arena, struct ps_str bytes);

/* Room that ps_base64_decode() needs for text of len bytes. */
#define PS_BASE64_ROOM(len) ((len) / 4 * 3 + 3)

/*
 * Decodes text into out and says how much it was; white space is passed over, as a block scalar of
 * YAML has line breaks; padding may be missing. False if text is no base64.
 */
bool ps_base64_decode(struct ps_str text, char *out, size_t *ret_len) PS_MUST_USE;
