/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include "plan_facts.h"
#include "portside/resolve.h"

/* About one exposure of one pod, at most. */
#define NOTICES_MAX 3U
/* About rights that the account lacks. */
#define RIGHTS_MAX 4U

struct ps_event_subject ps_plan_subject(const struct ps_item_facts *facts)
{
    return (struct ps_event_subject){PS_STR("apps/v1"), PS_STR("StatefulSet"),
                                     facts->namespace_name, facts->name, facts->uid};
}

const struct ps_json *ps_plan_find(size_t count, const struct ps_json *const *objects,
                                   struct ps_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (ps_str_equal(ps_json_get_text(ps_json_get(objects[i], "metadata"), "name"), name)) {
            return objects[i];
        }
    }
    return NULL;
}

static enum ps_endpoint_state endpoint_state(const struct ps_broker_state *broker)
{
    if (broker->host.len == 0) {
        return PS_ENDPOINT_WAITING;
    }
    return broker->was.len > 0 ? PS_ENDPOINT_STALE : PS_ENDPOINT_KNOWN;
}

static struct ps_str rack_of(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                             size_t index)
{
    struct ps_str rack = pod->resolved[index].rack;
    if (rack.len > 0 || ps_plan_rack_label(plan, pod).len == 0) {
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
        .listening = pod->listening[index],
    };
    ps_endpoint_of_pod(pod->object, ps_plan_exposure(plan, pod, index), &state.host, &state.port);
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
        if (plan->pods[i].status.len > 0 &&
            ps_injected_carries(&plan->pods[i].injected, plan->exposures.list[index].name)) {
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
        .observed = ps_plan_find(plan->map_count, plan->maps, name),
    };
    struct ps_action action = {.kind = PS_ACTION_NONE};
    ps_status_plan(plan->arena, &input, &action);
    bool unwanted = plan->withdrawn && action.kind == PS_ACTION_CREATE;
    if (action.kind != PS_ACTION_NONE && !unwanted) {
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

/* Annotations that somebody else has set may hold anything. */
static bool is_node_port(const struct ps_plan *plan, struct ps_str text, uint64_t *ret_port)
{
    const struct ps_policy *policy = &plan->controller->config->policy;
    return ps_str_to_uint(text, UINT16_MAX, ret_port) && *ret_port >= policy->node_port_min &&
           *ret_port <= policy->node_port_max;
}

static const struct ps_service_port *advertised_ports(const struct ps_plan *plan, size_t *ret_count)
{
    size_t room = plan->pod_count * plan->exposures.count;
    struct ps_service_port *list = PS_ARENA_ARRAY(plan->arena, struct ps_service_port, room + 1);
    for (size_t i = 0; i < room; i++) {
        const struct ps_plan_pod *pod = &plan->pods[i / plan->exposures.count];
        const struct ps_exposure *exposure = ps_plan_exposure(plan, pod, i % plan->exposures.count);
        struct ps_str host;
        struct ps_str text;
        uint64_t port;
        ps_endpoint_of_pod(pod->object, exposure, &host, &text);
        if (exposure->type == PS_EXPOSURE_NODE_PORT && exposure->advertised_port.len == 0 &&
            is_node_port(plan, text, &port)) {
            struct ps_str name =
                ps_service_name_for(plan->arena, exposure, plan->owner.name, pod->ordinal);
            list[(*ret_count)++] = (struct ps_service_port){name, (uint32_t)port};
        }
    }
    return list;
}

static void plan_services(const struct ps_plan *plan, struct ps_service_plan *ret_plan)
{
    struct ps_service_pod *pods =
        PS_ARENA_ARRAY(plan->arena, struct ps_service_pod, plan->pod_count + 1);
    size_t refused_count = 0;
    const struct ps_str *refused = refused_services(plan, &refused_count);
    size_t advertised_count = 0;
    const struct ps_service_port *advertised = advertised_ports(plan, &advertised_count);
    for (size_t i = 0; i < plan->pod_count; i++) {
        const struct ps_plan_pod *pod = &plan->pods[i];
        pods[i] = (struct ps_service_pod){pod->ordinal, pod->status, pod->object, pod->made};
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
        .record = ps_plan_find(plan->map_count, plan->maps,
                               ps_service_record_name(plan->arena, plan->owner.name)),
        .advertised_count = advertised_count,
        .advertised = advertised,
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
            ps_plan_add_notice(plan, &subject, &action->event);
        }
    }
}

static void drop_unsafe(const struct ps_plan *plan)
{
    struct ps_desire *desire = plan->desire;
    size_t count = 0;
    for (size_t i = 0; i < desire->action_count; i++) {
        if (ps_plan_is_safe(plan, &desire->actions[i])) {
            desire->actions[count++] = desire->actions[i];
        }
    }
    desire->action_count = count;
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
    plan->notice_room = room + RIGHTS_MAX + plan->bare_count +
                        plan->pod_count * (1 + NOTICES_MAX * plan->exposures.count);
    desire->notices = PS_ARENA_ARRAY(plan->arena, struct ps_notice, plan->notice_room + 1);
    ps_plan_pods(plan);
    bool withdraws = plan->withdrawn && injected_count(plan) == 0;
    for (size_t i = 0; i < plan->exposures.count && !withdraws; i++) {
        plan_status(plan, i);
    }
    if (withdraws) {
        withdraw_status(plan);
    }
    drop_unsafe(plan);
    report(plan);
    ps_plan_tell_blindness(plan);
}

void ps_plan(struct ps_controller *controller, struct ps_set *set, struct ps_desire *ret_desire)
{
    struct ps_plan plan = {
        .controller = controller,
        .set = set,
        .name_hash = ps_hash_mix(PS_HASH_BEGIN, ps_str_of(set->name)),
        .arena = controller->arena,
        .now_ms = ps_kube_now_ms(controller->kube),
        .desire = ret_desire,
    };
    *ret_desire = (struct ps_desire){.again_ms = PS_NEVER};
    if (ps_plan_gather(&plan)) {
        plan_all(&plan);
    }
}
