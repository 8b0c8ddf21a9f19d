/* SPDX-License-Identifier: Apache-2.0 */
/* What json.c and json_edit.c share: a struct ps_json is a cJSON. */
#pragma once

#include <cjson/cJSON.h>

#include "portside/json.h"

/* cJSON allocates from arena on this thread from now on. */
void ps_json_enter(struct ps_arena *arena);

const cJSON *ps_json_node(const struct ps_json *node);
