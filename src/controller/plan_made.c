/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As what the pods were made that are there. A pod is made with the annotations of its template and
 * the installation's defaults of then, which its status keeps, and it keeps its listeners when
 * others are asked for: portside never starts a rollout.
 */
#include "plan_facts.h"
#include "portside/service.h"
#include "portside/template.h"

uint16_t ps_plan_port_in(struct ps_str listeners, struct ps_str name)
{
    struct ps_str element;
    uint64_t port;
    while (ps_str_split(&listeners, ',', &element)) {
        element = ps_str_trim(element);
        size_t end = ps_str_find(element, PS_STR("://"), 0);
        size_t colon = ps_str_last_index(element, ':');
        if (end < element.len && ps_str_equal_nocase(ps_str_slice(element, 0, end), name) &&
            ps_str_to_uint(ps_str_slice(element, colon + 1, element.len), UINT16_MAX, &port)) {
            return (uint16_t)port;
        }
    }
    return 0;
}

/* What the hook is told: "external=PORTSIDE:9194:mirror,…". */
static uint16_t port_for_hook(struct ps_str text, struct ps_str exposure)
{
    struct ps_str element;
    uint64_t port;
    while (ps_str_split(&text, ',', &element)) {
        size_t equals = ps_str_index(element, '=');
        struct ps_str rest = ps_str_slice(element, equals + 1, element.len);
        size_t colon = ps_str_index(rest, ':');
        rest = ps_str_slice(rest, colon + 1, rest.len);
        if (ps_str_equal(ps_str_slice(element, 0, equals), exposure) &&
            ps_str_to_uint(ps_str_slice(rest, 0, ps_str_index(rest, ':')), UINT16_MAX, &port)) {
            return (uint16_t)port;
        }
    }
    return 0;
}

/* The port that the pod's own variables name; 0: none does. */
static uint16_t bound_port(const struct ps_json *pod, const struct ps_exposure *exposure)
{
    uint16_t found = 0;
    PS_JSON_EACH(variable, ps_json_get2(pod, "spec", "listeners"))
    {
        struct ps_str value = ps_json_get_text(variable, "value");
        bool hook = ps_str_is(ps_json_get_text(variable, "name"), "PORTSIDE_LISTENERS");
        uint16_t port = hook ? port_for_hook(value, exposure->name)
                             : ps_plan_port_in(value, exposure->listener_name);
        found = port > 0 ? port : found;
    }
    return found;
}

/* The port that pods made now would bind for the exposure at index. */
static uint16_t wished_port(const struct ps_plan *plan, size_t index)
{
    uint16_t port = plan->listener_ports[index];
    return port > 0 ? port : plan->exposures.list[index].listener_port;
}

static const struct ps_json *annotations_of(const struct ps_json *pod)
{
    return ps_json_get2(pod, "metadata", "annotations");
}

/* The port that the pod binds for own, which is asked for at index. */
static uint16_t made_port(const struct ps_plan *plan, size_t index, const struct ps_json *pod,
                          const struct ps_exposure *own)
{
    const struct ps_exposure *wish = &plan->exposures.list[index];
    uint16_t bound = bound_port(pod, own);
    bool same = own->listener_port == wish->listener_port &&
                ps_str_equal(own->listener_name, wish->listener_name);
    if (bound > 0) {
        return bound;
    }
    return same ? wished_port(plan, index) : own->listener_port;
}

/* Puts in the ports that the pod binds; true if one of them is not as is asked for now. */
static bool put_ports(const struct ps_plan *plan, const struct ps_json *pod,
                      struct ps_exposures *made)
{
    bool differs = false;
    for (size_t i = 0; i < plan->exposures.count; i++) {
        for (size_t j = 0; j < made->count; j++) {
            struct ps_exposure *own = &made->list[j];
            if (ps_str_equal(own->name, plan->exposures.list[i].name)) {
                own->listener_port = made_port(plan, i, pod, own);
                differs |= own->listener_port != wished_port(plan, i);
            }
        }
    }
    return differs;
}

/* The pod before this one was made alike: one copy does for both. NULL: it was not. */
static const struct ps_plan_pod *made_before(const struct ps_plan *plan,
                                             const struct ps_plan_pod *pod)
{
    if (plan->pod_count == 0) {
        return NULL;
    }
    const struct ps_plan_pod *last = &plan->pods[plan->pod_count - 1];
    bool alike = last->injected.served && !last->beyond_limits &&
                 !ps_user_keys_differ(annotations_of(last->object), annotations_of(pod->object)) &&
                 ps_json_equal(last->injected.defaults, pod->injected.defaults) &&
                 ps_json_equal(ps_json_get2(last->object, "spec", "listeners"),
                               ps_json_get2(pod->object, "spec", "listeners"));
    return alike ? last : NULL;
}

