/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/heap.h"
#include "portside/jw.h"
#include "test_world_private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PORT 30000
#define PORTS_APART 200

struct place place_of(const char *path)
{
    struct place place = {.plural = ""};
    struct ps_str rest = ps_str_of(path);
    struct ps_str parts[10];
    size_t count = 0;
    rest = ps_str_slice(rest, 1, ps_str_index(rest, '?'));
    (void)snprintf(place.path, sizeof(place.path), "/%.*s", PS_FMT(rest));
    while (count < PS_COUNT(parts) && ps_str_split(&rest, '/', &parts[count])) {
        count++;
    }
    size_t at = ps_str_is(parts[0], "api") ? 2 : 3;
    if (count > at + 2 && ps_str_is(parts[at], "namespaces")) {
        (void)snprintf(place.namespace_name, sizeof(place.namespace_name), "%.*s",
                       PS_FMT(parts[at + 1]));
        at += 2;
    }
    ck_assert_uint_lt(at, count);
    (void)snprintf(place.plural, sizeof(place.plural), "%.*s", PS_FMT(parts[at]));
    if (count > at + 1) {
        (void)snprintf(place.name, sizeof(place.name), "%.*s", PS_FMT(parts[at + 1]));
    }
    return place;
}

struct object *objects_find(struct objects *objects, const char *path)
{
    struct place place = place_of(path);
    for (size_t i = 0; i < objects->count; i++) {
        if (strcmp(objects->list[i].place.path, place.path) == 0) {
            return &objects->list[i];
        }
    }
    return NULL;
}

static struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    struct ps_error err;
    ck_assert_msg(ps_ok(ps_json_parse(arena, text, &root, &err)), "%s: %.*s", err.message,
                  PS_FMT(text));
    return root;
}

static const char *print(struct ps_arena *arena, const struct ps_json *root)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, root);
    return ps_buf_view(&buf).ptr;
}

static void set(struct ps_arena *arena, struct ps_json *object, const char *key, struct ps_str json)
{
    ps_json_object_set(arena, object, ps_str_of(key), parse(arena, json));
}

static struct ps_json *member(struct ps_json *object, const char *key)
{
    return ps_json_mutable_get(object, ps_str_of(key));
}

/* RFC 7386. */
static void merge_into(struct ps_arena *arena, struct ps_json *target, const struct ps_json *patch)
{
    PS_JSON_EACH(child, patch)
    {
        struct ps_str key = ps_json_key(child);
        struct ps_json *old = ps_json_mutable_get(target, key);
        if (ps_json_type(child) == PS_JSON_NULL) {
            (void)ps_json_object_remove(target, key);
        } else if (ps_json_type(child) == PS_JSON_OBJECT && ps_json_type(old) == PS_JSON_OBJECT) {
            merge_into(arena, old, child);
        } else {
            ps_json_object_set(arena, target, key, ps_json_copy(arena, child));
        }
    }
}

/* By the name, so that it is the same in each run; but another one when it is made again. */
static int64_t choose_port(const struct objects *objects, struct ps_str name)
{
    int64_t port = FIRST_PORT + (unsigned char)name.ptr[name.len - 1];
    for (size_t i = 0; i < objects->change_count; i++) {
        bool made = objects->changes[i].before == NULL;
        port += made && ps_str_is(name, objects->changes[i].place.name) ? PORTS_APART : 0;
    }
    return port;
}

/* As the API server: a Service of this type has a port on the nodes, and keeps it. */
static void give_port(struct objects *objects, struct ps_json *service, const struct ps_json *old)
{
    struct ps_json *spec = member(service, "spec");
    struct ps_json *port = ps_json_mutable_at(member(spec, "ports"), 0);
    int64_t number = 0;
    if (!ps_str_is(ps_json_get_text(spec, "type"), "NodePort") || port == NULL ||
        ps_json_get(port, "nodePort") != NULL) {
        return;
    }
    const struct ps_json *kept = ps_json_at(ps_json_get2(old, "spec", "ports"), 0);
    if (!ps_json_to_int(ps_json_get(kept, "nodePort"), &number)) {
        number = choose_port(objects, ps_json_get_text(ps_json_get(service, "metadata"), "name"));
    }
    set(objects->arena, port, "nodePort", ps_arena_printf(objects->arena, "%d", (int)number));
}

static struct outcome refuse(int status, const char *reason)
{
    return (struct outcome){status, reason, NULL};
}

static void remember(struct objects *objects, const struct place *place, const char *before,
                     const char *after)
{
    ck_assert_uint_lt(objects->change_count, CHANGES_MAX);
    objects->changes[objects->change_count++] =
        (struct change){*place, before == NULL ? NULL : ps_heap_copy(ps_str_of(before)),
                        after == NULL ? NULL : ps_heap_copy(ps_str_of(after))};
}

