/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "portside/heap.h"

#include <string.h>

void ps_item_free(struct ps_item *item)
{
    if (item != NULL) {
        ps_heap_free(item->block);
        ps_heap_free(item);
    }
}

/* A stray that is known may change up to this size: of a pod that ends, all is to be heard. */
#define SMALL_BYTES ((size_t)2 * 1024)

static uint64_t hash_of(enum ps_kind kind, struct ps_str namespace_name, struct ps_str name)
{
    return ps_hash_mix(ps_hash_mix(PS_HASH_BEGIN ^ kind, namespace_name), name);
}

static struct ps_room *find_room(const struct ps_store *store, struct ps_str name)
{
    struct ps_entry *entry = ps_index_first(&store->names, ps_hash_mix(PS_HASH_BEGIN, name));
    while (entry != NULL && !ps_str_is(name, ((struct ps_room *)entry)->name)) {
        entry = ps_index_next(entry);
    }
    return (struct ps_room *)entry;
}

static void room_free(struct ps_room *room)
{
    ps_heap_free(room->name);
    ps_heap_free(room);
}

/* NULL if there is no memory. */
static struct ps_room *get_room(struct ps_store *store, struct ps_str name)
{
    struct ps_room *room = find_room(store, name);
    if (room != NULL || (room = ps_heap_new(1, sizeof(*room))) == NULL) {
        return room;
    }
    *room = (struct ps_room){.entry.hash = ps_hash_mix(PS_HASH_BEGIN, name),
                             .next = store->rooms,
                             .name = ps_heap_copy(name),
                             .wanted = name.len == 0};
    if (room->name == NULL || !ps_index_add(&store->names, &room->entry)) {
        room_free(room);
        return NULL;
    }
    store->rooms = room;
    return room;
}

static void drop_if_empty(struct ps_store *store, struct ps_room *room)
{
    struct ps_room **link = &store->rooms;
    bool empty = !room->wanted;
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        empty = empty && room->lists[kind] == NULL;
    }
    if (!empty) {
        return;
    }
    while (*link != room) {
        link = &(*link)->next;
    }
    *link = room->next;
    ps_index_remove(&store->names, &room->entry);
    room_free(room);
}

void ps_store_want(struct ps_store *store, struct ps_str namespace_name, bool wanted)
{
    struct ps_room *room =
        wanted ? get_room(store, namespace_name) : find_room(store, namespace_name);
    if (room == NULL || room->wanted == wanted) {
        return;
    }
    room->wanted = wanted;
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        store->stray_bytes[kind] += wanted ? -room->bytes[kind] : room->bytes[kind];
    }
    drop_if_empty(store, room);
}

bool ps_store_is_roomy(const struct ps_store *store, enum ps_kind kind)
{
    return store->stray_bytes[kind] < PS_STRAY_BYTES_MAX / 2;
}

struct ps_item *ps_store_find(const struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name)
{
    struct ps_entry *entry = ps_index_first(&store->items, hash_of(kind, namespace_name, name));
    for (; entry != NULL; entry = ps_index_next(entry)) {
        struct ps_item *item = (struct ps_item *)entry;
        if (item->kind == kind && ps_str_equal(item->facts.name, name) &&
            ps_str_equal(item->facts.namespace_name, namespace_name)) {
            return item;
        }
    }
    return NULL;
}

struct ps_item *ps_store_first(const struct ps_store *store, enum ps_kind kind,
                               struct ps_str namespace_name)
{
    const struct ps_room *room = find_room(store, namespace_name);
    return room == NULL ? NULL : room->lists[kind];
}

static size_t bytes_of(const struct ps_item_facts *facts)
{
    struct ps_str texts[PS_ITEM_TEXTS];
    size_t total = 0;
    memcpy(texts, facts, sizeof(texts));
    for (size_t i = 0; i < PS_ITEM_TEXTS; i++) {
        total += texts[i].len + 1;
    }
    return total;
}

static void count_bytes(struct ps_store *store, struct ps_item *item, size_t bytes)
{
    struct ps_room *room = item->room;
    room->bytes[item->kind] += bytes - item->bytes;
    store->stray_bytes[item->kind] += room->wanted ? 0 : bytes - item->bytes;
    item->bytes = bytes;
}

/* Copies all texts of facts into one block; false if there is no memory. */
static bool fill(struct ps_store *store, struct ps_item *item, const struct ps_item_facts *facts)
{
    struct ps_str from[PS_ITEM_TEXTS];
    struct ps_str to[PS_ITEM_TEXTS];
    size_t total = bytes_of(facts);
    char *block = ps_heap_new(total, 1);
    if (block == NULL) {
        return false;
    }
    char *at = block;
    memcpy(from, facts, sizeof(from));
    for (size_t i = 0; i < PS_ITEM_TEXTS; i++) {
        if (from[i].len > 0) {
            memcpy(at, from[i].ptr, from[i].len);
        }
        to[i] = (struct ps_str){at, from[i].len};
        at += from[i].len + 1;
    }
    ps_heap_free(item->block);
    item->block = block;
    memcpy(&item->facts, to, sizeof(to));
    item->owner_hash = ps_hash_mix(PS_HASH_BEGIN, item->facts.owner);
    count_bytes(store, item, total);
    return true;
}

/* Versions of one resource can be compared as numbers (KEP-5504); where not, the last word wins. */
static bool is_older(struct ps_str version, struct ps_str known)
{
    uint64_t a;
    uint64_t b;
    return ps_str_to_uint(version, UINT64_MAX, &a) && ps_str_to_uint(known, UINT64_MAX, &b) &&
           a < b;
}

