/* SPDX-License-Identifier: Apache-2.0 */
/* The Services of one exposure: one for each broker, or one shared, and bootstrap. */
#include <inttypes.h>
#include <stdlib.h>

#include "port_record.h"
#include "service_digest.h"
#include "service_plan.h"
#include "service_spec.h"

/* Kubernetes' own label of a StatefulSet's pods. */
#define LABEL_POD_NAME "statefulset.kubernetes.io/pod-name"
/* More brokers than any node port range has ports. */
#define BROKERS_MAX 4096
#define PORT_LAST 65535

struct ps_exposure ps_service_as_made(const struct ps_service_input *input, size_t index,
                                      const struct ps_service_pod *pod)
{
    struct ps_exposure exposure = input->exposures->list[index];
    const struct ps_exposure *made = NULL;
    uint16_t port = input->listener_ports == NULL ? 0 : input->listener_ports[index];
    if (pod != NULL && pod->made != NULL) {
        made = ps_exposures_find(pod->made, exposure.name);
    }
    exposure.listener_port = port > 0 ? port : exposure.listener_port;
    if (made != NULL) {
        exposure.listener_port = made->listener_port;
        exposure.type = made->type;
        exposure.node_port_base = made->node_port_base;
    }
    return exposure;
}

static const struct ps_service_pod *pod_of(const struct ps_service_input *input, uint64_t ordinal)
{
    for (size_t i = 0; i < input->pod_count; i++) {
        if (input->pods[i].ordinal == ordinal) {
            return &input->pods[i];
        }
    }
    return NULL;
}

static bool is_made_alike(const struct ps_service_input *input, size_t index,
                          const struct ps_service_pod *a, const struct ps_service_pod *b)
{
    struct ps_exposure left = ps_service_as_made(input, index, a);
    struct ps_exposure right = ps_service_as_made(input, index, b);
    return left.type == right.type && left.listener_port == right.listener_port;
}

/* How most of the brokers were made, of which a Service of all can only follow one kind. */
static struct ps_exposure as_most_are_made(const struct ps_service_input *input, size_t index)
{
    const struct ps_service_pod *best = NULL;
    size_t best_count = 0;
    for (size_t i = 0; i < input->pod_count; i++) {
        size_t count = 0;
        bool leads = i == 0 || input->pods[i].made != input->pods[i - 1].made;
        for (size_t j = 0; leads && j < input->pod_count; j++) {
            count += is_made_alike(input, index, &input->pods[i], &input->pods[j]);
        }
        if (count > best_count) {
            best = &input->pods[i];
            best_count = count;
        }
    }
    return ps_service_as_made(input, index, best);
}

