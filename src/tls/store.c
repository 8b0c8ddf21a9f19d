/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate in service. Workers look at a generation number, which costs one load, and take
 * the lock only when it has changed: so the lock is never on the path of a request.
 */
#include "portside/tls.h"

#include "clients.h"
#include "context.h"
#include "judge.h"
#include "portside/clock.h"
#include "portside/file.h"
#include "portside/heap.h"

#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define MS_PER_S 1000

struct digests {
    unsigned char cert[SHA256_DIGEST_LENGTH];
    unsigned char key[SHA256_DIGEST_LENGTH];
};

/* The content of files that was last looked at, good or bad. */
struct seen {
    struct digests digests;
    bool any;
};

struct ps_tls {
    const char *cert_path;
    const char *key_path;

    struct ps_str names; /* that pairs of files must be for, comma-separated */

    const char *clients_path; /* NULL: clients need no certificate */
    struct ps_str clients_names;

    /* Of the thread that reloads. */
    struct seen seen;
    struct seen clients_seen;
    bool waits; /* the pair that was seen last is out of date, and a valid one serves */

    pthread_mutex_t change; /* held while a new context is made: one change at a time */
    X509_STORE *trust;      /* of the clients' certificates; changes under both locks */

    _Atomic uint64_t generation;
    _Atomic uint64_t pairs;
    _Atomic int64_t not_before_s;
    _Atomic int64_t not_after_s;

    pthread_mutex_t lock; /* protects what follows */
    SSL_CTX *context;
    struct ps_error failure;         /* why there is no context */
    struct ps_error clients_failure; /* why there is no trust */
};

struct ps_tls *ps_tls_new(const char *cert_path, const char *key_path)
{
    struct ps_tls *tls = ps_heap_new(1, sizeof(*tls));
    if (tls == NULL || pthread_mutex_init(&tls->lock, NULL) != 0 ||
        pthread_mutex_init(&tls->change, NULL) != 0) {
        ps_heap_free(tls);
        return NULL;
    }
    tls->cert_path = cert_path;
    tls->key_path = key_path;
    (void)!ps_ok(ps_fail(&tls->failure, PS_CODE_IO,
                         cert_path == NULL ? "there is no certificate in the Secret yet"
                                           : "no certificate was loaded yet"));
    return tls;
}

void ps_tls_free(struct ps_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    ps_tls_context_free(tls->context);
    X509_STORE_free(tls->trust);
    (void)pthread_mutex_destroy(&tls->lock);
    (void)pthread_mutex_destroy(&tls->change);
    ps_heap_free(tls);
}

void ps_tls_demand(struct ps_tls *tls, struct ps_str names)
{
    tls->names = names;
}

void ps_tls_ask_clients(struct ps_tls *tls, const char *ca_path, struct ps_str names)
{
    tls->clients_path = ca_path;
    tls->clients_names = names;
    (void)!ps_ok(ps_fail(&tls->clients_failure, PS_CODE_IO, "'%s' was not loaded yet", ca_path));
}

/* What both files say, good or bad. */
struct pair_text {
    struct ps_file cert;
    struct ps_file key;
    struct ps_status status;
    struct ps_error err;
};

static void pair_text_clear(struct pair_text *text)
{
    ps_file_clear(&text->cert);
    ps_file_clear(&text->key);
}

static void read_pair(const struct ps_tls *tls, struct pair_text *ret_text)
{
    *ret_text = (struct pair_text){0};
    ret_text->status =
        ps_file_read(tls->cert_path, FILE_MAX_BYTES, &ret_text->cert, &ret_text->err);
    if (ps_ok(ret_text->status)) {
        ret_text->status =
            ps_file_read(tls->key_path, FILE_MAX_BYTES, &ret_text->key, &ret_text->err);
    }
}

/* True if this is not what was seen the last time; a failure to read counts as content. */
static bool is_news(struct seen *seen, const struct pair_text *text)
{
    struct digests now = {0};
    if (ps_ok(text->status)) {
        (void)SHA256((const unsigned char *)text->cert.ptr, text->cert.len, now.cert);
        (void)SHA256((const unsigned char *)text->key.ptr, text->key.len, now.key);
    } else {
        const char *message = text->err.message;
        (void)SHA256((const unsigned char *)message, strlen(message), now.cert);
    }
    bool is_same = seen->any && memcmp(&now, &seen->digests, sizeof(now)) == 0;
    *seen = (struct seen){now, true};
    return !is_same;
}

