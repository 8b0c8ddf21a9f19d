/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS server of the webhook and the plain port for probes and metrics.
 *
 * Every worker thread is one epoll loop. OpenSSL ends TLS there; the plain text goes through a
 * socket pair to a libmicrohttpd daemon that the same thread runs. So a request is handled by one
 * thread from its first byte to its last, with no lock and no memory shared with another.
 */
#pragma once

#include <stdio.h>

#include "portside/admit.h"
#include "portside/arena.h"
#include "portside/config.h"
#include "portside/error.h"
#include "portside/str.h"

/*
 * Answers the body of one POST /mutate; ps_admit() behind a context. Called by several threads,
 * each with its own arena, which the server resets afterwards: *ret_admission may look into arena
 * and request.
 */
typedef void (*ps_server_handler)(const void *context, struct ps_arena *arena,
                                  struct ps_str request, struct ps_admission *ret_admission);

struct ps_server;
struct ps_tls;

/* What a server serves; all that is pointed to is borrowed until ps_server_stop(). */
struct ps_server_options {
    const struct ps_config *config;
    ps_server_handler handler;
    const void *context; /* of handler */
    /*
     * Writes further families at the end of /metrics, in the text format of Prometheus; NULL: there
     * are none. Called in the thread of the plain port.
     */
    void (*write_metrics)(const void *metrics, FILE *out);
    const void *metrics; /* of write_metrics */
    struct ps_tls *tls;  /* pairs come by ps_tls_use(); NULL: from the files of config */
};

/*
 * Binds both addresses, reads the certificate and starts to answer. A certificate that cannot be
 * used is no failure: the server is then unready, says so in its log, and looks again at every
 * ps_server_reload(). Fails with PS_CODE_IO or PS_CODE_INTERNAL. Signals should be blocked before,
 * see signal.h.
 */
struct ps_status ps_server_start(const struct ps_server_options *options,
                                 struct ps_server **ret_server, struct ps_error *err) PS_MUST_USE;

/* The addresses really bound, as "host:port"; live as long as the server. */
const char *ps_server_address(const struct ps_server *server);
const char *ps_server_plain_address(const struct ps_server *server);

/* Looks at the certificate files and serves a new pair; logs what changed. One thread at a time. */
void ps_server_reload(struct ps_server *server);

/*
 * Begins to drain: /readyz says so, every answer carries "Connection: close", new connections are
 * still served. From any thread.
 */
void ps_server_drain(struct ps_server *server);

/*
 * Stops accepting, lets requests in flight finish within their deadlines, ends all threads and
 * frees server (may be NULL).
 */
void ps_server_stop(struct ps_server *server);
