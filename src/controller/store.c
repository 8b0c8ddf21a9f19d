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

static bool is_named(const struct ps_item *item, struct ps_str namespace_name, struct ps_str name)
{
    return ps_str_equal(item->facts.name, name) &&
           ps_str_equal(item->facts.namespace_name, namespace_name);
}

struct ps_item *ps_store_find(const struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name)
{
    struct ps_item *item = store->lists[kind];
    while (item != NULL && !is_named(item, namespace_name, name)) {
        item = item->next;
    }
    return item;
}

/* Copies all texts of facts into one block; false if there is no memory. */
static bool fill(struct ps_item *item, const struct ps_item_facts *facts)
{
    struct ps_str from[PS_ITEM_TEXTS];
    struct ps_str to[PS_ITEM_TEXTS];
    size_t total = 0;
    memcpy(from, facts, sizeof(from));
    for (size_t i = 0; i < PS_ITEM_TEXTS; i++) {
        total += from[i].len + 1;
    }
    char *block = ps_heap_new(total, 1);
    if (block == NULL) {
        return false;
    }
    char *at = block;
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

static struct ps_item *add(struct ps_store *store, enum ps_kind kind)
{
    struct ps_item *item = ps_heap_new(1, sizeof(*item));
    if (item != NULL) {
        item->next = store->lists[kind];
        store->lists[kind] = item;
    }
    return item;
}

static enum ps_put replace(struct ps_item *item, const struct ps_item_facts *facts, uint64_t now_ms)
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
    if (!fill(item, facts)) {
        return PS_PUT_NO_MEMORY;
    }
    item->bound_ms = same_node ? item->bound_ms : now_ms;
    item->moved_ms = same_place ? item->moved_ms : now_ms;
    return same ? PS_PUT_SAME : PS_PUT_CHANGED;
}

enum ps_put ps_store_put(struct ps_store *store, enum ps_kind kind,
                         const struct ps_item_facts *facts, uint64_t now_ms,
                         struct ps_item **ret_item)
{
    struct ps_item *item = ps_store_find(store, kind, facts->namespace_name, facts->name);
    enum ps_put result = PS_PUT_CHANGED;
    if (item != NULL) {
        result = replace(item, facts, now_ms);
    } else if ((item = add(store, kind)) == NULL) {
        return PS_PUT_NO_MEMORY;
    } else if (!fill(item, facts)) {
        store->lists[kind] = item->next;
        ps_item_free(item);
        return PS_PUT_NO_MEMORY;
    } else {
        item->bound_ms = now_ms;
        item->moved_ms = now_ms;
    }
    item->generation = store->generation;
    *ret_item = item;
    return result;
}

static struct ps_item *unlink_at(struct ps_item **link)
{
    struct ps_item *item = *link;
    if (item != NULL) {
        *link = item->next;
        item->next = NULL;
    }
    return item;
}

struct ps_item *ps_store_take(struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name)
{
    struct ps_item **link = &store->lists[kind];
    while (*link != NULL && !is_named(*link, namespace_name, name)) {
        link = &(*link)->next;
    }
    return unlink_at(link);
}

struct ps_item *ps_store_take_older(struct ps_store *store, enum ps_kind kind,
                                    struct ps_str namespace_name, uint64_t generation)
{
    struct ps_item **link = &store->lists[kind];
    while (*link != NULL && ((*link)->generation >= generation || (*link)->until_ms != 0 ||
                             (namespace_name.len > 0 &&
                              !ps_str_equal((*link)->facts.namespace_name, namespace_name)))) {
        link = &(*link)->next;
    }
    return unlink_at(link);
}

void ps_store_clear(struct ps_store *store)
{
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        while (store->lists[kind] != NULL) {
            ps_item_free(unlink_at(&store->lists[kind]));
        }
    }
}
