/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate: a pair of PEM files that may change at any time, or a pair that is
 * handed over in memory, and the TLS contexts made from them.
 *
 * A pair that cannot be used leaves the one before in service: while a Secret is being replaced,
 * the two files may not match for a moment. What is wrong is told in words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/attr.h"
#include "portside/error.h"
#include "portside/str.h"

/* Of OpenSSL; so that users of this header need not have its headers. */
struct ssl_ctx_st;

/*
 * A context that serves the certificate chain (leaf first) and the key, both PEM: TLS 1.2 and
 * later, ALPN http/1.1, no session tickets. A client that offers only other protocols by ALPN is
 * refused with no_application_protocol (RFC 7301 section 3.2); one without ALPN is served. Fails
 * with PS_CODE_INPUT, also for kinds of keys and certificates that no API server would take; an
 * expired certificate is no failure here. ret_context is owned: see
 * ps_tls_context_free(). ret_not_before_s and ret_not_after_s are seconds since 1970.
 */
struct ps_status ps_tls_context_new(struct ps_str cert_pem, struct ps_str key_pem,
                                    struct ssl_ctx_st **ret_context, int64_t *ret_not_before_s,
                                    int64_t *ret_not_after_s, struct ps_error *err) PS_MUST_USE;

/* Gives a reference back; context may be NULL. Connections that use it keep it alive. */
void ps_tls_context_free(struct ssl_ctx_st *context);

/* Where the pair comes from, and the context in service. */
struct ps_tls;

/*
 * A store for the two paths (borrowed, NUL-terminated); nothing is loaded yet. Both NULL: pairs
 * come by ps_tls_use(). Returns NULL if there is no memory.
 */
struct ps_tls *ps_tls_new(const char *cert_path, const char *key_path);

/* Frees tls (may be NULL); no thread may use it any more. */
void ps_tls_free(struct ps_tls *tls);

/*
 * From now on pairs of files are refused that are not for all of names (borrowed): DNS names and IP
 * addresses, separated by commas. To be called before there is a pair.
 */
void ps_tls_demand(struct ps_tls *tls, struct ps_str names);

/*
 * From now on every client must show a certificate that one of the CA certificates in the PEM file
 * ca_path vouches for, and that bears one of names: common names, DNS names, URIs or e-mail
 * addresses, separated by commas; none: any. Until the file has been read by
 * ps_tls_reload_clients() nobody is let in, and the store is not ready. Both are borrowed. To be
 * called before there is a pair.
 */
void ps_tls_ask_clients(struct ps_tls *tls, const char *ca_path, struct ps_str names);

enum ps_tls_change {
    PS_TLS_CHANGE_NONE = 0, /* the files are as they were when last looked at */
    PS_TLS_CHANGE_LOADED,   /* a new pair is in service */
    PS_TLS_CHANGE_REFUSED,  /* the files changed and cannot be used; err says why */
};

/*
 * Reads both files and puts them into service if their content has changed. Content is compared,
 * not time stamps: a swapped symbolic link, a restored file and a file written within one tick of
 * the clock are all found. A pair that is out of date at now_s (seconds since 1970) waits for its
 * time, or for the end of the one in service, if that one is valid. One thread at a time.
 */
enum ps_tls_change ps_tls_reload(struct ps_tls *tls, int64_t now_s,
                                 struct ps_error *err) PS_MUST_USE;

/* The same for the file of ps_tls_ask_clients(); open connections stay. One thread at a time. */
enum ps_tls_change ps_tls_reload_clients(struct ps_tls *tls, struct ps_error *err) PS_MUST_USE;

/*
 * Puts a pair from memory into service, as ps_tls_reload() does with files; the texts are not kept.
 * Fails with PS_CODE_INPUT, and then the pair before serves on. One thread at a time; another one
 * may reload clients meanwhile.
 */
struct ps_status ps_tls_use(struct ps_tls *tls, struct ps_str cert_pem, struct ps_str key_pem,
                            struct ps_error *err) PS_MUST_USE;

/* Changes whenever another context comes into service; from any thread, without waiting. */
uint64_t ps_tls_generation(const struct ps_tls *tls);

/* How many pairs came into service so far; from any thread. */
uint64_t ps_tls_pairs(const struct ps_tls *tls);

/* A reference to the context in service (owned), or NULL if there is none. From any thread. */
struct ssl_ctx_st *ps_tls_acquire(struct ps_tls *tls);

/* When the certificate in service expires, in seconds since 1970; 0 if there is none. */
int64_t ps_tls_not_after_s(const struct ps_tls *tls);

/*
 * True if a certificate is in service and valid at now_s; otherwise the message of err says what is
 * wrong. From any thread.
 */
bool ps_tls_is_ready(struct ps_tls *tls, int64_t now_s, struct ps_error *err);
