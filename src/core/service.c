/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/service.h"

#include <stdlib.h>

#include "port_record.h"
#include "portside/injected.h"
#include "portside/resolve.h"
#include "service_digest.h"
#include "service_plan.h"
#include "service_spec.h"

void ps_service_planner_add(struct ps_service_planner *planner, const struct ps_action *action)
{
    if (action->kind == PS_ACTION_NONE) {
        return;
    }
    if (planner->count == planner->room) {
        size_t room = planner->room == 0 ? 16 : 2 * planner->room;
        struct ps_action *actions = PS_ARENA_ARRAY(planner->arena, struct ps_action, room);
        for (size_t i = 0; i < planner->count; i++) {
            actions[i] = planner->actions[i];
        }
        planner->actions = actions;
        planner->room = room;
    }
    planner->actions[planner->count++] = *action;
}

static int by_port(const void *a, const void *b)
{
    uint16_t left = ((const struct ps_port_guard *)a)->port;
    uint16_t right = ((const struct ps_port_guard *)b)->port;
    return left < right ? -1 : left > right;
}

/* Two exposures may share a listener; then whoever one of them lets in is let in. */
static void add_guard(struct ps_arena *arena, struct ps_policy_spec *spec,
                      struct ps_port_guard *guards, const struct ps_port_guard *guard)
{
    for (size_t i = 0; i < spec->guard_count; i++) {
        struct ps_exposure_texts *from = &guards[i].from;
        if (guards[i].port == guard->port) {
            struct ps_str *all =
                PS_ARENA_ARRAY(arena, struct ps_str, from->count + guard->from.count);
            for (size_t j = 0; j < from->count + guard->from.count; j++) {
                all[j] = j < from->count ? from->list[j] : guard->from.list[j - from->count];
            }
            *from = (struct ps_exposure_texts){from->count + guard->from.count, all};
            return;
        }
    }
    guards[spec->guard_count++] = *guard;
}

/* Another pod before this one (NULL: what is asked for) has the same port for the exposure. */
static bool is_guarded_by_then(const struct ps_service_input *input, size_t index, size_t pod,
                               uint16_t port)
{
    bool found = ps_service_as_made(input, index, NULL).listener_port == port;
    for (size_t i = 0; i < pod && !found; i++) {
        found = input->pods[i].made != NULL &&
                ps_service_as_made(input, index, &input->pods[i]).listener_port == port;
    }
    return found;
}

/* The ports of brokers that were made with another one are guarded as well. */
static void add_guards(const struct ps_service_planner *planner, size_t index,
                       struct ps_policy_spec *spec, struct ps_port_guard *guards)
{
    const struct ps_service_input *input = planner->input;
    struct ps_exposure wish = ps_service_as_made(input, index, NULL);
    struct ps_port_guard guard = {wish.listener_port, wish.service.allow_from};
    if (wish.type != PS_EXPOSURE_NODE_PORT || guard.from.count == 0) {
        return;
    }
    add_guard(planner->arena, spec, guards, &guard);
    for (size_t i = 0; i < input->pod_count; i++) {
        if (input->pods[i].made != NULL) {
            guard.port = ps_service_as_made(input, index, &input->pods[i]).listener_port;
            if (!is_guarded_by_then(input, index, i, guard.port)) {
                add_guard(planner->arena, spec, guards, &guard);
            }
        }
    }
}

/*
 * Only if others isolate the brokers that run, too, whose labels may be those of another revision:
 * a pod that our policy alone selects would lose all of its other ports.
 */
static bool is_isolated(const struct ps_service_input *input)
{
    size_t count = input->network_policy_count;
    struct ps_str statefulset = input->owner->name;
    bool isolated =
        ps_policy_isolates(count, input->network_policies, input->pod_labels, statefulset);
    for (size_t i = 0; i < input->pod_count && isolated; i++) {
        const struct ps_json *pod = input->pods[i].object;
        const struct ps_json *labels = ps_json_get2(pod, "metadata", "labels");
        isolated =
            pod == NULL || ps_policy_isolates(count, input->network_policies, labels, statefulset);
    }
    return isolated;
}

