/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "plan_facts.h"
#include "portside/resolve.h"

/* After this a pod that is bound and has no endpoint is reported. */
#define WAITING_MS 10000U
#define LOOK_MIN_MS 1000U
#define LOOK_MAX_MS 30000U

struct ps_event_subject ps_plan_subject(const struct ps_item_facts *facts)
{
    return (struct ps_event_subject){PS_STR("apps/v1"), PS_STR("StatefulSet"),
                                     facts->namespace_name, facts->name, facts->uid};
}

static void add_notice(const struct ps_plan *plan, const struct ps_event_subject *subject,
                       const struct ps_event *event)
{
    struct ps_desire *desire = plan->desire;
    if (desire->notice_count < plan->notice_room) {
        desire->notices[desire->notice_count++] = (struct ps_notice){*subject, *event};
    }
}

static void notice_pod(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                       const struct ps_finding *finding)
{
    struct ps_event event = ps_finding_event(plan->arena, finding);
    const struct ps_event_subject subject = {PS_STR("v1"), PS_STR("Pod"),
                                             pod->item->facts.namespace_name, pod->item->facts.name,
                                             pod->item->facts.uid};
    add_notice(plan, &subject, &event);
}

static void again(const struct ps_plan *plan, uint64_t at_ms)
{
    if (at_ms < plan->desire->again_ms) {
        plan->desire->again_ms = at_ms;
    }
}

static const struct ps_json *find_object(size_t count, const struct ps_json *const *objects,
                                         struct ps_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (ps_str_equal(ps_json_get_text(ps_json_get(objects[i], "metadata"), "name"), name)) {
            return objects[i];
        }
    }
    return NULL;
}

static struct ps_resolved resolve(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                                  size_t index)
{
    const struct ps_exposure *exposure = &plan->exposures.list[index];
    struct ps_str service =
        ps_service_name_for(plan->arena, exposure, plan->owner.name, pod->ordinal);
    const struct ps_resolve_input input = {
        .exposure = exposure,
        .facts = {pod->ordinal, pod->item->facts.name, plan->owner.name,
                  plan->owner.namespace_name},
        .listener_port = plan->listener_ports[index],
        .rack_label = plan->exposures.rack_label,
        .service = find_object(plan->service_count, plan->services, service),
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
                         const struct ps_resolve_target *target)
{
    struct ps_str host;
    struct ps_str port;
    ps_endpoint_of_pod(pod->object, target->exposure, &host, &port);
    if (target->resolved.known || host.len > 0) {
        return;
    }
    look_again(plan, pod);
    if (plan->now_ms < pod->item->bound_ms + WAITING_MS) {
        return;
    }
    const struct ps_finding finding = {
        .kind = PS_FINDING_WAITING,
        .exposure = target->exposure->name,
        .object = ps_arena_printf(plan->arena, "pod %.*s", PS_FMT(pod->item->facts.name)),
        .detail = target->resolved.reason,
    };
    notice_pod(plan, pod, &finding);
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

static void plan_pod(const struct ps_plan *plan, struct ps_plan_pod *pod)
{
    struct ps_resolve_target targets[PS_EXPOSURES_MAX];
    struct ps_resolve_patch patch = {.body = PS_STR("")};
    for (size_t i = 0; i < plan->exposures.count; i++) {
        targets[i] = (struct ps_resolve_target){&plan->exposures.list[i], resolve(plan, pod, i)};
        pod->resolved[i] = targets[i].resolved;
        if (!pod->node_pending) {
            note_waiting(plan, pod, &targets[i]);
        }
    }
    if (pod->node == NULL && plan->exposures.rack_label.len > 0) {
        return; /* the broker reads rack and endpoint at one time */
    }
    ps_endpoint_patch(plan->arena, pod->object, plan->injection.broker.container_name,
                      plan->exposures.count, targets, &patch);
    if (patch.body.len > 0) {
        plan->desire->patches[plan->desire->patch_count++] =
            (struct ps_pod_patch){pod->item->facts.name, patch.body};
    }
    for (size_t i = 0; i < patch.stale_count; i++) {
        notice_pod(plan, pod, &patch.stale[i]);
        note_stale(plan, pod, &patch.stale[i]);
    }
}

static enum ps_endpoint_state endpoint_state(const struct ps_broker_state *broker)
{
    if (broker->host.len == 0) {
        return PS_ENDPOINT_WAITING;
    }
    return broker->was.len > 0 ? PS_ENDPOINT_STALE : PS_ENDPOINT_KNOWN;
}

/* Pods of an older or newer revision may lack an exposure: only what they carry is resolved. */
static void plan_pods(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->pod_count; i++) {
        struct ps_plan_pod *pod = &plan->pods[i];
        if (pod->status.len > 0 && pod->item->facts.node.len > 0) {
            plan_pod(plan, pod);
        }
    }
}

static struct ps_str rack_of(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                             size_t index)
{
    struct ps_str rack = pod->resolved[index].rack;
    if (rack.len > 0 || plan->exposures.rack_label.len == 0) {
        return rack;
    }
    return ps_json_get_text(ps_json_get2(pod->object, "metadata", "annotations"),
                            PS_ANNOTATION_RACK);
}

static struct ps_broker_state broker_state(const struct ps_plan *plan,
                                           const struct ps_plan_pod *pod, size_t index)
{
    const struct ps_resolved *resolved = &pod->resolved[index];
    struct ps_broker_state state = {
        .ordinal = pod->ordinal,
        .pod = pod->item->facts.name,
        .node = pod->item->facts.node,
        .rack = rack_of(plan, pod, index),
        .was = pod->was[index],
    };
    ps_endpoint_of_pod(pod->object, &plan->exposures.list[index], &state.host, &state.port);
    if (resolved->known) {
        state.host = resolved->host;
        state.port = resolved->port;
    }
    return state;
}

static struct ps_str protocol_of(const struct ps_plan *plan, size_t index)
{
    enum ps_protocol protocol = plan->exposures.list[index].protocol;
    if (protocol == PS_PROTOCOL_MIRROR && plan->injection.delivery == PS_DELIVERY_ENV &&
        plan->injection.plan.results != NULL) {
        protocol = plan->injection.plan.results[index].protocol;
    }
    return protocol == PS_PROTOCOL_MIRROR ? PS_STR("") : ps_str_of(ps_protocol_name(protocol));
}

/* What is not read yet would be missing in the status for a moment; its answer makes a new plan. */
static bool is_incomplete(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->pod_count; i++) {
        if (plan->pods[i].node_pending) {
            return true;
        }
    }
    return false;
}

