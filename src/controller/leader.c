/* SPDX-License-Identifier: Apache-2.0 */
/* The shell around the step function of leader election: requests, the watch, the log. */
#include "control.h"
#include "portside/controller.h"
#include "portside/heap.h"
#include "portside/log.h"

#include <stdio.h>

#define US_PER_MS 1000
#define REQUEST_MS 3000U

static const struct ps_kube_resource resource = {"coordination.k8s.io/v1", "leases"};

static struct ps_lease_now present(const struct ps_controller *controller)
{
    return (struct ps_lease_now){ps_kube_now_ms(controller->kube),
                                 ps_kube_wall_ms(controller->kube) * US_PER_MS};
}

static struct ps_lease_identity identity_of(const struct ps_leader *leader)
{
    return (struct ps_lease_identity){
        .holder = ps_str_of(leader->holder),
        .name = PS_STR(PS_CONTROLLER_LEASE),
        .namespace_name = ps_str_of(leader->namespace_name),
        .account = ps_str_of(leader->account.name),
        .account_uid = ps_str_of(leader->account.uid),
    };
}

bool ps_leader_is(const struct ps_controller *controller)
{
    struct ps_lease_now now = present(controller);
    return !controller->leaving && ps_lease_is_leader(&controller->leader.state, &now);
}

bool ps_leader_has_left(const struct ps_controller *controller)
{
    return !controller->leader.under_way && controller->leader.state.leaving;
}

static void observe(struct ps_controller *controller, const struct ps_json *lease)
{
    struct ps_leader *leader = &controller->leader;
    struct ps_lease_now now = present(controller);
    struct ps_lease_identity identity = identity_of(leader);
    ps_lease_observe(&leader->state, &identity, lease, &now);
}

/* The same trouble is told once, not every second. */
static void tell_trouble(struct ps_leader *leader, const struct ps_error *error)
{
    char text[sizeof(leader->trouble)];
    (void)snprintf(text, sizeof(text), "%s", error->message);
    if (!ps_str_is(ps_str_of(text), leader->trouble)) {
        PS_LOG(PS_LOG_LEVEL_WARN, "leader election: request failed",
               PS_LOG_STR("problem", ps_str_of(error->message)));
        (void)snprintf(leader->trouble, sizeof(leader->trouble), "%s", text);
    }
}

static enum ps_lease_result result_of(const struct ps_kube_result *result)
{
    switch (result->outcome) {
    case PS_KUBE_OK:
        return ps_lease_is_readable(result->object) ? PS_LEASE_CONFIRMED : PS_LEASE_FAILED;
    case PS_KUBE_NOT_FOUND:
    case PS_KUBE_CONFLICT:
    case PS_KUBE_ALREADY_EXISTS:
        return PS_LEASE_CONFLICT;
    case PS_KUBE_EXPIRED:
    case PS_KUBE_FORBIDDEN:
    case PS_KUBE_REFUSED:
    case PS_KUBE_FAILED:
        break;
    }
    return PS_LEASE_FAILED;
}

/* An answer after a request that got none. */
static void note_answer(struct ps_controller *controller, bool answered)
{
    struct ps_leader *leader = &controller->leader;
    if (answered && leader->silent) {
        ps_follows_wake(controller);
        ps_kube_watch_relist(leader->watch);
    }
    leader->silent = !answered;
}

static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct ps_controller *controller = arg;
    struct ps_leader *leader = &controller->leader;
    enum ps_lease_result outcome = result_of(result);
    leader->under_way = false;
    leader->step_ms = 0;
    note_answer(controller, outcome != PS_LEASE_FAILED);
    if (leader->action == PS_LEASE_READ && outcome != PS_LEASE_FAILED) {
        observe(controller, result->outcome == PS_KUBE_OK ? result->object : NULL);
        return;
    }
    if (outcome == PS_LEASE_FAILED && result->outcome == PS_KUBE_OK) {
        const struct ps_error error = {.message = "the answer to a request for the Lease is none"};
        tell_trouble(leader, &error);
    } else if (outcome == PS_LEASE_FAILED || result->outcome == PS_KUBE_NOT_FOUND) {
        tell_trouble(leader, result->error);
    } else {
        leader->trouble[0] = '\0';
    }
    struct ps_lease_now now = present(controller);
    struct ps_lease_identity identity = identity_of(leader);
    const struct ps_lease_answer answer = {
        .result = outcome,
        .lease = outcome == PS_LEASE_CONFIRMED ? result->object : NULL,
        .sent = leader->sent,
    };
    ps_lease_wrote(&leader->state, &leader->timing, &identity, &answer, &now);
}