/* By the pod's annotations and the defaults of then; false if they cannot be read. */
static bool read_within(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                        struct ps_policy limits, struct ps_exposures *ret_made)
{
    struct ps_str defaults[PS_CONFIG_DEFAULTS_MAX];
    struct ps_exposure_problem problem;
    if (pod->injected.defaults != NULL) {
        ps_injected_defaults(&pod->injected, defaults);
        limits.annotation_defaults = defaults;
    }
    return ps_exposures_parse(plan->arena, &limits, annotations_of(pod->object), ret_made,
                              &problem);
}

/* The broker's Service is there, and of the type and with the port that own asks for. */
static bool stands(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                   const struct ps_exposure *own)
{
    struct ps_str name = ps_service_name_for(plan->arena, own, plan->owner.name, pod->ordinal);
    const struct ps_json *service = ps_plan_find(plan->service_count, plan->services, name);
    const struct ps_json *spec = ps_json_get(service, "spec");
    const struct ps_json *port = ps_json_first(ps_json_get(spec, "ports"));
    int64_t wanted = (int64_t)own->node_port_base;
    int64_t found = 0;
    wanted += wanted > 0 && !own->service.shared_port ? (int64_t)pod->ordinal : 0;
    (void)ps_json_to_int(ps_json_get(port, "nodePort"), &found);
    return ps_service_is_ours(service) &&
           ps_str_is(ps_json_get_text(spec, "type"), ps_exposure_type_name(own->type)) &&
           (wanted == 0 || !ps_exposure_has_node_ports(own) || wanted == found);
}

/*
 * A limit is for pods that are made from then on. But whoever may change a pod could write anything
 * into its annotations; so beyond the limits only what stands goes on, and nothing is granted anew.
 */
static bool read_beyond(const struct ps_plan *plan, struct ps_plan_pod *pod,
                        struct ps_exposures *ret_made)
{
    struct ps_policy unlimited = plan->controller->config->policy;
    unlimited.types_allowed = PS_STR("");
    unlimited.node_port_min = 1;
    unlimited.node_port_max = UINT16_MAX;
    pod->beyond_limits =
        pod->injected.defaults != NULL && read_within(plan, pod, unlimited, ret_made);
    for (size_t i = 0; pod->beyond_limits && i < ret_made->count; i++) {
        const struct ps_exposure *own = &ret_made->list[i];
        pod->beyond_limits = own->type == PS_EXPOSURE_NONE || stands(plan, pod, own);
    }
    return pod->beyond_limits;
}

void ps_plan_made_as(const struct ps_plan *plan, struct ps_plan_pod *pod)
{
    const struct ps_policy *policy = &plan->controller->config->policy;
    const struct ps_plan_pod *before = made_before(plan, pod);
    bool differs = ps_user_keys_differ(plan->wishes, annotations_of(pod->object)) ||
                   ps_injected_defaults_differ(&pod->injected, policy);
    if (before != NULL) {
        pod->made = before->made;
        return;
    }
    struct ps_exposures *made = PS_ARENA_ARRAY(plan->arena, struct ps_exposures, 1);
    /* What portside cannot read any more is taken to be as is asked for now. */
    if (!differs || (!read_within(plan, pod, *policy, made) && !read_beyond(plan, pod, made))) {
        *made = plan->exposures;
        differs = false;
    }
    differs |= put_ports(plan, pod->object, made);
    pod->made = differs ? made : NULL;
}

const struct ps_exposure *ps_plan_exposure(const struct ps_plan *plan,
                                           const struct ps_plan_pod *pod, size_t index)
{
    const struct ps_exposure *wish = &plan->exposures.list[index];
    const struct ps_exposure *made =
        pod->made == NULL ? NULL : ps_exposures_find(pod->made, wish->name);
    return made == NULL ? wish : made;
}

struct ps_str ps_plan_rack_label(const struct ps_plan *plan, const struct ps_plan_pod *pod)
{
    return pod->made == NULL ? plan->exposures.rack_label : pod->made->rack_label;
}

uint16_t ps_plan_listener_port(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                               size_t index)
{
    const struct ps_exposure *made = ps_plan_exposure(plan, pod, index);
    return made == &plan->exposures.list[index] ? wished_port(plan, index) : made->listener_port;
}
