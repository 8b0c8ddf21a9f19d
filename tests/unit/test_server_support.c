/* SPDX-License-Identifier: Apache-2.0 */
#include "test_server_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificate.h"
#include "https_client.h"
#include "support/runner.h"

#define FOLDER "/tmp/portside-test-server-XXXXXX"

char server_folder[sizeof(FOLDER)];
char *server_big;
struct ps_config server_config;
struct ps_server *server;

static char cert_path[64];
static char key_path[64];

static struct ps_status use_arena(void *arg)
{
    memset(ps_arena_alloc(arg, 10000), 1, 10000); /* to be given back after each request */
    return ps_success();
}

/* "big" is answered with much, "fail" with 500, all else with itself. */
void server_echo(const void *context, struct ps_arena *arena, struct ps_str request,
                 struct ps_admission *ret_admission)
{
    ck_assert_ptr_eq(context, &server_config);
    ck_assert_uint_eq(ps_arena_used(arena), 0);
    ck_assert(ps_ok(ps_arena_run(arena, use_arena, arena, NULL)));
    *ret_admission = (struct ps_admission){
        .http_status = ps_str_is(request, "fail") ? 500 : 200,
        .content_type = PS_STR_INIT("application/json"),
        .body = ps_str_is(request, "big") ? (struct ps_str){server_big, BIG_BYTES} : request,
        .verdict = PS_VERDICT_SKIP,
    };
}

static void write_metrics(const void *metrics, FILE *out)
{
    (void)fprintf(out, "# HELP test_value A value.\n# TYPE test_value gauge\ntest_value %d\n",
                  *(const int *)metrics);
}

struct ps_server_options server_options(const struct ps_config *config)
{
    static const int value = 42;
    return (struct ps_server_options){
        .config = config,
        .handler = server_echo,
        .context = &server_config,
        .write_metrics = write_metrics,
        .metrics = &value,
    };
}

void server_start(const char *settings)
{
    struct ps_error err = {0};
    ck_assert_msg(ps_ok(ps_config_parse(&server_config, ps_str_of(settings), &err)), "%s",
                  err.message);
    const struct ps_server_options options = server_options(&server_config);
    ck_assert_msg(ps_ok(ps_server_start(&options, &server, &err)), "%s", err.message);
}

void server_set_up(void)
{
    struct certificate pair = certificate_make(-HOUR, HOUR);
    (void)signal(SIGPIPE, SIG_IGN);
    memcpy(server_folder, FOLDER, sizeof(FOLDER));
    certificate_folder(server_folder);
    certificate_write(server_folder, "tls.crt", pair.cert_pem);
    certificate_write(server_folder, "tls.key", pair.key_pem);
    certificate_clear(&pair);
    (void)snprintf(cert_path, sizeof(cert_path), "%s/tls.crt", server_folder);
    (void)snprintf(key_path, sizeof(key_path), "%s/tls.key", server_folder);
    ps_config_init(&server_config);
    server_config.listen = PS_STR("127.0.0.1:0");
    server_config.plain_listen = PS_STR("127.0.0.1:0");
    server_config.tls_cert = ps_str_of(cert_path);
    server_config.tls_key = ps_str_of(key_path);
    server_big = malloc(BIG_BYTES);
    ck_assert_ptr_nonnull(server_big);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        server_big[i] = (char)('a' + i % 23);
    }
}

void server_tear_down(void)
{
    ps_server_stop(server);
    server = NULL;
    free(server_big);
    certificate_remove(server_folder);
}

struct https server_dial(void)
{
    return https_connect(ps_server_address(server), 0);
}

void server_expect_answer(struct https *https, int status, const char *body, size_t len)
{
    struct https_answer answer = https_read(https);
    ck_assert_int_eq(answer.status, status);
    ck_assert_uint_eq(answer.len, len);
    ck_assert(memcmp(answer.body, body, len) == 0);
    https_answer_clear(&answer);
}

/* The value of a metric that has no labels, or with them in its name. */
long server_metric(const char *name)
{
    int status = 0;
    char *text = https_plain(ps_server_plain_address(server), "/metrics", &status);
    char line[200];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *found = strstr(text, line);
    long value = found == NULL ? 0 : strtol(found + strlen(line), NULL, 10);
    free(text);
    return value;
}

void server_expect_no_connections(void)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 500 && server_metric("portside_connections") != 0; i++) {
        (void)nanosleep(&pause, NULL);
    }
    ck_assert_int_eq(server_metric("portside_connections"), 0);
}
