/* SPDX-License-Identifier: Apache-2.0 */
/* What the pods of one StatefulSet need: endpoints, and words to those who look at them. */
#include "plan_facts.h"

/* After this a pod that is bound and has no endpoint is reported. */
#define WAITING_MS 10000U
/* Of one StatefulSet at a time; metrics count them all. */
#define POD_NOTICES_MAX 100U
#define LOOK_MIN_MS 1000U
#define LOOK_MAX_MS 30000U

void ps_plan_add_notice(const struct ps_plan *plan, const struct ps_event_subject *subject,
                        const struct ps_event *event)
{
    struct ps_desire *desire = plan->desire;
    if (desire->notice_count < plan->notice_room) {
        desire->notices[desire->notice_count++] = (struct ps_notice){*subject, *event};
    }
}

void ps_plan_notice_pod(const struct ps_plan *plan, const struct ps_item_facts *pod,
                        const struct ps_finding *finding)
{
    if (plan->desire->notice_count >= POD_NOTICES_MAX) {
        return;
    }
    struct ps_event event = ps_finding_event(plan->arena, finding);
    const struct ps_event_subject subject = {PS_STR("v1"), PS_STR("Pod"), pod->namespace_name,
                                             pod->name, pod->uid};
    ps_plan_add_notice(plan, &subject, &event);
}

struct ps_str ps_plan_pod_words(const struct ps_plan *plan, const struct ps_item_facts *pod)
{
    return ps_arena_printf(plan->arena, "pod %.*s", PS_FMT(pod->name));
}

static void again(const struct ps_plan *plan, uint64_t at_ms)
{
    if (at_ms < plan->desire->again_ms) {
        plan->desire->again_ms = at_ms;
    }
}

static struct ps_resolved resolve(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                                  size_t index)
{
    const struct ps_exposure *exposure = ps_plan_exposure(plan, pod, index);
    struct ps_str service =
        ps_service_name_for(plan->arena, exposure, plan->owner.name, pod->ordinal);
    const struct ps_resolve_input input = {
        .exposure = exposure,
        .facts = {pod->ordinal, pod->item->facts.name, plan->owner.name,
                  plan->owner.namespace_name},
        .listener_port = ps_plan_listener_port(plan, pod, index),
        .rack_label = ps_plan_rack_label(plan, pod),
        .service = ps_plan_find(plan->service_count, plan->services, service),
        .node = pod->node,
    };
    struct ps_resolved resolved = {.reason = PS_STR("")};
    ps_resolve_endpoint(plan->arena, &input, &resolved);
    return resolved;
}

/* The longer it waits, the less often its node is looked at: 1 to 30 seconds. */
static void look_again(const struct ps_plan *plan, const struct ps_plan_pod *pod)
{
    uint64_t pause_ms = (plan->now_ms - pod->item->bound_ms) / 4;
    pause_ms = pause_ms < LOOK_MIN_MS ? LOOK_MIN_MS : pause_ms;
    pause_ms = pause_ms > LOOK_MAX_MS ? LOOK_MAX_MS : pause_ms;
    (void)ps_node_fresh(plan->controller, pod->item->facts.node,
                        plan->now_ms > pause_ms ? plan->now_ms - pause_ms : 0);
    again(plan, plan->now_ms + pause_ms);
}

/* A person who looks at a pod that waits shall find why. */
static void note_waiting(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                         const struct ps_resolve_target *target, bool started)
{
    struct ps_str host;
    struct ps_str port;
    ps_endpoint_of_pod(pod->object, target->exposure, &host, &port);
    if (target->resolved.known || host.len > 0) {
        return;
    }
    look_again(plan, pod);
    if (started || plan->now_ms < pod->item->bound_ms + WAITING_MS) {
        return;
    }
    const struct ps_finding finding = {
        .kind = PS_FINDING_WAITING,
        .exposure = target->exposure->name,
        .object = ps_plan_pod_words(plan, &pod->item->facts),
        .detail = target->resolved.reason,
    };
    ps_plan_notice_pod(plan, &pod->item->facts, &finding);
}

static void note_stale(const struct ps_plan *plan, struct ps_plan_pod *pod,
                       const struct ps_finding *finding)
{
    for (size_t i = 0; i < plan->exposures.count; i++) {
        if (ps_str_equal(plan->exposures.list[i].name, finding->exposure)) {
            pod->was[i] = finding->was;
        }
    }
}

bool ps_plan_is_over(const struct ps_json *pod)
{
    struct ps_str phase = ps_json_get_text(ps_json_get(pod, "status"), "phase");
    return ps_json_is_string(ps_json_get2(pod, "metadata", "deletionTimestamp")) ||
           ps_str_is(phase, "Succeeded") || ps_str_is(phase, "Failed");
}