bool ps_service_is_of(const struct ps_json *object, const struct ps_owner *owner)
{
    return ps_service_is_ours(object) &&
           ps_str_equal(ps_label_of(object, PS_LABEL_STATEFULSET), owner->name);
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void sort_and_unify(struct ps_ordinals *ordinals)
{
    size_t kept = 0;
    qsort(ordinals->list, ordinals->count, sizeof(ordinals->list[0]), by_value);
    for (size_t i = 0; i < ordinals->count; i++) {
        if (i == 0 || ordinals->list[i] != ordinals->list[kept - 1]) {
            ordinals->list[kept++] = ordinals->list[i];
        }
    }
    ordinals->count = kept;
}

/* At replicas 0 all Services stay, so those that are there are wished for. */
static void add_observed(struct ps_ordinals *ordinals, const struct ps_service_input *input,
                         const struct ps_exposure *exposure)
{
    for (size_t i = 0; i < input->service_count; i++) {
        const struct ps_json *service = input->services[i];
        uint64_t ordinal = 0;
        if (ps_service_is_of(service, input->owner) &&
            ps_str_equal(ps_label_of(service, PS_LABEL_EXPOSURE), exposure->name) &&
            ps_str_to_uint(ps_label_of(service, PS_LABEL_ORDINAL), INT32_MAX, &ordinal)) {
            ordinals->list[ordinals->count++] = ordinal;
        }
    }
}

struct ps_ordinals ps_service_ordinals(struct ps_arena *arena, const struct ps_service_input *input,
                                       const struct ps_exposure *exposure)
{
    const struct ps_owner *owner = input->owner;
    uint64_t replicas = owner->replicas > BROKERS_MAX ? BROKERS_MAX : owner->replicas;
    size_t room = (size_t)replicas + input->pod_count + input->service_count + 1;
    struct ps_ordinals ordinals = {.list = PS_ARENA_ARRAY(arena, uint64_t, room)};
    for (uint64_t i = 0; i < replicas; i++) {
        ordinals.list[ordinals.count++] = owner->start + i;
    }
    for (size_t i = 0; i < input->pod_count; i++) {
        ordinals.list[ordinals.count++] = input->pods[i].ordinal;
    }
    if (replicas == 0) {
        add_observed(&ordinals, input, exposure);
    }
    sort_and_unify(&ordinals);
    return ordinals;
}

static const struct ps_json *find_service(const struct ps_service_input *input, struct ps_str name)
{
    for (size_t i = 0; i < input->service_count; i++) {
        if (ps_str_equal(ps_json_get_text(ps_json_get(input->services[i], "metadata"), "name"),
                         name)) {
            return input->services[i];
        }
    }
    return NULL;
}

static void put_annotations(struct ps_service_planner *planner, struct ps_object *object,
                            const struct ps_exposure_pairs *pairs,
                            const struct ps_template_facts *facts)
{
    struct ps_exposure_pair *list =
        PS_ARENA_ARRAY(planner->arena, struct ps_exposure_pair, pairs->count + 1);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct ps_exposure_pair *pair = &pairs->list[i];
        if (!ps_exposure_annotation_allowed(planner->input->policy, pair->name)) {
            struct ps_action report =
                ps_object_report(planner->arena, object, PS_FINDING_POLICY, pair->name);
            ps_service_planner_add(planner, &report);
            continue;
        }
        list[object->annotation_count++] = (struct ps_exposure_pair){
            pair->name, ps_template_expand(planner->arena, pair->value, facts)};
    }
    object->annotations = list;
}

/* Plans a Service, unless it can never be. */
static void plan_service(struct ps_service_planner *planner, struct ps_object *object,
                         struct ps_service_spec *spec)
{
    struct ps_str flaw = ps_service_name_flaw(planner->arena, object->name);
    const struct ps_json *observed = find_service(planner->input, object->name);
    struct ps_action action;
    planner->names[planner->name_count] = object->name;
    planner->node_ports[planner->name_count++] = spec->node_port;
    if (flaw.len > 0) {
        action = ps_object_report(planner->arena, object, PS_FINDING_NAME_INVALID, flaw);
    } else if (spec->node_port > PORT_LAST) {
        struct ps_str port = ps_arena_printf(planner->arena, "%u", (unsigned)spec->node_port);
        action = ps_object_report(planner->arena, object, PS_FINDING_PORT_OUT_OF_RANGE, port);
    } else {
        spec->kept_port = ps_service_node_port(observed);
        if (spec->kept_port == 0) {
            spec->kept_port = ps_port_record_find(planner->input, object->name);
        }
        object->what = spec;
        action = ps_object_plan(planner->arena, object, observed);
    }
    ps_service_planner_add(planner, &action);
}

static struct ps_object new_object(const struct ps_service_planner *planner,
                                   const struct ps_exposure *exposure, const char *role)
{
    return (struct ps_object){
        .owner = planner->input->owner,
        .exposure = exposure->name,
        .role = role,
        .ordinal = -1,
        .owned = true,
        .kind = PS_OBJECT_SERVICE,
        .put = ps_service_put_spec,
    };
}

static uint32_t wished_port(const struct ps_exposure *exposure, uint64_t addend)
{
    /* ordinals are below 2^31, ports below 2^16: no overflow */
    return exposure->node_port_base == 0 ? 0 : exposure->node_port_base + (uint32_t)addend;
}

static void plan_broker(struct ps_service_planner *planner, const struct ps_exposure *exposure,
                        uint64_t ordinal)
{
    const struct ps_owner *owner = planner->input->owner;
    struct ps_arena *arena = planner->arena;
    struct ps_template_facts facts = {
        .ordinal = ordinal,
        .pod = ps_arena_printf(arena, "%.*s-%" PRIu64, PS_FMT(owner->name), ordinal),
        .statefulset = owner->name,
        .namespace_name = owner->namespace_name,
    };
    struct ps_service_spec spec = {
        .exposure = exposure,
        .listener_port = exposure->listener_port,
        .selector_label = PS_STR(LABEL_POD_NAME),
        .selector_value = facts.pod,
        .local = !exposure->service.cluster_policy,
        .also_not_ready = true,
        .node_port = wished_port(exposure, ordinal),
    };
    const struct ps_exposure_texts *ips = &exposure->service.load_balancer_ips;
    if (ordinal >= owner->start && ordinal - owner->start < ips->count) {
        spec.load_balancer_ip = ips->list[ordinal - owner->start];
    }
    struct ps_object object = new_object(planner, exposure, "broker");
    object.name = ps_service_broker_name(arena, exposure->name, owner->name, ordinal);
    object.ordinal = (int64_t)ordinal;
    put_annotations(planner, &object, &exposure->service.annotations, &facts);
    plan_service(planner, &object, &spec);
}

