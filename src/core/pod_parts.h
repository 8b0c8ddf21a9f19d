/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces of an injection as JSON values, and how a piece that may already be there is brought
 * to what it should be. pod.c puts them in their places.
 */
#pragma once

#include "endpoint.h"
#include "portside/inject.h"
#include "portside/injected.h"
#include "portside/mutate.h"

#define PS_VOLUME_SHARED "portside"
#define PS_VOLUME_ENDPOINT "portside-endpoint"
#define PS_INIT_NAME "portside-address"
#define PS_MOUNT_PREFIX "/portside/"
#define PS_HOOK_FILE "/portside/hook/hook.bash"
/* The user's own BASH_ENV goes by this name; the hook sources it first. */
#define PS_USER_BASH_ENV "PORTSIDE_BASH_ENV"
#define PS_LABEL_STATEFULSET "portside.dev/statefulset"

/* All that the pieces depend on. */
struct ps_pod_plan {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    const struct ps_exposures *exposures;
    const struct ps_injection *injection;
    struct ps_template_facts facts;
    struct ps_endpoint_sources sources[PS_EXPOSURES_MAX];
    bool marked;                 /* carries portside.dev/status: what bears our names is ours */
    const struct ps_json *added; /* names of variables that an earlier injection added, or NULL */
};

/* One desired element of a list whose elements are known by their name. */
struct ps_piece {
    struct ps_str name;
    struct ps_str json;
};

struct ps_pieces {
    size_t count;
    struct ps_piece *list; /* in the arena of the plan, with room for all of them */
};

/*
 * True for a variable of the user's wish, which an earlier injection added: so says the pod's
 * status. Another entry of that name is its author's, and stays.
 */
bool ps_pod_has_added(const struct ps_pod_plan *plan, struct ps_str variable);

/* True if the container sets variable itself. */
bool ps_pod_is_stated(const struct ps_pod_plan *plan, struct ps_str variable);

/* True if the broker is to get a rack. */
bool ps_pod_wants_rack(const struct ps_pod_plan *plan);

bool ps_pod_is_hook(const struct ps_pod_plan *plan);
/* True if a part of an endpoint, or the rack, has to be waited for. */
bool ps_pod_waits(const struct ps_pod_plan *plan);
/* True if the init container is needed at all. */
bool ps_pod_needs_init(const struct ps_pod_plan *plan);

/* Desired entries for the broker container's env, in their order. */
void ps_pod_env(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces);
void ps_pod_volumes(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces);
/* Mounts of the broker container; known by mountPath. */
void ps_pod_mounts(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces);
void ps_pod_init(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces);
/* Value of the annotation portside.dev/status. */
struct ps_str ps_pod_status(const struct ps_pod_plan *plan);

/* Members of an entry of env, and of volumeMounts; sub_path may be NULL. */
void ps_put_variable(struct ps_jw *jw, struct ps_str name, struct ps_str value);
void ps_put_mount(struct ps_jw *jw, const char *volume, struct ps_str path, const char *sub_path,
                  bool read_only);

/*
 * True if existing says all that desired says; it may say more, as the API server's defaulting and
 * other webhooks add members and elements.
 */
bool ps_json_covers(const struct ps_json *existing, const struct ps_json *desired);
