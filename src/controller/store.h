/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the controller knows of the cluster: copies of objects, cut to what the planners read. The
 * text is kept and parsed again for each plan, as parsed nodes live in arenas.
 */
#pragma once

#include "portside/json.h"
#include "portside/str.h"

#include <stdbool.h>
#include <stdint.h>

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

struct ps_item {
    struct ps_item *next;
    struct ps_item_facts facts;
    char *block;         /* that facts look into */
    uint64_t generation; /* of the store when it was last told of */
    uint64_t bound_ms;   /* pod: when it was first seen on its node */
    uint64_t moved_ms;   /* pod: when its place was first seen */
    uint64_t until_ms;   /* a foreign object is forgotten then; 0: it is watched */
};

/* All zero: empty. */
struct ps_store {
    struct ps_item *lists[PS_KIND_COUNT];
    uint64_t generation;
};

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

enum ps_put {
    PS_PUT_SAME = 0, /* known already, or newer is known, or nothing of it counts */
    PS_PUT_CHANGED,
    PS_PUT_NO_MEMORY,
};

/* Copies facts. The item (may be the one of before) is in *ret_item unless memory is short. */
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

void ps_item_free(struct ps_item *item);

void ps_store_clear(struct ps_store *store);