static struct ps_policy_spec guards_of(const struct ps_service_planner *planner)
{
    const struct ps_service_input *input = planner->input;
    struct ps_policy_spec spec = {.statefulset = input->owner->name};
    size_t room = input->exposures->count * (input->pod_count + 1);
    struct ps_port_guard *guards = PS_ARENA_ARRAY(planner->arena, struct ps_port_guard, room + 1);
    for (size_t i = 0; i < input->exposures->count; i++) {
        add_guards(planner, i, &spec, guards);
    }
    qsort(guards, spec.guard_count, sizeof(guards[0]), by_port);
    spec.guards = guards;
    spec.isolated = is_isolated(input);
    return spec;
}

static const struct ps_json *find_policy(const struct ps_service_input *input, struct ps_str name)
{
    for (size_t i = 0; i < input->network_policy_count; i++) {
        const struct ps_json *policy = input->network_policies[i];
        if (ps_str_equal(ps_json_get_text(ps_json_get(policy, "metadata"), "name"), name)) {
            return policy;
        }
    }
    return NULL;
}

void ps_service_plan_policy(struct ps_service_planner *planner)
{
    const struct ps_service_input *input = planner->input;
    struct ps_policy_spec spec = guards_of(planner);
    const struct ps_object object = {
        .owner = input->owner,
        .name = ps_service_policy_name(planner->arena, input->owner->name),
        .role = "allow-from",
        .ordinal = -1,
        .owned = true,
        .kind = PS_OBJECT_NETWORK_POLICY,
        .put = ps_policy_put_spec,
        .what = &spec,
    };
    const struct ps_json *observed = find_policy(input, object.name);
    struct ps_action action = {.kind = PS_ACTION_NONE};
    if (spec.guard_count > 0) {
        action = ps_object_plan(planner->arena, &object, observed);
    } else if (ps_service_is_of(observed, input->owner) && !ps_object_is_deleting(observed)) {
        action = ps_object_delete(PS_OBJECT_NETWORK_POLICY, observed);
    }
    ps_service_planner_add(planner, &action);
}

static bool is_desired(const struct ps_service_planner *planner, struct ps_str name)
{
    for (size_t i = 0; i < planner->name_count; i++) {
        if (ps_str_equal(planner->names[i], name)) {
            return true;
        }
    }
    return false;
}

/* Whether the pod was injected with the exposure, by its annotation portside.dev/status. */
static bool carries(struct ps_arena *arena, const struct ps_service_pod *pod,
                    struct ps_str exposure)
{
    struct ps_injected injected;
    if (pod->status.len == 0) {
        return false;
    }
    ps_injected_read(arena, pod->status, &injected);
    return ps_injected_carries(&injected, exposure);
}

/*
 * Whether the pod's broker advertises the port for the exposure: now, or since it was started, of
 * which the mark PS_ANNOTATION_STALE tells as long as it runs.
 */
static bool advertises(struct ps_arena *arena, const struct ps_service_pod *pod,
                       struct ps_str exposure, uint32_t port)
{
    struct ps_json *marks = NULL;
    struct ps_str text = ps_arena_printf(arena, "%u", (unsigned)port);
    struct ps_str key = ps_arena_printf(arena, "%.*s.portside.dev/port", PS_FMT(exposure));
    struct ps_str stale = ps_annotation_of(pod->object, PS_STR(PS_ANNOTATION_STALE));
    if (ps_str_equal(ps_annotation_of(pod->object, key), text)) {
        return true;
    }
    if (stale.len == 0 || !ps_ok(ps_json_parse(arena, stale, &marks, NULL))) {
        return false;
    }
    struct ps_str was = ps_json_get_text(ps_json_get_str(marks, exposure), "was");
    size_t colon = ps_str_last_index(was, ':');
    return ps_str_equal(ps_str_slice(was, colon + 1, was.len), text);
}

/* A node port that another Service is asked to have is not held back from it. */
static bool is_wished(const struct ps_service_planner *planner, uint32_t port)
{
    for (size_t i = 0; i < planner->name_count; i++) {
        if (planner->node_ports[i] == port) {
            return true;
        }
    }
    return false;
}

/*
 * True if a Service that is no longer asked for must stay, because brokers that still run advertise
 * it: portside never starts a rollout.
 */
