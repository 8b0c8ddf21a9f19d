/* SPDX-License-Identifier: Apache-2.0 */
/* Kubeconfigs, service accounts, and files that change. */
#include "portside/kube_config.h"

#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/runner.h"

#define CLUSTER                                                                                    \
    "clusters:\n- name: c\n  cluster:\n    server: https://[fd00::1]:6443/\n"                      \
    "    certificate-authority-data: Q0E=\n"
#define CONTEXT                                                                                    \
    "current-context: x\ncontexts:\n- context: {cluster: c, user: u, namespace: kafka}\n"          \
    "  name: x\n"
#define USER(fields) "users:\n- name: u\n  user:\n" fields
#define GOOD CLUSTER CONTEXT

static const struct {
    const char *name;
    const char *text;
    const char *context;
    const char *token; /* expected content or path */
    const char *certificate;
} good[] = {
    {"token", GOOD USER("    token: t0\n"), NULL, "t0", ""},
    {"token that looks like a number", GOOD USER("    token: 0123\n"), NULL, "0123", ""},
    {"quoted token", GOOD USER("    token: \"true\"\n"), "x", "true", ""},
    {"relative tokenFile", GOOD USER("    tokenFile: t/f\n    token: not\n"), NULL, "/d/t/f", ""},
    {"absolute tokenFile", GOOD USER("    tokenFile: /t/f\n"), NULL, "/t/f", ""},
    {"client certificate",
     GOOD USER("    client-certificate-data: Q0VSVA==\n    client-key-data: S0VZ\n"), NULL, "",
     "CERT"},
    {"folded data",
     GOOD USER("    client-certificate-data: |\n      Q0VS\n      VA==\n"
               "    client-key: key.pem\n"),
     NULL, "", "CERT"},
    {"JSON",
     "{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"c\","
     "\"user\":\"u\",\"namespace\":\"kafka\"}}],\"clusters\":[{\"name\":\"c\",\"cluster\":{"
     "\"server\":\"https://[fd00::1]:6443\",\"certificate-authority-data\":\"Q0E=\"}}],"
     "\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t0\"}}]}",
     NULL, "t0", ""},
};

static void check_source(const char *name, const struct ps_source *source, const char *expected)
{
    struct ps_str found = source->path != NULL ? ps_str_of(source->path) : ps_source_view(source);
    ck_assert_msg(ps_str_is(found, expected), "%s: '%.*s'", name, PS_FMT(found));
}

START_TEST(good_kubeconfigs_are_read)
{
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status =
        ps_kube_config_parse(ps_str_of(good[_i].text), "/d", good[_i].context, &config, &err);
    ck_assert_msg(ps_ok(status), "%s: %s", good[_i].name, err.message);
    ck_assert_str_eq(ps_kube_config_server(config), "https://[fd00::1]:6443");
    ck_assert_str_eq(ps_kube_config_namespace(config), "kafka");
    check_source(good[_i].name, &config->ca, "CA");
    check_source(good[_i].name, &config->token, good[_i].token);
    check_source(good[_i].name, &config->certificate, good[_i].certificate);
    ps_kube_config_free(config);
}
END_TEST

static const struct {
    const char *text;
    const char *context;
    const char *message;
} bad[] = {
    {"", NULL, "it is empty"},
    {"a: [", NULL, "line 2: did not find"},
    {"a: &x 1\n", NULL, "line 1: anchors are not supported"},
    {"a: *x\n", NULL, "aliases are not supported"},
    {"a: 1\n---\nb: 2\n", NULL, "more than one document"},
    {"? [a]\n: b\n", NULL, "a key must be a text"},
    {"a: 1\na: 2\n", NULL, "a"},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", NULL, "nested too deep"},
    {"current-context: ''\n", NULL, "no context is current"},
    {GOOD, NULL, "there is no user 'u'"},
    {GOOD USER("    token: a\n"), "y", "there is no context 'y'"},
    {CONTEXT, NULL, "there is no cluster 'c'"},
    {CONTEXT "clusters:\n- name: c\n  cluster: {}\n", NULL, "the cluster has no server"},
    {CONTEXT "clusters:\n- name: c\n  cluster: {server: 'ftp://a'}\n" USER("    {}\n"), NULL,
     "'ftp://a' is no URL of http or https"},
    {CONTEXT "clusters:\n- name: c\n  cluster: {server: 'http://a'}\n" USER("    token: t\n"), NULL,
     "would get the token in clear"},
    {GOOD USER("    exec: {command: aws}\n"), NULL, "an exec plugin ('exec'), which portside does"},
    {GOOD USER("    auth-provider: {name: gcp}\n"), NULL, "auth-provider"},
    {GOOD USER("    username: a\n    password: b\n"), NULL, "a user name and password"},
    {GOOD USER("    as: b\n"), NULL, "impersonation"},
    {GOOD USER("    client-certificate-data: '!'\n"), NULL, "client-certificate-data is no base64"},
    {GOOD USER("    client-certificate-data: Q0VSVA==\n"), NULL,
     "a client certificate without a client key"},
    {GOOD USER("    client-key: k\n"), NULL, "a client key without a client certificate"},
};

