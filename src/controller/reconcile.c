/* SPDX-License-Identifier: Apache-2.0 */
#include "listening.h"
#include "plan.h"
#include "portside/log.h"

struct round {
    struct ps_controller *controller;
    struct ps_set *set;
    struct ps_desire desire;
};

static struct ps_status plan_round(void *arg)
{
    struct round *round = arg;
    ps_plan(round->controller, round->set, &round->desire);
    for (size_t i = 0; i < round->desire.notice_count; i++) {
        ps_notice_send(round->controller, &round->desire.notices[i].subject,
                       &round->desire.notices[i].event);
    }
    return ps_success();
}

/* True if some are left: those told of until now_ms or before go. */
static bool forget_kind(struct ps_controller *controller, struct ps_set *set, enum ps_kind kind,
                        uint64_t now_ms)
{
    bool left = false;
    struct ps_item *next;
    struct ps_item *item = ps_store_first(&controller->store, kind, ps_str_of(set->namespace_name));
    for (; item != NULL; item = next) {
        next = item->next;
        if (item->until_ms == 0 || !ps_str_is(item->facts.owner, set->name)) {
            continue;
        }
        if (item->until_ms <= now_ms) {
            ps_store_drop(&controller->store, item);
        } else {
            ps_set_touch(set, item->until_ms);
            left = true;
        }
    }
    return left;
}

/* A foreign object is asked for again by trying to make ours once more. */
static void forget_foreign(struct ps_controller *controller, struct ps_set *set, uint64_t now_ms)
{
    if (set->foreign) {
        bool services = forget_kind(controller, set, PS_KIND_SERVICE, now_ms);
        set->foreign = forget_kind(controller, set, PS_KIND_CONFIG_MAP, now_ms) || services;
    }
}

static void start_policies(struct ps_controller *controller, const struct ps_set *set)
{
    struct ps_str name = ps_str_of(set->namespace_name);
    struct ps_space *space = ps_space_find(controller, name);
    if (space != NULL && space->policies == NULL) {
        space->policies = ps_follow_new(controller, PS_KIND_NETWORK_POLICY, name);
    }
}

static void perform(struct ps_controller *controller, struct ps_set *set,
                    const struct ps_desire *desire)
{
    set->failed = false;
    set->in_flight = 1; /* keeps the round open until all is sent */
    for (size_t i = 0; i < desire->action_count && ps_leader_is(controller); i++) {
        ps_write_action(controller, set, &desire->actions[i]);
    }
    for (size_t i = 0; i < desire->patch_count && ps_leader_is(controller); i++) {
        ps_write_pod(controller, set, desire->patches[i].pod, desire->patches[i].body);
    }
    set->in_flight--;
}

void ps_reconcile(struct ps_controller *controller, struct ps_set *set)
{
    struct round round = {.controller = controller, .set = set};
    struct ps_error err;
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    set->due_ms = now_ms + PS_RESYNC_MS;
    forget_foreign(controller, set, now_ms);
    ps_metrics_add(controller->metrics, PS_CONTROLLER_RECONCILES, 1);
    ps_checks_begin(set);
    if (!ps_ok(ps_arena_run(controller->arena, plan_round, &round, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "cannot plan",
               PS_LOG_STR("namespace", ps_str_of(set->namespace_name)),
               PS_LOG_STR("statefulset", ps_str_of(set->name)),
               PS_LOG_STR("problem", ps_str_of(err.message)));
        ps_arena_reset(controller->arena);
        return;
    }
    ps_checks_end(controller, set);
    set->tally = round.desire.tally;
    if (!round.desire.gone) {
        perform(controller, set, &round.desire);
        ps_set_touch(set, round.desire.again_ms);
    }
    if (round.desire.wants_policies) {
        start_policies(controller, set);
    }
    ps_arena_reset(controller->arena);
    if (round.desire.gone) {
        forget_foreign(controller, set, UINT64_MAX);
        ps_set_drop(controller, set);
    }
}
