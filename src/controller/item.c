/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts objects to what the planners read: a pod's spec and managedFields are most of its bytes. */
#include "portside/exposure.h"
#include "portside/jw.h"
#include "portside/service.h"
#include "portside/status.h"
#include "store.h"

/* Members of an object that are kept, by kind; metadata is always. */
static const char *const kept[PS_KIND_COUNT][3] = {
    [PS_KIND_NAMESPACE] = {NULL},
    [PS_KIND_STATEFULSET] = {"spec", NULL},
    [PS_KIND_SERVICE] = {"spec", "status", NULL},
    [PS_KIND_POD] = {"status", NULL},
    [PS_KIND_CONFIG_MAP] = {NULL},
    [PS_KIND_NETWORK_POLICY] = {"spec", NULL},
    [PS_KIND_BARE_POD] = {NULL},
    [PS_KIND_OWN_POLICY] = {NULL},
};

static bool is_own_key(struct ps_str key)
{
    return ps_str_contains(key, PS_ANNOTATION_PREFIX) || ps_str_is(key, PS_LABEL_MANAGED_BY);
}

/* Of an object may be a quarter of a megabyte that is of others. */
static void put_own(struct ps_jw *jw, const struct ps_json *texts)
{
    ps_jw_key_str(jw, ps_json_key(texts));
    ps_jw_object(jw);
    PS_JSON_EACH(text, texts)
    {
        if (is_own_key(ps_json_key(text))) {
            ps_jw_key_str(jw, ps_json_key(text));
            ps_jw_copy(jw, text);
        }
    }
    ps_jw_object_end(jw);
}

/* Service annotations may be anything that is asked for; kubectl's is a copy of the object. */
static void put_annotations(struct ps_jw *jw, const struct ps_json *annotations)
{
    ps_jw_key(jw, "annotations");
    ps_jw_object(jw);
    PS_JSON_EACH(annotation, annotations)
    {
        if (!ps_str_is(ps_json_key(annotation),
                       "kubectl.kubernetes.io/last-applied-configuration")) {
            ps_jw_key_str(jw, ps_json_key(annotation));
            ps_jw_copy(jw, annotation);
        }
    }
    ps_jw_object_end(jw);
}

static void put_member(struct ps_jw *jw, enum ps_kind kind, const struct ps_json *member)
{
    struct ps_str key = ps_json_key(member);
    bool annotations = ps_str_is(key, "annotations");
    bool texts = annotations || ps_str_is(key, "labels");
    if ((kind == PS_KIND_POD && annotations) || (kind == PS_KIND_CONFIG_MAP && texts)) {
        put_own(jw, member);
    } else if (annotations) {
        put_annotations(jw, member);
    } else {
        ps_jw_key_str(jw, key);
        ps_jw_copy(jw, member);
    }
}

static void put_metadata(struct ps_jw *jw, enum ps_kind kind, const struct ps_json *metadata)
{
    ps_jw_key(jw, "metadata");
    ps_jw_object(jw);
    PS_JSON_EACH(member, metadata)
    {
        /* The version of a pod is of no use to a plan, and each change would seem to count. */
        struct ps_str key = ps_json_key(member);
        bool version = kind == PS_KIND_POD && ps_str_is(key, "resourceVersion");
        if (!version && !ps_str_is(key, "managedFields")) {
            put_member(jw, kind, member);
        }
    }
    ps_jw_object_end(jw);
}

/* A ConfigMap of ours has a status, or ports; with our label it may have a megabyte of anything. */
static void put_data(struct ps_jw *jw, const struct ps_json *data)
{
    ps_jw_key(jw, "data");
    ps_jw_object(jw);
    PS_JSON_EACH(pair, data)
    {
        struct ps_str key = ps_json_key(pair);
        uint64_t port;
        if (ps_status_has_key(key) || ps_str_to_uint(ps_json_text(pair), UINT16_MAX, &port)) {
            ps_jw_key_str(jw, key);
            ps_jw_copy(jw, pair);
        }
    }
    ps_jw_object_end(jw);
}

/* Variables that name the listeners which a broker binds, and so their ports; no others. */
static bool names_listeners(const struct ps_json *variable)
{
    struct ps_str name = ps_json_get_text(variable, "name");
    return ps_str_ends(name, "LISTENERS") && !ps_str_ends(name, "ADVERTISED_LISTENERS") &&
           ps_json_is_string(ps_json_get(variable, "value"));
}

static void put_listeners(struct ps_jw *jw, const struct ps_json *containers)
{
    ps_jw_key(jw, "listeners");
    ps_jw_array(jw);
    PS_JSON_EACH(container, containers)
    {
        PS_JSON_EACH(variable, ps_json_get(container, "env"))
        {
            if (names_listeners(variable)) {
                ps_jw_copy(jw, variable);
            }
        }
    }
    ps_jw_array_end(jw);
}

