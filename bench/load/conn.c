/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: opened, asked, answered. */
#include "load.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)256 * 1024)

void load_failed(struct load *load, const char *what)
{
    load->counts.errors++;
    if (load->failure[0] == '\0') {
        (void)snprintf(load->failure, sizeof(load->failure), "%s", what);
    }
}

static void watch(struct load *load, struct load_conn *conn, uint32_t mask)
{
    struct epoll_event event = {.events = mask, .data.ptr = conn};
    if (conn->mask != mask) {
        (void)epoll_ctl(load->epoll, conn->mask == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, conn->fd,
                        &event);
        conn->mask = mask;
    }
}

void load_conn_close(struct load *load, struct load_conn *conn)
{
    (void)load;
    if (conn->phase != LOAD_CLOSED) {
        ERR_clear_error();
        (void)SSL_shutdown(conn->tls);
        SSL_free(conn->tls);
        (void)close(conn->fd);
        conn->tls = NULL;
        conn->phase = LOAD_CLOSED;
        conn->mask = 0;
    }
}

static void fail(struct load *load, struct load_conn *conn, const char *what)
{
    load_failed(load, what);
    load_conn_close(load, conn);
    load_answered(load);
}

/* Waits for what OpenSSL wants, or fails. */
static void want(struct load *load, struct load_conn *conn, int result, const char *doing)
{
    switch (SSL_get_error(conn->tls, result)) {
    case SSL_ERROR_WANT_READ:
        watch(load, conn, EPOLLIN);
        return;
    case SSL_ERROR_WANT_WRITE:
        watch(load, conn, EPOLLOUT);
        return;
    default:
        fail(load, conn, doing);
    }
}

static void complete(struct load *load, struct load_conn *conn)
{
    uint64_t now = load_now_ns();
    struct load_counts *counts = &load->counts;
    if (load->measuring) {
        size_t len = conn->answer.body_len;
        counts->answers++;
        counts->bytes_min =
            counts->answers == 1 || len < counts->bytes_min ? len : counts->bytes_min;
        counts->bytes_max = len > counts->bytes_max ? len : counts->bytes_max;
        load_histogram_add(&counts->latencies, now - conn->begin_ns);
    }
    conn->phase = LOAD_IDLE;
    if (load->options.fresh || conn->answer.close) {
        load_conn_close(load, conn);
    }
    load_answered(load);
}

static void receive(struct load *load, struct load_conn *conn)
{
    static char chunk[CHUNK_BYTES];
    bool done = false;
    while (!done) {
        ERR_clear_error();
        int got = SSL_read(conn->tls, chunk, sizeof(chunk));
        if (got <= 0) {
            want(load, conn, got, "the connection ended before the answer did");
            return;
        }
        if (!load_answer_take(load, conn, chunk, (size_t)got, &done)) {
            load_conn_close(load, conn);
            load_answered(load);
            return;
        }
    }
    complete(load, conn);
}

static void transmit(struct load *load, struct load_conn *conn)
{
    while (conn->sent < load->request_len) {
        ERR_clear_error();
        int put =
            SSL_write(conn->tls, load->request + conn->sent, (int)(load->request_len - conn->sent));
        if (put <= 0) {
            want(load, conn, put, "the connection ended before the request did");
            return;
        }
        conn->sent += (size_t)put;
    }
    conn->phase = LOAD_RECEIVING;
    watch(load, conn, EPOLLIN);
}

void load_conn_ask(struct load *load, struct load_conn *conn, uint64_t begin_ns)
{
    conn->begin_ns = begin_ns;
    conn->sent = 0;
    conn->phase = LOAD_SENDING;
    conn->answer.header_len = 0;
    conn->answer.header_done = false;
    conn->answer.chunked = false;
    conn->answer.close = false;
    conn->answer.body_len = 0;
    memset(conn->answer.tail, 0, sizeof(conn->answer.tail));
    transmit(load, conn);
}

static void shake_hands(struct load *load, struct load_conn *conn)
{
    ERR_clear_error();
    int result = SSL_connect(conn->tls);
    if (result != 1) {
        want(load, conn, result, "the TLS handshake failed");
        return;
    }
    conn->phase = LOAD_IDLE;
    load_conn_ask(load, conn, conn->begin_ns);
}

void load_conn_open(struct load *load, struct load_conn *conn, uint64_t begin_ns)
{
    int one = 1;
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn->tls = SSL_new(load->tls);
    conn->begin_ns = begin_ns;
    conn->mask = 0;
    if (conn->fd < 0 || conn->tls == NULL || SSL_set_fd(conn->tls, conn->fd) != 1) {
        (void)fprintf(stderr, "load: no descriptor or memory for a connection\n");
        _exit(2);
    }
    conn->phase = LOAD_CONNECTING;
    (void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    const struct sockaddr *address = (const struct sockaddr *)&load->options.address;
    if (connect(conn->fd, address, sizeof(load->options.address)) != 0 && errno != EINPROGRESS) {
        fail(load, conn, "connection refused");
        return;
    }
    SSL_set_connect_state(conn->tls);
    (void)SSL_set_tlsext_host_name(conn->tls, "localhost");
    watch(load, conn, EPOLLOUT);
}

void load_conn_event(struct load *load, struct load_conn *conn)
{
    switch (conn->phase) {
    case LOAD_CONNECTING:
        shake_hands(load, conn);
        return;
    case LOAD_SENDING:
        transmit(load, conn);
        return;
    case LOAD_RECEIVING:
        receive(load, conn);
        return;
    case LOAD_IDLE: /* nothing is expected: the server closes, or sends a session ticket */
        if (SSL_read(conn->tls, (char[1]){0}, 1) <= 0 &&
            SSL_get_error(conn->tls, 0) != SSL_ERROR_WANT_READ) {
            load_conn_close(load, conn);
        }
        return;
    case LOAD_CLOSED:
        return;
    }
}
