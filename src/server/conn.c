/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection; what flows through it is moved in pump.c. */
#include "conn.h"

#include "handshake.h"
#include "portside/heap.h"
#include "portside/log.h"
#include "pump.h"
#include "refusal.h"
#include "series.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MS_PER_S 1000U
/*
 * How long we go on reading after our last byte. If we closed with unread bytes in the socket, TCP
 * would send RST and the client might lose an answer that it has not read yet (RFC 9112 section
 * 9.6).
 */
#define LINGER_MS 2000U

static void close_source(struct ps_source *source)
{
    if (source->fd >= 0) {
        (void)close(source->fd); /* which takes it out of epoll, too */
        source->fd = -1;
        source->mask = 0;
    }
}

static void set_deadline(struct ps_conn *conn, uint64_t after_ms)
{
    conn->since_ms = conn->worker->now_ms;
    conn->deadline_ms = conn->since_ms + after_ms;
    ps_worker_deadline(conn->worker, conn->deadline_ms);
}

static uint64_t phase_ms(const struct ps_config *config, enum ps_phase phase)
{
    switch (phase) {
    case PS_PHASE_HANDSHAKE:
        return config->handshake_s * MS_PER_S;
    case PS_PHASE_IDLE:
        return config->idle_s * MS_PER_S;
    case PS_PHASE_HEADER:
        return config->header_s * MS_PER_S;
    case PS_PHASE_BODY:
    case PS_PHASE_ANSWER:
        return config->body_s * MS_PER_S;
    case PS_PHASE_CLOSING:
    case PS_PHASE_GONE:
        break;
    }
    return LINGER_MS;
}

void ps_conn_enter(struct ps_conn *conn, enum ps_phase phase)
{
    if (conn->phase < PS_PHASE_CLOSING) {
        conn->phase = phase;
        conn->header_bytes = 0;
        set_deadline(conn, phase_ms(conn->worker->shared->config, phase));
    }
}

uint64_t ps_conn_deadline(const struct ps_conn *conn)
{
    bool stalled = conn->stall_ms != 0 && conn->stall_ms < conn->deadline_ms;
    return stalled ? conn->stall_ms : conn->deadline_ms;
}

static void unlink_conn(struct ps_conn *conn)
{
    *conn->link = conn->next;
    if (conn->next != NULL) {
        conn->next->link = conn->link;
    }
}

static void push(struct ps_conn **list, struct ps_conn *conn)
{
    conn->next = *list;
    conn->link = list;
    if (*list != NULL) {
        (*list)->link = &conn->next;
    }
    *list = conn;
}

/* Moves it to the graves, which the worker empties when no event can mean it any more. */
static void bury(struct ps_conn *conn)
{
    unlink_conn(conn);
    push(&conn->worker->graves, conn);
}

/* Takes it off the worker's list of suspects, which must not outlive it. */
static void clear_suspicion(struct ps_conn *conn)
{
    struct ps_conn **link = &conn->worker->suspects;
    while (conn->suspected && *link != conn) {
        link = &(*link)->next_suspect;
    }
    if (conn->suspected) {
        *link = conn->next_suspect;
        conn->suspected = false;
    }
}

void ps_conn_end(struct ps_conn *conn)
{
    if (conn->phase == PS_PHASE_GONE) {
        return;
    }
    clear_suspicion(conn);
    conn->phase = PS_PHASE_GONE;
    conn->deadline_ms = UINT64_MAX;
    conn->stall_ms = 0;
    close_source(&conn->socket);
    close_source(&conn->pair);
    ps_tls_session_free(conn->tls);
    conn->tls = NULL;
    ps_held_clear(&conn->up);
    ps_held_clear(&conn->down);
    conn->worker->mhd_dirty = true; /* it finds its end closed */
    ps_share_leave_conn(&conn->worker->shared->share);
    ps_metrics_add(conn->worker->shared->metrics, PS_SERIES_CONNECTIONS, -1);
    if (!conn->mhd_knows) {
        bury(conn);
    }
}

