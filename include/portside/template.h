/* SPDX-License-Identifier: Apache-2.0 */
/* The portside.dev annotations of a StatefulSet and of its pod template, taken together. */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"

/*
 * What the pods will see, as a map: keys that the template states itself win over those of the
 * StatefulSet, annotations (NULL: none). Views into both; lives in arena.
 */
const struct ps_json *ps_template_effective(struct ps_arena *arena,
                                            const struct ps_json *annotations,
                                            const struct ps_json *template_metadata);

/* True if the users' keys of a and b (NULL: none) are not the same, or have other values. */
bool ps_user_keys_differ(const struct ps_json *a, const struct ps_json *b);
