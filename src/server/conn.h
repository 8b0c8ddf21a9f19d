/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection: TLS on one side, one end of a socket pair on the other, and at most one chunk held
 * back in each direction. While a chunk is held back, nothing more is read on its side: that is the
 * whole of back-pressure.
 */
#pragma once

#include "portside/tls_session.h"
#include "worker.h"

#include <sys/socket.h>

/* Where a connection stands; each phase has an absolute deadline. */
enum ps_phase {
    PS_PHASE_HANDSHAKE = 0,
    PS_PHASE_IDLE,    /* between requests */
    PS_PHASE_HEADER,  /* from the first byte of a request */
    PS_PHASE_BODY,    /* from the end of its header */
    PS_PHASE_ANSWER,  /* until libmicrohttpd has written the answer */
    PS_PHASE_CLOSING, /* nothing more is sent; waits for the client to close */
    PS_PHASE_GONE,    /* descriptors closed; libmicrohttpd may still know it */
};

/* A chunk that the other side did not take yet; owned. */
struct ps_held {
    char *ptr;
    size_t len;
};

struct ps_conn {
    struct ps_worker *worker;
    struct ps_conn *next;
    struct ps_conn **link; /* what points to us */

    struct ps_source socket;
    struct ps_source pair;
    struct ssl_st *tls;
    bool mhd_knows; /* between its two notifications */

    enum ps_phase phase;
    size_t header_bytes; /* given to libmicrohttpd in PS_PHASE_HEADER */
    bool suspected;
    struct ps_conn *next_suspect;
    bool answered; /* by libmicrohttpd, in this turn of it */
    struct ps_conn *next_answered;
    bool has_asked;    /* at least one request has begun */
    uint64_t since_ms; /* when the phase began */
    uint64_t deadline_ms;
    uint64_t stall_ms; /* deadline of the chunk held for the client; 0: none is held */

    uint64_t given_turn;   /* of libmicrohttpd, in which it got the last bytes */
    struct ps_held up;     /* to libmicrohttpd */
    struct ps_held down;   /* to the client */
    bool client_ended;     /* its end of the stream was read */
    bool mhd_ended;        /* it closed its end: nobody reads what the client sends */
    bool read_wants_write; /* TLS must write before it can read */
};

/*
 * Takes over the accepted descriptor fd, and a place of the server's share, and begins the
 * handshake; gives up both if it cannot.
 */
void ps_conn_open(struct ps_worker *worker, int fd);

/* Does what the events of epoll on one of its descriptors ask for. */
void ps_conn_event(struct ps_conn *conn, const struct ps_source *source, uint32_t events);

/* Enters a phase and sets its deadline; ignored once the connection is closing. */
void ps_conn_enter(struct ps_conn *conn, enum ps_phase phase);

/* The earlier of its deadlines. */
uint64_t ps_conn_deadline(const struct ps_conn *conn);

/* The deadline has passed: closes, or ends what was closing. */
void ps_conn_expire(struct ps_conn *conn);

/* Closes in good order: close_notify, FIN, and the client may still read for a while. */
void ps_conn_finish(struct ps_conn *conn);

/* The same, if no request is under way. */
void ps_conn_close_idle(struct ps_conn *conn);

/* libmicrohttpd has had its turn: if the header is still not complete, it is too large. */
void ps_conn_check_header(struct ps_conn *conn);

/* libmicrohttpd has an answer for it, which is delivered after its turn. */
void ps_conn_answered(struct ps_conn *conn);
void ps_conn_deliver(struct ps_conn *conn);

/* libmicrohttpd has forgotten it. */
void ps_conn_forgotten(struct ps_conn *conn);

/* Ends it at once. Its memory goes when libmicrohttpd has forgotten it. */
void ps_conn_end(struct ps_conn *conn);
