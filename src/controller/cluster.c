/* SPDX-License-Identifier: Apache-2.0 */
/* Which namespaces and StatefulSets are looked after, and which an event concerns. */
#include "listening.h"
#include "portside/heap.h"

static bool is_set(const struct ps_set *set, struct ps_str namespace_name, struct ps_str name)
{
    return ps_str_is(name, set->name) && ps_str_is(namespace_name, set->namespace_name);
}

struct ps_set *ps_set_get(struct ps_controller *controller, struct ps_str namespace_name,
                          struct ps_str name)
{
    uint64_t hash = ps_hash_mix(ps_hash_mix(PS_HASH_BEGIN, namespace_name), name);
    struct ps_entry *entry = ps_index_first(&controller->set_names, hash);
    while (entry != NULL && !is_set((struct ps_set *)entry, namespace_name, name)) {
        entry = ps_index_next(entry);
    }
    struct ps_set *set = (struct ps_set *)entry;
    if (set != NULL || (set = ps_heap_new(1, sizeof(*set))) == NULL) {
        return set;
    }
    *set = (struct ps_set){.entry.hash = hash,
                           .next = controller->sets,
                           .namespace_name = ps_heap_copy(namespace_name),
                           .name = ps_heap_copy(name),
                           .due_ms = PS_NEVER};
    if (set->namespace_name == NULL || set->name == NULL ||
        !ps_index_add(&controller->set_names, &set->entry)) {
        ps_heap_free(set->namespace_name);
        ps_heap_free(set->name);
        ps_heap_free(set);
        return NULL;
    }
    controller->sets = set;
    return set;
}

static void set_free(struct ps_set *set)
{
    while (set->refused != NULL) {
        ps_set_accept(set, ps_str_of(set->refused->service));
    }
    ps_heap_free(set->namespace_name);
    ps_heap_free(set->name);
    ps_heap_free(set);
}

void ps_set_drop(struct ps_controller *controller, struct ps_set *set)
{
    struct ps_set **link = &controller->sets;
    ps_checks_forget(controller, set);
    while (*link != set) {
        link = &(*link)->next;
    }
    *link = set->next;
    ps_index_remove(&controller->set_names, &set->entry);
    set_free(set);
}

void ps_set_touch(struct ps_set *set, uint64_t at_ms)
{
    if (set != NULL && at_ms < set->due_ms) {
        set->due_ms = at_ms;
    }
}

static struct ps_refused **find_refused(struct ps_set *set, struct ps_str service)
{
    struct ps_refused **link = &set->refused;
    while (*link != NULL && !ps_str_is(service, (*link)->service)) {
        link = &(*link)->next;
    }
    return link;
}

bool ps_set_refuse(struct ps_set *set, struct ps_str service)
{
    struct ps_refused **link = find_refused(set, service);
    if (*link == NULL && (*link = ps_heap_new(1, sizeof(**link))) != NULL &&
        ((*link)->service = ps_heap_copy(service)) == NULL) {
        ps_heap_free(*link);
        *link = NULL;
    }
    return *link != NULL && ++(*link)->times >= PS_REFUSED_TIMES;
}

void ps_set_accept(struct ps_set *set, struct ps_str service)
{
    struct ps_refused **link = find_refused(set, service);
    struct ps_refused *refused = *link;
    if (refused != NULL) {
        *link = refused->next;
        ps_heap_free(refused->service);
        ps_heap_free(refused);
    }
}

void ps_sets_touch_all(struct ps_controller *controller)
{
    for (struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        ps_set_touch(set, ps_kube_now_ms(controller->kube));
    }
}

static void touch_space(struct ps_controller *controller, struct ps_str name)
{
    for (struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        if (ps_str_is(name, set->namespace_name)) {
            ps_set_touch(set, ps_kube_now_ms(controller->kube));
        }
    }
}

struct ps_space *ps_space_find(const struct ps_controller *controller, struct ps_str name)
{
    struct ps_space *space = controller->spaces;
    while (space != NULL && !ps_str_is(name, space->name)) {
        space = space->next;
    }
    return space;
}

static void space_free(struct ps_space *space)
{
    ps_follow_free(space->statefulsets);
    ps_follow_free(space->bare);
    ps_follow_free(space->policies);
    ps_heap_free(space->name);
    ps_heap_free(space);
}

