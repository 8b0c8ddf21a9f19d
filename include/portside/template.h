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
