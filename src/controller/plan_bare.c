/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that run without injection though they should have it. Whether a pod made anew would be
 * injected is asked of admission itself, so that the cure in the Event is one.
 */
#include "plan_facts.h"
#include "portside/admit.h"
#include "portside/jw.h"

static void put_copy(struct ps_jw *jw, const struct ps_json *parent, const char *key)
{
    const struct ps_json *member = ps_json_get(parent, key);
    if (member != NULL) {
        ps_jw_key(jw, key);
        ps_jw_copy(jw, member);
    }
}

/* The pod as the StatefulSet's controller would make it. */
static void put_pod(struct ps_jw *jw, const struct ps_plan *plan, const struct ps_json *template,
                    struct ps_str name)
{
    const struct ps_json *metadata = ps_json_get(template, "metadata");
    ps_jw_key(jw, "object");
    ps_jw_object(jw);
    ps_jw_member(jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(jw, "kind", PS_STR("Pod"));
    ps_jw_key(jw, "metadata");
    ps_jw_object(jw);
    ps_jw_member(jw, "name", name);
    ps_jw_member(jw, "namespace", plan->owner.namespace_name);
    put_copy(jw, metadata, "labels");
    put_copy(jw, metadata, "annotations");
    ps_owner_put(jw, &plan->owner, true);
    ps_jw_object_end(jw);
    put_copy(jw, template, "spec");
    ps_jw_object_end(jw);
}

static struct ps_str make_review(const struct ps_plan *plan, const struct ps_json *template,
                                 struct ps_str name)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, plan->arena, 4096);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR("admission.k8s.io/v1"));
    ps_jw_member(&jw, "kind", PS_STR("AdmissionReview"));
    ps_jw_key(&jw, "request");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "uid", plan->owner.uid);
    ps_jw_key(&jw, "kind");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "group", PS_STR(""));
    ps_jw_member(&jw, "version", PS_STR("v1"));
    ps_jw_member(&jw, "kind", PS_STR("Pod"));
    ps_jw_object_end(&jw);
    ps_jw_key(&jw, "resource");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "group", PS_STR(""));
    ps_jw_member(&jw, "version", PS_STR("v1"));
    ps_jw_member(&jw, "resource", PS_STR("pods"));
    ps_jw_object_end(&jw);
    ps_jw_member(&jw, "name", name);
    ps_jw_member(&jw, "namespace", plan->owner.namespace_name);
    ps_jw_member(&jw, "operation", PS_STR("CREATE"));
    put_pod(&jw, plan, template, name);
    ps_jw_object_end(&jw);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

bool ps_plan_would_inject(const struct ps_plan *plan, const struct ps_json *statefulset,
                          struct ps_str pod)
{
    const struct ps_json *template = ps_json_get2(statefulset, "spec", "template");
    struct ps_admission admission;
    struct ps_str review = make_review(plan, template, pod);
    ps_admit(&plan->controller->config->policy, plan->controller->trial, review, &admission);
    bool injects = admission.http_status == 200 && admission.verdict == PS_VERDICT_INJECT;
    ps_arena_reset(plan->controller->trial);
    return injects;
}
