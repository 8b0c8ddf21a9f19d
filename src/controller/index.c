/* SPDX-License-Identifier: Apache-2.0 */
#include "index.h"

#include "portside/heap.h"

#define BUCKETS_FIRST 64U

uint64_t ps_hash_mix(uint64_t hash, struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211U;
    }
    return (hash ^ 0xffU) * 1099511628211U; /* where one text ends and the next begins counts */
}

static struct ps_entry **bucket_of(const struct ps_index *index, uint64_t hash)
{
    /* The low bits of FNV-1a vary least for names that differ in their last letter. */
    return &index->buckets[(hash ^ (hash >> 32U)) & (index->bucket_count - 1)];
}

static struct ps_entry *with_hash(struct ps_entry *entry, uint64_t hash)
{
    while (entry != NULL && entry->hash != hash) {
        entry = entry->chain;
    }
    return entry;
}

struct ps_entry *ps_index_first(const struct ps_index *index, uint64_t hash)
{
    return index->count == 0 ? NULL : with_hash(*bucket_of(index, hash), hash);
}

struct ps_entry *ps_index_next(const struct ps_entry *entry)
{
    return with_hash(entry->chain, entry->hash);
}

static void put(struct ps_index *index, struct ps_entry *entry)
{
    struct ps_entry **bucket = bucket_of(index, entry->hash);
    entry->chain = *bucket;
    *bucket = entry;
}

/* Without memory the present table serves on, if there is one. */
static void grow(struct ps_index *index)
{
    struct ps_index larger = {.bucket_count = index->bucket_count == 0 ? BUCKETS_FIRST
                                                                       : index->bucket_count * 2};
    larger.buckets = ps_heap_new(larger.bucket_count, sizeof(struct ps_entry *));
    if (larger.buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < index->bucket_count; i++) {
        struct ps_entry *entry = index->buckets[i];
        while (entry != NULL) {
            struct ps_entry *next = entry->chain;
            put(&larger, entry);
            entry = next;
        }
    }
    larger.count = index->count;
    ps_heap_free(index->buckets);
    *index = larger;
}

bool ps_index_add(struct ps_index *index, struct ps_entry *entry)
{
    if (index->count >= index->bucket_count) {
        grow(index);
    }
    if (index->bucket_count == 0) {
        return false;
    }
    put(index, entry);
    index->count++;
    return true;
}

void ps_index_remove(struct ps_index *index, struct ps_entry *entry)
{
    struct ps_entry **link = bucket_of(index, entry->hash);
    while (*link != entry) {
        link = &(*link)->chain;
    }
    *link = entry->chain;
    index->count--;
}

void ps_index_clear(struct ps_index *index)
{
    ps_heap_free(index->buckets);
    *index = (struct ps_index){0};
}
