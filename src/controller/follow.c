/* SPDX-License-Identifier: Apache-2.0 */
/* Watches: what the API server tells goes into the store, and marks what it concerns. */
#include "control.h"
#include "portside/heap.h"
#include "portside/log.h"
#include "portside/service.h"

#define OURS PS_LABEL_MANAGED_BY "=" PS_MANAGED_BY

/* A control plane that comes up may forbid for a moment what it allows then. */
#define REFUSED_MS 10000U

struct subject {
    struct ps_kube_resource resource;
    const char *selector;
};

static const struct subject subjects[PS_KIND_COUNT] = {
    [PS_KIND_NAMESPACE] = {{"v1", "namespaces"}, "portside.dev/inject=enabled"},
    [PS_KIND_STATEFULSET] = {{"apps/v1", "statefulsets"}, ""},
    [PS_KIND_SERVICE] = {{"v1", "services"}, OURS},
    [PS_KIND_POD] = {{"v1", "pods"}, PS_LABEL_STATEFULSET},
    [PS_KIND_CONFIG_MAP] = {{"v1", "configmaps"}, OURS},
    [PS_KIND_NETWORK_POLICY] = {{"networking.k8s.io/v1", "networkpolicies"}, ""},
    [PS_KIND_BARE_POD] = {{"v1", "pods"}, "!" PS_LABEL_STATEFULSET},
    [PS_KIND_OWN_POLICY] = {{"networking.k8s.io/v1", "networkpolicies"}, OURS},
};

struct reading {
    struct ps_arena *arena;
    enum ps_kind kind;
    const struct ps_json *object;
    struct ps_item_facts facts;
    bool readable;
};

static struct ps_status read_facts(void *arg)
{
    struct reading *reading = arg;
    reading->readable =
        ps_item_read(reading->arena, reading->kind, reading->object, &reading->facts);
    return ps_success();
}

/* False if the object cannot be kept; said in the log. */
static bool read_object(struct ps_controller *controller, struct reading *reading)
{
    struct ps_error err = {.message = "it has no name, or a number beyond 2^53"};
    if (ps_ok(ps_arena_run(controller->arena, read_facts, reading, &err)) && reading->readable) {
        return true;
    }
    PS_LOG(PS_LOG_LEVEL_WARN, "object passed over",
           PS_LOG_STR("kind", ps_str_of(subjects[reading->kind].resource.plural)),
           PS_LOG_STR("name", ps_json_get_text(ps_json_get(reading->object, "metadata"), "name")),
           PS_LOG_STR("problem", ps_str_of(err.message)));
    return false;
}

/* The watch that tells of such objects; NULL: there is none now. */
static struct ps_follow *find_follow(const struct ps_controller *controller, enum ps_kind kind,
                                     struct ps_str namespace_name)
{
    const struct ps_space *space = ps_space_find(controller, namespace_name);
    if (controller->follows[kind] != NULL || space == NULL) {
        return controller->follows[kind];
    }
    if (kind == PS_KIND_BARE_POD) {
        return space->bare;
    }
    return kind == PS_KIND_STATEFULSET ? space->statefulsets : space->policies;
}

static void pass_over(struct ps_controller *controller, enum ps_kind kind,
                      const struct ps_item_facts *facts)
{
    struct ps_follow *follow = find_follow(controller, kind, facts->namespace_name);
    if (follow != NULL && !follow->misses) {
        follow->misses = true;
        PS_LOG(PS_LOG_LEVEL_WARN,
               "namespaces without the label hold too much with ours: passed over, and nothing of "
               "ours is deleted there",
               PS_LOG_STR("kind", ps_str_of(subjects[kind].resource.plural)),
               PS_LOG_STR("namespace", facts->namespace_name), PS_LOG_STR("name", facts->name));
    }
}

static void put(struct ps_controller *controller, enum ps_kind kind,
                const struct ps_item_facts *facts, bool foreign)
{
    struct ps_item *item = NULL;
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    enum ps_put result = ps_store_put(&controller->store, kind, facts, now_ms, &item);
    if (result == PS_PUT_NO_MEMORY) {
        ps_log(PS_LOG_LEVEL_ERROR, "no memory left to keep an object", NULL, 0);
        return;
    }
    if (result == PS_PUT_STRAY) {
        pass_over(controller, kind, facts);
        return;
    }
    item->until_ms = foreign ? now_ms + PS_FOREIGN_MS : 0;
    if (result == PS_PUT_CHANGED) {
        ps_cluster_changed(controller, kind, facts, false);
    }
}

