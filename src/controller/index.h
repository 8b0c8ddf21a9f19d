/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of what its owner keeps: entries are members of larger things, and are not freed
 * here. Names of a cluster's objects are chosen by its users, who gain nothing by names that
 * collide: all look-ups compare the names themselves, and slow down for their namespace at worst.
 */
#pragma once

#include "portside/str.h"

#include <stdbool.h>
#include <stdint.h>

struct ps_entry {
    struct ps_entry *chain;
    uint64_t hash;
};

/* All zero: empty. */
struct ps_index {
    struct ps_entry **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
};

#define PS_HASH_BEGIN 14695981039346656037U

/* FNV-1a; hash is PS_HASH_BEGIN or what the texts before gave. */
uint64_t ps_hash_mix(uint64_t hash, struct ps_str text);

/* Entries of that hash, one after the other; NULL: there is none, or none any more. */
struct ps_entry *ps_index_first(const struct ps_index *index, uint64_t hash);
struct ps_entry *ps_index_next(const struct ps_entry *entry);

/* entry->hash is set. False if there is no memory for the table. */
bool ps_index_add(struct ps_index *index, struct ps_entry *entry);

/* It is in the table. */
void ps_index_remove(struct ps_index *index, struct ps_entry *entry);

/* The table alone. */
void ps_index_clear(struct ps_index *index);
