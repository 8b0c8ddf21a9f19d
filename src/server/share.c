/* SPDX-License-Identifier: Apache-2.0 */
#include "share.h"

#include <time.h>

#define WAIT_NS 100000000L /* a hundred times what a large review of a real object takes */
#define NS_PER_S 1000000000L

struct ps_status ps_share_init(struct ps_share *share, size_t conn_max, size_t bodies_max,
                               struct ps_error *err)
{
    *share = (struct ps_share){.conn_max = conn_max, .bodies_max = bodies_max};
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for a lock");
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* the wall clock may jump */
    bool has_left = pthread_cond_init(&share->left, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (!has_left || pthread_mutex_init(&share->lock, NULL) != 0) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for a lock");
    }
    return ps_success();
}

void ps_share_clear(struct ps_share *share)
{
    (void)pthread_cond_destroy(&share->left);
    (void)pthread_mutex_destroy(&share->lock);
}

/* Adds more to *held unless that would pass max. */
static bool take(_Atomic size_t *held, size_t more, size_t max)
{
    size_t now = atomic_load(held);
    do {
        if (now > max || more > max - now) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(held, &now, now + more));
    return true;
}

bool ps_share_take_conn(struct ps_share *share)
{
    return take(&share->conns, 1, share->conn_max);
}

void ps_share_leave_conn(struct ps_share *share)
{
    (void)atomic_fetch_sub(&share->conns, 1);
}

/* What of a body's size counts. */
static size_t counted(size_t size)
{
    return size > PS_SHARE_SMALL_BYTES ? size - PS_SHARE_SMALL_BYTES : 0;
}

bool ps_share_grow_body(struct ps_share *share, size_t from, size_t to)
{
    size_t more = counted(to) - counted(from);
    return more == 0 || take(&share->bodies, more, share->bodies_max);
}

void ps_share_drop_body(struct ps_share *share, size_t size)
{
    if (counted(size) > 0) {
        (void)atomic_fetch_sub(&share->bodies, counted(size));
    }
}

bool ps_share_enter(struct ps_share *share)
{
    struct timespec end = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += WAIT_NS;
    end.tv_sec += end.tv_nsec / NS_PER_S;
    end.tv_nsec %= NS_PER_S;
    (void)pthread_mutex_lock(&share->lock);
    while (share->is_taken && pthread_cond_timedwait(&share->left, &share->lock, &end) == 0) {
    }
    bool is_ours = !share->is_taken;
    share->is_taken = true;
    (void)pthread_mutex_unlock(&share->lock);
    return is_ours;
}

void ps_share_leave(struct ps_share *share)
{
    (void)pthread_mutex_lock(&share->lock);
    share->is_taken = false;
    (void)pthread_cond_signal(&share->left);
    (void)pthread_mutex_unlock(&share->lock);
}
