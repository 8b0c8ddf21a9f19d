/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as JSON text, as far as a kubeconfig needs it: one document, no anchors, aliases, tags or
 * merge keys. Plain true, false and null keep their meaning; every other scalar is a string.
 */
#pragma once

#include "portside/arena.h"
#include "portside/error.h"
#include "portside/json.h"

/*
 * Parses text, which may be JSON. The node lives in arena; not to be called inside ps_arena_run().
 */
struct ps_status ps_yaml_parse(struct ps_arena *arena, struct ps_str text,
                               struct ps_json **ret_root, struct ps_error *err) PS_MUST_USE;
