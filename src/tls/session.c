/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"
#include "openssl_error.h"
#include "portside/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

SSL *ps_tls_session_new(SSL_CTX *context, int fd)
{
    SSL *session = SSL_new(context);
    if (session == NULL || SSL_set_fd(session, fd) != 1) {
        ERR_clear_error();
        SSL_free(session);
        return NULL;
    }
    SSL_set_accept_state(session);
    return session;
}

void ps_tls_session_free(SSL *session)
{
    SSL_free(session);
}

/* What a call that did not succeed waits for; leaves the queue of errors as it is. */
static enum ps_tls_io wanted(const SSL *session, int result)
{
    switch (SSL_get_error(session, result)) {
    case SSL_ERROR_WANT_READ:
        return PS_TLS_IO_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return PS_TLS_IO_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return PS_TLS_IO_ENDED;
    default:
        return PS_TLS_IO_BROKEN;
    }
}

/* From the error on top, unless the check of the client's certificate has said it already. */
static void explain(struct ps_tls_failure *failure)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    bool is_missing = reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    failure->is_plain_http = reason == SSL_R_HTTP_REQUEST;
    failure->is_client_refused = is_missing || failure->cause[0] != '\0';
    if (failure->cause[0] == '\0') {
        const char *words = error == 0 ? "the client went away" : ps_openssl_reason();
        (void)snprintf(failure->cause, sizeof(failure->cause), "%s",
                       is_missing ? "the client showed no certificate" : words);
    }
    ERR_clear_error();
}

enum ps_tls_io ps_tls_session_accept(SSL *session, struct ps_tls_failure *ret_failure)
{
    *ret_failure = (struct ps_tls_failure){0};
    ERR_clear_error();
    ps_clients_note(session, ret_failure);
    int result = SSL_accept(session);
    ps_clients_note(session, NULL);
    if (result == 1) {
        return PS_TLS_IO_DONE;
    }
    enum ps_tls_io io = wanted(session, result);
    if (io == PS_TLS_IO_WANTS_READ || io == PS_TLS_IO_WANTS_WRITE) {
        return io;
    }
    explain(ret_failure);
    return PS_TLS_IO_BROKEN;
}

enum ps_tls_io ps_tls_session_read(SSL *session, char *buffer, size_t room, size_t *ret_len)
{
    ERR_clear_error();
    int result = SSL_read_ex(session, buffer, room, ret_len);
    if (result == 1) {
        return PS_TLS_IO_DONE;
    }
    enum ps_tls_io io = wanted(session, result);
    ERR_clear_error();
    return io;
}

enum ps_tls_io ps_tls_session_write(SSL *session, const char *bytes, size_t len, size_t *ret_len)
{
    ERR_clear_error();
    int result = SSL_write_ex(session, bytes, len, ret_len);
    if (result == 1) {
        return PS_TLS_IO_DONE;
    }
    enum ps_tls_io io = wanted(session, result);
    ERR_clear_error();
    return io;
}

void ps_tls_session_close(SSL *session)
{
    ERR_clear_error();
    (void)SSL_shutdown(session); /* if it cannot be sent, the FIN must do */
    ERR_clear_error();
}
