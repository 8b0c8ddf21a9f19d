/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of a StatefulSet's portside.dev annotations in its pod template. The template annotation
 * portside.dev/copied lists the copied keys; only those are ever changed or removed.
 */
#pragma once

#include "portside/patch.h"
#include "portside/template.h"

/* True if annotations (NULL: none) has a key of a user's wish. */
bool ps_has_user_keys(const struct ps_json *annotations);

/* True if the template lacks a copy of key, or has one that is not wanted any more. */
bool ps_template_lags(const struct ps_json *annotations, const struct ps_json *template_metadata,
                      struct ps_str key);

/* Brings the template's copies to what annotations say. */
void ps_template_copy(struct ps_patch *patch, const struct ps_json *annotations,
                      const struct ps_json *template_metadata);

/* The copies in a template, as a map; NULL if it has none. */
const struct ps_json *ps_template_copies(struct ps_arena *arena,
                                         const struct ps_json *template_metadata);

/*
 * True if an update changes spec.template by more than our copies: a PUT of the author's own file
 * (kubectl replace) drops them, which alone is no reason for a rollout. Nor is a copy that was
 * edited and would now be removed, since annotations (of the StatefulSet) have nothing to copy.
 */
bool ps_template_changes(struct ps_arena *arena, const struct ps_json *annotations,
                         const struct ps_json *old_template, const struct ps_json *new_template);
