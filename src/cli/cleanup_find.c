/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what carries our labels, and who depends on it. */
#include "cmd_cleanup.h"
#include "portside/inject.h"
#include "portside/service.h"

#define TURN_MS 1000
#define OURS PS_LABEL_MANAGED_BY "=" PS_MANAGED_BY "," PS_LABEL_ROLE
#define LABEL_INJECT "portside.dev/inject"
#define LABELLED LABEL_INJECT "=enabled"
#define PAGE_OBJECTS 500U

struct kind {
    struct ps_kube_resource resource;
    const char *name;
    const char *roles[4]; /* that we give; an object of another role is not ours */
};

static const struct kind kinds[PS_LEFT_KINDS] = {
    [PS_LEFT_SERVICE] = {{"v1", "services"}, "Service", {"broker", "bootstrap", "shared", NULL}},
    [PS_LEFT_CONFIG_MAP] = {{"v1", "configmaps"}, "ConfigMap", {"status", "ports", NULL}},
    [PS_LEFT_NETWORK_POLICY] = {{"networking.k8s.io/v1", "networkpolicies"},
                                "NetworkPolicy",
                                {"allow-from", NULL}},
};

static const struct ps_kube_resource pods = {"v1", "pods"};
static const struct ps_kube_resource namespaces = {"v1", "namespaces"};

const struct ps_kube_resource *ps_left_resource(enum ps_left_kind kind)
{
    return &kinds[kind].resource;
}

const char *ps_left_kind_name(enum ps_left_kind kind)
{
    return kinds[kind].name;
}

struct ps_status ps_cleanup_wait(const struct ps_cleanup *cleanup, struct ps_error *err)
{
    while (ps_kube_pending(cleanup->kube) > 0) {
        PS_TRY(ps_kube_turn(cleanup->kube, TURN_MS, NULL, 0, err));
    }
    return ps_success();
}

/* One list, page by page. */
struct search {
    struct ps_cleanup *cleanup;
    enum ps_left_kind kind; /* of a list of leftovers */
    void (*keep)(struct search *search, const struct ps_json *object);
    const char *plural;
    const struct ps_json *page;
    size_t count;
    bool failed;
    struct ps_error err;
};

static struct ps_left_set *set_of(struct ps_cleanup *cleanup, struct ps_str namespace_name,
                                  struct ps_str name)
{
    struct ps_left_set **link = &cleanup->sets;
    while (*link != NULL) {
        int order = ps_str_compare((*link)->namespace_name, namespace_name);
        order = order == 0 ? ps_str_compare((*link)->name, name) : order;
        if (order == 0) {
            return *link;
        }
        if (order > 0) {
            break;
        }
        link = &(*link)->next;
    }
    struct ps_left_set *set = PS_ARENA_NEW(cleanup->arena, struct ps_left_set);
    *set = (struct ps_left_set){
        .next = *link,
        .namespace_name = ps_arena_copy(cleanup->arena, namespace_name),
        .name = ps_arena_copy(cleanup->arena, name),
    };
    *link = set;
    return set;
}

static bool is_role_of(const struct kind *kind, struct ps_str role)
{
    for (size_t i = 0; kind->roles[i] != NULL; i++) {
        if (ps_str_is(role, kind->roles[i])) {
            return true;
        }
    }
    return false;
}

static void add_leftover(struct ps_left_set *set, struct ps_leftover *leftover)
{
    struct ps_leftover **link = &set->first;
    while (*link != NULL && ((*link)->kind < leftover->kind ||
                             ((*link)->kind == leftover->kind &&
                              ps_str_compare((*link)->name, leftover->name) < 0))) {
        link = &(*link)->next;
    }
    leftover->next = *link;
    *link = leftover;
}

/* What is being deleted needs no more of it. */
static void keep_leftover(struct search *search, const struct ps_json *object)
{
    struct ps_arena *arena = search->cleanup->arena;
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    const struct ps_json *labels = ps_json_get(metadata, "labels");
    struct ps_str statefulset = ps_json_get_text(labels, PS_LABEL_STATEFULSET);
    struct ps_str role = ps_json_get_text(labels, PS_LABEL_ROLE);
    struct ps_str uid = ps_json_get_text(metadata, "uid");
    bool deleting = ps_json_is_string(ps_json_get(metadata, "deletionTimestamp"));
    if (!ps_service_is_ours(object) || !is_role_of(&kinds[search->kind], role) ||
        statefulset.len == 0 || uid.len == 0 || deleting) {
        return;
    }
    struct ps_leftover *leftover = PS_ARENA_NEW(arena, struct ps_leftover);
    *leftover = (struct ps_leftover){
        .kind = search->kind,
        .name = ps_arena_copy(arena, ps_json_get_text(metadata, "name")),
        .role = ps_arena_copy(arena, role),
        .uid = ps_arena_copy(arena, uid),
        .version = ps_arena_copy(arena, ps_json_get_text(metadata, "resourceVersion")),
        .problem = PS_STR(""),
    };
    add_leftover(set_of(search->cleanup, ps_json_get_text(metadata, "namespace"), statefulset),
                 leftover);
}

/* A broker advertises its endpoint from its start to its end, ready or not. */
static void keep_broker(struct search *search, const struct ps_json *pod)
{
    const struct ps_json *metadata = ps_json_get(pod, "metadata");
    struct ps_str phase = ps_json_get_text(ps_json_get(pod, "status"), "phase");
    struct ps_str status =
        ps_json_get_text(ps_json_get(metadata, "annotations"), PS_ANNOTATION_STATUS);
    if (status.len == 0 || ps_str_is(phase, "Succeeded") || ps_str_is(phase, "Failed")) {
        return;
    }
    struct ps_left_set *set =
        set_of(search->cleanup, ps_json_get_text(metadata, "namespace"),
               ps_json_get_text(ps_json_get(metadata, "labels"), PS_LABEL_STATEFULSET));
    if (set->broker_count++ == 0) {
        set->broker = ps_arena_copy(search->cleanup->arena, ps_json_get_text(metadata, "name"));
    }
}

