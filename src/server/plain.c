/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes and scrapes are few and small, so a libmicrohttpd daemon with a thread of its own does for
 * them; it answers even while every worker is busy. Nothing here can be asked to do any work.
 */
#include "plain.h"

#include "answer.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "process.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 64U
#define PER_ADDRESS_MAX 8U /* one client cannot keep the kubelet out */
#define MS_PER_S 1000U
#define POOL_BYTES ((size_t)16 * 1024)

/* What is known of a connection: since when it waits for the end of a request. */
struct visitor {
    int fd; /* borrowed */
    bool is_there;
    uint64_t since_ms;
};

struct ps_plain {
    struct ps_shared *shared;
    struct MHD_Daemon *daemon;
    pthread_mutex_t lock; /* protects what follows; while it is held no descriptor is closed */
    struct visitor visitors[CONNECTIONS_MAX];
};

/* Text made for an answer; owned. Valid once the stream that writes it is closed. */
struct text {
    char *ptr;
    size_t len;
};

static void text_clear(struct text *text)
{
    ps_heap_free(text->ptr);
    *text = (struct text){0};
}

static void close_stream(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream); /* into memory */
        *stream = NULL;
    }
}

static void answer_health(struct ps_shared *shared, struct ps_answer *answer, struct text *text)
{
    (void)shared;
    (void)text;
    answer->body = PS_STR("ok\n");
}

static void answer_ready(struct ps_shared *shared, struct ps_answer *answer, struct text *text)
{
    struct ps_error err = {0};
    if (atomic_load(&shared->draining)) {
        answer->http_status = 503;
        answer->body = PS_STR("not ready: this replica is draining\n");
        return;
    }
    if (ps_tls_is_ready(shared->tls, ps_clock_wall_ms() / 1000, &err)) {
        answer->body = PS_STR("ready\n");
        return;
    }
    answer->http_status = 503;
    FILE *out PS_CLEANUP(close_stream) = open_memstream(&text->ptr, &text->len);
    if (out != NULL) {
        (void)fprintf(out, "not ready: %s\n", err.message);
    }
}

static void answer_metrics(struct ps_shared *shared, struct ps_answer *answer, struct text *text)
{
    FILE *out PS_CLEANUP(close_stream) = open_memstream(&text->ptr, &text->len);
    answer->http_status = 500;
    if (out != NULL) {
        answer->http_status = 200;
        answer->content_type = PS_STR("text/plain; version=0.0.4; charset=utf-8");
        ps_metrics_write(shared->metrics, out);
        ps_process_write(shared->start_ms, out);
        if (shared->options.write_metrics != NULL) {
            shared->options.write_metrics(shared->options.metrics, out);
        }
    }
}

struct route {
    const char *path;
    void (*answer)(struct ps_shared *shared, struct ps_answer *answer, struct text *text);
};

static const struct route routes[] = {
    {"/healthz", answer_health},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
};

/* NOLINTNEXTLINE(readability-function-size): MHD_AccessHandlerCallback has these parameters */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    struct ps_plain *plain = cls;
    struct ps_shared *shared = plain->shared;
    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = shared; /* any value: the header was seen */
        return MHD_YES;
    }
    *upload_size = 0;
    struct text text PS_CLEANUP(text_clear) = {0};
    struct ps_answer answer = {.http_status = 200};
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        answer = (struct ps_answer){
            .http_status = 405, .body = PS_STR("send GET\n"), .allow = "GET, HEAD", .close = true};
        return ps_answer_queue(connection, &answer);
    }
    for (size_t i = 0; i < PS_COUNT(routes); i++) {
        if (strcmp(url, routes[i].path) == 0) {
            routes[i].answer(shared, &answer, &text);
            if (text.ptr != NULL) {
                answer.body = (struct ps_str){text.ptr, text.len};
            }
            return ps_answer_queue(connection, &answer);
        }
    }
    answer.http_status = 404;
    answer.body = PS_STR("this port serves /healthz, /readyz and /metrics\n");
    return ps_answer_queue(connection, &answer);
}

void ps_plain_expire(struct ps_plain *plain)
{
    uint64_t now_ms = ps_clock_mono_ms();
    uint64_t most_ms = plain->shared->config->header_s * MS_PER_S;
    (void)pthread_mutex_lock(&plain->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct visitor *visitor = &plain->visitors[i];
        if (visitor->is_there && now_ms - visitor->since_ms >= most_ms) {
            (void)shutdown(visitor->fd, SHUT_RDWR); /* its thread finds that and closes */
        }
    }
    (void)pthread_mutex_unlock(&plain->lock);
}

static struct visitor *find_free(struct ps_plain *plain)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!plain->visitors[i].is_there) {
            return &plain->visitors[i];
        }
    }
    return NULL;
}

static void come(struct ps_plain *plain, struct MHD_Connection *connection, void **ret_visitor)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct visitor *visitor = find_free(plain);
    if (info != NULL && visitor != NULL) {
        *visitor = (struct visitor){info->connect_fd, true, ps_clock_mono_ms()};
        *ret_visitor = visitor;
    }
}

static void notify(void *cls, struct MHD_Connection *connection, void **visitor,
                   enum MHD_ConnectionNotificationCode code)
{
    struct ps_plain *plain = cls;
    (void)pthread_mutex_lock(&plain->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        come(plain, connection, visitor);
    } else if (*visitor != NULL) {
        *(struct visitor *)*visitor = (struct visitor){0};
    }
    (void)pthread_mutex_unlock(&plain->lock);
}

/* A request was answered: time for the next one. */
static void completed(void *cls, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code)
{
    struct ps_plain *plain = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visitor *visitor = info == NULL ? NULL : info->socket_context;
    (void)request;
    (void)code;
    (void)pthread_mutex_lock(&plain->lock);
    if (visitor != NULL) {
        visitor->since_ms = ps_clock_mono_ms();
    }
    (void)pthread_mutex_unlock(&plain->lock);
}

static struct MHD_Daemon *start_daemon(struct ps_plain *plain, int fd)
{
    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handle, plain,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_CONNECTION, notify, plain,
        MHD_OPTION_NOTIFY_COMPLETED, completed, plain, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)plain->shared->config->header_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        POOL_BYTES, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

struct ps_plain *ps_plain_start(struct ps_shared *shared, int fd)
{
    struct ps_plain *plain = ps_heap_new(1, sizeof(*plain));
    if (plain == NULL || pthread_mutex_init(&plain->lock, NULL) != 0) {
        ps_heap_free(plain);
        return NULL;
    }
    plain->shared = shared;
    plain->daemon = start_daemon(plain, fd);
    if (plain->daemon == NULL) {
        ps_plain_stop(plain);
        return NULL;
    }
    return plain;
}

void ps_plain_stop(struct ps_plain *plain)
{
    if (plain == NULL) {
        return;
    }
    if (plain->daemon != NULL) {
        MHD_stop_daemon(plain->daemon);
    }
    (void)pthread_mutex_destroy(&plain->lock);
    ps_heap_free(plain);
}