/* Serves fresh (taken) from the next connection on. Under the lock of changes. */
static void swap(struct ps_tls *tls, SSL_CTX *fresh)
{
    if (tls->clients_path != NULL) {
        ps_clients_demand(fresh, tls->trust, &tls->clients_names);
    }
    (void)pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    (void)atomic_fetch_add(&tls->generation, 1);
    (void)pthread_mutex_unlock(&tls->lock);
    ps_tls_context_free(old);
}

/* A context, and when its certificate is valid. */
struct fresh {
    SSL_CTX *context;
    int64_t not_before_s;
    int64_t not_after_s;
};

/* Serves fresh (taken) from the next connection on. */
static void put_into_service(struct ps_tls *tls, const struct fresh *fresh)
{
    (void)pthread_mutex_lock(&tls->change);
    atomic_store(&tls->not_before_s, fresh->not_before_s);
    atomic_store(&tls->not_after_s, fresh->not_after_s);
    (void)atomic_fetch_add(&tls->pairs, 1);
    swap(tls, fresh->context);
    (void)pthread_mutex_unlock(&tls->change);
}

static struct ps_status make_fresh(struct ps_str cert_pem, struct ps_str key_pem,
                                   struct fresh *ret_fresh, struct ps_error *err)
{
    return ps_tls_context_new(cert_pem, key_pem, &ret_fresh->context, &ret_fresh->not_before_s,
                              &ret_fresh->not_after_s, err);
}

static bool is_valid(int64_t not_before_s, int64_t not_after_s, int64_t now_s)
{
    return not_before_s <= now_s && now_s <= not_after_s;
}

/*
 * Fails if the pair is out of date while the one in service is not: that one is of more use. Asked
 * again with each look, as time goes on.
 */
static struct ps_status judge_dates(struct ps_tls *tls, const struct fresh *fresh, int64_t now_s,
                                    struct ps_error *err)
{
    char when[PS_CLOCK_TEXT_BYTES];
    bool serves = tls->context != NULL &&
                  is_valid(atomic_load(&tls->not_before_s), atomic_load(&tls->not_after_s), now_s);
    tls->waits = serves && !is_valid(fresh->not_before_s, fresh->not_after_s, now_s);
    if (!tls->waits) {
        return ps_success();
    }
    bool early = now_s < fresh->not_before_s;
    ps_clock_format((early ? fresh->not_before_s : fresh->not_after_s) * MS_PER_S, when);
    return ps_fail(err, PS_CODE_INPUT, "the certificate %s %s: the one before serves on",
                   early ? "is not valid before" : "expired at", when);
}

static struct ps_status make_of_files(struct ps_tls *tls, struct pair_text *text, int64_t now_s,
                                      struct ps_error *err)
{
    struct fresh fresh;
    PS_TRY(make_fresh(ps_file_view(&text->cert), ps_file_view(&text->key), &fresh, err));
    struct ps_status status =
        ps_judge_names(SSL_CTX_get0_certificate(fresh.context), tls->names, err);
    if (ps_ok(status)) {
        status = judge_dates(tls, &fresh, now_s, err);
    }
    if (ps_ok(status)) {
        put_into_service(tls, &fresh);
    } else {
        ps_tls_context_free(fresh.context);
    }
    return status;
}

static struct ps_status use_files(struct ps_tls *tls, struct pair_text *text, int64_t now_s,
                                  struct ps_error *err)
{
    tls->waits = false;
    if (!ps_ok(text->status)) {
        *err = text->err;
        return text->status;
    }
    if (!ps_ok(make_of_files(tls, text, now_s, err))) {
        return ps_wrap(err, "cannot use '%s' with '%s'", tls->cert_path, tls->key_path);
    }
    return ps_success();
}

static void keep_failure(struct ps_tls *tls, const struct ps_error *err)
{
    (void)pthread_mutex_lock(&tls->lock);
    tls->failure = *err;
    (void)pthread_mutex_unlock(&tls->lock);
}

struct ps_status ps_tls_use(struct ps_tls *tls, struct ps_str cert_pem, struct ps_str key_pem,
                            struct ps_error *err)
{
    struct fresh fresh;
    struct ps_status status = make_fresh(cert_pem, key_pem, &fresh, err);
    if (ps_ok(status)) {
        put_into_service(tls, &fresh);
    } else {
        keep_failure(tls, err);
    }
    return status;
}

enum ps_tls_change ps_tls_reload(struct ps_tls *tls, int64_t now_s, struct ps_error *err)
{
    struct pair_text text PS_CLEANUP(pair_text_clear) = {0};
    if (tls->cert_path == NULL) {
        return PS_TLS_CHANGE_NONE;
    }
    read_pair(tls, &text);
    bool news = is_news(&tls->seen, &text);
    if (!news && !tls->waits) {
        return PS_TLS_CHANGE_NONE;
    }
    if (ps_ok(use_files(tls, &text, now_s, err))) {
        return PS_TLS_CHANGE_LOADED;
    }
    keep_failure(tls, err);
    return news ? PS_TLS_CHANGE_REFUSED : PS_TLS_CHANGE_NONE; /* told once */
}