void ps_conn_answered(struct ps_conn *conn)
{
    struct ps_worker *worker = conn->worker;
    if (!conn->answered) {
        conn->answered = true;
        conn->next_answered = NULL;
        *worker->answered_end = conn;
        worker->answered_end = &conn->next_answered;
    }
}

void ps_conn_deliver(struct ps_conn *conn)
{
    conn->answered = false;
    if (conn->phase < PS_PHASE_CLOSING) {
        ps_pump_event(conn, &conn->pair);
    }
}

void ps_conn_forgotten(struct ps_conn *conn)
{
    conn->mhd_knows = false;
    if (conn->phase == PS_PHASE_GONE) {
        bury(conn);
    }
}

/* Sends our FIN and reads on until the client's, for a while. */
static void linger(struct ps_conn *conn)
{
    close_source(&conn->pair);
    conn->worker->mhd_dirty = true;
    ps_held_clear(&conn->up);
    ps_held_clear(&conn->down);
    conn->stall_ms = 0;
    if (conn->client_ended || shutdown(conn->socket.fd, SHUT_WR) != 0 ||
        !ps_worker_watch(conn->worker, &conn->socket, EPOLLIN)) {
        ps_conn_end(conn);
        return;
    }
    conn->phase = PS_PHASE_CLOSING;
    set_deadline(conn, LINGER_MS);
}

void ps_conn_finish(struct ps_conn *conn)
{
    if (conn->phase >= PS_PHASE_CLOSING) {
        return;
    }
    if (conn->phase != PS_PHASE_HANDSHAKE) {
        ps_tls_session_close(conn->tls);
    }
    linger(conn);
}

void ps_conn_close_idle(struct ps_conn *conn)
{
    if (conn->phase == PS_PHASE_IDLE) {
        ps_pump(conn); /* an answer, or the next request, may be on its way through us */
    }
    if (conn->phase == PS_PHASE_IDLE && conn->up.len == 0 && conn->down.len == 0) {
        ps_conn_finish(conn);
    }
}

/*
 * libmicrohttpd waits in silence once a header fills its memory, so the answer is ours. Whatever it
 * has answered before goes out first.
 */
void ps_conn_check_header(struct ps_conn *conn)
{
    struct ps_shared *shared = conn->worker->shared;
    char text[PS_HEADER_REFUSAL_BYTES];
    if (conn->phase == PS_PHASE_HEADER) {
        ps_pump(conn);
    }
    if (conn->phase != PS_PHASE_HEADER || conn->down.len > 0) {
        return;
    }
    size_t len = ps_refusal_header_text(shared->config, text);
    size_t sent = 0;
    (void)ps_tls_session_write(conn->tls, text, len, &sent); /* a courtesy before the end */
    ps_series_response(shared->metrics, 431);
    PS_LOG(PS_LOG_LEVEL_INFO, "request refused", PS_LOG_INT("status", 431),
           PS_LOG_STR("reason", PS_STR("the header is too large")));
    ps_conn_finish(conn);
}

void ps_conn_expire(struct ps_conn *conn)
{
    static const char *const names[] = {"handshake", "idle", "header", "body", "answer"};
    if (conn->phase >= PS_PHASE_CLOSING) {
        ps_conn_end(conn);
        return;
    }
    enum ps_phase phase = conn->stall_ms != 0 ? PS_PHASE_ANSWER : conn->phase;
    ps_metrics_count(conn->worker->shared->metrics, PS_SERIES_DEADLINES, phase, 0, 0);
    if (phase == PS_PHASE_HANDSHAKE) {
        ps_handshake_count(conn->worker, PS_TLS_FAILURE_TIMEOUT);
    }
    PS_LOG(PS_LOG_LEVEL_DEBUG, "connection took too long",
           PS_LOG_STR("phase", ps_str_of(names[phase])));
    ps_conn_finish(conn);
}

