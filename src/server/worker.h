/* SPDX-License-Identifier: Apache-2.0 */
/* Worker: one thread, one epoll loop, its connections and its libmicrohttpd daemon. */
#pragma once

#include "portside/arena.h"
#include "portside/metrics.h"
#include "portside/server.h"
#include "portside/tls.h"
#include "share.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Daemon;
struct ps_conn;

/* One TLS record at most (RFC 8446 section 5.1); what is moved at a time. */
#define PS_CHUNK_BYTES 16384U

/* What all threads of a server share. Written before they start, but for the atomics. */
struct ps_shared {
    struct ps_server_options options;
    const struct ps_config *config; /* that of options */
    struct ps_tls *tls;
    struct ps_metrics *metrics;
    struct ps_share share;
    struct ps_worker *workers;
    size_t worker_count;
    int64_t start_ms;      /* wall clock */
    _Atomic bool draining; /* answers carry "Connection: close" */
    _Atomic bool stopping; /* nothing new is accepted */
};

/* What an epoll event is about. */
enum ps_source_kind {
    PS_SOURCE_LISTENER = 1,
    PS_SOURCE_WAKE,
    PS_SOURCE_SOCKET, /* the client's side of a connection */
    PS_SOURCE_PAIR,   /* libmicrohttpd's side of it */
};

struct ps_source {
    enum ps_source_kind kind;
    int fd;
    uint32_t mask; /* what epoll watches; 0: not registered */
    struct ps_conn *conn;
};

/* What the log does not tell each time: whoever reaches the port can make it happen. */
struct ps_pace {
    uint64_t told_ms; /* 0: never */
    uint64_t times;   /* since then */
};

struct ps_worker {
    struct ps_shared *shared;
    pthread_t thread;
    bool started;

    int epoll;
    struct ps_source listener;
    struct ps_source wake;
    struct MHD_Daemon *mhd;
    bool mhd_dirty;    /* it has something to do */
    uint64_t mhd_turn; /* how often it has done all it had to do, and one */

    struct ssl_ctx_st *context; /* a reference of our own */
    uint64_t generation;        /* of context */

    struct ps_conn *conns;
    struct ps_conn *graves;   /* ended in this round; epoll may still have an event for them */
    struct ps_conn *suspects; /* whose header may be too large */
    struct ps_conn *adding;   /* being given to libmicrohttpd right now */
    struct ps_conn *answered; /* in this turn of libmicrohttpd, in its order */
    struct ps_conn **answered_end;
    struct ps_pace refused;   /* clients by their certificate */
    struct ps_pace rejected;  /* our certificate by clients */
    struct ps_pace full;      /* no place for a connection */
    struct ps_pace exhausted; /* no descriptor for one */
    _Atomic bool asked;       /* by another worker to make room */
    size_t next_asked;        /* by us */
    uint64_t accept_again_ms; /* a pause until then; 0: none */
    uint64_t trim_ms;         /* when what handshakes left in the heap is given back; 0: nothing */

    uint64_t now_ms;
    uint64_t deadline_ms; /* no connection has an earlier one; UINT64_MAX: none */

    struct ps_arena *arena;
    char chunk[PS_CHUNK_BYTES];
};

/*
 * Prepares a worker that accepts connections from listener, which it owns from here on. Whether it
 * fails or not, ps_worker_clear() cleans up.
 */
struct ps_status ps_worker_init(struct ps_worker *worker, struct ps_shared *shared, int listener,
                                struct ps_error *err) PS_MUST_USE;

/* Starts the thread. */
struct ps_status ps_worker_start(struct ps_worker *worker, struct ps_error *err) PS_MUST_USE;

/* Makes the loop look at the flags in shared. From any thread. */
void ps_worker_wake(const struct ps_worker *worker);

/* Waits for the thread, which ends once shared->stopping is set and no connection is left. */
void ps_worker_join(struct ps_worker *worker);

/* Frees what it holds. No worker's thread may run any more: they wake each other. */
void ps_worker_clear(struct ps_worker *worker);

/* Watches source for mask from now on; 0 takes it out, so that a hang-up is not reported either. */
bool ps_worker_watch(struct ps_worker *worker, struct ps_source *source, uint32_t mask);

/*
 * Counts; true if the last time it was told is at least every_ms ago, with how often it has
 * happened since.
 */
bool ps_pace_is_due(struct ps_pace *pace, uint64_t now_ms, uint64_t every_ms, uint64_t *ret_times);

/* A handshake has left holes in the heap: gives them back soon. */
void ps_worker_trim_soon(struct ps_worker *worker);

/* Brings the loop's next look at the deadlines forward to when_ms. */
void ps_worker_deadline(struct ps_worker *worker, uint64_t when_ms);