static bool is_in_use(const struct ps_service_planner *planner, const struct ps_json *service)
{
    const struct ps_service_input *input = planner->input;
    struct ps_str exposure = ps_label_of(service, PS_LABEL_EXPOSURE);
    uint64_t ordinal = 0;
    uint32_t port = ps_service_node_port(service);
    bool single = ps_str_to_uint(ps_label_of(service, PS_LABEL_ORDINAL), INT32_MAX, &ordinal);
    bool asked = ps_exposures_find(input->exposures, exposure) != NULL;
    if (asked && (port == 0 || is_wished(planner, port))) {
        return false;
    }
    for (size_t i = 0; i < input->pod_count; i++) {
        const struct ps_service_pod *pod = &input->pods[i];
        if (single && pod->ordinal != ordinal) {
            continue;
        }
        if (asked ? advertises(planner->arena, pod, exposure, port)
                  : carries(planner->arena, pod, exposure)) {
            return true;
        }
    }
    return false;
}

/* One that another StatefulSet of that name owned goes with it, or is taken back. */
static bool may_delete(const struct ps_service_input *input, const struct ps_json *service)
{
    const struct ps_json *owners = ps_json_get2(service, "metadata", "ownerReferences");
    return ps_service_is_of(service, input->owner) && !ps_object_is_deleting(service) &&
           (ps_json_count(owners) == 0 || ps_object_has_owner(service, input->owner->uid));
}

static int by_name(const void *a, const void *b)
{
    return ps_str_compare(((const struct ps_action *)a)->name, ((const struct ps_action *)b)->name);
}

/* all: whatever is ours. */
static void plan_deletions(struct ps_service_planner *planner, bool all)
{
    const struct ps_service_input *input = planner->input;
    size_t first = planner->count;
    for (size_t i = 0; i < input->service_count; i++) {
        const struct ps_json *service = input->services[i];
        struct ps_action deletion = ps_object_delete(PS_OBJECT_SERVICE, service);
        if (may_delete(input, service) &&
            (all || (!is_desired(planner, deletion.name) && !is_in_use(planner, service)))) {
            ps_service_planner_add(planner, &deletion);
        }
    }
    if (planner->count > first) {
        qsort(&planner->actions[first], planner->count - first, sizeof(planner->actions[0]),
              by_name);
    }
}

static bool has_injected_pod(const struct ps_service_input *input)
{
    for (size_t i = 0; i < input->pod_count; i++) {
        if (input->pods[i].status.len > 0) {
            return true;
        }
    }
    return false;
}

/* Injected brokers go on being served as they are, until the last one is gone. */
static void plan_withdrawal(struct ps_service_planner *planner)
{
    const struct ps_service_input *input = planner->input;
    const struct ps_json *policy =
        find_policy(input, ps_service_policy_name(planner->arena, input->owner->name));
    if (has_injected_pod(input)) {
        return;
    }
    if (ps_service_is_of(policy, input->owner) && !ps_object_is_deleting(policy)) {
        struct ps_action deletion = ps_object_delete(PS_OBJECT_NETWORK_POLICY, policy);
        ps_service_planner_add(planner, &deletion);
    }
    plan_deletions(planner, true);
}

static void plan_all(struct ps_service_planner *planner)
{
    for (size_t i = 0; i < planner->input->exposures->count; i++) {
        ps_service_plan_exposure(planner, i);
    }
    ps_service_plan_policy(planner);
    struct ps_action record = ps_port_record_plan(planner->arena, planner->input);
    ps_service_planner_add(planner, &record);
    plan_deletions(planner, false);
}

void ps_service_plan(struct ps_arena *arena, const struct ps_service_input *input,
                     struct ps_service_plan *ret_plan)
{
    struct ps_service_planner planner = {.arena = arena, .input = input};
    /* What belongs to a StatefulSet that is on its way out goes with it. */
    if (!input->owner->deleting) {
        bool withdrawn = input->withdrawn || input->exposures->opted_out;
        if (withdrawn) {
            plan_withdrawal(&planner);
        } else {
            plan_all(&planner);
        }
    }
    *ret_plan = (struct ps_service_plan){planner.count, planner.actions};
}
