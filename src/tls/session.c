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

const char *ps_tls_failure_name(enum ps_tls_failure_kind kind)
{
    static const char *const names[] = {
        [PS_TLS_FAILURE_OTHER] = "other",
        [PS_TLS_FAILURE_GONE] = "gone",
        [PS_TLS_FAILURE_TIMEOUT] = "timeout",
        [PS_TLS_FAILURE_NOT_READY] = "not-ready",
        [PS_TLS_FAILURE_PLAIN_HTTP] = "plain-http",
        [PS_TLS_FAILURE_VERSION] = "version",
        [PS_TLS_FAILURE_CIPHER] = "cipher",
        [PS_TLS_FAILURE_PROTOCOL] = "protocol",
        [PS_TLS_FAILURE_CLIENT_CERTIFICATE] = "client-certificate",
        [PS_TLS_FAILURE_REJECTED] = "rejected",
    };
    return names[kind < PS_TLS_FAILURE_COUNT ? kind : PS_TLS_FAILURE_OTHER];
}

struct reason_row {
    int reason; /* of OpenSSL's part for TLS */
    enum ps_tls_failure_kind kind;
};

/* What of OpenSSL's reasons tells an operator something. */
static const struct reason_row reason_rows[] = {
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, PS_TLS_FAILURE_GONE},
    {SSL_R_HTTP_REQUEST, PS_TLS_FAILURE_PLAIN_HTTP},
    {SSL_R_HTTPS_PROXY_REQUEST, PS_TLS_FAILURE_PLAIN_HTTP},
    {SSL_R_UNSUPPORTED_PROTOCOL, PS_TLS_FAILURE_VERSION},
    {SSL_R_VERSION_TOO_LOW, PS_TLS_FAILURE_VERSION},
    {SSL_R_NO_SHARED_CIPHER, PS_TLS_FAILURE_CIPHER},
    {SSL_R_NO_SUITABLE_KEY_SHARE, PS_TLS_FAILURE_CIPHER},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, PS_TLS_FAILURE_CIPHER},
    {SSL_R_NO_APPLICATION_PROTOCOL, PS_TLS_FAILURE_PROTOCOL},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, PS_TLS_FAILURE_CLIENT_CERTIFICATE},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, PS_TLS_FAILURE_REJECTED},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, PS_TLS_FAILURE_REJECTED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, PS_TLS_FAILURE_REJECTED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, PS_TLS_FAILURE_REJECTED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, PS_TLS_FAILURE_REJECTED},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, PS_TLS_FAILURE_REJECTED},
};

static enum ps_tls_failure_kind kind_of(unsigned long error)
{
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    if (error == 0 || ERR_SYSTEM_ERROR(error)) {
        return PS_TLS_FAILURE_GONE;
    }
    for (size_t i = 0; i < PS_COUNT(reason_rows); i++) {
        if (reason_rows[i].reason == reason) {
            return reason_rows[i].kind;
        }
    }
    return PS_TLS_FAILURE_OTHER;
}

/* From the error on top, unless the check of the client's certificate has said it already. */
static void explain(struct ps_tls_failure *failure)
{
    unsigned long error = ERR_peek_error();
    if (failure->cause[0] != '\0') {
        failure->kind = PS_TLS_FAILURE_CLIENT_CERTIFICATE;
        ERR_clear_error();
        return;
    }
    failure->kind = kind_of(error);
    const char *words = error == 0 ? "the client went away" : ps_openssl_reason();
    if (failure->kind == PS_TLS_FAILURE_CLIENT_CERTIFICATE) {
        words = "the client showed no certificate";
    }
    (void)snprintf(failure->cause, sizeof(failure->cause), "%s", words);
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

bool ps_tls_session_has_more(const SSL *session)
{
    return SSL_has_pending(session) == 1;
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