/* Trusts these from now on (taken), with the pair that is in service, if there is one. */
static struct ps_status trust_clients(struct ps_tls *tls, X509_STORE *trust, struct ps_error *err)
{
    SSL_CTX *fresh = NULL;
    struct ps_status status = ps_success();
    (void)pthread_mutex_lock(&tls->change);
    if (tls->context != NULL) {
        status = ps_context_again(tls->context, &fresh, err);
    }
    if (ps_ok(status)) {
        (void)pthread_mutex_lock(&tls->lock);
        X509_STORE *old = tls->trust;
        tls->trust = trust;
        trust = old;
        (void)pthread_mutex_unlock(&tls->lock);
    }
    if (fresh != NULL) {
        swap(tls, fresh);
    }
    (void)pthread_mutex_unlock(&tls->change);
    X509_STORE_free(trust);
    return status;
}

static struct ps_status use_clients(struct ps_tls *tls, const struct pair_text *text,
                                    struct ps_error *err)
{
    X509_STORE *trust = NULL;
    if (!ps_ok(text->status)) {
        *err = text->err;
        return text->status;
    }
    if (!ps_ok(ps_clients_read(ps_file_view(&text->cert), &trust, err))) {
        return ps_wrap(err, "cannot use '%s'", tls->clients_path);
    }
    return trust_clients(tls, trust, err);
}

enum ps_tls_change ps_tls_reload_clients(struct ps_tls *tls, struct ps_error *err)
{
    struct pair_text text PS_CLEANUP(pair_text_clear) = {0};
    if (tls->clients_path == NULL) {
        return PS_TLS_CHANGE_NONE;
    }
    text.status = ps_file_read(tls->clients_path, FILE_MAX_BYTES, &text.cert, &text.err);
    if (!is_news(&tls->clients_seen, &text)) {
        return PS_TLS_CHANGE_NONE;
    }
    if (ps_ok(use_clients(tls, &text, err))) {
        return PS_TLS_CHANGE_LOADED;
    }
    (void)pthread_mutex_lock(&tls->lock);
    tls->clients_failure = *err;
    (void)pthread_mutex_unlock(&tls->lock);
    return PS_TLS_CHANGE_REFUSED;
}

uint64_t ps_tls_generation(const struct ps_tls *tls)
{
    return atomic_load(&tls->generation);
}

uint64_t ps_tls_pairs(const struct ps_tls *tls)
{
    return atomic_load(&tls->pairs);
}

SSL_CTX *ps_tls_acquire(struct ps_tls *tls)
{
    (void)pthread_mutex_lock(&tls->lock);
    SSL_CTX *context = tls->context;
    if (context != NULL) {
        (void)SSL_CTX_up_ref(context);
    }
    (void)pthread_mutex_unlock(&tls->lock);
    return context;
}

int64_t ps_tls_not_after_s(const struct ps_tls *tls)
{
    return atomic_load(&tls->not_after_s);
}

/* Something to serve, and to know clients by. */
static bool is_complete(struct ps_tls *tls, struct ps_error *err)
{
    (void)pthread_mutex_lock(&tls->lock);
    bool is_blind = tls->clients_path != NULL && tls->trust == NULL;
    bool complete = tls->context != NULL && !is_blind;
    if (!complete) {
        *err = is_blind ? tls->clients_failure : tls->failure;
    }
    (void)pthread_mutex_unlock(&tls->lock);
    return complete;
}

bool ps_tls_is_ready(struct ps_tls *tls, int64_t now_s, struct ps_error *err)
{
    char when[PS_CLOCK_TEXT_BYTES];
    if (!is_complete(tls, err)) {
        return false;
    }
    int64_t not_before_s = atomic_load(&tls->not_before_s);
    int64_t not_after_s = atomic_load(&tls->not_after_s);
    if (now_s > not_after_s) {
        ps_clock_format(not_after_s * MS_PER_S, when);
        (void)!ps_ok(ps_fail(err, PS_CODE_INPUT, "the certificate expired at %s: replace %s", when,
                             tls->cert_path == NULL ? "the Secret it came from" : tls->cert_path));
        return false;
    }
    if (now_s < not_before_s) {
        ps_clock_format(not_before_s * MS_PER_S, when);
        (void)!ps_ok(ps_fail(err, PS_CODE_INPUT,
                             "the certificate is not valid before %s: check the clock", when));
        return false;
    }
    return true;
}
