/* SPDX-License-Identifier: Apache-2.0 */
#include "set_warn.h"

#include <inttypes.h>

#include "exposure_keys.h"
#include "template_copy.h"

/* Of the annotations that a rollout gives effect to; a warning should not be longer. */
#define NAMED_MAX 3

/* "portside.dev/type, protocol": the second one of a domain goes without it. */
static void put_key(struct ps_buf *names, struct ps_str key)
{
    struct ps_str prefix = PS_STR(PS_ANNOTATION_PREFIX);
    bool short_form = ps_str_starts(ps_buf_view(names), PS_ANNOTATION_PREFIX) &&
                      ps_str_starts(key, PS_ANNOTATION_PREFIX);
    ps_buf_puts(names, names->len == 0 ? "" : ", ");
    ps_buf_put(names, short_form ? ps_str_slice(key, prefix.len, key.len) : key);
}

/* Adds key, if a rollout would give it effect. */
static void put_waiting(struct ps_buf *names, size_t *count, const struct ps_json *annotations,
                        const struct ps_json *template_metadata, struct ps_str key)
{
    if (!ps_exposure_is_with_pod(key) || !ps_template_lags(annotations, template_metadata, key)) {
        return;
    }
    if (*count < NAMED_MAX) {
        put_key(names, key);
    }
    ++*count;
}

void ps_set_warn_rollout(struct ps_warnings *warnings, const struct ps_review *review,
                         const struct ps_json *annotations, const struct ps_json *template_metadata)
{
    struct ps_buf names;
    size_t count = 0;
    ps_buf_init(&names, warnings->arena, 128);
    PS_JSON_EACH(stated, annotations)
    {
        put_waiting(&names, &count, annotations, template_metadata, ps_json_key(stated));
    }
    PS_JSON_EACH(copy, ps_json_get(template_metadata, "annotations"))
    {
        if (ps_json_get_str(annotations, ps_json_key(copy)) == NULL) {
            put_waiting(&names, &count, annotations, template_metadata, ps_json_key(copy));
        }
    }
    if (count > NAMED_MAX) {
        ps_buf_printf(&names, " and %zu more", count - NAMED_MAX);
    }
    if (count > 0) {
        ps_warn(warnings, "%.*s %s after: kubectl rollout restart statefulset/%.*s -n %.*s",
                PS_FMT(ps_buf_view(&names)), count == 1 ? "applies" : "apply", PS_FMT(review->name),
                PS_FMT(review->namespace_name));
    }
}

void ps_set_warn_own(struct ps_warnings *warnings, const struct ps_json *annotations)
{
    PS_JSON_EACH(annotation, annotations)
    {
        struct ps_str key = ps_json_key(annotation);
        if (ps_exposure_is_own_key(key) && !ps_str_is(key, PS_ANNOTATION_COPIED)) {
            ps_warn(warnings,
                    "%.*s has no effect on a StatefulSet: remove it, portside itself writes it on "
                    "pods",
                    PS_FMT(key));
        }
    }
}

static uint64_t replicas_of(const struct ps_json *statefulset)
{
    int64_t replicas = 1; /* StatefulSet.spec.replicas defaults to 1 */
    (void)ps_json_to_int(ps_json_get2(statefulset, "spec", "replicas"), &replicas);
    return replicas > 0 ? (uint64_t)replicas : 0;
}

/* True if each broker advertises a node port of its own, counted from node-port-base. */
static bool counts_ports(const struct ps_exposure *exposure)
{
    return exposure != NULL && exposure->type == PS_EXPOSURE_NODE_PORT &&
           exposure->node_port_base > 0 && exposure->advertised_port.len == 0 &&
           !exposure->service.shared_port;
}

static void warn_port_base(struct ps_warnings *warnings, const struct ps_exposure *before,
                           const struct ps_exposure *after, uint64_t brokers)
{
    if (!counts_ports(before) || !counts_ports(after) ||
        before->node_port_base == after->node_port_base) {
        return;
    }
    uint64_t by = before->node_port_base > after->node_port_base
                      ? before->node_port_base - after->node_port_base
                      : after->node_port_base - before->node_port_base;
    struct ps_str key =
        ps_exposure_annotation(warnings->arena, after->name, PS_EXPOSURE_KEY_NODE_PORT_BASE);
    if (by < brokers) {
        ps_warn(warnings,
                "%.*s: until the rollout ends a broker may advertise another's port: move it by "
                "%" PRIu64 " or more",
                PS_FMT(key), brokers);
    }
}

void ps_set_warn_ports(struct ps_warnings *warnings, const struct ps_policy *policy,
                       const struct ps_review *review, const struct ps_exposures *exposures)
{
    struct ps_exposures before;
    struct ps_exposure_problem problem;
    const struct ps_json *template = ps_json_get2(review->old_object, "spec", "template");
    uint64_t was = replicas_of(review->old_object);
    uint64_t is = replicas_of(review->object);
    /* What runs was made by the template's annotations, not by those of the StatefulSet. */
    if (review->operation != PS_OPERATION_UPDATE ||
        !ps_exposures_parse(warnings->arena, policy,
                            ps_json_get2(template, "metadata", "annotations"), &before, &problem)) {
        return;
    }
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *after = &exposures->list[i];
        warn_port_base(warnings, ps_exposures_find(&before, after->name), after,
                       was > is ? was : is);
    }
}
