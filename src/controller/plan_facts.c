/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_facts.h"

#include "portside/log.h"
#include "portside/template.h"

#include <inttypes.h>

/* It is looked this often whether the NetworkPolicies are known by now, or refused. */
#define POLICIES_MS 1000U
/* Of a StatefulSet's pods that are not injected, in one plan. */
#define BARE_ASKED_MAX 16U

static const struct ps_json *parse(const struct ps_plan *plan, struct ps_str text)
{
    struct ps_json *root = NULL;
    struct ps_error err;
    if (!ps_ok(ps_json_parse(plan->arena, text, &root, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "an object that was kept cannot be read",
               PS_LOG_STR("problem", ps_str_of(err.message)));
        return NULL;
    }
    return root;
}

/* The objects of a kind in the StatefulSet's namespace. */
static const struct ps_item *neighbours(const struct ps_plan *plan, enum ps_kind kind)
{
    return ps_store_first(&plan->controller->store, kind, ps_str_of(plan->set->namespace_name));
}

/* Of one in the same namespace. */
static bool concerns(const struct ps_plan *plan, const struct ps_item *item)
{
    return item->owner_hash == plan->name_hash && ps_str_is(item->facts.owner, plan->set->name);
}

/* One that belongs to another StatefulSet may have a name that this one would give. */
static bool may_collide(const struct ps_plan *plan, const struct ps_item *item)
{
    return ps_str_contains(item->facts.name, plan->set->name);
}

/* Objects of a kind that belong to the StatefulSet; all: those of its namespace. */
static const struct ps_json **objects_of(const struct ps_plan *plan, enum ps_kind kind, bool all,
                                         size_t *ret_count)
{
    const struct ps_item *first = neighbours(plan, kind);
    size_t room = 0;
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        room++;
    }
    const struct ps_json **list = PS_ARENA_ARRAY(plan->arena, const struct ps_json *, room + 1);
    *ret_count = 0;
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        bool wanted = all || concerns(plan, item) || may_collide(plan, item);
        const struct ps_json *object = wanted ? parse(plan, item->facts.text) : NULL;
        if (object != NULL) {
            list[(*ret_count)++] = object;
        }
    }
    return list;
}

static void read_pod(struct ps_plan *plan, const struct ps_item *item)
{
    struct ps_plan_pod pod = {.item = item, .status = PS_STR("")};
    pod.object = parse(plan, item->facts.text);
    if (pod.object == NULL || !ps_owner_ordinal(&plan->owner, item->facts.name, &pod.ordinal)) {
        return;
    }
    const struct ps_json *annotations = ps_json_get2(pod.object, "metadata", "annotations");
    pod.status = ps_json_get_text(annotations, PS_ANNOTATION_STATUS);
    ps_injected_read(plan->arena, pod.status, &pod.injected);
    if (pod.injected.served) {
        ps_plan_made_as(plan, &pod);
    }
    for (size_t i = 0; i < PS_EXPOSURES_MAX; i++) {
        pod.resolved[i] = (struct ps_resolved){.reason = PS_STR("")};
        pod.was[i] = PS_STR("");
        pod.listening[i] = PS_LISTENING_UNKNOWN;
    }
    if (pod.status.len > 0 && item->facts.node.len > 0) {
        const struct ps_node *node =
            ps_node_fresh(plan->controller, item->facts.node, item->moved_ms);
        pod.node = node == NULL ? NULL : parse(plan, ps_str_of(node->text));
        pod.node_pending = node == NULL && !ps_node_fails(plan->controller, item->facts.node);
    }
    plan->pods[plan->pod_count++] = pod;
}

static void read_pods(struct ps_plan *plan)
{
    const struct ps_item *first = neighbours(plan, PS_KIND_POD);
    size_t room = 0;
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        room += concerns(plan, item);
    }
    plan->pods = PS_ARENA_ARRAY(plan->arena, struct ps_plan_pod, room + 1);
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        if (concerns(plan, item)) {
            read_pod(plan, item);
        }
    }
}

/*
 * Only of a StatefulSet that portside would inject. Pods of one template are alike but for their
 * ordinals, so what admission says of some holds for the rest.
 */
static void read_bare(struct ps_plan *plan, const struct ps_json *statefulset)
{
    bool injects = false;
    size_t asked = 0;
    const struct ps_item *first = neighbours(plan, PS_KIND_BARE_POD);
    size_t room = 0;
    uint64_t ordinal;
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        room += concerns(plan, item);
    }
    plan->bare = PS_ARENA_ARRAY(plan->arena, const struct ps_item *, room + 1);
    for (const struct ps_item *item = first; item != NULL; item = item->next) {
        if (!concerns(plan, item) || !ps_owner_ordinal(&plan->owner, item->facts.name, &ordinal)) {
            continue;
        }
        if (asked < BARE_ASKED_MAX) {
            asked++;
            injects = ps_plan_would_inject(plan, statefulset, item->facts.name);
        }
        if (injects) {
            plan->bare[plan->bare_count++] = item;
        }
    }
}

static void find_listener_ports(struct ps_plan *plan)
{
    const struct ps_injection *injection = &plan->injection;
    if (injection->verdict != PS_VERDICT_INJECT || injection->delivery != PS_DELIVERY_ENV) {
        return;
    }
    for (size_t i = 0; i < plan->exposures.count; i++) {
        plan->listener_ports[i] =
            ps_plan_port_in(injection->plan.listeners, plan->exposures.list[i].listener_name);
    }
}