static void unlink_item(struct ps_store *store, struct ps_item *item)
{
    *item->link = item->next;
    if (item->next != NULL) {
        item->next->link = item->link;
    }
    item->next = NULL;
    ps_index_remove(&store->items, &item->entry);
    count_bytes(store, item, 0);
    drop_if_empty(store, item->room);
    item->room = NULL;
}

/* NULL if there is no memory. */
static struct ps_item *add(struct ps_store *store, enum ps_kind kind,
                           const struct ps_item_facts *facts)
{
    struct ps_room *room = get_room(store, facts->namespace_name);
    struct ps_item *item = room == NULL ? NULL : ps_heap_new(1, sizeof(*item));
    if (item == NULL) {
        return NULL;
    }
    *item = (struct ps_item){.entry.hash = hash_of(kind, facts->namespace_name, facts->name),
                             .next = room->lists[kind],
                             .link = &room->lists[kind],
                             .room = room,
                             .kind = kind};
    if (!ps_index_add(&store->items, &item->entry)) {
        ps_heap_free(item);
        return NULL;
    }
    if (item->next != NULL) {
        item->next->link = &item->next;
    }
    room->lists[kind] = item;
    if (!fill(store, item, facts)) {
        ps_store_drop(store, item);
        return NULL;
    }
    return item;
}

static enum ps_put replace(struct ps_store *store, struct ps_item *item,
                           const struct ps_item_facts *facts, uint64_t now_ms)
{
    bool same_node =
        ps_str_equal(item->facts.uid, facts->uid) && ps_str_equal(item->facts.node, facts->node);
    bool same_place = same_node && ps_str_equal(item->facts.place, facts->place);
    if (ps_str_equal(item->facts.version, facts->version) ||
        is_older(facts->version, item->facts.version)) {
        return PS_PUT_SAME;
    }
    bool same = same_place && ps_str_equal(item->facts.text, facts->text) &&
                ps_str_equal(item->facts.owner, facts->owner);
    if (!fill(store, item, facts)) {
        return PS_PUT_NO_MEMORY;
    }
    item->bound_ms = same_node ? item->bound_ms : now_ms;
    item->moved_ms = same_place ? item->moved_ms : now_ms;
    return same ? PS_PUT_SAME : PS_PUT_CHANGED;
}

/* False if it is a stray for which there is no place. known may be NULL. */
static bool has_place(const struct ps_store *store, enum ps_kind kind,
                      const struct ps_item_facts *facts, const struct ps_item *known)
{
    const struct ps_room *room = find_room(store, facts->namespace_name);
    bool wanted = room == NULL ? facts->namespace_name.len == 0 : room->wanted;
    size_t bytes = bytes_of(facts);
    size_t before = known == NULL ? 0 : known->bytes;
    return wanted || store->stray_bytes[kind] - before + bytes <= PS_STRAY_BYTES_MAX ||
           (known != NULL && (bytes <= before || bytes <= SMALL_BYTES));
}

enum ps_put ps_store_put(struct ps_store *store, enum ps_kind kind,
                         const struct ps_item_facts *facts, uint64_t now_ms,
                         struct ps_item **ret_item)
{
    struct ps_item *item = ps_store_find(store, kind, facts->namespace_name, facts->name);
    enum ps_put result = PS_PUT_CHANGED;
    if (!has_place(store, kind, facts, item)) {
        result = PS_PUT_STRAY;
    } else if (item != NULL) {
        result = replace(store, item, facts, now_ms);
    } else if ((item = add(store, kind, facts)) != NULL) {
        item->bound_ms = now_ms;
        item->moved_ms = now_ms;
    } else {
        return PS_PUT_NO_MEMORY;
    }
    if (item != NULL) {
        item->generation = store->generation;
        *ret_item = item;
    }
    return result;
}

struct ps_item *ps_store_take(struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name)
{
    struct ps_item *item = ps_store_find(store, kind, namespace_name, name);
    if (item != NULL) {
        unlink_item(store, item);
    }
    return item;
}

static struct ps_item *find_older(const struct ps_room *room, enum ps_kind kind,
                                  uint64_t generation)
{
    struct ps_item *item = room->lists[kind];
    while (item != NULL && (item->generation >= generation || item->until_ms != 0)) {
        item = item->next;
    }
    return item;
}

struct ps_item *ps_store_take_older(struct ps_store *store, enum ps_kind kind,
                                    struct ps_str namespace_name, uint64_t generation)
{
    const struct ps_room *one = find_room(store, namespace_name);
    const struct ps_room *room = namespace_name.len > 0 ? one : store->rooms;
    struct ps_item *item = NULL;
    while (room != NULL && (item = find_older(room, kind, generation)) == NULL) {
        room = namespace_name.len > 0 ? NULL : room->next;
    }
    if (item != NULL) {
        unlink_item(store, item);
    }
    return item;
}

void ps_store_drop(struct ps_store *store, struct ps_item *item)
{
    unlink_item(store, item);
    ps_item_free(item);
}

static void clear_room(struct ps_room *room)
{
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        while (room->lists[kind] != NULL) {
            struct ps_item *item = room->lists[kind];
            room->lists[kind] = item->next;
            ps_item_free(item);
        }
    }
    room_free(room);
}

void ps_store_clear(struct ps_store *store)
{
    while (store->rooms != NULL) {
        struct ps_room *room = store->rooms;
        store->rooms = room->next;
        clear_room(room);
    }
    ps_index_clear(&store->items);
    ps_index_clear(&store->names);
    *store = (struct ps_store){0};
}
