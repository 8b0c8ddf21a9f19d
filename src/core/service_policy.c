/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NetworkPolicy of allow-from.
 *
 * A pod that any policy selects refuses all ingress that no policy allows. So ours has to allow
 * every port but the guarded ones, unless others isolate the pods already.
 */
#include "label_select.h"
#include "portside/service.h"
#include "service_digest.h"
#include "service_spec.h"

#define PORT_LAST 65535

static void put_range(struct ps_jw *jw, const char *protocol, uint32_t first, uint32_t last)
{
    if (first > last) {
        return;
    }
    ps_jw_object(jw);
    ps_jw_member(jw, "protocol", ps_str_of(protocol));
    ps_jw_member_int(jw, "port", first);
    if (last > first) {
        ps_jw_member_int(jw, "endPort", last);
    }
    ps_jw_object_end(jw);
}

static void put_guard(struct ps_jw *jw, const struct ps_port_guard *guard)
{
    ps_jw_object(jw);
    ps_jw_key(jw, "from");
    ps_jw_array(jw);
    for (size_t i = 0; i < guard->from.count; i++) {
        ps_jw_object(jw);
        ps_jw_key(jw, "ipBlock");
        ps_jw_object(jw);
        ps_jw_member(jw, "cidr", guard->from.list[i]);
        ps_jw_object_end(jw);
        ps_jw_object_end(jw);
    }
    ps_jw_array_end(jw);
    ps_jw_key(jw, "ports");
    ps_jw_array(jw);
    put_range(jw, "TCP", guard->port, guard->port);
    ps_jw_array_end(jw);
    ps_jw_object_end(jw);
}

/* All ports but the guarded ones, from anywhere. */
static void put_others(struct ps_jw *jw, const struct ps_policy_spec *spec)
{
    uint32_t first = 1;
    ps_jw_object(jw);
    ps_jw_key(jw, "ports");
    ps_jw_array(jw);
    for (size_t i = 0; i < spec->guard_count; i++) {
        put_range(jw, "TCP", first, spec->guards[i].port - 1U);
        first = spec->guards[i].port + 1U;
    }
    put_range(jw, "TCP", first, PORT_LAST);
    put_range(jw, "UDP", 1, PORT_LAST);
    put_range(jw, "SCTP", 1, PORT_LAST);
    ps_jw_array_end(jw);
    ps_jw_object_end(jw);
}

void ps_policy_put_spec(struct ps_jw *jw, const struct ps_object *object, bool digest)
{
    const struct ps_policy_spec *spec = object->what;
    (void)digest;
    ps_jw_key(jw, "spec");
    ps_jw_object(jw);
    ps_jw_key(jw, "podSelector");
    ps_jw_object(jw);
    ps_jw_key(jw, "matchLabels");
    ps_jw_object(jw);
    ps_jw_member(jw, PS_LABEL_STATEFULSET, spec->statefulset);
    ps_jw_object_end(jw);
    ps_jw_object_end(jw);
    ps_jw_key(jw, "policyTypes");
    ps_jw_array(jw);
    ps_jw_str(jw, PS_STR("Ingress"));
    ps_jw_array_end(jw);
    ps_jw_key(jw, "ingress");
    ps_jw_array(jw);
    for (size_t i = 0; i < spec->guard_count; i++) {
        put_guard(jw, &spec->guards[i]);
    }
    if (!spec->isolated) {
        put_others(jw, spec);
    }
    ps_jw_array_end(jw);
    ps_jw_object_end(jw);
}

bool ps_policy_isolates(size_t count, const struct ps_json *const *policies,
                        const struct ps_json *pod_labels, struct ps_str statefulset)
{
    const struct ps_pod_labels labels = {pod_labels, statefulset};
    for (size_t i = 0; i < count; i++) {
        const struct ps_json *spec = ps_json_get(policies[i], "spec");
        const struct ps_json *types = ps_json_get(spec, "policyTypes");
        /* Without types a policy is for ingress, and for egress if it has such rules. */
        bool ingress = ps_json_count(types) == 0 || ps_label_is_listed(PS_STR("Ingress"), types);
        if (ingress && !ps_service_is_ours(policies[i]) &&
            ps_label_selects(ps_json_get(spec, "podSelector"), &labels)) {
            return true;
        }
    }
    return false;
}
