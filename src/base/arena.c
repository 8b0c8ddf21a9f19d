/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of blocks, newest first. Each allocation is preceded by its size, so that the newest one
 * can be given back: cJSON frees what it has just allocated on every parse error.
 */
#include "portside/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16U
/* The first block stays between requests: most reviews need no other. */
#define BLOCK_BYTES ((size_t)256 * 1024)

struct block {
    struct block *next;
    size_t used;
    size_t cap;
    size_t padding; /* keeps data aligned */
    unsigned char data[];
};

/* In front of each allocation. */
struct header {
    size_t size; /* with the header */
    size_t padding;
};

struct ps_arena {
    struct block *blocks;
    size_t limit;
    size_t held; /* sum of cap over all blocks */
    bool running;
    jmp_buf exhausted;
};

_Static_assert(sizeof(struct block) % ALIGNMENT == 0, "data must be aligned");
_Static_assert(sizeof(struct header) == ALIGNMENT, "what follows a header must be aligned");

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static PS_NORETURN void unwind(struct ps_arena *arena)
{
    if (!arena->running) {
        abort(); /* allocation outside ps_arena_run(): a programmer's mistake */
    }
    longjmp(arena->exhausted, 1);
}

static struct block *new_block(size_t cap)
{
    struct block *block = malloc(sizeof(*block) + cap);
    if (block != NULL) {
        *block = (struct block){.cap = cap};
    }
    return block;
}

struct ps_arena *ps_arena_new(size_t limit_bytes)
{
    struct ps_arena *arena = calloc(1, sizeof(*arena));
    if (arena == NULL) {
        return NULL;
    }
    arena->limit = limit_bytes / ALIGNMENT * ALIGNMENT;
    arena->blocks = new_block(arena->limit < BLOCK_BYTES ? arena->limit : BLOCK_BYTES);
    if (arena->blocks == NULL) {
        free(arena);
        return NULL;
    }
    arena->held = arena->blocks->cap;
    return arena;
}

/* Frees all blocks but the oldest, which has the standard size. */
static void drop_blocks(struct ps_arena *arena)
{
    while (arena->blocks->next != NULL) {
        struct block *next = arena->blocks->next;
        arena->held -= arena->blocks->cap;
        free(arena->blocks);
        arena->blocks = next;
    }
}

void ps_arena_free(struct ps_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    drop_blocks(arena);
    free(arena->blocks);
    free(arena);
}

void ps_arena_reset(struct ps_arena *arena)
{
    drop_blocks(arena);
    arena->blocks->used = 0;
}

struct ps_status ps_arena_run(struct ps_arena *arena, struct ps_status (*work)(void *arg),
                              void *arg, struct ps_error *err)
{
    if (setjmp(arena->exhausted) != 0) {
        arena->running = false;
        return ps_fail(err, PS_CODE_LIMIT, "the request needs more than %zu bytes of memory",
                       arena->limit);
    }
    arena->running = true;
    struct ps_status status = work(arg);
    arena->running = false;
    return status;
}

/* Later blocks double, so that a large request needs few of them. */
static void grow(struct ps_arena *arena, size_t need)
{
    size_t cap = arena->held > need ? arena->held : need;
    if (cap > arena->limit - arena->held) {
        cap = arena->limit - arena->held;
    }
    struct block *block = cap < need ? NULL : new_block(cap);
    if (block == NULL) {
        unwind(arena);
    }
    block->next = arena->blocks;
    arena->blocks = block;
    arena->held += cap;
}

void *ps_arena_alloc(struct ps_arena *arena, size_t bytes)
{
    if (bytes > arena->limit) {
        unwind(arena);
    }
    size_t need = round_up(bytes) + sizeof(struct header);
    if (arena->blocks->cap - arena->blocks->used < need) {
        grow(arena, need);
    }
    struct block *block = arena->blocks;
    struct header *header = (void *)(block->data + block->used);
    header->size = need;
    block->used += need;
    return header + 1;
}

void *ps_arena_calloc(struct ps_arena *arena, size_t count, size_t bytes)
{
    if (bytes != 0 && count > arena->limit / bytes) {
        unwind(arena);
    }
    void *memory = ps_arena_alloc(arena, count * bytes);
    memset(memory, 0, count * bytes);
    return memory;
}

void ps_arena_release(struct ps_arena *arena, void *memory)
{
    if (memory == NULL) {
        return;
    }
    const struct header *header = (const struct header *)memory - 1;
    const unsigned char *at = (const unsigned char *)header;
    struct block *newest = arena->blocks;
    if (at + header->size == newest->data + newest->used && at >= newest->data) {
        newest->used -= header->size;
    }
}

struct ps_str ps_arena_copy(struct ps_arena *arena, struct ps_str s)
{
    char *copy = ps_arena_alloc(arena, s.len + 1);
    if (s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    copy[s.len] = '\0';
    return (struct ps_str){copy, s.len};
}

struct ps_str ps_arena_join(struct ps_arena *arena, const struct ps_str *texts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += texts[i].len;
    }
    char *joined = ps_arena_alloc(arena, len + 1);
    char *at = joined;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].len > 0) {
            memcpy(at, texts[i].ptr, texts[i].len);
            at += texts[i].len;
        }
    }
    *at = '\0';
    return (struct ps_str){joined, len};
}

struct ps_str ps_arena_printf(struct ps_arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    const struct block *block = arena->blocks;
    size_t free_bytes = block->cap - block->used;
    size_t room = free_bytes > ALIGNMENT ? free_bytes - ALIGNMENT : 0;
    char *tried = (char *)arena->blocks->data + block->used + ALIGNMENT; /* the next one's place */
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(room == 0 ? NULL : tried, room, format, args);
    va_end(args);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = ps_arena_alloc(arena, size);
    if (text != tried || len < 0) {
        text[0] = '\0';
        (void)vsnprintf(text, size, format, again);
    }
    va_end(again);
    return (struct ps_str){text, size - 1};
}

size_t ps_arena_used(const struct ps_arena *arena)
{
    size_t used = 0;
    for (const struct block *block = arena->blocks; block != NULL; block = block->next) {
        used += block->used;
    }
    return used;
}
