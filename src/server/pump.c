/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each direction runs until its source is empty or its sink is full; in the latter case the rest of
 * the chunk is held, and the source is not read until it is gone. libmicrohttpd does not run
 * meanwhile, so what one call can move is bounded by the buffer of the socket pair.
 *
 * Descriptors are watched level-triggered: what a direction leaves behind is told again. So nobody
 * asks a source that has just given less than was asked for; those calls were a third of all.
 */
#include "pump.h"

#include "portside/heap.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define MS_PER_S 1000U

/* What became of a direction. */
enum flow {
    FLOW_WAITS = 0, /* nothing more can be moved now */
    FLOW_GOES_ON,   /* call again */
    FLOW_BROKEN,    /* the client is gone */
    FLOW_DONE,      /* libmicrohttpd is through with this connection */
};

void ps_held_clear(struct ps_held *held)
{
    ps_heap_free(held->ptr);
    *held = (struct ps_held){0};
}

/* Holds a copy of what is left. */
static bool hold(struct ps_held *held, const char *ptr, size_t len)
{
    held->ptr = ps_heap_new(1, len);
    if (held->ptr == NULL) {
        return false;
    }
    memcpy(held->ptr, ptr, len);
    held->len = len;
    return true;
}

/* Drops the first len bytes of what is held. */
static void advance(struct ps_held *held, size_t len)
{
    held->len -= len;
    if (held->len == 0) {
        ps_held_clear(held);
        return;
    }
    memmove(held->ptr, held->ptr + len, held->len);
}

/*
 * Sends to libmicrohttpd; how much it took. If it has closed its end (it answered without reading
 * the body), everything counts as taken, and nothing more is read from the client: the next look at
 * its end of the pair finds that we are through.
 */
static size_t give(struct ps_conn *conn, const char *ptr, size_t len)
{
    conn->worker->mhd_dirty = true;
    conn->given_turn = conn->worker->mhd_turn;
    for (;;) {
        ssize_t sent = send(conn->pair.fd, ptr, len, MSG_NOSIGNAL);
        if (sent >= 0) {
            return (size_t)sent;
        }
        if (errno == EAGAIN) {
            return 0;
        }
        if (errno != EINTR) {
            conn->mhd_ended = true;
            return len;
        }
    }
}

static enum flow give_held(struct ps_conn *conn)
{
    size_t taken = give(conn, conn->up.ptr, conn->up.len);
    if (taken == 0) {
        return FLOW_WAITS;
    }
    advance(&conn->up, taken);
    return FLOW_GOES_ON;
}

/*
 * libmicrohttpd has answered whatever it got, and the client has all of that: what a turn brings
 * is delivered after it, and nothing stays in the pair.
 */
static bool is_through(const struct ps_conn *conn)
{
    return conn->phase == PS_PHASE_IDLE && conn->given_turn != conn->worker->mhd_turn &&
           conn->down.len == 0;
}

/* There was nothing to read: why? */
static enum flow read_nothing(struct ps_conn *conn, enum ps_tls_io io)
{
    switch (io) {
    case PS_TLS_IO_WANTS_WRITE:
        conn->read_wants_write = true;
        return FLOW_WAITS;
    case PS_TLS_IO_ENDED:
        conn->client_ended = true;
        if (is_through(conn)) {
            return FLOW_DONE;
        }
        (void)shutdown(conn->pair.fd, SHUT_WR); /* half-close: an answer may still come */
        conn->worker->mhd_dirty = true;
        return FLOW_WAITS;
    case PS_TLS_IO_BROKEN:
        return FLOW_BROKEN;
    case PS_TLS_IO_DONE:
    case PS_TLS_IO_WANTS_READ:
        break;
    }
    return FLOW_WAITS;
}

/* Part of these bytes may be a body: only libmicrohttpd can tell, when it has had its turn. */
static void suspect(struct ps_conn *conn)
{
    struct ps_worker *worker = conn->worker;
    if (!conn->suspected && conn->header_bytes > worker->shared->config->header_max_bytes) {
        conn->suspected = true;
        conn->next_suspect = worker->suspects;
        worker->suspects = conn;
    }
}