static void plan_status(const struct ps_plan *plan, size_t index)
{
    struct ps_broker_state *brokers =
        PS_ARENA_ARRAY(plan->arena, struct ps_broker_state, plan->pod_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < plan->pod_count; i++) {
        if (plan->pods[i].status.len > 0) {
            struct ps_broker_state broker = broker_state(plan, &plan->pods[i], index);
            plan->desire->tally.endpoints[endpoint_state(&broker)]++;
            plan->desire->tally.listeners[broker.listening]++;
            brokers[count++] = broker;
        }
    }
    if (is_incomplete(plan)) {
        return;
    }
    struct ps_str name =
        ps_status_name(plan->arena, plan->exposures.list[index].name, plan->owner.name);
    const struct ps_status_input input = {
        .owner = &plan->owner,
        .exposure = &plan->exposures.list[index],
        .protocol = protocol_of(plan, index),
        .broker_count = count,
        .brokers = brokers,
        .observed = find_object(plan->map_count, plan->maps, name),
    };
    struct ps_action action = {.kind = PS_ACTION_NONE};
    ps_status_plan(plan->arena, &input, &action);
    if (action.kind != PS_ACTION_NONE) {
        plan->desire->actions[plan->desire->action_count++] = action;
    }
}

/* The status goes with the Services when portside no longer serves the StatefulSet. */
static void withdraw_status(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->map_count; i++) {
        const struct ps_json *metadata = ps_json_get(plan->maps[i], "metadata");
        struct ps_str role = ps_json_get_text(ps_json_get(metadata, "labels"), PS_LABEL_ROLE);
        if (ps_service_is_ours(plan->maps[i]) && ps_str_is(role, "status")) {
            plan->desire->actions[plan->desire->action_count++] = (struct ps_action){
                .kind = PS_ACTION_DELETE,
                .object = PS_OBJECT_CONFIG_MAP,
                .name = ps_json_get_text(metadata, "name"),
                .uid = ps_json_get_text(metadata, "uid"),
                .resource_version = ps_json_get_text(metadata, "resourceVersion"),
                .ordinal = -1,
            };
        }
    }
}