/* 0 if the preconditions in metadata hold. */
static int contradicts(const struct ps_json *body, const struct ps_json *old)
{
    static const char *const keys[] = {"uid", "resourceVersion"};
    for (size_t i = 0; i < PS_COUNT(keys); i++) {
        struct ps_str wanted = ps_json_get_text(ps_json_get(body, "metadata"), keys[i]);
        struct ps_str is = ps_json_get_text(ps_json_get(old, "metadata"), keys[i]);
        if (wanted.len > 0 && !ps_str_equal(wanted, is)) {
            return 409;
        }
    }
    return 0;
}

static struct outcome keep(struct objects *objects, const struct place *place, struct ps_json *root,
                           struct object *object)
{
    struct ps_arena *arena = objects->arena;
    struct ps_json *metadata = member(root, "metadata");
    if (object == NULL) {
        ck_assert_uint_lt(objects->count, OBJECTS_MAX);
        object = &objects->list[objects->count++];
        *object = (struct object){.place = *place};
        set(arena, metadata, "uid", ps_arena_printf(arena, "\"uid-%u\"", ++objects->uids));
    } else if (strcmp(print(arena, root), object->text) == 0) {
        return (struct outcome){200, "", object->text};
    }
    size_t version = objects->change_count + 1;
    set(arena, metadata, "resourceVersion", ps_arena_printf(arena, "\"%zu\"", version));
    const char *text = print(arena, root);
    remember(objects, place, object->text, text);
    ps_heap_free(object->text);
    object->text = ps_heap_copy(ps_str_of(text));
    return (struct outcome){200, "", object->text};
}

struct outcome objects_write(struct objects *objects, const char *path, struct ps_str body,
                             bool merge, bool force)
{
    struct place place = place_of(path);
    struct object *object = objects_find(objects, path);
    struct ps_json *new = parse(objects->arena, body);
    if (object == NULL && merge) {
        return refuse(404, "NotFound");
    }
    struct ps_json *old = object == NULL ? NULL : parse(objects->arena, ps_str_of(object->text));
    const struct ps_json *labels = ps_json_get2(old, "metadata", "labels");
    bool foreign = old != NULL && !merge && !force &&
                   ps_json_get_text(labels, "app.kubernetes.io/managed-by").len == 0;
    if (contradicts(new, old) != 0 || foreign) {
        return refuse(409, "Conflict");
    }
    struct ps_json *root = old == NULL ? new : ps_json_copy(objects->arena, old);
    if (old != NULL) {
        merge_into(objects->arena, root, new);
    }
    give_port(objects, root, old);
    return keep(objects, &place, root, object);
}

struct outcome objects_delete(struct objects *objects, const char *path, struct ps_str options)
{
    struct object *object = objects_find(objects, path);
    if (object == NULL) {
        return refuse(404, "NotFound");
    }
    const struct ps_json *old = parse(objects->arena, ps_str_of(object->text));
    const struct ps_json *conditions =
        options.len == 0 ? NULL : ps_json_get(parse(objects->arena, options), "preconditions");
    struct ps_str uid = ps_json_get_text(conditions, "uid");
    struct ps_str version = ps_json_get_text(conditions, "resourceVersion");
    const struct ps_json *metadata = ps_json_get(old, "metadata");
    if ((uid.len > 0 && !ps_str_equal(uid, ps_json_get_text(metadata, "uid"))) ||
        (version.len > 0 &&
         !ps_str_equal(version, ps_json_get_text(metadata, "resourceVersion")))) {
        return refuse(409, "Conflict");
    }
    remember(objects, &object->place, object->text, NULL);
    ps_heap_free(object->text);
    *object = objects->list[--objects->count];
    return (struct outcome){200, "", "{\"kind\":\"Status\",\"status\":\"Success\"}"};
}

/* One requirement of a selector, still with %XX. */
static bool holds(const struct ps_json *metadata, struct ps_str name, struct ps_str requirement,
                  bool field)
{
    char text[256];
    size_t len = 0;
    for (size_t i = 0; i < requirement.len && len + 1 < sizeof(text); i++) {
        bool slash = ps_str_starts(ps_str_slice(requirement, i, requirement.len), "%2F");
        bool equals = ps_str_starts(ps_str_slice(requirement, i, requirement.len), "%3D");
        text[len++] = (char)(slash ? '/' : equals ? '=' : requirement.ptr[i]);
        i += slash || equals ? 2U : 0U;
    }
    struct ps_str plain = {text, len};
    size_t at = ps_str_index(plain, '=');
    struct ps_str key = ps_str_slice(plain, 0, at);
    struct ps_str value = ps_str_slice(plain, at + 1, plain.len);
    if (field) {
        return ps_str_equal(name, value);
    }
    const struct ps_json *label = ps_json_get_str(ps_json_get(metadata, "labels"), key);
    return label != NULL && (at == plain.len || ps_str_equal(ps_json_text(label), value));
}

