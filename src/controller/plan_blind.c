/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is still done when the account lacks the right to list something. Services and endpoints go
 * on; what could do harm without the knowledge is left undone, and the StatefulSet gets an Event.
 */
#include "plan_facts.h"

/* Among the exposures is one whose node ports are to be open to a few only. */
static bool is_guarded(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->exposures.count; i++) {
        const struct ps_exposure *exposure = &plan->exposures.list[i];
        if (exposure->type == PS_EXPOSURE_NODE_PORT && exposure->service.allow_from.count > 0) {
            return true;
        }
    }
    return false;
}

static bool is_any_advertised(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->pod_count; i++) {
        for (size_t j = 0; j < plan->exposures.count; j++) {
            struct ps_str host;
            struct ps_str port;
            ps_endpoint_of_pod(plan->pods[i].object, &plan->exposures.list[j], &host, &port);
            if (host.len > 0) {
                return true;
            }
        }
    }
    return false;
}

/* Ours, whose rules are brought to what they should be; one of that name may be foreign. */
static bool is_policy_there(const struct ps_plan *plan)
{
    struct ps_str name = ps_service_policy_name(plan->arena, plan->owner.name);
    const struct ps_json *policy = ps_plan_find(plan->policy_count, plan->policies, name);
    const struct ps_json *metadata = ps_json_get(policy, "metadata");
    return ps_service_is_ours(policy) && ps_json_get(metadata, "deletionTimestamp") == NULL &&
           ps_str_equal(ps_json_get_text(ps_json_get(metadata, "labels"), PS_LABEL_STATEFULSET),
                        plan->owner.name);
}

/*
 * A Service goes only when its pod is known to be gone and its port is recorded. One that was lost
 * would get another port without the record, unless its broker advertises that. One that is to be
 * open to a few is not made while nothing keeps the others out.
 */
static bool is_safe_for_service(const struct ps_plan *plan, const struct ps_action *action)
{
    if (action->kind == PS_ACTION_DELETE) {
        return !plan->blind_pods && !plan->blind_maps;
    }
    if (action->kind != PS_ACTION_CREATE) {
        return true;
    }
    return (!is_guarded(plan) || is_policy_there(plan)) &&
           !(plan->blind_maps && plan->blind_pods) &&
           !(plan->blind_maps && action->ordinal < 0 && is_any_advertised(plan));
}

/* One that we do not see would be overwritten; the status is made of pods, the record is not. */
static bool is_safe_for_map(const struct ps_plan *plan, const struct ps_action *action)
{
    bool record = ps_str_equal(action->name, ps_service_record_name(plan->arena, plan->owner.name));
    return !plan->blind_maps && (record || !plan->blind_pods);
}

bool ps_plan_is_safe(const struct ps_plan *plan, const struct ps_action *action)
{
    if (action->kind == PS_ACTION_REPORT) {
        return true;
    }
    switch (action->object) {
    case PS_OBJECT_SERVICE:
        return is_safe_for_service(plan, action);
    case PS_OBJECT_CONFIG_MAP:
        return is_safe_for_map(plan, action);
    case PS_OBJECT_NETWORK_POLICY:
        return !plan->blind_policies && (action->kind != PS_ACTION_DELETE || !plan->blind_pods);
    }
    return false;
}

static void tell(const struct ps_plan *plan, const char *right, const char *undone)
{
    const struct ps_finding finding = {
        .kind = PS_FINDING_FORBIDDEN,
        .object = ps_str_of(undone),
        .detail = ps_str_of(right),
    };
    struct ps_event event = ps_finding_event(plan->arena, &finding);
    struct ps_event_subject subject = ps_plan_subject(&plan->statefulset->facts);
    ps_plan_add_notice(plan, &subject, &event);
}

static bool lacks_a_node(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->pod_count; i++) {
        const struct ps_plan_pod *pod = &plan->pods[i];
        if (pod->node == NULL && pod->item->facts.node.len > 0 &&
            ps_node_is_forbidden(plan->controller, pod->item->facts.node)) {
            return true;
        }
    }
    return false;
}

void ps_plan_tell_blindness(const struct ps_plan *plan)
{
    const struct {
        bool is_so;
        const char *right;
        const char *undone;
    } rows[] = {
        {plan->blind_pods, "list and watch pods", "no endpoint and no status is written"},
        {plan->blind_maps, "list and watch configmaps",
         "bootstrap.servers and the record of ports are not kept"},
        {plan->blind_policies && is_guarded(plan), "list and watch networkpolicies",
         "no Service with 'allow-from' is made"},
        {lacks_a_node(plan), "get nodes", "no endpoint with a node's address is written"},
    };
    for (size_t i = 0; i < PS_COUNT(rows); i++) {
        if (rows[i].is_so && !plan->withdrawn) {
            tell(plan, rows[i].right, rows[i].undone);
        }
    }
}