static void put_pod_spec(struct ps_jw *jw, const struct ps_json *spec, struct ps_str node)
{
    ps_jw_key(jw, "spec");
    ps_jw_object(jw);
    if (node.len > 0) {
        ps_jw_member(jw, "nodeName", node);
    }
    put_listeners(jw, ps_json_get(spec, "containers"));
    ps_jw_object_end(jw);
}

static struct ps_str cut(struct ps_arena *arena, enum ps_kind kind, const struct ps_json *object,
                         struct ps_str node)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 4096);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    put_metadata(&jw, kind, ps_json_get(object, "metadata"));
    if (kind == PS_KIND_POD) {
        put_pod_spec(&jw, ps_json_get(object, "spec"), node);
    } else if (kind == PS_KIND_CONFIG_MAP) {
        put_data(&jw, ps_json_get(object, "data"));
    }
    for (size_t i = 0; i < PS_COUNT(kept[kind]) && kept[kind][i] != NULL; i++) {
        const struct ps_json *member = ps_json_get(object, kept[kind][i]);
        if (member != NULL) {
            ps_jw_key(&jw, kept[kind][i]);
            ps_jw_copy(&jw, member);
        }
    }
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

/* The StatefulSet that controls a pod; empty: none does. */
static struct ps_str controller_of(const struct ps_json *pod)
{
    PS_JSON_EACH(owner, ps_json_get2(pod, "metadata", "ownerReferences"))
    {
        if (ps_json_is_true(ps_json_get(owner, "controller")) &&
            ps_str_is(ps_json_get_text(owner, "kind"), "StatefulSet")) {
            return ps_json_get_text(owner, "name");
        }
    }
    return PS_STR("");
}

bool ps_item_is_opted_out(const struct ps_json *object)
{
    const struct ps_json *annotations = ps_json_get2(object, "metadata", "annotations");
    return ps_str_is(ps_json_get_text(annotations, PS_ANNOTATION_PREFIX "inject"), "false");
}

bool ps_item_is_wanted(enum ps_kind kind, const struct ps_json *object)
{
    struct ps_str phase = ps_json_get_text(ps_json_get(object, "status"), "phase");
    return kind != PS_KIND_BARE_POD ||
           (controller_of(object).len > 0 && !ps_item_is_opted_out(object) &&
            !ps_json_is_string(ps_json_get2(object, "metadata", "deletionTimestamp")) &&
            !ps_str_is(phase, "Succeeded") && !ps_str_is(phase, "Failed"));
}

/* When it changes, a broker may have started anew, or its node may have other addresses. */
static struct ps_str place_of(struct ps_arena *arena, const struct ps_json *pod, struct ps_str node)
{
    const struct ps_json *status = ps_json_get(pod, "status");
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    ps_buf_printf(&buf, "%.*s %.*s", PS_FMT(node), PS_FMT(ps_json_get_text(status, "hostIP")));
    PS_JSON_EACH(container, ps_json_get(status, "containerStatuses"))
    {
        ps_buf_printf(&buf, " %.*s", PS_FMT(ps_json_get_text(container, "containerID")));
    }
    return ps_buf_view(&buf);
}

bool ps_item_read(struct ps_arena *arena, enum ps_kind kind, const struct ps_json *object,
                  struct ps_item_facts *ret_facts)
{
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    struct ps_item_facts facts = {
        .namespace_name = ps_json_get_text(metadata, "namespace"),
        .name = ps_json_get_text(metadata, "name"),
        .owner = ps_json_get_text(ps_json_get(metadata, "labels"), PS_LABEL_STATEFULSET),
        .uid = ps_json_get_text(metadata, "uid"),
        .version = ps_json_get_text(metadata, "resourceVersion"),
    };
    if (facts.name.len == 0 || !ps_jw_can_copy(object)) {
        return false;
    }
    if (kind == PS_KIND_STATEFULSET) {
        facts.owner = facts.name;
    }
    if (kind == PS_KIND_POD) {
        facts.node = ps_json_get_text(ps_json_get(object, "spec"), "nodeName");
        facts.place = place_of(arena, object, facts.node);
    }
    if (kind == PS_KIND_BARE_POD) {
        facts.owner = controller_of(object); /* that it is there is all that counts */
    } else if (kind != PS_KIND_OWN_POLICY && kind != PS_KIND_NAMESPACE) {
        facts.text = cut(arena, kind, object, facts.node);
    }
    *ret_facts = facts;
    return true;
}
