/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Share: what all workers of a server together may hold, whoever asks first. Limits of each worker
 * alone would add up on a large machine, and be reached by one worker while others have room.
 */
#pragma once

#include "portside/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of a body that are always granted, so that nobody's large requests keep small ones out.
 * Reviews of ordinary pods have 5 to 30 KiB.
 */
#define PS_SHARE_SMALL_BYTES ((size_t)32 * 1024)

/* A review above this size waits for its turn, see ps_share_enter(). */
#define PS_SHARE_LARGE_BYTES ((size_t)128 * 1024)

struct ps_share {
    size_t conn_max;
    size_t bodies_max;
    _Atomic size_t conns;
    _Atomic size_t bodies; /* bytes beyond PS_SHARE_SMALL_BYTES of each */

    pthread_mutex_t lock;
    pthread_cond_t left;
    bool is_taken; /* by a large review */
};

/* Fails with PS_CODE_INTERNAL; after success ps_share_clear() is owed. */
struct ps_status ps_share_init(struct ps_share *share, size_t conn_max, size_t bodies_max,
                               struct ps_error *err) PS_MUST_USE;
void ps_share_clear(struct ps_share *share);

/* Takes the place of one connection; false if all are taken. */
bool ps_share_take_conn(struct ps_share *share);
void ps_share_leave_conn(struct ps_share *share);

/* Lets the room of a body grow from one size to a larger one; false if others hold too much. */
bool ps_share_grow_body(struct ps_share *share, size_t from, size_t to);
/* The room of a body is free again. */
void ps_share_drop_body(struct ps_share *share, size_t size);

/*
 * A large review takes up to PS_ADMIT_ARENA_PER_BYTE times its size while it is decided, so only
 * one at a time is. Waits for a tenth of a second at most; false: it is still not our turn.
 */
bool ps_share_enter(struct ps_share *share);
void ps_share_leave(struct ps_share *share);
