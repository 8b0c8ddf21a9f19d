/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS connection on a non-blocking socket, server side. Every call does what can be done now
 * and says what it waits for. A session belongs to one thread.
 */
#pragma once

#include <stddef.h>

#include "portside/attr.h"
#include "portside/tls.h"

/* Of OpenSSL. */
struct ssl_st;

enum ps_tls_io {
    PS_TLS_IO_DONE = 0,
    PS_TLS_IO_WANTS_READ,  /* call again when the socket is readable */
    PS_TLS_IO_WANTS_WRITE, /* … writable */
    PS_TLS_IO_ENDED,       /* the client has closed its half in good order */
    PS_TLS_IO_BROKEN,      /* the connection is of no use any more */
};

#define PS_TLS_CAUSE_BYTES 320U

/* Why a handshake failed, as metrics tell it. */
enum ps_tls_failure_kind {
    PS_TLS_FAILURE_OTHER = 0,
    PS_TLS_FAILURE_GONE,               /* the client went away: a probe of a load balancer */
    PS_TLS_FAILURE_TIMEOUT,            /* it was silent or slow */
    PS_TLS_FAILURE_NOT_READY,          /* we have no certificate yet */
    PS_TLS_FAILURE_PLAIN_HTTP,         /* it speaks HTTP without TLS */
    PS_TLS_FAILURE_VERSION,            /* no version of TLS in common */
    PS_TLS_FAILURE_CIPHER,             /* no cipher, group or signature in common */
    PS_TLS_FAILURE_PROTOCOL,           /* it does not speak http/1.1 */
    PS_TLS_FAILURE_CLIENT_CERTIFICATE, /* its certificate is not what was asked for, or missing */
    PS_TLS_FAILURE_REJECTED,           /* it does not trust our certificate */
    PS_TLS_FAILURE_COUNT,
};

/* The name of a kind, "client-certificate". */
const char *ps_tls_failure_name(enum ps_tls_failure_kind kind);

/* Why a handshake failed, for the log. */
struct ps_tls_failure {
    char cause[PS_TLS_CAUSE_BYTES];
    enum ps_tls_failure_kind kind;
};

/* A session of context on the socket fd (borrowed); owned. NULL if there is no memory. */
struct ssl_st *ps_tls_session_new(struct ssl_ctx_st *context, int fd) PS_MUST_USE;

/* Frees session (may be NULL); the socket stays open. */
void ps_tls_session_free(struct ssl_st *session);

/* Goes on with the handshake. ENDED does not occur; on BROKEN *ret_failure says why. */
enum ps_tls_io ps_tls_session_accept(struct ssl_st *session, struct ps_tls_failure *ret_failure);

/* True if bytes from the client lie in the session, which epoll does not tell of. */
bool ps_tls_session_has_more(const struct ssl_st *session);

/* Reads up to room bytes; on DONE *ret_len of them, at least one, and maybe there are more. */
enum ps_tls_io ps_tls_session_read(struct ssl_st *session, char *buffer, size_t room,
                                   size_t *ret_len);

/*
 * Writes some of len bytes; on DONE *ret_len of them. After WANTS_WRITE the next call must bring
 * the same bytes, which may have moved. Does not want to read: renegotiation is off.
 */
enum ps_tls_io ps_tls_session_write(struct ssl_st *session, const char *bytes, size_t len,
                                    size_t *ret_len);

/* Says good-bye (close_notify), if it can be said without waiting. */
void ps_tls_session_close(struct ssl_st *session);