/* Nobody was told of annotations that are older than the label of the namespace. */
static void tell_invalid(struct ps_plan *plan, struct ps_str problem)
{
    const struct ps_finding finding = {.kind = PS_FINDING_INVALID, .detail = problem};
    struct ps_event event = ps_finding_event(plan->arena, &finding);
    struct ps_event_subject subject = ps_plan_subject(&plan->statefulset->facts);
    plan->notice_room = 1;
    plan->desire->notices = PS_ARENA_ARRAY(plan->arena, struct ps_notice, 1);
    ps_plan_add_notice(plan, &subject, &event);
}

/*
 * Who opts out says nothing about the brokers that run with their listeners: until they are made
 * anew, they are served by what is asked for besides. Where that cannot be read, they stay as they
 * are.
 */
static void look_past_opt_out(struct ps_plan *plan)
{
    struct ps_exposures exposures;
    struct ps_exposure_problem problem;
    struct ps_json *wishes = ps_json_copy(plan->arena, plan->wishes);
    (void)ps_json_object_remove(wishes, PS_STR(PS_ANNOTATION_PREFIX "inject"));
    if (ps_exposures_parse(plan->arena, &plan->controller->config->policy, wishes, &exposures,
                           &problem)) {
        plan->wishes = wishes;
        plan->exposures = exposures;
    }
}

/* False if the annotations are wrong; admission has said so to whoever wrote them. */
static bool read_wishes(struct ps_plan *plan, const struct ps_json *statefulset)
{
    const struct ps_json *template = ps_json_get2(statefulset, "spec", "template");
    const struct ps_json *metadata = ps_json_get(template, "metadata");
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    plan->wishes = ps_template_effective(
        plan->arena, ps_json_get2(statefulset, "metadata", "annotations"), metadata);
    if (!ps_exposures_parse(plan->arena, &plan->controller->config->policy, plan->wishes,
                            &plan->exposures, &problem)) {
        PS_LOG(PS_LOG_LEVEL_WARN, "annotations are invalid, nothing is changed",
               PS_LOG_STR("namespace", plan->owner.namespace_name),
               PS_LOG_STR("name", plan->owner.name), PS_LOG_STR("problem", problem.message));
        tell_invalid(plan, problem.message);
        return false;
    }
    plan->opted_out = plan->exposures.opted_out;
    if (plan->opted_out) {
        look_past_opt_out(plan);
    }
    plan->pod_labels = ps_json_get(metadata, "labels");
    ps_inject_decide(plan->arena, metadata, ps_json_get(template, "spec"), &plan->exposures,
                     &plan->injection);
    find_listener_ports(plan);
    return true;
}

/* They matter to allow-from, and where one of ours is left from before. */
static bool wants_policies(const struct ps_plan *plan)
{
    const struct ps_item *own = neighbours(plan, PS_KIND_OWN_POLICY);
    for (; own != NULL; own = own->next) {
        if (concerns(plan, own)) {
            return true;
        }
    }
    for (size_t i = 0; i < plan->exposures.count; i++) {
        if (plan->exposures.list[i].service.allow_from.count > 0) {
            return true;
        }
    }
    return false;
}

/* False if the NetworkPolicies matter and are not known yet. */
static bool read_policies(struct ps_plan *plan, const struct ps_space *space)
{
    if (space->policies == NULL && !wants_policies(plan)) {
        return true;
    }
    plan->blind_policies = ps_follow_is_refused(space->policies);
    if (plan->blind_policies) {
        return true;
    }
    if (space->policies == NULL || !space->policies->known) {
        plan->desire->wants_policies = true;
        plan->desire->again_ms = plan->now_ms + POLICIES_MS;
        return false;
    }
    plan->policies = objects_of(plan, PS_KIND_NETWORK_POLICY, true, &plan->policy_count);
    return true;
}

/* What keeps admission from injecting, an obstacle in the template, keeps it from all brokers. */
static bool injects_first(const struct ps_plan *plan, const struct ps_json *statefulset)
{
    struct ps_str pod =
        ps_arena_printf(plan->arena, "%.*s-%" PRIu64, PS_FMT(plan->owner.name), plan->owner.start);
    return ps_plan_would_inject(plan, statefulset, pod);
}

/* Of what is passed over nothing is known either; that never is in a namespace with the label. */
static bool is_blind(const struct ps_plan *plan, const struct ps_space *space, enum ps_kind kind)
{
    const struct ps_follow *follow = plan->controller->follows[kind];
    return ps_follow_is_refused(follow) || (!space->labelled && follow->misses);
}

bool ps_plan_gather(struct ps_plan *plan)
{
    struct ps_str namespace_name = ps_str_of(plan->set->namespace_name);
    const struct ps_space *space = ps_space_find(plan->controller, namespace_name);
    plan->statefulset = ps_store_find(&plan->controller->store, PS_KIND_STATEFULSET, namespace_name,
                                      ps_str_of(plan->set->name));
    if (plan->statefulset == NULL) {
        plan->desire->gone = space == NULL || space->statefulsets->known;
        return false;
    }
    const struct ps_json *statefulset = parse(plan, plan->statefulset->facts.text);
    if (space == NULL || !ps_owner_read(statefulset, &plan->owner) || plan->owner.deleting ||
        !read_wishes(plan, statefulset) || !read_policies(plan, space)) {
        return false;
    }
    plan->withdrawn = !space->labelled || plan->opted_out ||
                      plan->injection.verdict != PS_VERDICT_INJECT ||
                      !injects_first(plan, statefulset);
    plan->blind_pods = is_blind(plan, space, PS_KIND_POD);
    plan->blind_maps = is_blind(plan, space, PS_KIND_CONFIG_MAP);
    plan->services = objects_of(plan, PS_KIND_SERVICE, false, &plan->service_count);
    plan->maps = objects_of(plan, PS_KIND_CONFIG_MAP, false, &plan->map_count);
    read_pods(plan);
    if (!plan->withdrawn) {
        read_bare(plan, statefulset);
    }
    return true;
}