bool objects_match(struct objects *objects, const char *path, const char *text)
{
    struct ps_str query = ps_str_of(path);
    struct ps_str part;
    if (text == NULL) {
        return false;
    }
    const struct ps_json *object = parse(objects->arena, ps_str_of(text));
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    query = ps_str_slice(query, ps_str_index(query, '?') + 1, query.len);
    while (ps_str_split(&query, '&', &part)) {
        bool field = ps_str_starts(part, "fieldSelector=");
        if (!field && !ps_str_starts(part, "labelSelector=")) {
            continue;
        }
        struct ps_str value = ps_str_slice(part, sizeof("fieldSelector=") - 1, part.len);
        ck_assert_msg(!ps_str_contains(value, "%2C"), "one requirement only: %s", path);
        if (!holds(metadata, ps_json_get_text(metadata, "name"), value, field)) {
            return false;
        }
    }
    return true;
}

static int by_key(const void *a, const void *b)
{
    return ps_str_compare(ps_json_key(*(const struct ps_json *const *)a),
                          ps_json_key(*(const struct ps_json *const *)b));
}

/* Members of objects in the order of their keys. */
static void print_sorted(struct ps_jw *jw, const struct ps_json *node)
{
    const struct ps_json *members[64];
    size_t count = 0;
    if (ps_json_type(node) != PS_JSON_OBJECT) {
        ps_jw_copy(jw, node);
        return;
    }
    PS_JSON_EACH(child, node)
    {
        ck_assert_uint_lt(count, PS_COUNT(members));
        members[count++] = child;
    }
    qsort(members, count, sizeof(members[0]), by_key);
    ps_jw_object(jw);
    for (size_t i = 0; i < count; i++) {
        ps_jw_key_str(jw, ps_json_key(members[i]));
        print_sorted(jw, members[i]);
    }
    ps_jw_object_end(jw);
}

char *objects_normal(struct objects *objects, const char *text)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_json *root = parse(objects->arena, ps_str_of(text));
    struct ps_json *metadata = member(root, "metadata");
    (void)ps_json_object_remove(metadata, PS_STR("uid"));
    (void)ps_json_object_remove(metadata, PS_STR("resourceVersion"));
    ps_buf_init(&buf, objects->arena, 4096);
    ps_jw_init(&jw, &buf);
    print_sorted(&jw, root);
    return ps_heap_copy(ps_buf_view(&buf));
}

const char *objects_dated(struct objects *objects, const char *text, size_t version)
{
    struct ps_json *root = parse(objects->arena, ps_str_of(text));
    set(objects->arena, member(root, "metadata"), "resourceVersion",
        ps_arena_printf(objects->arena, "\"%zu\"", version));
    return print(objects->arena, root);
}

/* What must stay: "uid host port" of a pod that has an endpoint, the node port of a Service. */
static struct ps_str promise_of(struct objects *objects, const char *text)
{
    if (text == NULL) {
        return PS_STR("");
    }
    const struct ps_json *root = parse(objects->arena, ps_str_of(text));
    const struct ps_json *metadata = ps_json_get(root, "metadata");
    const struct ps_json *notes = ps_json_get(metadata, "annotations");
    struct ps_str host = ps_json_get_text(notes, "external.portside.dev/host");
    struct ps_str port = ps_json_get_text(notes, "external.portside.dev/port");
    const struct ps_json *first = ps_json_at(ps_json_get2(root, "spec", "ports"), 0);
    int64_t number = 0;
    if (ps_json_to_int(ps_json_get(first, "nodePort"), &number)) {
        return ps_arena_printf(objects->arena, "%d", (int)number);
    }
    return host.len == 0 ? host
                         : ps_arena_printf(objects->arena, "%.*s %.*s %.*s",
                                           PS_FMT(ps_json_get_text(metadata, "uid")), PS_FMT(host),
                                           PS_FMT(port));
}

/* Promises to different uids are different ones. */
static bool is_same_promise(struct ps_str a, struct ps_str b)
{
    size_t space = ps_str_index(a, ' ');
    bool comparable =
        ps_str_equal(ps_str_slice(a, 0, space), ps_str_slice(b, 0, ps_str_index(b, ' ')));
    return ps_str_equal(a, b) || (space < a.len && !comparable);
}

void objects_check_promise(struct objects *objects)
{
    const struct change *last = &objects->changes[objects->change_count - 1];
    struct ps_str is = promise_of(objects, last->after);
    for (const struct change *one = objects->changes; is.len > 0 && one < last; one++) {
        if (strcmp(one->place.path, last->place.path) != 0) {
            continue;
        }
        struct ps_str was = promise_of(objects, one->after);
        ck_assert_msg(was.len == 0 || is_same_promise(was, is), "%s: '%.*s', but it was '%.*s'",
                      last->place.path, PS_FMT(is), PS_FMT(was));
    }
}
