/* SPDX-License-Identifier: Apache-2.0 */
#include "accept.h"

#include "conn.h"
#include "portside/log.h"
#include "series.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#define ACCEPTS 64           /* in one round, so that open connections are served in between */
#define SYSTEM_PAUSE_MS 100U /* after the system ran out of descriptors or memory */
#define FULL_PAUSE_MS 20U    /* while there is no place, and nobody who could be sent away */
/*
 * Longer than any part of a request takes on its way from an API server. Whoever has been at it for
 * longer than this loses his place if others want it; his deadline is for times of plenty.
 */
#define SLOW_MS 1000U
#define IN_USE 1      /* the rank of an idle connection that has been of use */
#define TOLD_MS 1000U /* the log has it once in this time */

/* Takes the certificate that is in service now, if it is another one. */
static void follow_certificate(struct ps_worker *worker)
{
    uint64_t generation = ps_tls_generation(worker->shared->tls);
    if (generation != worker->generation) {
        ps_tls_context_free(worker->context);
        worker->context = ps_tls_acquire(worker->shared->tls);
        worker->generation = generation;
    }
}

static void pause_for(struct ps_worker *worker, uint64_t pause_ms)
{
    worker->accept_again_ms = worker->now_ms + pause_ms;
    ps_worker_deadline(worker, worker->accept_again_ms);
}

/*
 * How dispensable a connection is; 0: not at all. Whoever began something within the last second is
 * left alone. What an API server keeps open comes last.
 */
static int rank(const struct ps_conn *conn)
{
    if (conn->phase == PS_PHASE_CLOSING) {
        return 4;
    }
    if (conn->worker->now_ms - conn->since_ms < SLOW_MS) {
        return 0;
    }
    switch (conn->phase) {
    case PS_PHASE_HANDSHAKE:
    case PS_PHASE_HEADER:
    case PS_PHASE_BODY:
        return 3;
    case PS_PHASE_IDLE:
        if (conn->up.len > 0 || conn->down.len > 0) {
            return 0;
        }
        return conn->has_asked ? IN_USE : 2;
    case PS_PHASE_ANSWER:
    case PS_PHASE_CLOSING:
    case PS_PHASE_GONE:
        break;
    }
    return 0;
}

/*
 * Of those with the highest rank above floor the one that has been at it for longest; NULL if there
 * is none. The list begins with the newest: of two in the same millisecond the older one is taken.
 */
static struct ps_conn *find_dispensable(struct ps_worker *worker, int floor)
{
    struct ps_conn *best = NULL;
    int best_rank = floor;
    for (struct ps_conn *conn = worker->conns; conn != NULL; conn = conn->next) {
        int its = rank(conn);
        if (its > best_rank ||
            (best != NULL && its == best_rank && conn->since_ms <= best->since_ms)) {
            best = conn;
            best_rank = its;
        }
    }
    return best;
}

/* True if a connection with a rank above floor was ended for the sake of a new one. */
static bool make_room(struct ps_worker *worker, int floor)
{
    struct ps_conn *conn = find_dispensable(worker, floor);
    if (conn != NULL && conn->phase == PS_PHASE_IDLE) {
        ps_conn_close_idle(conn);
        if (conn->phase < PS_PHASE_CLOSING) {
            return false; /* its next request had just arrived */
        }
    }
    if (conn == NULL || conn->phase == PS_PHASE_GONE) {
        return conn != NULL;
    }
    ps_conn_finish(conn);
    ps_conn_end(conn);
    ps_metrics_add(worker->shared->metrics, PS_SERIES_CONNECTIONS_DISPLACED, 1);
    return true;
}

static bool is_anyone_waiting(const struct ps_worker *worker)
{
    struct pollfd listener = {.fd = worker->listener.fd, .events = POLLIN};
    return poll(&listener, 1, 0) > 0;
}

static void tell_full(struct ps_worker *worker)
{
    uint64_t times = 0;
    if (ps_pace_is_due(&worker->full, worker->now_ms, TOLD_MS, &times)) {
        PS_LOG(PS_LOG_LEVEL_WARN, "all connections are taken: idle and slow ones make room",
               PS_LOG_INT("connections", worker->shared->share.conn_max),
               PS_LOG_INT("times", times));
    }
}

void ps_accept_make_room(struct ps_worker *worker)
{
    struct ps_share *share = &worker->shared->share;
    if (atomic_exchange(&worker->asked, false) && atomic_load(&share->conns) >= share->conn_max) {
        (void)make_room(worker, 0);
    }
}

/* The connections that could make room may all be another worker's: asks one after the other. */
static void ask_others(struct ps_worker *worker)
{
    const struct ps_shared *shared = worker->shared;
    struct ps_worker *other = &shared->workers[worker->next_asked % shared->worker_count];
    worker->next_asked++;
    if (other != worker) {
        atomic_store(&other->asked, true);
        ps_worker_wake(other);
    }
}

static bool take_place(struct ps_worker *worker)
{
    struct ps_share *share = &worker->shared->share;
    if (ps_share_take_conn(share)) {
        return true;
    }
    if (!is_anyone_waiting(worker)) {
        return false;
    }
    tell_full(worker);
    if (make_room(worker, 0) && ps_share_take_conn(share)) {
        return true;
    }
    ask_others(worker);
    pause_for(worker, FULL_PAUSE_MS);
    return false;
}

/* Nothing was accepted: does it make sense to go on? */
static bool goes_on(struct ps_worker *worker, int error)
{
    uint64_t times = 0;
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) {
        return error != EAGAIN; /* any other error is that of one connection (accept(2), NOTES) */
    }
    if (ps_pace_is_due(&worker->exhausted, worker->now_ms, TOLD_MS, &times)) {
        PS_LOG(PS_LOG_LEVEL_WARN, "cannot accept a connection",
               PS_LOG_STR("cause", ps_str_of(strerror(error))), PS_LOG_INT("times", times));
    }
    (void)make_room(worker, IN_USE);
    pause_for(worker, SYSTEM_PAUSE_MS);
    return false;
}

/* False if there is nothing more to accept now. */
static bool accept_one(struct ps_worker *worker)
{
    if (!take_place(worker)) {
        return false;
    }
    int fd = accept4(worker->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        ps_share_leave_conn(&worker->shared->share);
        return goes_on(worker, errno);
    }
    ps_conn_open(worker, fd);
    return true;
}

void ps_accept_some(struct ps_worker *worker)
{
    follow_certificate(worker);
    for (int i = 0; i < ACCEPTS && accept_one(worker); i++) {
    }
}

void ps_accept_watch(struct ps_worker *worker)
{
    bool is_paused = worker->accept_again_ms > worker->now_ms;
    (void)ps_worker_watch(worker, &worker->listener, is_paused ? 0 : EPOLLIN);
}
