/* SPDX-License-Identifier: Apache-2.0 */
/* What the planners share to compare what they desire with what there is. */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"
#include "portside/str.h"

/* 16 hexadecimal digits of FNV-1a, for change detection; no protection against forgery. */
struct ps_str ps_digest(struct ps_arena *arena, struct ps_str text);

/*
 * True if all that desired states stands in observed. Lists that the API server merges by a key
 * (ports, ownerReferences) may have further elements, ipFamilies a second one behind ours; all
 * other lists must be as desired.
 */
bool ps_desired_stands(const struct ps_json *desired, const struct ps_json *observed);

/* Text of a label of object. */
struct ps_str ps_label_of(const struct ps_json *object, const char *label);
/* Text of an annotation of object. */
struct ps_str ps_annotation_of(const struct ps_json *object, struct ps_str annotation);