START_TEST(bad_kubeconfigs_are_refused)
{
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status =
        ps_kube_config_parse(ps_str_of(bad[_i].text), "/d", bad[_i].context, &config, &err);
    ck_assert_int_eq(status.code, PS_CODE_INPUT);
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "'%s' instead of '%s'", err.message,
                  bad[_i].message);
}
END_TEST

/* Base64: RFC 4648, section 10, and what is none. */
static const struct {
    const char *text;
    const char *plain; /* NULL: none */
} digits[] = {
    {"", ""},
    {"Zg==", "f"},
    {"Zm8=", "fo"},
    {"Zm9v", "foo"},
    {"Zm9vYg==", "foob"},
    {"Zm9vYmE", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"Z", NULL},
    {"Zm9vY", NULL},
    {"Z-==", NULL},
    {"Zg==Zg", NULL},
    {" Z g\n=\n=", "f"},
};

START_TEST(base64_is_decoded)
{
    struct ps_source source = {0};
    bool decoded = ps_source_set_base64(&source, ps_str_of(digits[_i].text));
    ck_assert_int_eq(decoded, digits[_i].plain != NULL);
    if (decoded) {
        check_source(digits[_i].text, &source, digits[_i].plain);
    }
    ps_source_clear(&source);
}
END_TEST

