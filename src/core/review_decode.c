/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what the API server sends. A field that is absent or null is its zero value, as in Go; a
 * field of another type than it should have is refused, because a decision may rest on it.
 */
#include "portside/review.h"

/* Fails unless node is absent, null, or of the wanted type; name is the field's, for the person. */
static struct ps_status check_type(const struct ps_json *node, enum ps_json_type wanted,
                                   const char *wanted_name, const char *name, struct ps_error *err)
{
    enum ps_json_type type = ps_json_type(node);
    if (type == PS_JSON_ABSENT || type == PS_JSON_NULL || type == wanted) {
        return ps_success();
    }
    return ps_fail(err, PS_CODE_INPUT, "'%s' must be %s, but is %s", name, wanted_name,
                   ps_json_type_name(node));
}

/* The member key of object as text, under its full name in messages. */
static struct ps_status read_text(const struct ps_json *object, const char *key, const char *name,
                                  struct ps_str *ret_text, struct ps_error *err)
{
    const struct ps_json *node = ps_json_get(object, key);
    PS_TRY(check_type(node, PS_JSON_STRING, "a string", name, err));
    *ret_text = ps_json_text(node);
    return ps_success();
}

static struct ps_status read_object(const struct ps_json *parent, const char *key, const char *name,
                                    const struct ps_json **ret_object, struct ps_error *err)
{
    const struct ps_json *node = ps_json_get(parent, key);
    PS_TRY(check_type(node, PS_JSON_OBJECT, "an object", name, err));
    *ret_object = ps_json_type(node) == PS_JSON_OBJECT ? node : NULL;
    return ps_success();
}

/* As read_text, but the text must be there. */
static struct ps_status require_text(const struct ps_json *object, const char *key,
                                     const char *name, const char *wanted, struct ps_str *ret_text,
                                     struct ps_error *err)
{
    const struct ps_json *node = ps_json_get(object, key);
    if (!ps_json_is_string(node)) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' must be %s, but is %s", name, wanted,
                       ps_json_type_name(node));
    }
    *ret_text = ps_json_text(node);
    return ps_success();
}

static struct ps_status read_envelope(const struct ps_json *root, struct ps_review *review,
                                      struct ps_error *err)
{
    struct ps_str kind;
    if (ps_json_type(root) != PS_JSON_OBJECT) {
        return ps_fail(err, PS_CODE_INPUT, "an AdmissionReview must be an object, but is %s",
                       ps_json_type_name(root));
    }
    PS_TRY(require_text(root, "kind", "kind", "'AdmissionReview'", &kind, err));
    PS_TRY(require_text(root, "apiVersion", "apiVersion", "'admission.k8s.io/v1'",
                        &review->api_version, err));
    if (!ps_str_is(kind, "AdmissionReview")) {
        return ps_fail(err, PS_CODE_INPUT, "'kind' must be 'AdmissionReview', but is '%.*s'",
                       PS_FMT(ps_str_slice(kind, 0, 120)));
    }
    if (!ps_str_is(review->api_version, "admission.k8s.io/v1") &&
        !ps_str_is(review->api_version, "admission.k8s.io/v1beta1")) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'apiVersion' must be 'admission.k8s.io/v1', but is '%.*s'",
                       PS_FMT(ps_str_slice(review->api_version, 0, 120)));
    }
    return ps_success();
}

/* Group, version and name of a kind or resource. */
struct gvk {
    struct ps_str group;
    struct ps_str version;
    struct ps_str name;
};

static bool is_gvk(const struct gvk *gvk, const char *group, const char *name)
{
    return ps_str_is(gvk->group, group) && ps_str_is(gvk->version, "v1") &&
           ps_str_is(gvk->name, name);
}

static struct ps_status read_kind(const struct ps_json *request, struct gvk *ret_kind,
                                  struct ps_error *err)
{
    const struct ps_json *kind;
    PS_TRY(read_object(request, "kind", "request.kind", &kind, err));
    PS_TRY(read_text(kind, "group", "request.kind.group", &ret_kind->group, err));
    PS_TRY(read_text(kind, "version", "request.kind.version", &ret_kind->version, err));
    return read_text(kind, "kind", "request.kind.kind", &ret_kind->name, err);
}

static struct ps_status read_resource(const struct ps_json *request, struct gvk *ret_resource,
                                      struct ps_error *err)
{
    const struct ps_json *resource;
    PS_TRY(read_object(request, "resource", "request.resource", &resource, err));
    PS_TRY(read_text(resource, "group", "request.resource.group", &ret_resource->group, err));
    PS_TRY(read_text(resource, "version", "request.resource.version", &ret_resource->version, err));
    return read_text(resource, "resource", "request.resource.resource", &ret_resource->name, err);
}

