/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/runner.h"
#include "test_tls_support.h"

/* What is wrong with a pair, and a word of what is said about it. */
static void expect_refusal(const char *cert, const char *key, const char *word)
{
    SSL_CTX *context = NULL;
    struct ps_error err = {0};
    int64_t from = 0;
    int64_t to = 0;
    ck_assert(
        !ps_ok(ps_tls_context_new(ps_str_of(cert), ps_str_of(key), &context, &from, &to, &err)));
    ck_assert_ptr_null(context);
    ck_assert_msg(strstr(err.message, word) != NULL, "no '%s' in '%s'", word, err.message);
}

START_TEST(bad_pairs_are_refused_in_words)
{
    struct certificate other = certificate_make(-HOUR, HOUR);
    char *encrypted = certificate_encrypted_key();
    char broken[4096];
    (void)snprintf(broken, sizeof(broken), "%s", pair.cert_pem);
    memset(broken + 100, '!', 20);
    char chain[8192];
    (void)snprintf(chain, sizeof(chain), "%s%s", pair.cert_pem, broken);

    expect_refusal("", pair.key_pem, "certificate file: there is no PEM certificate");
    expect_refusal("hello", pair.key_pem, "no PEM certificate");
    expect_refusal(pair.key_pem, pair.key_pem, "no PEM certificate");
    expect_refusal(broken, pair.key_pem, "certificate file: the certificate is damaged");
    expect_refusal(chain, pair.key_pem, "certificate 2 of the chain is damaged");
    expect_refusal(pair.cert_pem, "", "key file: there is no PEM private key");
    expect_refusal(pair.cert_pem, pair.cert_pem, "no PEM private key");
    expect_refusal(pair.cert_pem, encrypted, "passphrase");
    expect_refusal(pair.cert_pem, other.key_pem, "does not belong to the certificate");
    free(encrypted);
    certificate_clear(&other);
}
END_TEST

/* What OpenSSL wrote into bio (taken), behind prefix; to be freed. */
static char *text_of(const char *prefix, BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    size_t size = strlen(prefix) + (size_t)len + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    (void)snprintf(text, size, "%s%.*s", prefix, (int)len, bytes);
    BIO_free_all(bio);
    return text;
}

static EVP_PKEY *key_of_pair(void)
{
    BIO *bio = BIO_new_mem_buf(pair.key_pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(key);
    BIO_free_all(bio);
    return key;
}

/* As tools write them: in the older form, alone, behind its parameters, behind the certificate. */
START_TEST(a_key_of_any_form_is_taken)
{
    static const char parameters[] =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    const char *const prefixes[] = {"", parameters, pair.cert_pem};
    EVP_PKEY *key = key_of_pair();
    for (size_t i = 0; i < PS_COUNT(prefixes); i++) {
        SSL_CTX *context = NULL;
        struct ps_error err = {0};
        int64_t from = 0;
        int64_t to = 0;
        BIO *bio = BIO_new(BIO_s_mem());
        ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL),
                         1);
        char *text = text_of(prefixes[i], bio);
        ck_assert_msg(ps_ok(ps_tls_context_new(ps_str_of(pair.cert_pem), ps_str_of(text), &context,
                                               &from, &to, &err)),
                      "%zu: %s", i, err.message);
        SSL_CTX_free(context);
        free(text);
    }
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(half_a_key_is_none)
{
    EVP_PKEY *key = key_of_pair();
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, key), 1);
    char *public = text_of("", bio);
    expect_refusal(pair.cert_pem, public, "no PEM private key");
    free(public);
    EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_chain_of_any_length_ends)
{
    size_t size = strlen(pair.cert_pem) * 40 + 1;
    char *chain = malloc(size);
    ck_assert_ptr_nonnull(chain);
    chain[0] = '\0';
    for (size_t used = 0; used + strlen(pair.cert_pem) < size; used += strlen(pair.cert_pem)) {
        (void)snprintf(chain + used, size - used, "%s", pair.cert_pem);
    }
    expect_refusal(chain, pair.key_pem, "more than 16");
    free(chain);
}
END_TEST

START_TEST(missing_files_are_named)
{
    struct ps_error err = {0};
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, cert_path));
    ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
    ck_assert_ptr_null(ps_tls_acquire(tls));
    ck_assert(!ps_tls_is_ready(tls, (int64_t)time(NULL), &err));
    ck_assert_ptr_nonnull(strstr(err.message, cert_path));
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err),
                     PS_TLS_CHANGE_NONE); /* told once */
}
END_TEST