static enum ps_kube_verb verb_of(enum ps_lease_action_kind kind)
{
    if (kind == PS_LEASE_READ) {
        return PS_KUBE_GET;
    }
    return kind == PS_LEASE_CREATE ? PS_KUBE_CREATE : PS_KUBE_MERGE_PATCH;
}

static void perform(struct ps_controller *controller, const struct ps_lease_action *action)
{
    struct ps_leader *leader = &controller->leader;
    struct ps_error err;
    const struct ps_kube_request request = {
        .verb = verb_of(action->kind),
        .resource = &resource,
        .namespace = ps_str_of(leader->namespace_name),
        .name = action->kind == PS_LEASE_CREATE ? PS_STR("") : PS_STR(PS_CONTROLLER_LEASE),
        .body = action->body,
        .deadline_ms = leader->sent.mono_ms + REQUEST_MS,
        .tries_max = 1,
        .urgent = true,
        .on_done = on_done,
        .arg = controller,
    };
    leader->action = action->kind;
    leader->under_way = ps_ok(ps_kube_send(controller->kube, &request, NULL, &err));
    if (!leader->under_way) {
        tell_trouble(leader, &err);
    }
}

struct stepping {
    struct ps_controller *controller;
    struct ps_lease_action action;
};

static struct ps_status step(void *arg)
{
    struct stepping *stepping = arg;
    struct ps_leader *leader = &stepping->controller->leader;
    struct ps_lease_identity identity = identity_of(leader);
    stepping->action = ps_lease_step(stepping->controller->arena, &leader->state, &leader->timing,
                                     &identity, &leader->sent, stepping->controller->leaving);
    return ps_success();
}

static void tell_change(struct ps_controller *controller)
{
    struct ps_leader *leader = &controller->leader;
    bool leading = ps_leader_is(controller);
    if (leading == leader->leading) {
        return;
    }
    leader->leading = leading;
    ps_metrics_set(controller->metrics, PS_CONTROLLER_LEADER, leading);
    PS_LOG(PS_LOG_LEVEL_INFO, leading ? "leading" : "not leading any more",
           PS_LOG_STR("identity", ps_str_of(leader->holder)),
           PS_LOG_STR("namespace", ps_str_of(leader->namespace_name)));
    if (leading) {
        ps_sets_touch_all(controller);
    }
}

void ps_leader_turn(struct ps_controller *controller)
{
    struct ps_leader *leader = &controller->leader;
    struct ps_lease_now now = present(controller);
    tell_change(controller);
    if (leader->under_way || leader->state.leaving ||
        (now.mono_ms < leader->step_ms && !controller->leaving)) {
        return;
    }
    struct stepping stepping = {.controller = controller};
    leader->sent = now;
    if (ps_ok(ps_arena_run(controller->arena, step, &stepping, NULL))) {
        leader->step_ms = stepping.action.deadline_mono_ms;
        if (stepping.action.kind != PS_LEASE_NOTHING) {
            perform(controller, &stepping.action);
        }
    }
    ps_arena_reset(controller->arena);
    tell_change(controller);
}

static void on_lease(void *arg, enum ps_kube_change change, const struct ps_json *lease)
{
    struct ps_controller *controller = arg;
    controller->leader.seen = true;
    controller->leader.step_ms = 0;
    observe(controller, change == PS_KUBE_DELETED ? NULL : lease);
    if (controller->leader.state.free) {
        controller->leader.state.next_mono_ms =
            0; /* it was given back: do not wait for the next look */
    }
}

static void on_sync(void *arg, enum ps_kube_sync sync)
{
    struct ps_controller *controller = arg;
    if (sync == PS_KUBE_SYNC_BEGIN) {
        controller->leader.seen = false;
    } else if (!controller->leader.seen && !controller->leader.under_way) {
        observe(controller, NULL);
        controller->leader.step_ms = 0;
    }
}

static void on_trouble(void *arg, const struct ps_error *error)
{
    struct ps_controller *controller = arg;
    tell_trouble(&controller->leader, error);
}

struct ps_status ps_leader_start(struct ps_controller *controller, struct ps_error *err)
{
    struct ps_leader *leader = &controller->leader;
    leader->timing = ps_lease_timing_default();
    const struct ps_kube_watch_options options = {
        .resource = &resource,
        .namespace = ps_str_of(leader->namespace_name),
        .field_selector = PS_STR("metadata.name=" PS_CONTROLLER_LEASE),
        .on_sync = on_sync,
        .on_object = on_lease,
        .on_trouble = on_trouble,
        .arg = controller,
    };
    return ps_kube_watch_start(controller->kube, &options, &leader->watch, err);
}

void ps_leader_clear(struct ps_controller *controller)
{
    struct ps_leader *leader = &controller->leader;
    ps_kube_watch_stop(leader->watch);
    ps_heap_free(leader->holder);
    ps_heap_free(leader->namespace_name);
}
