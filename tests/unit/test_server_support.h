/* SPDX-License-Identifier: Apache-2.0 */
/* A server on loopback with a handler that says what it was told, and questions to ask it. */
#pragma once

#include "portside/server.h"

#include "https_client.h"

#define HOUR 3600L
#define BODY_MAX ((size_t)7 * 1024 * 1024)
#define BIG_BYTES ((size_t)6 * 1024 * 1024)

/* Of the test that runs: where its certificate is, its settings, the server once it is started. */
extern char server_folder[];
extern struct ps_config server_config;
extern struct ps_server *server;

/* An answer larger than all buffers on its way. */
extern char *server_big;

/* The handler: "big" is answered with server_big, "fail" with 500, all else with itself. */
void server_echo(const void *context, struct ps_arena *arena, struct ps_str request,
                 struct ps_admission *ret_admission);

/* The fixture of every test; checked, because a server has threads. */
void server_set_up(void);
void server_tear_down(void);

/* Starts the server with further settings, as in a file. */
void server_start(const char *settings);

struct https server_dial(void);
void server_expect_answer(struct https *https, int status, const char *body, size_t len);

/* The value of a metric that has no labels, or with them in its name. */
long server_metric(const char *name);

/* What server_start() starts; test_value 42 is among its metrics. */
struct ps_server_options server_options(const struct ps_config *config);

/* Waits until no connection is open. */
void server_expect_no_connections(void);