START_TEST(a_pair_comes_into_service)
{
    struct ps_error err = {0};
    int64_t now = (int64_t)time(NULL);
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_NONE);
    ck_assert(ps_tls_is_ready(tls, now, &err));
    ck_assert_int_ge(ps_tls_not_after_s(tls), now + HOUR - 60);
    SSL_CTX *context = ps_tls_acquire(tls);
    ck_assert_ptr_nonnull(context);
    ck_assert_int_eq(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
    ck_assert_uint_eq(SSL_CTX_get_num_tickets(context), 0);
    ps_tls_context_free(context);
}
END_TEST

START_TEST(a_changed_pair_replaces_the_old_one)
{
    struct ps_error err = {0};
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    uint64_t generation = ps_tls_generation(tls);
    SSL_CTX *held = ps_tls_acquire(tls);
    struct certificate other = certificate_make(-HOUR, 2 * HOUR);
    write_pair(&other);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    ck_assert_uint_ne(ps_tls_generation(tls), generation);
    SSL_CTX *now = ps_tls_acquire(tls);
    ck_assert_ptr_ne(now, held);
    ck_assert_ptr_nonnull(SSL_CTX_get0_certificate(held)); /* still alive for who holds it */
    ps_tls_context_free(held);
    ps_tls_context_free(now);
    certificate_clear(&other);
}
END_TEST

START_TEST(a_pair_that_does_not_match_leaves_the_old_one)
{
    struct ps_error err = {0};
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    uint64_t generation = ps_tls_generation(tls);
    struct certificate other = certificate_make(-HOUR, HOUR);
    certificate_write(folder, "tls.crt", other.cert_pem);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "does not belong"));
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_NONE);
    ck_assert_uint_eq(ps_tls_generation(tls), generation);
    ck_assert(ps_tls_is_ready(tls, (int64_t)time(NULL), &err));
    certificate_write(folder, "tls.key", other.key_pem);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    certificate_clear(&other);
}
END_TEST

START_TEST(a_certificate_out_of_date_is_loaded_but_not_ready)
{
    struct ps_error err = {0};
    int64_t now = (int64_t)time(NULL);
    struct certificate expired = certificate_make(-2 * HOUR, -HOUR);
    write_pair(&expired);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    ck_assert(!ps_tls_is_ready(tls, now, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "expired at 20"));
    struct certificate early = certificate_make(HOUR, 2 * HOUR);
    write_pair(&early);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    ck_assert(!ps_tls_is_ready(tls, now, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "not valid before"));
    ck_assert(ps_tls_is_ready(tls, now + HOUR + 10, &err));
    certificate_clear(&expired);
    certificate_clear(&early);
}
END_TEST

START_TEST(an_endless_file_is_refused)
{
    struct ps_error err = {0};
    struct ps_tls *odd = ps_tls_new("/dev/zero", key_path);
    ck_assert_int_eq(ps_tls_reload(odd, (int64_t)time(NULL), &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "larger than"));
    ps_tls_free(odd);
}
END_TEST

static void expect_unready(const char *word)
{
    struct ps_error err = {0};
    ck_assert(!ps_tls_is_ready(tls, (int64_t)time(NULL), &err));
    ck_assert_msg(strstr(err.message, word) != NULL, "no '%s' in '%s'", word, err.message);
}

static char ca_path[64];

static void ask_clients(void)
{
    (void)snprintf(ca_path, sizeof(ca_path), "%s/ca.crt", folder);
    ps_tls_ask_clients(tls, ca_path, PS_STR("api"));
}

START_TEST(without_a_ca_for_clients_nobody_is_let_in)
{
    struct ps_error err = {0};
    ask_clients();
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    expect_unready("ca.crt' was not loaded yet");
    SSL_CTX *context = ps_tls_acquire(tls);
    ck_assert_int_eq(SSL_CTX_get_verify_mode(context),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
    ps_tls_context_free(context);
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_REFUSED);
    expect_unready("No such file");
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_NONE); /* told once */
}
END_TEST