/* A Service of all brokers. */
static void plan_common(struct ps_service_planner *planner, const struct ps_exposure *exposure,
                        const char *role, struct ps_str name, struct ps_service_spec *spec)
{
    const struct ps_owner *owner = planner->input->owner;
    const struct ps_service_options *options = &exposure->service;
    struct ps_template_facts facts = {
        .ordinal = owner->start,
        .statefulset = owner->name,
        .namespace_name = owner->namespace_name,
    };
    spec->exposure = exposure;
    spec->listener_port = exposure->listener_port;
    spec->selector_label = PS_STR(PS_LABEL_STATEFULSET);
    spec->selector_value = owner->name;
    struct ps_object object = new_object(planner, exposure, role);
    object.name = name;
    put_annotations(planner, &object,
                    spec->also_not_ready ? &options->annotations : &options->bootstrap_annotations,
                    &facts);
    plan_service(planner, &object, spec);
}

static void plan_shared(struct ps_service_planner *planner, const struct ps_exposure *exposure)
{
    struct ps_service_spec spec = {
        .local = true,
        .also_not_ready = true,
        .node_port = wished_port(exposure, 0),
    };
    plan_common(planner, exposure, "shared",
                ps_service_shared_name(planner->arena, exposure->name, planner->input->owner->name),
                &spec);
}

/*
 * Policy Cluster, so that it answers on every node. That hides the client's address, by which a
 * NetworkPolicy decides; so with allow-from it is Local.
 */
static void plan_bootstrap(struct ps_service_planner *planner, const struct ps_exposure *exposure)
{
    const struct ps_service_options *options = &exposure->service;
    struct ps_service_spec spec = {
        .local = exposure->type == PS_EXPOSURE_NODE_PORT && options->allow_from.count > 0,
        .node_port = options->bootstrap_node_port,
    };
    plan_common(
        planner, exposure, "bootstrap",
        ps_service_bootstrap_name(planner->arena, exposure->name, planner->input->owner->name),
        &spec);
}

/* Room for n more desired names. */
static void reserve_names(struct ps_service_planner *planner, size_t n)
{
    size_t room = planner->name_count + n;
    struct ps_str *names = PS_ARENA_ARRAY(planner->arena, struct ps_str, room + 1);
    uint32_t *node_ports = PS_ARENA_ARRAY(planner->arena, uint32_t, room + 1);
    for (size_t i = 0; i < planner->name_count; i++) {
        names[i] = planner->names[i];
        node_ports[i] = planner->node_ports[i];
    }
    planner->names = names;
    planner->node_ports = node_ports;
}

void ps_service_plan_exposure(struct ps_service_planner *planner, size_t index)
{
    const struct ps_service_input *input = planner->input;
    const struct ps_exposure *wish = &input->exposures->list[index];
    const struct ps_exposure common = as_most_are_made(input, index);
    struct ps_ordinals ordinals = {.count = 0};
    if (!wish->service.shared_port) {
        ordinals = ps_service_ordinals(planner->arena, input, wish);
    }
    reserve_names(planner, ordinals.count + 2);
    for (size_t i = 0; i < ordinals.count; i++) {
        uint64_t ordinal = ordinals.list[i];
        struct ps_exposure exposure = ps_service_as_made(input, index, pod_of(input, ordinal));
        if (exposure.type != PS_EXPOSURE_NONE) {
            plan_broker(planner, &exposure, ordinal);
        }
    }
    if (wish->service.shared_port) {
        struct ps_exposure shared = *wish;
        shared.listener_port = common.listener_port;
        plan_shared(planner, &shared);
    }
    if (!wish->service.no_bootstrap && common.type != PS_EXPOSURE_NONE) {
        plan_bootstrap(planner, &common);
    }
}
