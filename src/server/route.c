/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "answer.h"
#include "conn.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "refusal.h"
#include "report.h"
#include "series.h"

#include <string.h>

/* A request whose header was accepted. */
struct request {
    size_t first_cap; /* room that is taken for its first bytes */
    char *body;
    size_t len;
    size_t cap;
    bool too_large; /* the rest is read and forgotten */
    bool too_busy;  /* likewise: the server holds too much already */
};

static struct ps_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static enum MHD_Result answer(struct ps_worker *worker, struct MHD_Connection *connection,
                              struct ps_answer *answer)
{
    answer->close = answer->close || atomic_load(&worker->shared->draining);
    ps_series_response(worker->shared->metrics, answer->http_status);
    struct ps_conn *conn = conn_of(connection);
    if (conn != NULL) {
        ps_conn_answered(conn);
    }
    return ps_answer_queue(connection, answer);
}

static void drop_body(struct ps_worker *worker, struct request *request)
{
    ps_share_drop_body(&worker->shared->share, request->cap);
    ps_heap_free(request->body);
    request->body = NULL;
    request->len = 0;
    request->cap = 0;
}

/* Room for len bytes; false if the server's share or the system's memory is used up. */
static bool reserve(struct ps_worker *worker, struct request *request, size_t len)
{
    size_t body_max = (size_t)worker->shared->config->body_max_bytes;
    if (len <= request->cap) {
        return true;
    }
    size_t cap = request->cap == 0 ? request->first_cap : request->cap * 2;
    cap = cap < len ? len : cap;
    cap = cap > body_max ? body_max : cap;
    if (!ps_share_grow_body(&worker->shared->share, request->cap, cap)) {
        return false;
    }
    char *body = ps_heap_resize(request->body, cap);
    if (body == NULL) {
        ps_share_drop_body(&worker->shared->share, cap);
        request->cap = 0; /* what is counted; the body itself is dropped next */
        return false;
    }
    request->body = body;
    request->cap = cap;
    return true;
}

static void take(struct ps_worker *worker, struct request *request, const char *bytes, size_t len)
{
    if (request->too_large || request->too_busy) {
        return;
    }
    request->too_large = len > worker->shared->config->body_max_bytes - request->len;
    if (!request->too_large) {
        request->too_busy = !reserve(worker, request, request->len + len);
    }
    if (request->too_large || request->too_busy) {
        drop_body(worker, request);
        return;
    }
    memcpy(request->body + request->len, bytes, len);
    request->len += len;
}

/*
 * A small body gets what it declares. Beyond that a declaration costs its author nothing, and room
 * is only taken for what came.
 */
static struct request *new_request(const struct ps_header *header)
{
    struct request *request = ps_heap_new(1, sizeof(*request));
    bool is_small = header->has_length && header->length < PS_SHARE_SMALL_BYTES;
    if (request != NULL) {
        request->first_cap = is_small ? (size_t)header->length : PS_SHARE_SMALL_BYTES;
    }
    return request;
}

/* The header is complete: refuse at once or begin to collect. */
static enum MHD_Result begin(struct ps_worker *worker, struct MHD_Connection *connection,
                             const struct ps_header *header, void **ret_request)
{
    struct ps_conn *conn = conn_of(connection);
    if (conn != NULL) {
        ps_conn_enter(conn, PS_PHASE_BODY);
    }
    char text[PS_REFUSAL_BYTES];
    struct ps_answer refusal;
    if (ps_refusal_find(worker->shared->config, header, text, &refusal)) {
        ps_report_refusal(header, &refusal);
        return answer(worker, connection, &refusal);
    }
    *ret_request = new_request(header);
    return *ret_request == NULL ? MHD_NO : MHD_YES;
}

/* Decides; the time that took began at begin_ns. */
static enum MHD_Result review(struct ps_worker *worker, struct MHD_Connection *connection,
                              const struct request *request, uint64_t begin_ns)
{
    struct ps_shared *shared = worker->shared;
    struct ps_admission admission = {0};
    struct ps_str body = {request->body == NULL ? "" : request->body, request->len};
    shared->options.handler(shared->options.context, worker->arena, body, &admission);
    uint64_t took_ns = ps_clock_mono_ns() - begin_ns;
    ps_series_review(shared->metrics, &admission, took_ns);
    ps_report_review(&admission, took_ns);
    struct ps_answer reply = {
        .http_status = admission.http_status,
        .content_type = admission.content_type,
        .body = admission.body,
    };
    enum MHD_Result queued = answer(worker, connection, &reply);
    ps_arena_reset(worker->arena);
    return queued;
}

/* The same, when it is our turn; false if that took too long. */
static bool review_large(struct ps_worker *worker, struct MHD_Connection *connection,
                         const struct request *request, enum MHD_Result *ret_result)
{
    uint64_t begin_ns = ps_clock_mono_ns();
    if (!ps_share_enter(&worker->shared->share)) {
        return false;
    }
    *ret_result = review(worker, connection, request, begin_ns);
    ps_share_leave(&worker->shared->share);
    return true;
}

/* The body was complete, but nobody will read it. */
static enum MHD_Result refuse(struct ps_worker *worker, struct MHD_Connection *connection,
                              const struct ps_header *header, const struct request *request)
{
    char text[PS_REFUSAL_BYTES];
    struct ps_answer refusal = {
        .http_status = 503,
        .body = PS_STR("too many large requests at once: try again\n"),
        .retry = true,
    };
    if (request->too_large) {
        ps_refusal_too_large(worker->shared->config, text, &refusal);
    }
    refusal.close = true;
    ps_report_refusal(header, &refusal);
    return answer(worker, connection, &refusal);
}

/* The body is complete. */
static enum MHD_Result finish(struct ps_worker *worker, struct MHD_Connection *connection,
                              const struct ps_header *header, const struct request *request)
{
    struct ps_conn *conn = conn_of(connection);
    if (conn != NULL) {
        ps_conn_enter(conn, PS_PHASE_ANSWER);
    }
    enum MHD_Result result = MHD_NO;
    if (request->too_large || request->too_busy) {
        return refuse(worker, connection, header, request);
    }
    if (request->len <= PS_SHARE_LARGE_BYTES) {
        return review(worker, connection, request, ps_clock_mono_ns());
    }
    if (review_large(worker, connection, request, &result)) {
        return result;
    }
    return refuse(worker, connection, header, request);
}

/* NOLINTNEXTLINE(readability-function-size): MHD_AccessHandlerCallback has these parameters */
enum MHD_Result ps_route_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **request)
{
    struct ps_worker *worker = cls;
    if (*request != NULL && *upload_size > 0) {
        take(worker, *request, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    struct ps_header header;
    ps_header_read(connection, method, url, version, &header);
    if (*request == NULL) {
        return begin(worker, connection, &header, request);
    }
    return finish(worker, connection, &header, *request);
}

void ps_route_completed(void *cls, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code)
{
    struct ps_worker *worker = cls;
    (void)code;
    if (*request != NULL) {
        drop_body(worker, *request);
        ps_heap_free(*request);
        *request = NULL;
    }
    struct ps_conn *conn = conn_of(connection);
    if (conn != NULL) {
        ps_conn_enter(conn, PS_PHASE_IDLE);
    }
}