struct ps_space *ps_space_get(struct ps_controller *controller, struct ps_str name)
{
    struct ps_space *space = ps_space_find(controller, name);
    if (space != NULL || (space = ps_heap_new(1, sizeof(*space))) == NULL) {
        return space;
    }
    space->name = ps_heap_copy(name);
    space->statefulsets = ps_follow_new(controller, PS_KIND_STATEFULSET, name);
    if (space->name == NULL || space->statefulsets == NULL) {
        space_free(space);
        return NULL;
    }
    space->next = controller->spaces;
    controller->spaces = space;
    return space;
}

static bool has_any(const struct ps_controller *controller, enum ps_kind kind, struct ps_str name)
{
    return ps_store_first(&controller->store, kind, name) != NULL;
}

static void forget_objects(struct ps_controller *controller, enum ps_kind kind, struct ps_str name)
{
    struct ps_item *item;
    while ((item = ps_store_take_older(&controller->store, kind, name, UINT64_MAX)) != NULL) {
        ps_item_free(item);
    }
}

/* A namespace without label is looked after until nothing of ours is left in it. */
static void drop_if_idle(struct ps_controller *controller, struct ps_str name)
{
    struct ps_space **link = &controller->spaces;
    while (*link != NULL && !ps_str_is(name, (*link)->name)) {
        link = &(*link)->next;
    }
    if (*link == NULL || (*link)->labelled || has_any(controller, PS_KIND_SERVICE, name) ||
        has_any(controller, PS_KIND_POD, name) || has_any(controller, PS_KIND_OWN_POLICY, name)) {
        return;
    }
    struct ps_space *space = *link;
    *link = space->next;
    forget_objects(controller, PS_KIND_STATEFULSET, name);
    forget_objects(controller, PS_KIND_NETWORK_POLICY, name);
    touch_space(controller, name);
    space_free(space);
}

/* Pods without injection matter only where there should be one. */
static void follow_bare(struct ps_controller *controller, struct ps_space *space)
{
    struct ps_str name = ps_str_of(space->name);
    if (space->labelled && space->bare == NULL) {
        space->bare = ps_follow_new(controller, PS_KIND_BARE_POD, name);
    } else if (!space->labelled) {
        ps_follow_free(space->bare);
        space->bare = NULL;
        forget_objects(controller, PS_KIND_BARE_POD, name);
    }
}

static void changed_namespace(struct ps_controller *controller, const struct ps_item_facts *facts,
                              bool gone)
{
    struct ps_space *space =
        gone ? ps_space_find(controller, facts->name) : ps_space_get(controller, facts->name);
    if (space == NULL) {
        return;
    }
    space->labelled = !gone;
    ps_follows_want(controller, space, !gone);
    follow_bare(controller, space);
    touch_space(controller, facts->name);
    if (gone) {
        drop_if_idle(controller, facts->name);
    }
}

static void changed_object(struct ps_controller *controller, enum ps_kind kind,
                           const struct ps_item_facts *facts, bool gone)
{
    bool holds_space = kind == PS_KIND_SERVICE || kind == PS_KIND_POD || kind == PS_KIND_OWN_POLICY;
    if (facts->owner.len > 0) {
        struct ps_set *set = ps_set_get(controller, facts->namespace_name, facts->owner);
        ps_set_touch(set, ps_kube_now_ms(controller->kube));
    }
    if (holds_space && !gone) {
        (void)ps_space_get(controller, facts->namespace_name);
    }
    if (holds_space && gone) {
        drop_if_idle(controller, facts->namespace_name);
    }
}

void ps_cluster_changed(struct ps_controller *controller, enum ps_kind kind,
                        const struct ps_item_facts *facts, bool gone)
{
    switch (kind) {
    case PS_KIND_NAMESPACE:
        changed_namespace(controller, facts, gone);
        return;
    case PS_KIND_NETWORK_POLICY:
        touch_space(controller, facts->namespace_name);
        return;
    case PS_KIND_STATEFULSET:
    case PS_KIND_SERVICE:
    case PS_KIND_POD:
    case PS_KIND_CONFIG_MAP:
    case PS_KIND_BARE_POD:
    case PS_KIND_OWN_POLICY:
        changed_object(controller, kind, facts, gone);
        return;
    case PS_KIND_COUNT:
        return;
    }
}

void ps_cluster_clear(struct ps_controller *controller)
{
    while (controller->spaces != NULL) {
        struct ps_space *space = controller->spaces;
        controller->spaces = space->next;
        space_free(space);
    }
    while (controller->sets != NULL) {
        struct ps_set *set = controller->sets;
        controller->sets = set->next;
        set_free(set);
    }
    ps_index_clear(&controller->set_names);
}
