/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include "portside/buf.h"
#include "portside/jw.h"

#define PATH_BYTES 256U

static const struct ps_kube_verb_info verbs[] = {
    [PS_KUBE_GET] = {"GET", "get", NULL, true, false},
    [PS_KUBE_LIST] = {"GET", "list", NULL, false, false},
    [PS_KUBE_CREATE] = {"POST", "create", "application/json", false, true},
    [PS_KUBE_UPDATE] = {"PUT", "update", "application/json", true, true},
    [PS_KUBE_APPLY] = {"PATCH", "patch", "application/apply-patch+yaml", true, true},
    [PS_KUBE_MERGE_PATCH] = {"PATCH", "patch", "application/merge-patch+json", true, true},
    [PS_KUBE_JSON_PATCH] = {"PATCH", "patch", "application/json-patch+json", true, true},
    [PS_KUBE_DELETE] = {"DELETE", "delete", "application/json", true, false},
};

const struct ps_kube_verb_info *ps_kube_verb_info(enum ps_kube_verb verb)
{
    return verb >= PS_KUBE_GET && (size_t)verb < PS_COUNT(verbs) ? &verbs[verb] : NULL;
}

struct ps_status ps_kube_check(const struct ps_kube_request *request, struct ps_error *err)
{
    const struct ps_kube_verb_info *info = ps_kube_verb_info(request->verb);
    if (info == NULL || request->resource == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "a Kubernetes request has no verb or no resource");
    }
    if (info->named && request->name.len == 0) {
        return ps_fail(err, PS_CODE_INTERNAL, "%s of %s without a name", info->word,
                       request->resource->plural);
    }
    if (info->writes && request->body.len == 0) {
        return ps_fail(err, PS_CODE_INTERNAL, "%s of %s without a body", info->word,
                       request->resource->plural);
    }
    return ps_success();
}

/* RFC 3986, section 2.3: everything but the unreserved characters. */
static void put_escaped(struct ps_buf *buf, struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (ps_is_alpha(c) || ps_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            ps_buf_putc(buf, c);
        } else {
            ps_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

static void put_segment(struct ps_buf *buf, struct ps_str segment)
{
    if (segment.len > 0) {
        ps_buf_putc(buf, '/');
        put_escaped(buf, segment);
    }
}

/* key=value in the query, unless the value is empty. */
static void put_query(struct ps_buf *buf, const char *key, struct ps_str value)
{
    if (value.len > 0) {
        bool first = !ps_str_contains(ps_buf_view(buf), "?");
        ps_buf_printf(buf, "%c%s=", first ? '?' : '&', key);
        put_escaped(buf, value);
    }
}

static void put_object(struct ps_buf *buf, const struct ps_kube_request *request)
{
    struct ps_str api = ps_str_of(request->resource->api);
    if (api.len == 0) {
        put_segment(buf, request->name);
        return;
    }
    bool core = ps_str_index(api, '/') == api.len;
    ps_buf_printf(buf, "/%s/%s", core ? "api" : "apis", request->resource->api);
    if (request->namespace.len > 0) {
        ps_buf_puts(buf, "/namespaces");
        put_segment(buf, request->namespace);
    }
    ps_buf_printf(buf, "/%s", request->resource->plural);
    const struct ps_kube_verb_info *info = ps_kube_verb_info(request->verb);
    if (info != NULL && info->named) {
        put_segment(buf, request->name);
    }
    put_segment(buf, request->subresource);
}

static void put_selectors(struct ps_buf *buf, const struct ps_kube_request *request)
{
    put_query(buf, "labelSelector", request->label_selector);
    put_query(buf, "fieldSelector", request->field_selector);
}

static void put_write_options(struct ps_buf *buf, const struct ps_kube_request *request)
{
    put_query(buf, "fieldManager",
              request->manager.len > 0 ? request->manager : PS_STR(PS_KUBE_FIELD_MANAGER));
    if (request->verb == PS_KUBE_APPLY) {
        put_query(buf, "force", request->force ? PS_STR("true") : PS_STR("false"));
    }
    put_query(buf, "dryRun", request->dry_run ? PS_STR("All") : PS_STR(""));
    put_query(buf, "fieldValidation", request->strict ? PS_STR("Strict") : PS_STR(""));
}

struct ps_str ps_kube_path(struct ps_arena *arena, const struct ps_kube_request *request,
                           struct ps_str continue_token)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, PATH_BYTES);
    put_object(&buf, request);
    if (request->verb == PS_KUBE_LIST) {
        unsigned limit = request->limit == 0 ? PS_KUBE_PAGE_OBJECTS : request->limit;
        put_query(&buf, "limit", ps_arena_printf(arena, "%u", limit));
        put_selectors(&buf, request);
        put_query(&buf, "continue", continue_token);
    }
    const struct ps_kube_verb_info *info = ps_kube_verb_info(request->verb);
    if (info != NULL && info->writes) {
        put_write_options(&buf, request);
    }
    return ps_buf_view(&buf);
}

struct ps_str ps_kube_watch_path(struct ps_arena *arena, const struct ps_kube_request *request,
                                 struct ps_str version, unsigned timeout_s)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, PATH_BYTES);
    put_object(&buf, request);
    put_query(&buf, "watch", PS_STR("true"));
    put_query(&buf, "allowWatchBookmarks", PS_STR("true"));
    put_query(&buf, "resourceVersion", version);
    put_query(&buf, "timeoutSeconds", ps_arena_printf(arena, "%u", timeout_s));
    put_selectors(&buf, request);
    return ps_buf_view(&buf);
}

struct ps_str ps_kube_words(struct ps_arena *arena, const struct ps_kube_request *request,
                            const char *word)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, PATH_BYTES);
    ps_buf_printf(&buf, "%s %s", word, request->resource->plural);
    if (request->subresource.len > 0) {
        ps_buf_printf(&buf, "/%.*s", PS_FMT(request->subresource));
    }
    if (request->name.len > 0) {
        ps_buf_printf(&buf, " '%.*s'", PS_FMT(request->name));
    }
    if (request->namespace.len > 0) {
        ps_buf_printf(&buf, " in namespace '%.*s'", PS_FMT(request->namespace));
    }
    return ps_buf_view(&buf);
}

static void put_preconditions(struct ps_jw *jw, const struct ps_kube_request *request)
{
    ps_jw_key(jw, "preconditions");
    ps_jw_object(jw);
    if (request->uid.len > 0) {
        ps_jw_member(jw, "uid", request->uid);
    }
    if (request->version.len > 0) {
        ps_jw_member(jw, "resourceVersion", request->version);
    }
    ps_jw_object_end(jw);
}

struct ps_str ps_kube_body(struct ps_arena *arena, const struct ps_kube_request *request)
{
    if (request->verb != PS_KUBE_DELETE) {
        return request->body;
    }
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, PATH_BYTES);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "kind", PS_STR("DeleteOptions"));
    ps_jw_member(&jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(&jw, "propagationPolicy", PS_STR("Background"));
    if (request->uid.len > 0 || request->version.len > 0) {
        put_preconditions(&jw, request);
    }
    if (request->dry_run) {
        ps_jw_key(&jw, "dryRun");
        ps_jw_array(&jw);
        ps_jw_str(&jw, PS_STR("All"));
        ps_jw_array_end(&jw);
    }
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}
