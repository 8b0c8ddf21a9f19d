/* SPDX-License-Identifier: Apache-2.0 */
/* One desired object of any kind: its common part written, and held against what there is. */
#pragma once

#include "portside/jw.h"
#include "portside/status.h"

struct ps_object;

/* Writes the members behind metadata. digest: leave out what the API server has chosen. */
typedef void ps_object_put(struct ps_jw *jw, const struct ps_object *object, bool digest);

struct ps_object {
    const struct ps_owner *owner;
    struct ps_str name;
    struct ps_str exposure; /* empty: of no single one */
    const char *role;
    int64_t ordinal; /* -1: of no single broker */
    bool owned;      /* has an ownerReference */
    enum ps_object_kind kind;
    size_t annotation_count;
    const struct ps_exposure_pair *annotations;
    ps_object_put *put;
    const void *what; /* for put */
};

/* Data of a ConfigMap, keys in order. */
struct ps_object_data {
    size_t count;
    struct ps_exposure_pair *pairs;
};

/* For ConfigMaps: what is a struct ps_object_data. */
ps_object_put ps_object_put_data;

/* "Service external-kafka-0". */
struct ps_str ps_object_title(struct ps_arena *arena, enum ps_object_kind kind, struct ps_str name);

/* What to do to get from observed (NULL: nothing) to object. */
struct ps_action ps_object_plan(struct ps_arena *arena, const struct ps_object *object,
                                const struct ps_json *observed);

/* The deletion of an observed object of ours. */
struct ps_action ps_object_delete(enum ps_object_kind kind, const struct ps_json *observed);

/* An action that reports a finding about object. */
struct ps_action ps_object_report(struct ps_arena *arena, const struct ps_object *object,
                                  enum ps_finding_kind kind, struct ps_str detail);

/* True if object has an ownerReference to the StatefulSet with this uid. */
bool ps_object_has_owner(const struct ps_json *object, struct ps_str uid);
/* True if object is on its way out. */
bool ps_object_is_deleting(const struct ps_json *object);
