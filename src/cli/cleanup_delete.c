/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_cleanup.h"

/* One deletion under way. */
struct deletion {
    struct ps_cleanup *cleanup;
    struct ps_leftover *leftover;
    struct ps_str problem;
    bool silent; /* the API server did not answer */
};

static struct ps_status note_problem(void *arg)
{
    struct deletion *deletion = arg;
    deletion->leftover->problem = ps_arena_copy(deletion->cleanup->arena, deletion->problem);
    return ps_success();
}

static void fail(struct deletion *deletion, struct ps_str problem)
{
    deletion->leftover->fate = PS_LEFT_FAILED;
    deletion->problem = problem;
    if (!ps_ok(ps_arena_run(deletion->cleanup->arena, note_problem, deletion, NULL))) {
        deletion->leftover->problem = PS_STR("there is no memory left to say why");
    }
}

static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct deletion *deletion = arg;
    if (result->outcome == PS_KUBE_OK || result->outcome == PS_KUBE_NOT_FOUND) {
        deletion->leftover->fate = PS_LEFT_DELETED;
    } else if (result->outcome == PS_KUBE_CONFLICT) {
        fail(deletion, PS_STR("it changed after it was shown: run this again"));
    } else {
        deletion->silent = result->status == 0;
        fail(deletion, ps_str_of(result->error->message));
    }
}

static struct ps_status send(struct deletion *deletion, const struct ps_left_set *set,
                             struct ps_error *err)
{
    const struct ps_leftover *leftover = deletion->leftover;
    const struct ps_kube_request request = {
        .verb = PS_KUBE_DELETE,
        .resource = ps_left_resource(leftover->kind),
        .namespace = set->namespace_name,
        .name = leftover->name,
        .uid = leftover->uid,
        .version = leftover->version,
        .dry_run = deletion->cleanup->dry_run,
        .on_done = on_done,
        .arg = deletion,
    };
    return ps_kube_send(deletion->cleanup->kube, &request, NULL, err);
}

struct batch {
    struct ps_cleanup *cleanup;
    size_t count;
    struct deletion *list;
};

static struct ps_status make_room(void *arg)
{
    struct batch *batch = arg;
    batch->list = PS_ARENA_ARRAY(batch->cleanup->arena, struct deletion, batch->count + 1);
    return ps_success();
}

/* Deletes the objects of one set that are guards (NetworkPolicies), or the others. */
static struct ps_status delete_some(struct ps_cleanup *cleanup, const struct ps_left_set *set,
                                    bool guards, bool *silent, struct ps_error *err)
{
    struct batch batch = {.cleanup = cleanup};
    for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
        batch.count++;
    }
    PS_TRY(ps_arena_run(cleanup->arena, make_room, &batch, err));
    batch.count = 0;
    for (struct ps_leftover *one = set->first; one != NULL; one = one->next) {
        if (one->fate == PS_LEFT_FOUND && (one->kind == PS_LEFT_NETWORK_POLICY) == guards) {
            struct deletion *deletion = &batch.list[batch.count++];
            *deletion = (struct deletion){.cleanup = cleanup, .leftover = one};
            PS_TRY(send(deletion, set, err));
        }
    }
    PS_TRY(ps_cleanup_wait(cleanup, err));
    for (size_t i = 0; i < batch.count; i++) {
        *silent |= batch.list[i].silent;
    }
    return ps_success();
}

/* What is still to go is not tried any more. */
static void give_up(struct ps_left_set *set, struct ps_str why)
{
    for (struct ps_leftover *one = set->first; one != NULL; one = one->next) {
        if (one->fate == PS_LEFT_FOUND) {
            one->fate = PS_LEFT_FAILED;
            one->problem = why;
        }
    }
}

static bool has_service_left(const struct ps_left_set *set)
{
    for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
        if (one->kind == PS_LEFT_SERVICE && one->fate == PS_LEFT_FAILED) {
            return true;
        }
    }
    return false;
}

struct ps_status ps_cleanup_delete(struct ps_cleanup *cleanup, struct ps_error *err)
{
    bool silent = false;
    for (struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        if (!silent) {
            PS_TRY(delete_some(cleanup, set, false, &silent, err));
        }
        if (!silent && has_service_left(set)) {
            give_up(set, PS_STR("it guards a Service that could not be deleted"));
        }
        if (!silent) {
            PS_TRY(delete_some(cleanup, set, true, &silent, err));
        }
        give_up(set, PS_STR("not tried: the API server did not answer"));
    }
    return ps_success();
}