static size_t injected_count(const struct ps_plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->pod_count; i++) {
        count += plan->pods[i].status.len > 0;
    }
    return count;
}

static const struct ps_str *refused_services(const struct ps_plan *plan, size_t *ret_count)
{
    size_t room = 0;
    for (const struct ps_refused *one = plan->set->refused; one != NULL; one = one->next) {
        room++;
    }
    struct ps_str *names = PS_ARENA_ARRAY(plan->arena, struct ps_str, room + 1);
    for (const struct ps_refused *one = plan->set->refused; one != NULL; one = one->next) {
        if (one->times >= PS_REFUSED_TIMES) {
            names[(*ret_count)++] = ps_str_of(one->service);
        }
    }
    return names;
}

static void plan_services(const struct ps_plan *plan, struct ps_service_plan *ret_plan)
{
    struct ps_service_pod *pods =
        PS_ARENA_ARRAY(plan->arena, struct ps_service_pod, plan->pod_count + 1);
    size_t refused_count = 0;
    const struct ps_str *refused = refused_services(plan, &refused_count);
    for (size_t i = 0; i < plan->pod_count; i++) {
        pods[i] = (struct ps_service_pod){plan->pods[i].ordinal, plan->pods[i].status};
    }
    const struct ps_service_input input = {
        .policy = &plan->controller->config->policy,
        .owner = &plan->owner,
        .exposures = &plan->exposures,
        .withdrawn = plan->withdrawn,
        .pod_count = plan->pod_count,
        .pods = pods,
        .service_count = plan->service_count,
        .services = plan->services,
        .network_policy_count = plan->policy_count,
        .network_policies = plan->policies,
        .pod_labels = plan->pod_labels,
        .record = find_object(plan->map_count, plan->maps,
                              ps_service_record_name(plan->arena, plan->owner.name)),
        .listener_ports = plan->listener_ports,
        .refused_count = refused_count,
        .refused = refused,
    };
    ps_service_plan(plan->arena, &input, ret_plan);
}

static void report(const struct ps_plan *plan)
{
    for (size_t i = 0; i < plan->desire->action_count; i++) {
        const struct ps_action *action = &plan->desire->actions[i];
        if (action->kind == PS_ACTION_REPORT) {
            struct ps_event_subject subject = ps_plan_subject(&plan->statefulset->facts);
            add_notice(plan, &subject, &action->event);
        }
    }
}

static void plan_all(struct ps_plan *plan)
{
    struct ps_desire *desire = plan->desire;
    struct ps_service_plan services = {0};
    plan_services(plan, &services);
    size_t room = services.count + plan->exposures.count + plan->map_count;
    desire->actions = PS_ARENA_ARRAY(plan->arena, struct ps_action, room + 1);
    for (size_t i = 0; i < services.count; i++) {
        desire->actions[desire->action_count++] = services.actions[i];
    }
    desire->patches = PS_ARENA_ARRAY(plan->arena, struct ps_pod_patch, plan->pod_count + 1);
    plan->notice_room = room + 2 * plan->pod_count * (plan->exposures.count + 1);
    desire->notices = PS_ARENA_ARRAY(plan->arena, struct ps_notice, plan->notice_room + 1);
    plan_pods(plan);
    for (size_t i = 0; i < plan->exposures.count && !plan->withdrawn; i++) {
        plan_status(plan, i);
    }
    if (plan->withdrawn && injected_count(plan) == 0) {
        withdraw_status(plan);
    }
    report(plan);
}

void ps_plan(struct ps_controller *controller, const struct ps_set *set,
             struct ps_desire *ret_desire)
{
    struct ps_plan plan = {
        .controller = controller,
        .set = set,
        .arena = controller->arena,
        .now_ms = ps_kube_now_ms(controller->kube),
        .desire = ret_desire,
    };
    *ret_desire = (struct ps_desire){.again_ms = PS_NEVER};
    if (ps_plan_gather(&plan)) {
        plan_all(&plan);
    }
}