/* A folder of a service account that goes with the test's process. */
struct account {
    char folder[64];
    char token[96];
    char ca[96];
    char namespace[96];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_account(struct account *account)
{
    (void)snprintf(account->folder, sizeof(account->folder), "/tmp/portside-test-kube-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(account->folder));
    (void)snprintf(account->token, sizeof(account->token), "%s/token", account->folder);
    (void)snprintf(account->ca, sizeof(account->ca), "%s/ca.crt", account->folder);
    (void)snprintf(account->namespace, sizeof(account->namespace), "%s/namespace", account->folder);
    write_file(account->token, "first\n");
    write_file(account->ca, "CA");
    write_file(account->namespace, "portside-system\n");
}

static void drop_account(const struct account *account)
{
    (void)unlink(account->token);
    (void)unlink(account->ca);
    (void)unlink(account->namespace);
    ck_assert_int_eq(rmdir(account->folder), 0);
}

static void check_token(struct ps_kube_config *config, uint64_t now_ms, const char *expected)
{
    ck_assert(ps_ok(ps_kube_config_refresh(config, now_ms, NULL)));
    ck_assert_str_eq(config->token.content.ptr, expected);
}

START_TEST(a_service_account_is_read_and_read_again)
{
    struct account account;
    struct ps_kube_config *config = NULL;
    make_account(&account);
    ck_assert(ps_ok(ps_kube_config_in_cluster("10.96.0.1", "443", account.folder, &config, NULL)));
    ck_assert_str_eq(ps_kube_config_server(config), "https://10.96.0.1:443");
    ck_assert_str_eq(ps_kube_config_namespace(config), "portside-system");
    check_token(config, 1000, "first\n");
    write_file(account.token, "second, longer\n");
    check_token(config, 1001, "second, longer\n");
    ck_assert_int_eq(unlink(account.token), 0);
    check_token(config, 100000, "second, longer\n");
    write_file(account.token, "third\n");
    check_token(config, 100001, "third\n");
    ps_kube_config_free(config);
    drop_account(&account);
}
END_TEST

/* The same size, inode and time: only age and doubt make us look. */
START_TEST(a_token_is_read_once_a_minute_and_after_a_401)
{
    struct account account;
    struct ps_source source = {0};
    make_account(&account);
    ck_assert(ps_source_set_path(&source, account.token));
    ck_assert(ps_ok(ps_source_refresh(&source, 1000, NULL)));
    struct stat before;
    ck_assert_int_eq(stat(account.token, &before), 0);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    write_file(account.token, "2nd!!\n");
    ck_assert_int_eq(utimensat(AT_FDCWD, account.token, times, 0), 0);
    ck_assert(ps_ok(ps_source_refresh(&source, 60999, NULL)));
    ck_assert_str_eq(source.content.ptr, "first\n");
    ck_assert(ps_ok(ps_source_refresh(&source, 61000, NULL)));
    ck_assert_str_eq(source.content.ptr, "2nd!!\n");
    write_file(account.token, "third\n");
    ck_assert_int_eq(utimensat(AT_FDCWD, account.token, times, 0), 0);
    source.doubted = true;
    ck_assert(ps_ok(ps_source_refresh(&source, 61001, NULL)));
    ck_assert_str_eq(source.content.ptr, "third\n");
    ps_source_clear(&source);
    drop_account(&account);
}
END_TEST

static const struct {
    const char *host;
    const char *port;
    const char *server;
    const char *message;
} pods[] = {
    {"fd00:10:96::1", "443", "https://[fd00:10:96::1]:443", NULL},
    {"10.0.0.1", "6443", "https://10.0.0.1:6443", NULL},
    {"10.0.0.1", "x", NULL, "KUBERNETES_SERVICE_PORT 'x' is no port"},
    {"10.0.0.1", "0", NULL, "is no port"},
    {"10.0.0.1", "65536", NULL, "is no port"},
};

START_TEST(the_address_comes_from_the_environment)
{
    struct account account;
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    make_account(&account);
    struct ps_status status =
        ps_kube_config_in_cluster(pods[_i].host, pods[_i].port, account.folder, &config, &err);
    ck_assert_int_eq(ps_ok(status), pods[_i].server != NULL);
    if (ps_ok(status)) {
        ck_assert_str_eq(ps_kube_config_server(config), pods[_i].server);
    } else {
        ck_assert_ptr_nonnull(strstr(err.message, pods[_i].message));
    }
    ps_kube_config_free(config);
    drop_account(&account);
}
END_TEST

START_TEST(a_missing_token_is_named)
{
    struct account account;
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    make_account(&account);
    ck_assert_int_eq(unlink(account.token), 0);
    struct ps_status status =
        ps_kube_config_in_cluster("10.0.0.1", "443", account.folder, &config, &err);
    ck_assert_int_eq(status.code, PS_CODE_IO);
    ck_assert_ptr_nonnull(strstr(err.message, account.token));
    drop_account(&account);
}
END_TEST

START_TEST(the_choice_of_a_configuration)
{
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    static const struct {
        const char *path;
        const char *host;
        const char *file;
        const char *message;
    } rows[] = {
        {"/nowhere/a", "10.0.0.1", "/nowhere/b", "'/nowhere/a'"},
        {NULL, "10.0.0.1", "/nowhere/b", "service account"},
        {NULL, NULL, "/nowhere/b", "'/nowhere/b'"},
        {NULL, NULL, "/a:/b", "names several files"},
        {NULL, NULL, "", "'/nowhere/home/.kube/config' does not exist"},
    };
    ck_assert_int_eq(setenv("HOME", "/nowhere/home", 1), 0);
    ck_assert_int_eq(setenv("KUBECONFIG", rows[_i].file, 1), 0);
    ck_assert_int_eq(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
    if (rows[_i].host != NULL) {
        ck_assert_int_eq(setenv("KUBERNETES_SERVICE_HOST", rows[_i].host, 1), 0);
    }
    struct ps_status status = ps_kube_config_load(rows[_i].path, NULL, &config, &err);
    ck_assert(!ps_ok(status));
    ck_assert_msg(strstr(err.message, rows[_i].message) != NULL, "'%s'", err.message);
}
END_TEST

/* Tokens by what they are, and the uid of the account "portside" that they name, or NULL. */
static const struct {
    const char *what;
    const char *token;
    const char *uid;
} tokens[] = {
    {"as API servers make them",
     "e30.eyJhdWQiOlsiPz5-Il0sImV4cCI6MSwia3ViZXJuZXRlcy5pbyI6eyJuYW1lc3"
     "BhY2UiOiJwb3J0c2lkZSIsIm5vZGUiOnsibmFtZSI6Im4xIn0sInBvZCI6eyJuYW1l"
     "IjoicG9ydHNpZGUtYSIsInVpZCI6IjIifSwic2VydmljZWFjY291bnQiOnsibmFtZS"
     "I6InBvcnRzaWRlIiwidWlkIjoiYjZlNWMxZmYtNGE0Zi00ZDBjLTlkMGUtN2EwYzJm"
     "N2EwMDAxIn19LCJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6cG9ydHNpZGU6cG"
     "9ydHNpZGV-fn4_Pz8ifQ.c2ln",
     "b6e5c1ff-4a4f-4d0c-9d0e-7a0c2f7a0001"},
    {"a line end behind it",
     "e30.eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InBvcnRzaWRlIiwic2Vydm"
     "ljZWFjY291bnQiOnsibmFtZSI6InBvcnRzaWRlIiwidWlkIjoiMSJ9fX0.c2ln\n",
     "1"},
    {"no token at all", "", NULL},
    {"a text without points", "0123456789abcdef", NULL},
    {"one point", "a.b", NULL},
    {"no base64", "a.!!!.c", NULL},
    {"claims that are no JSON", "a.cG9ydHNpZGU.c", NULL},
    {"claims of somebody else", "a.eyJzdWIiOiJtZSJ9.c", NULL},
    {"no uid",
     "a.eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InBvcnRzaWRlIiwic2Vydmlj"
     "ZWFjY291bnQiOnsibmFtZSI6InBvcnRzaWRlIn19fQ.c",
     NULL},
    {"an empty uid",
     "a.eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InBvcnRzaWRlIiwic2Vydmlj"
     "ZWFjY291bnQiOnsibmFtZSI6InBvcnRzaWRlIiwidWlkIjoiIn19fQ.c",
     NULL},
    {"a uid that is none",
     "a.eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InBvcnRzaWRlIiwic2Vydmlj"
     "ZWFjY291bnQiOnsibmFtZSI6InBvcnRzaWRlIiwidWlkIjo3fX19.c",
     NULL},
    {"a name without a namespace",
     "a.eyJrdWJlcm5ldGVzLmlvIjp7InNlcnZpY2VhY2NvdW50Ijp7Im5hbWUiOiJwb3J0"
     "c2lkZSIsInVpZCI6IjEifX19.c",
     NULL},
    {"a namespace that is too long",
     "a.eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6InBwcHBwcHBwcHBwcHBwcHBw"
     "cHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAiLC"
     "JzZXJ2aWNlYWNjb3VudCI6eyJuYW1lIjoicG9ydHNpZGUiLCJ1aWQiOiIxIn19fQ.c",
     NULL},
    {"claims in a list", "a.WzFd.c", NULL},
};

START_TEST(a_token_says_whose_it_is)
{
    struct ps_kube_account account;
    struct ps_kube_config *config = ps_kube_config_new();
    ck_assert_ptr_nonnull(config);
    ck_assert(ps_source_set(&config->token, ps_str_of(tokens[_i].token)));
    bool known = ps_kube_config_account(config, &account);
    ck_assert_msg(known == (tokens[_i].uid != NULL), "%s", tokens[_i].what);
    if (known) {
        ck_assert_str_eq(account.namespace, "portside");
        ck_assert_str_eq(account.name, "portside");
        ck_assert_str_eq(account.uid, tokens[_i].uid);
    }
    ps_kube_config_free(config);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_config");
    TCase *tests = tcase_create("configuration");
    tcase_add_loop_test(tests, good_kubeconfigs_are_read, 0, (int)PS_COUNT(good));
    tcase_add_loop_test(tests, bad_kubeconfigs_are_refused, 0, (int)PS_COUNT(bad));
    tcase_add_loop_test(tests, base64_is_decoded, 0, (int)PS_COUNT(digits));
    tcase_add_test(tests, a_service_account_is_read_and_read_again);
    tcase_add_loop_test(tests, a_token_says_whose_it_is, 0, (int)PS_COUNT(tokens));
    tcase_add_test(tests, a_token_is_read_once_a_minute_and_after_a_401);
    tcase_add_loop_test(tests, the_address_comes_from_the_environment, 0, (int)PS_COUNT(pods));
    tcase_add_test(tests, a_missing_token_is_named);
    tcase_add_loop_test(tests, the_choice_of_a_configuration, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