static void gone(struct ps_controller *controller, enum ps_kind kind, struct ps_item *item)
{
    if (item == NULL) {
        return;
    }
    struct ps_follow *follow = find_follow(controller, kind, item->facts.namespace_name);
    if (follow != NULL && follow->misses && ps_store_is_roomy(&controller->store, kind)) {
        ps_kube_watch_relist(follow->watch);
    }
    ps_cluster_changed(controller, kind, &item->facts, true);
    ps_item_free(item);
}

void ps_follow_told(struct ps_controller *controller, enum ps_kind kind,
                    const struct ps_json *object, struct ps_str foreign_of)
{
    struct reading reading = {.arena = controller->arena, .kind = kind, .object = object};
    if (read_object(controller, &reading)) {
        reading.facts.owner = foreign_of.len > 0 ? foreign_of : reading.facts.owner;
        put(controller, kind, &reading.facts, foreign_of.len > 0);
    }
    ps_arena_reset(controller->arena);
}

/*
 * The webhook is never asked about these two (namespaceSelector of the registration), so nothing of
 * theirs is looked after either, whoever labels them.
 */
static bool is_ignored(struct ps_follow *follow, struct ps_str name, bool labelled)
{
    bool is_system = ps_str_is(name, "kube-system");
    if (follow->kind != PS_KIND_NAMESPACE ||
        (!is_system && !ps_str_is(name, follow->controller->leader.namespace_name))) {
        return false;
    }
    bool *told = is_system ? &follow->ignores_system : &follow->ignores_own;
    if (labelled && !*told) {
        PS_LOG(PS_LOG_LEVEL_WARN, "namespace ignored, although it is labelled",
               PS_LOG_STR("namespace", name),
               PS_LOG_STR("cause", is_system ? PS_STR("it is the system's")
                                             : PS_STR("portside itself runs there")));
    }
    *told = labelled;
    return true;
}

static void on_object(void *arg, enum ps_kube_change change, const struct ps_json *object)
{
    struct ps_follow *follow = arg;
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    bool ending = follow->kind == PS_KIND_NAMESPACE &&
                  ps_json_is_string(ps_json_get(metadata, "deletionTimestamp"));
    follow->troubled = false;
    bool unwanted =
        !ps_item_is_wanted(follow->kind, object) ||
        is_ignored(follow, ps_json_get_text(metadata, "name"), change != PS_KUBE_DELETED);
    if (change == PS_KUBE_DELETED || ending ||
        unwanted) { /* nothing can be made in one that ends */
        gone(follow->controller, follow->kind,
             ps_store_take(&follow->controller->store, follow->kind,
                           ps_json_get_text(metadata, "namespace"),
                           ps_json_get_text(metadata, "name")));
        return;
    }
    ps_follow_told(follow->controller, follow->kind, object, PS_STR(""));
}

static void on_sync(void *arg, enum ps_kube_sync sync)
{
    struct ps_follow *follow = arg;
    struct ps_store *store = &follow->controller->store;
    if (sync == PS_KUBE_SYNC_BEGIN) {
        follow->begun = ++store->generation;
        follow->misses = false;
        follow->lacks = false;
        return;
    }
    struct ps_item *item;
    while ((item = ps_store_take_older(store, follow->kind, ps_str_of(follow->namespace_name),
                                       follow->begun)) != NULL) {
        gone(follow->controller, follow->kind, item);
    }
    follow->troubled = false;
    if (!follow->known && !follow->lacks) {
        follow->known = true;
        ps_sets_touch_all(follow->controller);
    }
}

static void on_trouble(void *arg, const struct ps_error *error)
{
    struct ps_follow *follow = arg;
    ps_metrics_add(follow->controller->metrics, PS_CONTROLLER_FAILURES, 1);
    if (!follow->troubled || follow->told != error->code) { /* a lost right, after an outage */
        PS_LOG(PS_LOG_LEVEL_WARN, "watch broken, trying again",
               PS_LOG_STR("problem", ps_str_of(error->message)));
    }
    follow->troubled = true;
    if (!ps_kube_watch_forbidden(follow->watch)) {
        follow->refused_ms = 0;
    } else if (follow->refused_ms == 0) {
        follow->refused_ms = ps_kube_now_ms(follow->controller->kube);
    }
    follow->told = error->code;
}