/* Gives one end of a socket pair to libmicrohttpd, as if it were the client's socket. */
static bool meet_mhd(struct ps_conn *conn)
{
    const struct sockaddr local = {.sa_family = AF_UNIX}; /* it wants one and only keeps it */
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    struct ps_worker *worker = conn->worker;
    conn->pair.fd = ends[0];
    worker->adding = conn;
    enum MHD_Result added =
        MHD_add_connection(worker->mhd, ends[1], &local, (socklen_t)sizeof(local));
    worker->adding = NULL;
    worker->mhd_dirty = true;
    /* If it refuses, it has closed its end all the same. */
    return added == MHD_YES && ps_worker_watch(worker, &conn->pair, EPOLLIN);
}

static void handshake_done(struct ps_conn *conn)
{
    if (!meet_mhd(conn)) {
        ps_conn_end(conn);
        return;
    }
    ps_worker_trim_soon(conn->worker);
    ps_conn_enter(conn, PS_PHASE_IDLE);
    /* The first request may have come with the end of the handshake. */
    ps_pump_event(conn, &conn->socket);
}

static void handshake(struct ps_conn *conn)
{
    struct ps_tls_failure failure = {0};
    uint32_t mask = EPOLLIN;
    switch (ps_tls_session_accept(conn->tls, &failure)) {
    case PS_TLS_IO_DONE:
        handshake_done(conn);
        return;
    case PS_TLS_IO_ENDED:
    case PS_TLS_IO_BROKEN:
        ps_handshake_failed(conn, &failure);
        linger(conn); /* so that the client can read the alert, or the answer */
        return;
    case PS_TLS_IO_WANTS_WRITE:
        mask = EPOLLOUT;
        break;
    case PS_TLS_IO_WANTS_READ:
        break;
    }
    if (!ps_worker_watch(conn->worker, &conn->socket, mask)) {
        ps_conn_end(conn);
    }
}

/* Reads and forgets what the client still sends. */
static void drain_socket(struct ps_conn *conn)
{
    ssize_t got = recv(conn->socket.fd, conn->worker->chunk, PS_CHUNK_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        ps_conn_end(conn);
    }
}

void ps_conn_event(struct ps_conn *conn, const struct ps_source *source, uint32_t events)
{
    if (conn->phase == PS_PHASE_GONE || source->fd < 0) {
        return; /* ended earlier in this round */
    }
    if (conn->phase == PS_PHASE_HANDSHAKE) {
        handshake(conn); /* of a client that has hung up, too: its last words say why */
        return;
    }
    if (source == &conn->socket && (events & (EPOLLERR | EPOLLHUP)) != 0) {
        ps_conn_end(conn); /* reset, or both directions are closed */
        return;
    }
    if (conn->phase == PS_PHASE_CLOSING) {
        drain_socket(conn);
        return;
    }
    ps_pump_event(conn, source);
}

void ps_conn_open(struct ps_worker *worker, int fd)
{
    struct ps_conn *conn = ps_heap_new(1, sizeof(*conn));
    struct ssl_st *tls =
        conn == NULL || worker->context == NULL ? NULL : ps_tls_session_new(worker->context, fd);
    if (tls == NULL) {
        ps_handshake_count(worker, PS_TLS_FAILURE_NOT_READY);
        ps_heap_free(conn);
        (void)close(fd);
        ps_share_leave_conn(&worker->shared->share);
        return;
    }
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only costs time */
    *conn = (struct ps_conn){
        .worker = worker,
        .socket = {.kind = PS_SOURCE_SOCKET, .fd = fd, .conn = conn},
        .pair = {.kind = PS_SOURCE_PAIR, .fd = -1, .conn = conn},
        .tls = tls,
    };
    push(&worker->conns, conn);
    ps_metrics_add(worker->shared->metrics, PS_SERIES_CONNECTIONS, 1);
    ps_metrics_add(worker->shared->metrics, PS_SERIES_CONNECTIONS_TOTAL, 1);
    ps_conn_enter(conn, PS_PHASE_HANDSHAKE);
    if (!ps_worker_watch(worker, &conn->socket, EPOLLIN)) {
        ps_conn_end(conn);
    }
}