/* Kind and resource must agree: pods/binding is a Binding of pods, pods/status a Pod. */
static struct ps_status read_what(const struct ps_json *request, struct ps_review *review,
                                  struct ps_error *err)
{
    struct gvk kind;
    struct gvk resource;
    struct ps_str subresource;
    PS_TRY(read_kind(request, &kind, err));
    PS_TRY(read_resource(request, &resource, err));
    PS_TRY(read_text(request, "subResource", "request.subResource", &subresource, err));
    review->kind_text = kind.name;
    if (subresource.len > 0) {
        review->kind = PS_KIND_OTHER;
    } else if (is_gvk(&kind, "", "Pod") && is_gvk(&resource, "", "pods")) {
        review->kind = PS_KIND_POD;
    } else if (is_gvk(&kind, "apps", "StatefulSet") && is_gvk(&resource, "apps", "statefulsets")) {
        review->kind = PS_KIND_STATEFULSET;
    }
    return ps_success();
}

static struct ps_status read_operation(const struct ps_json *request, struct ps_review *review,
                                       struct ps_error *err)
{
    static const struct {
        const char *name;
        enum ps_operation operation;
    } operations[] = {
        {"CREATE", PS_OPERATION_CREATE},
        {"UPDATE", PS_OPERATION_UPDATE},
        {"DELETE", PS_OPERATION_DELETE},
    };
    PS_TRY(read_text(request, "operation", "request.operation", &review->operation_text, err));
    for (size_t i = 0; i < PS_COUNT(operations); i++) {
        if (ps_str_is(review->operation_text, operations[i].name)) {
            review->operation = operations[i].operation;
        }
    }
    return ps_success();
}

/* The request's, else the object's: older API servers sent no namespace, generateName no name. */
static struct ps_status read_names(const struct ps_json *request, struct ps_review *review,
                                   struct ps_error *err)
{
    const struct ps_json *metadata = ps_json_get(review->object, "metadata");
    PS_TRY(read_text(request, "name", "request.name", &review->name, err));
    PS_TRY(read_text(request, "namespace", "request.namespace", &review->namespace_name, err));
    if (review->name.len == 0) {
        review->name = ps_json_get_text(metadata, "name");
    }
    if (review->namespace_name.len == 0) {
        review->namespace_name = ps_json_get_text(metadata, "namespace");
    }
    return ps_success();
}

static struct ps_status read_request(const struct ps_json *request, struct ps_review *review,
                                     struct ps_error *err)
{
    const struct ps_json *dry_run = ps_json_get(request, "dryRun");
    PS_TRY(require_text(request, "uid", "request.uid", "a string", &review->uid, err));
    if (review->uid.len == 0) {
        return ps_fail(err, PS_CODE_INPUT, "'request.uid' must not be empty");
    }
    PS_TRY(read_operation(request, review, err));
    PS_TRY(read_what(request, review, err));
    PS_TRY(check_type(dry_run, PS_JSON_BOOL, "a boolean", "request.dryRun", err));
    review->dry_run = ps_json_is_true(dry_run);
    PS_TRY(read_object(request, "object", "request.object", &review->object, err));
    PS_TRY(read_object(request, "oldObject", "request.oldObject", &review->old_object, err));
    return read_names(request, review, err);
}

/* What nobody reads: half of a pod's review is who set which field of it. */
static const struct ps_json_skip skips[] = {
    {4, PS_STR_INIT("managedFields")}, /* request.object.metadata.managedFields, or oldObject's */
    {2, PS_STR_INIT("userInfo")},        {2, PS_STR_INIT("options")},
    {2, PS_STR_INIT("requestResource")}, {2, PS_STR_INIT("requestKind")},
};

struct ps_status ps_review_decode(struct ps_arena *arena, struct ps_str text,
                                  struct ps_review *ret_review, struct ps_error *err)
{
    struct ps_review review = {.kind = PS_KIND_OTHER};
    PS_TRY(ps_json_parse_without(arena, text, skips, PS_COUNT(skips), &review.root, err));
    PS_TRY(read_envelope(review.root, &review, err));
    const struct ps_json *request = ps_json_get(review.root, "request");
    if (ps_json_type(request) != PS_JSON_OBJECT) {
        return ps_fail(err, PS_CODE_INPUT, "'request' must be an object, but is %s",
                       ps_json_type_name(request));
    }
    PS_TRY(read_request(request, &review, err));
    *ret_review = review;
    return ps_success();
}
