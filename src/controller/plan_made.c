/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As what the pods were made that are there. A pod is made with the annotations of its template and
 * the installation's defaults of then, and keeps its listeners when others are asked for: portside
 * never starts a rollout.
 */
#include "plan_facts.h"
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
static const struct ps_exposures *made_before(const struct ps_plan *plan, const struct ps_json *pod)
{
    if (plan->pod_count == 0) {
        return NULL;
    }
    const struct ps_plan_pod *last = &plan->pods[plan->pod_count - 1];
    bool alike = !ps_user_keys_differ(annotations_of(last->object), annotations_of(pod)) &&
                 ps_json_equal(ps_json_get2(last->object, "spec", "listeners"),
                               ps_json_get2(pod, "spec", "listeners"));
    return alike ? last->made : NULL;
}

const struct ps_exposures *ps_plan_made_as(const struct ps_plan *plan, const struct ps_json *pod)
{
    struct ps_exposure_problem problem;
    const struct ps_exposures *before = made_before(plan, pod);
    bool differs = ps_user_keys_differ(plan->wishes, annotations_of(pod));
    if (before != NULL) {
        return before;
    }
    struct ps_exposures *made = PS_ARENA_ARRAY(plan->arena, struct ps_exposures, 1);
    /* What portside cannot read any more is taken to be as is asked for now. */
    if (!differs || !ps_exposures_parse(plan->arena, &plan->controller->config->policy,
                                        annotations_of(pod), made, &problem)) {
        *made = plan->exposures;
        differs = false;
    }
    differs |= put_ports(plan, pod, made);
    return differs ? made : NULL;
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