/* One step from the client to libmicrohttpd. */
static enum flow step_up(struct ps_conn *conn)
{
    if (conn->up.len > 0) {
        return give_held(conn);
    }
    if (conn->client_ended || conn->mhd_ended) {
        return FLOW_WAITS;
    }
    char *chunk = conn->worker->chunk;
    size_t len = 0;
    enum ps_tls_io io = ps_tls_session_read(conn->tls, chunk, PS_CHUNK_BYTES, &len);
    if (io != PS_TLS_IO_DONE) {
        return read_nothing(conn, io);
    }
    if (conn->phase == PS_PHASE_IDLE) {
        ps_conn_enter(conn, PS_PHASE_HEADER);
        conn->has_asked = true;
    }
    if (conn->phase == PS_PHASE_HEADER) {
        conn->header_bytes += len;
        suspect(conn);
    }
    size_t taken = give(conn, chunk, len);
    if (taken < len) {
        return hold(&conn->up, chunk + taken, len - taken) ? FLOW_GOES_ON : FLOW_BROKEN;
    }
    return ps_tls_session_has_more(conn->tls) ? FLOW_GOES_ON : FLOW_WAITS;
}

static enum flow put_held(struct ps_conn *conn)
{
    size_t taken = 0;
    enum ps_tls_io io = ps_tls_session_write(conn->tls, conn->down.ptr, conn->down.len, &taken);
    if (io != PS_TLS_IO_DONE) {
        return io == PS_TLS_IO_WANTS_WRITE ? FLOW_WAITS : FLOW_BROKEN;
    }
    advance(&conn->down, taken);
    if (conn->down.len == 0) {
        conn->stall_ms = 0;
    }
    return FLOW_GOES_ON;
}

/* Holds what the client does not take; it has as long for that as for its body. */
static enum flow hold_down(struct ps_conn *conn, const char *ptr, size_t len)
{
    struct ps_worker *worker = conn->worker;
    if (!hold(&conn->down, ptr, len)) {
        return FLOW_BROKEN;
    }
    conn->stall_ms = worker->now_ms + worker->shared->config->body_s * MS_PER_S;
    ps_worker_deadline(worker, conn->stall_ms);
    return FLOW_GOES_ON;
}

/* One step from libmicrohttpd to the client. */
static enum flow step_down(struct ps_conn *conn)
{
    if (conn->down.len > 0) {
        return put_held(conn);
    }
    char *chunk = conn->worker->chunk;
    ssize_t got = recv(conn->pair.fd, chunk, PS_CHUNK_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return FLOW_WAITS;
    }
    if (got <= 0) {
        return FLOW_DONE; /* ECONNRESET: it closed without reading all; the answer came first */
    }
    if (conn->phase != PS_PHASE_IDLE) {
        conn->worker->mhd_dirty = true; /* there is room for more of its answer */
    }
    size_t len = (size_t)got;
    size_t taken = 0;
    enum ps_tls_io io = ps_tls_session_write(conn->tls, chunk, len, &taken);
    if (io != PS_TLS_IO_DONE && io != PS_TLS_IO_WANTS_WRITE) {
        return FLOW_BROKEN;
    }
    if (taken < len) {
        return hold_down(conn, chunk + taken, len - taken);
    }
    return len == PS_CHUNK_BYTES ? FLOW_GOES_ON : FLOW_WAITS;
}

static bool watch(struct ps_conn *conn)
{
    uint32_t socket = 0;
    uint32_t pair = 0;
    if (conn->up.len > 0) {
        pair |= EPOLLOUT;
    } else if (!conn->client_ended && !conn->mhd_ended) {
        socket |= EPOLLIN;
    }
    if (conn->down.len > 0) {
        socket |= EPOLLOUT;
    } else {
        pair |= EPOLLIN;
    }
    if (conn->read_wants_write) {
        socket |= EPOLLOUT;
    }
    return ps_worker_watch(conn->worker, &conn->socket, socket) &&
           ps_worker_watch(conn->worker, &conn->pair, pair);
}

static enum flow run(struct ps_conn *conn, enum flow (*step)(struct ps_conn *conn))
{
    enum flow flow = FLOW_GOES_ON;
    while (flow == FLOW_GOES_ON) {
        flow = step(conn);
    }
    return flow;
}

static void pump(struct ps_conn *conn, bool up, bool down)
{
    enum flow flow = FLOW_WAITS;
    if (up) {
        conn->read_wants_write = false;
        flow = run(conn, step_up);
    }
    if (down && flow == FLOW_WAITS) {
        flow = run(conn, step_down);
    }
    if (flow == FLOW_DONE) {
        ps_conn_finish(conn);
    } else if (flow == FLOW_BROKEN || !watch(conn)) {
        ps_conn_end(conn);
    }
}

void ps_pump(struct ps_conn *conn)
{
    pump(conn, true, true);
}

void ps_pump_event(struct ps_conn *conn, const struct ps_source *source)
{
    bool is_socket = source == &conn->socket;
    pump(conn, is_socket || conn->up.len > 0, !is_socket || conn->down.len > 0);
}
