/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controller knows of the cluster: copies of objects, cut to what the planners read. The
 * text is kept and parsed again for each plan, as parsed nodes live in arenas.
 */
#pragma once

#include "index.h"
#include "portside/json.h"

enum ps_kind {
    PS_KIND_NAMESPACE = 0,
    PS_KIND_STATEFULSET,
    PS_KIND_SERVICE,
    PS_KIND_POD,
    PS_KIND_CONFIG_MAP,
    PS_KIND_NETWORK_POLICY,
    PS_KIND_BARE_POD,   /* of a StatefulSet, without our label */
    PS_KIND_OWN_POLICY, /* NetworkPolicy with our label: that it is there */
    PS_KIND_COUNT,
};

/* Views; of an item they look into its own memory. */
struct ps_item_facts {
    struct ps_str namespace_name;
    struct ps_str name;
    struct ps_str owner; /* the StatefulSet it belongs to; empty: none */
    struct ps_str uid;
    struct ps_str version; /* resourceVersion */
    struct ps_str node;    /* of a pod that is bound */
    struct ps_str place;   /* of a pod: its node, the node's address, its containers */
    struct ps_str text;    /* JSON */
};

#define PS_ITEM_TEXTS (sizeof(struct ps_item_facts) / sizeof(struct ps_str))

struct ps_room;

struct ps_item {
    struct ps_entry entry; /* by kind, namespace and name */
    struct ps_item *next;  /* of its kind in its namespace */
    struct ps_item **link; /* what points to it there */
    struct ps_room *room;
    enum ps_kind kind;
    struct ps_item_facts facts;
    uint64_t owner_hash; /* ps_hash_mix() of facts.owner */
    char *block;         /* that facts look into */
    size_t bytes;        /* of block */
    uint64_t generation; /* of the store when it was last told of */
    uint64_t bound_ms;   /* pod: when it was first seen on its node */
    uint64_t moved_ms;   /* pod: when its place was first seen */
    uint64_t until_ms;   /* a foreign object is forgotten then; 0: it is watched */
};

/* The objects of one namespace; its name is empty for those that are in none. */
struct ps_room {
    struct ps_entry entry; /* by name */
    struct ps_room *next;
    char *name;
    bool wanted;
    struct ps_item *lists[PS_KIND_COUNT];
    size_t bytes[PS_KIND_COUNT];
};

/*
 * All zero: empty. Labels are no proof: anybody may put ours on objects of a megabyte. So the
 * objects of one kind of all namespaces together that are not wanted have a limit.
 */
struct ps_store {
    struct ps_index items;
    struct ps_index names; /* of rooms */
    struct ps_room *rooms;
    size_t stray_bytes[PS_KIND_COUNT]; /* of rooms that are not wanted */
    uint64_t generation;
};

#define PS_STRAY_BYTES_MAX ((size_t)16 * 1024 * 1024)

/*
 * The facts of an object as the API server sent it; false if it has no name, or a number that a
 * copy would damage. Views into object and arena; inside ps_arena_run().
 */
bool ps_item_read(struct ps_arena *arena, enum ps_kind kind, const struct ps_json *object,
                  struct ps_item_facts *ret_facts);

/* False if objects like this one of kind are not kept: all bare pods but running brokers, maybe. */
bool ps_item_is_wanted(enum ps_kind kind, const struct ps_json *object);

/* True if its annotations say portside.dev/inject: "false". */
bool ps_item_is_opted_out(const struct ps_json *object);

/* NULL if it is not there. */
struct ps_item *ps_store_find(const struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name);

/* The first of kind in the namespace, more by next; NULL: there is none. */
struct ps_item *ps_store_first(const struct ps_store *store, enum ps_kind kind,
                               struct ps_str namespace_name);

/* The namespace is looked after, or is not any more: then its objects are strays. */
void ps_store_want(struct ps_store *store, struct ps_str namespace_name, bool wanted);

/* True if strays of kind take so little that those passed over may find a place. */
bool ps_store_is_roomy(const struct ps_store *store, enum ps_kind kind);

enum ps_put {
    PS_PUT_SAME = 0, /* known already, or newer is known, or nothing of it counts */
    PS_PUT_CHANGED,
    PS_PUT_NO_MEMORY,
    PS_PUT_STRAY, /* there is no place for it; what was known of it before stays */
};

/* Copies facts. The item (may be the one of before) is in *ret_item if it was put. */
enum ps_put ps_store_put(struct ps_store *store, enum ps_kind kind,
                         const struct ps_item_facts *facts, uint64_t now_ms,
                         struct ps_item **ret_item);

/* Takes it out of the store; the item is the caller's, see ps_item_free(). NULL: not there. */
struct ps_item *ps_store_take(struct ps_store *store, enum ps_kind kind,
                              struct ps_str namespace_name, struct ps_str name);

/*
 * Takes out one item of kind (in the namespace; empty: in any) that was last told of before
 * generation, foreign ones apart; NULL when there is none left.
 */
struct ps_item *ps_store_take_older(struct ps_store *store, enum ps_kind kind,
                                    struct ps_str namespace_name, uint64_t generation);

/* Takes it out and frees it. */
void ps_store_drop(struct ps_store *store, struct ps_item *item);

void ps_item_free(struct ps_item *item);

void ps_store_clear(struct ps_store *store);