/* What would be written might mean something else under that contract. */
static void note_unknown(const struct ps_plan *plan, const struct ps_plan_pod *pod)
{
    int64_t contract = pod->injected.contract;
    const struct ps_finding finding = {
        .kind = PS_FINDING_UNKNOWN_CONTRACT,
        .object = ps_plan_pod_words(plan, &pod->item->facts),
        .detail =
            contract == 0 ? PS_STR("") : ps_arena_printf(plan->arena, "%lld", (long long)contract),
    };
    ps_plan_notice_pod(plan, &pod->item->facts, &finding);
}

static void note_missing(const struct ps_plan *plan, const struct ps_item_facts *pod)
{
    const struct ps_finding finding = {
        .kind = PS_FINDING_NOT_INJECTED,
        .object = ps_plan_pod_words(plan, pod),
        .detail = PS_STR("it was made before the namespace was labelled, or while no webhook "
                         "answered"),
    };
    plan->desire->tally.brokers[PS_BROKER_MISSING]++;
    ps_plan_notice_pod(plan, pod, &finding);
}

/* Pods of an older or newer revision may lack an exposure: only what they carry is resolved. */
static size_t find_targets(const struct ps_plan *plan, struct ps_plan_pod *pod,
                           struct ps_resolve_target targets[PS_EXPOSURES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < plan->exposures.count; i++) {
        const struct ps_exposure *exposure = ps_plan_exposure(plan, pod, i);
        if (!ps_injected_carries(&pod->injected, exposure->name)) {
            continue;
        }
        targets[count] = (struct ps_resolve_target){exposure, resolve(plan, pod, i)};
        pod->resolved[i] = targets[count].resolved;
        count++;
    }
    return count;
}

/* One that has started without its endpoint waits no more; its own finding says so. */
static bool has_started(const struct ps_resolve_patch *patch, const struct ps_exposure *exposure)
{
    for (size_t i = 0; i < patch->stale_count; i++) {
        if (patch->stale[i].kind == PS_FINDING_NO_ENDPOINT &&
            ps_str_equal(patch->stale[i].exposure, exposure->name)) {
            return true;
        }
    }
    return false;
}

/* The broker reads rack and endpoint at one time. */
static void patch_pod(const struct ps_plan *plan, const struct ps_plan_pod *pod, size_t count,
                      const struct ps_resolve_target *targets, struct ps_resolve_patch *ret_patch)
{
    if (pod->node == NULL && ps_plan_rack_label(plan, pod).len > 0) {
        return;
    }
    ps_endpoint_patch(plan->arena, pod->object, plan->injection.broker.container_name, count,
                      targets, ret_patch);
    if (ret_patch->body.len > 0) {
        plan->desire->patches[plan->desire->patch_count++] =
            (struct ps_pod_patch){pod->item->facts.name, ret_patch->body};
    }
}

static void plan_pod(const struct ps_plan *plan, struct ps_plan_pod *pod)
{
    struct ps_resolve_target targets[PS_EXPOSURES_MAX];
    struct ps_resolve_patch patch = {.body = PS_STR("")};
    size_t count = find_targets(plan, pod, targets);
    patch_pod(plan, pod, count, targets, &patch);
    for (size_t i = 0; i < count && !pod->node_pending; i++) {
        note_waiting(plan, pod, &targets[i], has_started(&patch, targets[i].exposure));
    }
    for (size_t i = 0; i < patch.stale_count; i++) {
        ps_plan_notice_pod(plan, &pod->item->facts, &patch.stale[i]);
        note_stale(plan, pod, &patch.stale[i]);
    }
}

/* One that has the label, but was not injected, got the label from somebody else. */
static bool is_missing(const struct ps_plan *plan, const struct ps_plan_pod *pod)
{
    return pod->status.len == 0 && !plan->withdrawn && !ps_plan_is_over(pod->object) &&
           !ps_item_is_opted_out(pod->object);
}

void ps_plan_pods(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->pod_count; i++) {
        struct ps_plan_pod *pod = &plan->pods[i];
        if (is_missing(plan, pod)) {
            note_missing(plan, &pod->item->facts);
        } else if (pod->status.len > 0 && !pod->injected.served) {
            plan->desire->tally.brokers[PS_BROKER_UNKNOWN]++;
            note_unknown(plan, pod);
        } else if (pod->status.len > 0) {
            plan->desire->tally.brokers[PS_BROKER_INJECTED]++;
            ps_plan_listening(plan, pod);
            if (pod->item->facts.node.len > 0) {
                plan_pod(plan, pod);
            }
        }
    }
    for (size_t i = 0; i < plan->bare_count; i++) {
        note_missing(plan, &plan->bare[i]->facts);
    }
}
