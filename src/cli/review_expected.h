/* SPDX-License-Identifier: Apache-2.0 */
/* The expected files of a golden case. All texts end in a line break, or are empty: no file. */
#pragma once

#include "cmd_review.h"

#define PS_CASE_CONFIG "config"
#define PS_CASE_DECISION "expected.json"
#define PS_CASE_PATCH "expected.patch.json"
#define PS_CASE_OBJECT "expected.object.json"

/* What was decided and what is told to whom. */
struct ps_str ps_expected_decision(struct ps_arena *arena, const struct ps_admission *admission,
                                   const struct ps_reply *reply);
/* One operation a line. */
struct ps_str ps_expected_patch(struct ps_arena *arena, struct ps_str patch);
/* The object in its own order; empty if it holds a number that cannot be written (ps_jw_copy). */
struct ps_str ps_expected_object(struct ps_arena *arena, const struct ps_json *object);

/* Writes text to path, or removes the file if text is empty. */
struct ps_status ps_expected_write(const char *path, struct ps_str text,
                                   struct ps_error *err) PS_MUST_USE;
