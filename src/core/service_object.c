/* SPDX-License-Identifier: Apache-2.0 */
#include "service_object.h"

#include <inttypes.h>

#include "portside/buf.h"
#include "portside/service.h"
#include "service_digest.h"

static const struct {
    const char *api_version;
    const char *kind;
} types[] = {
    [PS_OBJECT_SERVICE] = {"v1", "Service"},
    [PS_OBJECT_CONFIG_MAP] = {"v1", "ConfigMap"},
    [PS_OBJECT_NETWORK_POLICY] = {"networking.k8s.io/v1", "NetworkPolicy"},
};

bool ps_service_is_ours(const struct ps_json *object)
{
    return ps_str_is(ps_label_of(object, PS_LABEL_MANAGED_BY), PS_MANAGED_BY);
}

bool ps_object_is_deleting(const struct ps_json *object)
{
    return ps_json_is_string(ps_json_get2(object, "metadata", "deletionTimestamp"));
}

bool ps_object_has_owner(const struct ps_json *object, struct ps_str uid)
{
    PS_JSON_EACH(reference, ps_json_get2(object, "metadata", "ownerReferences"))
    {
        if (ps_str_equal(ps_json_get_text(reference, "uid"), uid)) {
            return true;
        }
    }
    return false;
}

struct ps_str ps_object_title(struct ps_arena *arena, enum ps_object_kind kind, struct ps_str name)
{
    return ps_arena_printf(arena, "%s %.*s", types[kind].kind, PS_FMT(name));
}

void ps_object_put_data(struct ps_jw *jw, const struct ps_object *object, bool digest)
{
    const struct ps_object_data *data = object->what;
    (void)digest;
    ps_jw_key(jw, "data");
    ps_jw_object(jw);
    for (size_t i = 0; i < data->count; i++) {
        ps_jw_key_str(jw, data->pairs[i].name);
        ps_jw_str(jw, data->pairs[i].value);
    }
    ps_jw_object_end(jw);
}

static struct ps_str ordinal_text(struct ps_arena *arena, const struct ps_object *object)
{
    return object->ordinal < 0 ? PS_STR("") : ps_arena_printf(arena, "%" PRIi64, object->ordinal);
}

static void put_labels(struct ps_jw *jw, const struct ps_object *object)
{
    ps_jw_key(jw, "labels");
    ps_jw_object(jw);
    ps_jw_member(jw, PS_LABEL_MANAGED_BY, PS_STR(PS_MANAGED_BY));
    ps_jw_member(jw, PS_LABEL_STATEFULSET, object->owner->name);
    ps_jw_member(jw, PS_LABEL_ROLE, ps_str_of(object->role));
    if (object->exposure.len > 0) {
        ps_jw_member(jw, PS_LABEL_EXPOSURE, object->exposure);
    }
    if (object->ordinal >= 0) {
        ps_jw_member(jw, PS_LABEL_ORDINAL, ordinal_text(jw->buf->arena, object));
    }
    ps_jw_object_end(jw);
}

static void put_annotations(struct ps_jw *jw, const struct ps_object *object, struct ps_str digest)
{
    ps_jw_key(jw, "annotations");
    ps_jw_object(jw);
    for (size_t i = 0; i < object->annotation_count; i++) {
        ps_jw_key_str(jw, object->annotations[i].name);
        ps_jw_str(jw, object->annotations[i].value);
    }
    if (digest.len > 0) {
        ps_jw_member(jw, PS_ANNOTATION_APPLIED, digest);
    }
    ps_jw_object_end(jw);
}

/* The object as text: without digest to be digested, without uid to be compared. */
static struct ps_str write_object(struct ps_arena *arena, const struct ps_object *object,
                                  struct ps_str digest, struct ps_str uid)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", ps_str_of(types[object->kind].api_version));
    ps_jw_member(&jw, "kind", ps_str_of(types[object->kind].kind));
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "name", object->name);
    ps_jw_member(&jw, "namespace", object->owner->namespace_name);
    if (uid.len > 0) {
        ps_jw_member(&jw, "uid", uid);
    }
    put_labels(&jw, object);
    put_annotations(&jw, object, digest);
    if (object->owned) {
        ps_owner_put(&jw, object->owner, false);
    }
    ps_jw_object_end(&jw);
    object->put(&jw, object, digest.len == 0);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

/* Lists of the API carry no kind in their items, so only what is below is compared. */
static bool stands(struct ps_arena *arena, struct ps_str body, const struct ps_json *observed)
{
    struct ps_json *desired = NULL;
    if (!ps_ok(ps_json_parse(arena, body, &desired, NULL))) {
        return false;
    }
    PS_JSON_EACH(member, desired)
    {
        struct ps_str key = ps_json_key(member);
        bool type = ps_str_is(key, "apiVersion") || ps_str_is(key, "kind");
        if (!type && !ps_desired_stands(member, ps_json_get_str(observed, key))) {
            return false;
        }
    }
    return true;
}

