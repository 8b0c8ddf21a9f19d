/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake.h"

#include "portside/log.h"
#include "series.h"

#include <sys/socket.h>

#define REFUSED_PAUSE_MS 1000U
/* Somebody who does not trust us may come back every second for ever: a monitor, for instance. */
#define REJECTED_PAUSE_MS 60000U

/* Go's server says the same to a browser that forgot the "s". */
static const char plain_http_answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                        "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Connection: close\r\n\r\n"
                                        "this port speaks HTTPS: use https:// in the URL\n";

void ps_handshake_count(struct ps_worker *worker, enum ps_tls_failure_kind kind)
{
    ps_metrics_count(worker->shared->metrics, PS_SERIES_HANDSHAKE_FAILURES, kind, 0, 0);
}

static void tell_refused(struct ps_worker *worker, const struct ps_tls_failure *failure)
{
    uint64_t times = 0;
    ps_metrics_add(worker->shared->metrics, PS_SERIES_CLIENTS_REFUSED, 1);
    if (ps_pace_is_due(&worker->refused, worker->now_ms, REFUSED_PAUSE_MS, &times)) {
        PS_LOG(PS_LOG_LEVEL_WARN, "client refused", PS_LOG_STR("cause", ps_str_of(failure->cause)),
               PS_LOG_INT("refused_since", times));
    }
}

/* If it is an API server, its caBundle is wrong, and no review reaches us. */
static void tell_rejected(struct ps_worker *worker, const struct ps_tls_failure *failure)
{
    uint64_t times = 0;
    if (ps_pace_is_due(&worker->rejected, worker->now_ms, REJECTED_PAUSE_MS, &times)) {
        PS_LOG(PS_LOG_LEVEL_WARN,
               "a client does not trust our certificate; if it was an API server: see caBundle",
               PS_LOG_STR("cause", ps_str_of(failure->cause)), PS_LOG_INT("times", times));
    }
}

void ps_handshake_failed(struct ps_conn *conn, const struct ps_tls_failure *failure)
{
    ps_handshake_count(conn->worker, failure->kind);
    PS_LOG(PS_LOG_LEVEL_DEBUG, "TLS handshake failed",
           PS_LOG_STR("cause", ps_str_of(failure->cause)));
    if (failure->kind == PS_TLS_FAILURE_CLIENT_CERTIFICATE) {
        tell_refused(conn->worker, failure);
    } else if (failure->kind == PS_TLS_FAILURE_REJECTED) {
        tell_rejected(conn->worker, failure);
    } else if (failure->kind == PS_TLS_FAILURE_PLAIN_HTTP) {
        ssize_t sent =
            send(conn->socket.fd, plain_http_answer, sizeof(plain_http_answer) - 1, MSG_NOSIGNAL);
        (void)sent; /* a courtesy */
    }
}