/* Comes after all others, so that the StatefulSets are known. */
static void keep_namespace(struct search *search, const struct ps_json *object)
{
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    struct ps_str label = ps_json_get_text(ps_json_get(metadata, "labels"), LABEL_INJECT);
    struct ps_left_set *set = search->cleanup->sets;
    for (; set != NULL && ps_str_is(label, "enabled"); set = set->next) {
        set->served |= ps_str_equal(set->namespace_name, ps_json_get_text(metadata, "name"));
    }
}

static struct ps_status read_page(void *arg)
{
    struct search *search = arg;
    PS_JSON_EACH(object, ps_json_get(search->page, "items"))
    {
        search->count++;
        search->keep(search, object);
    }
    return ps_success();
}

bool ps_cleanup_is_list(const struct ps_kube_result *result, const char *plural,
                        struct ps_error *err)
{
    const struct ps_json *metadata = ps_json_get(result->object, "metadata");
    if (result->outcome != PS_KUBE_OK) {
        *err = *result->error;
        return false;
    }
    bool list = ps_json_get_text(metadata, "resourceVersion").len > 0 &&
                ps_json_type(ps_json_get(result->object, "items")) == PS_JSON_ARRAY;
    return list ||
           ps_ok(ps_fail(err, PS_CODE_IO, "list %s: the answer is no list: is that the API server?",
                         plural));
}

static void on_page(void *arg, const struct ps_kube_result *result)
{
    struct search *search = arg;
    if (!ps_cleanup_is_list(result, search->plural, &search->err)) {
        search->failed = true;
        return;
    }
    search->page = result->object;
    if (!ps_ok(ps_arena_run(search->cleanup->arena, read_page, search, &search->err))) {
        search->failed = true;
    }
}

static struct ps_status send(struct search *search, const struct ps_kube_request *like,
                             struct ps_error *err)
{
    struct ps_kube_request request = *like;
    request.verb = PS_KUBE_LIST;
    request.limit = PAGE_OBJECTS;
    request.on_done = on_page;
    request.arg = search;
    search->plural = request.resource->plural;
    return ps_kube_send(search->cleanup->kube, &request, NULL, err);
}

/* The selector, narrowed to the StatefulSet that was named. */
static struct ps_str selector(const struct ps_cleanup *cleanup, const char *base, char *text,
                              size_t size)
{
    if (cleanup->statefulset.len == 0) {
        return ps_str_of(base);
    }
    (void)snprintf(text, size, "%s," PS_LABEL_STATEFULSET "=%.*s", base,
                   PS_FMT(cleanup->statefulset));
    return ps_str_of(text);
}

static struct ps_status find_objects(struct ps_cleanup *cleanup, struct search *searches,
                                     struct ps_error *err)
{
    char ours[512];
    char injected[512];
    struct ps_kube_request request = {
        .namespace = cleanup->namespace_name,
        .label_selector = selector(cleanup, OURS, ours, sizeof(ours)),
    };
    for (size_t kind = 0; kind < PS_LEFT_KINDS; kind++) {
        searches[kind] = (struct search){
            .cleanup = cleanup, .kind = (enum ps_left_kind)kind, .keep = keep_leftover};
        request.resource = &kinds[kind].resource;
        PS_TRY(send(&searches[kind], &request, err));
    }
    searches[PS_LEFT_KINDS] = (struct search){.cleanup = cleanup, .keep = keep_broker};
    request.resource = &pods;
    request.label_selector = selector(cleanup, PS_LABEL_STATEFULSET, injected, sizeof(injected));
    PS_TRY(send(&searches[PS_LEFT_KINDS], &request, err));
    return ps_cleanup_wait(cleanup, err);
}

/* Who may not read namespaces is not told which ones are served: then all of them may be. */
static void serve_all(struct ps_cleanup *cleanup)
{
    for (struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        set->served = true;
    }
}

static struct ps_status find_namespaces(struct ps_cleanup *cleanup, struct ps_error *err)
{
    char field[512];
    bool one = cleanup->namespace_name.len > 0;
    struct search search = {.cleanup = cleanup, .keep = keep_namespace};
    (void)snprintf(field, sizeof(field), "metadata.name=%.*s", PS_FMT(cleanup->namespace_name));
    const struct ps_kube_request request = {
        .resource = &namespaces,
        .label_selector = one ? PS_STR("") : PS_STR(LABELLED),
        .field_selector = one ? ps_str_of(field) : PS_STR(""),
    };
    PS_TRY(send(&search, &request, err));
    PS_TRY(ps_cleanup_wait(cleanup, err));
    if (search.failed) {
        serve_all(cleanup);
    } else if (one && search.count == 0) {
        return ps_fail(err, PS_CODE_INPUT, "there is no namespace '%.*s'",
                       PS_FMT(cleanup->namespace_name));
    }
    return ps_success();
}

struct ps_status ps_cleanup_find(struct ps_cleanup *cleanup, struct ps_error *err)
{
    struct search searches[PS_LEFT_KINDS + 1];
    PS_TRY(find_objects(cleanup, searches, err));
    for (size_t i = 0; i < PS_COUNT(searches); i++) {
        if (searches[i].failed) {
            return ps_fail(err, PS_CODE_IO, "%s", searches[i].err.message);
        }
    }
    return find_namespaces(cleanup, err);
}