struct ps_follow *ps_follow_new(struct ps_controller *controller, enum ps_kind kind,
                                struct ps_str namespace_name)
{
    struct ps_error err = {.message = "there is no memory left"};
    struct ps_follow *follow = ps_heap_new(1, sizeof(*follow));
    if (follow == NULL) {
        return NULL;
    }
    *follow = (struct ps_follow){
        .controller = controller, .kind = kind, .namespace_name = ps_heap_copy(namespace_name)};
    const struct ps_kube_watch_options options = {
        .resource = &subjects[kind].resource,
        .namespace = namespace_name,
        .label_selector = ps_str_of(subjects[kind].selector),
        .on_sync = on_sync,
        .on_object = on_object,
        .on_trouble = on_trouble,
        .arg = follow,
    };
    if (follow->namespace_name == NULL ||
        !ps_ok(ps_kube_watch_start(controller->kube, &options, &follow->watch, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "cannot watch", PS_LOG_STR("problem", ps_str_of(err.message)));
        ps_follow_free(follow);
        return NULL;
    }
    return follow;
}

void ps_follow_free(struct ps_follow *follow)
{
    if (follow != NULL) {
        ps_kube_watch_stop(follow->watch);
        ps_heap_free(follow->namespace_name);
        ps_heap_free(follow);
    }
}

/* What it passed over matters now: nothing is planned until it is known. */
static void complete(struct ps_follow *follow)
{
    if (follow != NULL && follow->misses) {
        follow->lacks = true;
        follow->known = false;
        ps_kube_watch_relist(follow->watch);
    }
}

void ps_follows_want(struct ps_controller *controller, const struct ps_space *space, bool wanted)
{
    ps_store_want(&controller->store, ps_str_of(space->name), wanted);
    if (!wanted) {
        return;
    }
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        complete(controller->follows[kind]);
    }
    complete(space->statefulsets);
    complete(space->policies);
}

bool ps_follow_is_refused(const struct ps_follow *follow)
{
    return follow != NULL && !follow->known && follow->refused_ms != 0 &&
           ps_kube_now_ms(follow->controller->kube) >= follow->refused_ms + REFUSED_MS;
}

bool ps_follows_synced(const struct ps_controller *controller)
{
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        if (controller->follows[kind] != NULL && !controller->follows[kind]->known) {
            return false;
        }
    }
    return true;
}

bool ps_follows_known(const struct ps_controller *controller)
{
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        const struct ps_follow *follow = controller->follows[kind];
        bool dispensable = kind == PS_KIND_POD || kind == PS_KIND_CONFIG_MAP;
        bool needed = kind != PS_KIND_OWN_POLICY; /* what is left over may go later */
        if (needed && follow != NULL && !follow->known &&
            !(dispensable && ps_follow_is_refused(follow))) {
            return false;
        }
    }
    return true;
}

static uint64_t older(const struct ps_follow *follow, uint64_t heard_ms)
{
    uint64_t own_ms = follow == NULL ? heard_ms : ps_kube_watch_heard_ms(follow->watch);
    return own_ms < heard_ms ? own_ms : heard_ms;
}

uint64_t ps_follows_heard_ms(const struct ps_controller *controller)
{
    uint64_t heard_ms = UINT64_MAX;
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        heard_ms = older(controller->follows[kind], heard_ms);
    }
    for (const struct ps_space *space = controller->spaces; space != NULL; space = space->next) {
        heard_ms = older(space->bare, older(space->policies, older(space->statefulsets, heard_ms)));
    }
    return heard_ms;
}

static void wake(struct ps_follow *follow)
{
    if (follow != NULL && follow->troubled) {
        follow->troubled = false;
        ps_kube_watch_relist(follow->watch);
    }
}

void ps_follows_wake(struct ps_controller *controller)
{
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        wake(controller->follows[kind]);
    }
    for (struct ps_space *space = controller->spaces; space != NULL; space = space->next) {
        wake(space->statefulsets);
        wake(space->bare);
        wake(space->policies);
    }
}