START_TEST(bad_files_of_clients_are_refused_in_words)
{
    static const struct {
        const char *text;
        const char *word;
    } rows[] = {
        {"", "no PEM certificate"},
        {"hello", "no PEM certificate"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"},
    };
    struct ps_error err = {0};
    ask_clients();
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    for (size_t i = 0; i < PS_COUNT(rows); i++) {
        certificate_write(folder, "ca.crt", rows[i].text);
        ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_REFUSED);
        ck_assert_ptr_nonnull(strstr(err.message, ca_path));
        expect_unready(rows[i].word);
    }
}
END_TEST

START_TEST(a_ca_for_clients_comes_into_service_with_the_pair_that_is_there)
{
    struct ps_error err = {0};
    ask_clients();
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    uint64_t generation = ps_tls_generation(tls);
    SSL_CTX *before = ps_tls_acquire(tls);
    certificate_write(folder, "ca.crt", pair.cert_pem);
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_LOADED);
    ck_assert_uint_ne(ps_tls_generation(tls), generation);
    ck_assert_uint_eq(ps_tls_pairs(tls), 1);
    ck_assert(ps_tls_is_ready(tls, (int64_t)time(NULL), &err));
    SSL_CTX *after = ps_tls_acquire(tls);
    ck_assert_ptr_ne(before, after);
    ck_assert_ptr_eq(SSL_CTX_get0_certificate(before), SSL_CTX_get0_certificate(after));
    ps_tls_context_free(before);
    ps_tls_context_free(after);

    certificate_write(folder, "ca.crt", "damaged");
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert(ps_tls_is_ready(tls, (int64_t)time(NULL), &err)); /* the one before goes on */
}
END_TEST

START_TEST(a_ca_for_clients_may_come_before_the_pair)
{
    struct ps_error err = {0};
    ask_clients();
    certificate_write(folder, "ca.crt", pair.cert_pem);
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_LOADED);
    ck_assert_ptr_null(ps_tls_acquire(tls));
    expect_unready("no certificate was loaded yet");
    ck_assert(ps_ok(ps_tls_use(tls, ps_str_of(pair.cert_pem), ps_str_of(pair.key_pem), &err)));
    ck_assert(ps_tls_is_ready(tls, (int64_t)time(NULL), &err));
}
END_TEST

START_TEST(clients_are_not_asked_unless_told_to)
{
    struct ps_error err = {0};
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    ck_assert_int_eq(ps_tls_reload_clients(tls, &err), PS_TLS_CHANGE_NONE);
    SSL_CTX *context = ps_tls_acquire(tls);
    ck_assert_int_eq(SSL_CTX_get_verify_mode(context), SSL_VERIFY_NONE);
    ps_tls_context_free(context);
}
END_TEST

static void *acquire_often(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        struct ps_error err;
        ps_tls_context_free(ps_tls_acquire(arg));
        (void)ps_tls_is_ready(arg, ps_tls_not_after_s(arg), &err);
    }
    return NULL;
}

START_TEST(threads_may_acquire_while_one_reloads)
{
    struct ps_error err;
    struct certificate other = certificate_make(-HOUR, HOUR);
    pthread_t threads[2];
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, acquire_often, tls), 0);
    }
    for (int i = 0; i < 40; i++) {
        write_pair(i % 2 == 0 ? &other : &pair);
        ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_LOADED);
    }
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    certificate_clear(&other);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("tls");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, bad_pairs_are_refused_in_words);
    tcase_add_test(all, a_key_of_any_form_is_taken);
    tcase_add_test(all, half_a_key_is_none);
    tcase_add_test(all, a_chain_of_any_length_ends);
    tcase_add_test(all, missing_files_are_named);
    tcase_add_test(all, a_pair_comes_into_service);
    tcase_add_test(all, a_changed_pair_replaces_the_old_one);
    tcase_add_test(all, a_pair_that_does_not_match_leaves_the_old_one);
    tcase_add_test(all, a_certificate_out_of_date_is_loaded_but_not_ready);
    tcase_add_test(all, an_endless_file_is_refused);
    tcase_add_test(all, without_a_ca_for_clients_nobody_is_let_in);
    tcase_add_test(all, bad_files_of_clients_are_refused_in_words);
    tcase_add_test(all, a_ca_for_clients_comes_into_service_with_the_pair_that_is_there);
    tcase_add_test(all, a_ca_for_clients_may_come_before_the_pair);
    tcase_add_test(all, clients_are_not_asked_unless_told_to);
    tcase_add_test(all, threads_may_acquire_while_one_reloads);
    suite_add_tcase(suite, all);
    return suite;
}