struct ps_action ps_object_report(struct ps_arena *arena, const struct ps_object *object,
                                  enum ps_finding_kind kind, struct ps_str detail)
{
    const struct ps_finding finding = {
        .kind = kind,
        .exposure = object->exposure,
        .object = ps_object_title(arena, object->kind, object->name),
        .detail = detail,
    };
    return (struct ps_action){
        .kind = PS_ACTION_REPORT,
        .object = object->kind,
        .name = object->name,
        .ordinal = object->ordinal,
        .event = ps_finding_event(arena, &finding),
    };
}

/* A label that says otherwise; one that is missing is put back. */
static bool contradicts(const struct ps_json *observed, const char *label, struct ps_str value)
{
    struct ps_str other = ps_label_of(observed, label);
    return other.len > 0 && !ps_str_equal(other, value);
}

static bool is_anothers(struct ps_arena *arena, const struct ps_object *object,
                        const struct ps_json *observed)
{
    return contradicts(observed, PS_LABEL_STATEFULSET, object->owner->name) ||
           contradicts(observed, PS_LABEL_EXPOSURE, object->exposure) ||
           contradicts(observed, PS_LABEL_ROLE, ps_str_of(object->role)) ||
           contradicts(observed, PS_LABEL_ORDINAL, ordinal_text(arena, object));
}

static struct ps_str whose(struct ps_arena *arena, const struct ps_json *observed)
{
    return ps_arena_printf(arena, "it belongs to exposure '%.*s' of StatefulSet '%.*s'",
                           PS_FMT(ps_label_of(observed, PS_LABEL_EXPOSURE)),
                           PS_FMT(ps_label_of(observed, PS_LABEL_STATEFULSET)));
}

/* For an object of ours that may be changed. */
static struct ps_action plan_change(struct ps_arena *arena, const struct ps_object *object,
                                    const struct ps_json *observed, struct ps_str digest)
{
    const struct ps_json *metadata = ps_json_get(observed, "metadata");
    struct ps_str uid = ps_json_get_text(metadata, "uid");
    struct ps_action action = {.kind = PS_ACTION_NONE, .object = object->kind};
    bool orphan = object->owned && !ps_object_has_owner(observed, object->owner->uid);
    if (!orphan && stands(arena, write_object(arena, object, digest, PS_STR("")), observed)) {
        return action;
    }
    action.kind = orphan ? PS_ACTION_TAKE_BACK : PS_ACTION_UPDATE;
    action.name = object->name;
    action.ordinal = object->ordinal;
    action.uid = uid;
    action.resource_version = ps_json_get_text(metadata, "resourceVersion");
    action.body = write_object(arena, object, digest, uid);
    return action;
}

struct ps_action ps_object_plan(struct ps_arena *arena, const struct ps_object *object,
                                const struct ps_json *observed)
{
    struct ps_str none = PS_STR("");
    struct ps_str digest = ps_digest(arena, write_object(arena, object, none, none));
    if (observed == NULL) {
        return (struct ps_action){
            .kind = PS_ACTION_CREATE,
            .object = object->kind,
            .name = object->name,
            .ordinal = object->ordinal,
            .body = write_object(arena, object, digest, none),
        };
    }
    if (!ps_service_is_ours(observed)) {
        return ps_object_report(arena, object, PS_FINDING_FOREIGN_OBJECT, none);
    }
    if (is_anothers(arena, object, observed)) {
        return ps_object_report(arena, object, PS_FINDING_NAME_COLLISION, whose(arena, observed));
    }
    /* Made again once it is gone. */
    if (ps_object_is_deleting(observed)) {
        return (struct ps_action){.kind = PS_ACTION_NONE};
    }
    return plan_change(arena, object, observed, digest);
}

struct ps_action ps_object_delete(enum ps_object_kind kind, const struct ps_json *observed)
{
    const struct ps_json *metadata = ps_json_get(observed, "metadata");
    uint64_t ordinal = 0;
    bool single = ps_str_to_uint(ps_label_of(observed, PS_LABEL_ORDINAL), INT32_MAX, &ordinal);
    return (struct ps_action){
        .kind = PS_ACTION_DELETE,
        .object = kind,
        .name = ps_json_get_text(metadata, "name"),
        .uid = ps_json_get_text(metadata, "uid"),
        .resource_version = ps_json_get_text(metadata, "resourceVersion"),
        .ordinal = single ? (int64_t)ordinal : -1,
    };
}
