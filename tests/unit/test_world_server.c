/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/heap.h"
#include "portside/jw.h"
#include "test_world_private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MS 1U
#define REQUESTS_MAX 8192U
#define WAIT_MS 1000

static bool meets(const struct ps_world *world, const struct ps_fault *fault,
                  const struct ps_transfer *transfer)
{
    uint64_t at_ms = ps_world_now_ms(world);
    return at_ms >= fault->from_ms && at_ms < fault->until_ms &&
           (fault->times == 0 || world->met[fault - world->faults] < fault->times) &&
           (fault->method == NULL || strcmp(fault->method, transfer->method) == 0) &&
           (fault->path == NULL || strstr(transfer->path, fault->path) != NULL) &&
           ((fault->kind == PS_FAULT_CUT) <= transfer->watch);
}

static const struct ps_fault *find_fault(struct ps_world *world, const struct ps_transfer *transfer)
{
    for (const struct ps_fault *fault = world->faults; fault->kind != 0; fault++) {
        if (meets(world, fault, transfer)) {
            world->met[fault - world->faults]++;
            return fault;
        }
    }
    return NULL;
}

static struct ps_status begin(struct ps_transport *transport,
                              const struct ps_transport_request *request,
                              struct ps_transfer **ret_transfer, struct ps_error *err)
{
    struct ps_world *world = (struct ps_world *)transport;
    struct ps_transfer *transfer = ps_heap_new(1, sizeof(*transfer));
    (void)err;
    ck_assert_ptr_nonnull(transfer);
    *transfer = (struct ps_transfer){
        .method = ps_heap_copy(ps_str_of(request->method)),
        .path = ps_heap_copy(ps_str_of(request->path)),
        .body = ps_heap_copy(request->body),
        .request = *request,
        .begun_ms = world->now_ms,
        .due_ms = world->now_ms + LATENCY_MS,
        .watch = strstr(request->path, "watch=true") != NULL,
    };
    const char *version = strstr(request->path, "resourceVersion=");
    if (version != NULL) {
        transfer->cursor = strtoul(version + strlen("resourceVersion="), NULL, 10);
    }
    bool write = strcmp(request->method, "GET") != 0;
    ck_assert_msg(!world->forbidden || !write || strstr(request->path, "leases") != NULL ||
                      strstr(request->path, "events") != NULL,
                  "%s %s by one who does not lead", request->method, request->path);
    ck_assert_uint_lt(++world->requests, REQUESTS_MAX);
    transfer->fault = find_fault(world, transfer);
    struct ps_transfer **link = &world->transfers;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = transfer;
    *ret_transfer = transfer;
    return ps_success();
}

static void cancel(struct ps_transport *transport, struct ps_transfer *transfer)
{
    struct ps_world *world = (struct ps_world *)transport;
    struct ps_transfer **link = &world->transfers;
    while (*link != transfer) {
        link = &(*link)->next;
    }
    *link = transfer->next;
    ps_heap_free(transfer->method);
    ps_heap_free(transfer->path);
    ps_heap_free(transfer->body);
    ps_heap_free(transfer);
}

static void finish(struct ps_world *world, struct ps_transfer *transfer, int status,
                   uint64_t retry_after_ms, const char *error)
{
    struct ps_transport_request request = transfer->request;
    const struct ps_transport_result result = {status, retry_after_ms, error};
    cancel(&world->base, transfer);
    request.on_done(request.arg, &result);
}

static bool send(struct ps_transfer *transfer, int status, struct ps_str bytes)
{
    return transfer->request.on_body(transfer->request.arg, status, bytes);
}

/* What is done inside of the arena: the answer as text (owned). */
struct job {
    struct ps_world *world;
    struct ps_transfer *transfer;
    const struct change *change;
    int status;
    char *text;
};

static char *own(const struct ps_buf *buf)
{
    return ps_heap_copy(ps_buf_view(buf));
}

static struct ps_status list(void *arg)
{
    struct job *job = arg;
    struct objects *objects = &job->world->objects;
    struct place wanted = place_of(job->transfer->path);
    bool page = job->transfer->fault != NULL && job->transfer->fault->kind == PS_FAULT_PAGE;
    struct ps_buf buf;
    const char *comma = "";
    ps_buf_init(&buf, objects->arena, 4096);
    ps_buf_printf(&buf, "{\"metadata\":{\"resourceVersion\":\"%zu\"%s},\"items\":[",
                  objects->change_count, page ? ",\"continue\":\"next\"" : "");
    for (size_t i = 0; i < objects->count; i++) {
        const struct object *object = &objects->list[i];
        bool here = wanted.namespace_name[0] == '\0' ||
                    strcmp(wanted.namespace_name, object->place.namespace_name) == 0;
        if (here && strcmp(wanted.plural, object->place.plural) == 0 &&
            objects_match(objects, job->transfer->path, object->text)) {
            ps_buf_printf(&buf, "%s%s", comma, object->text);
            comma = ",";
        }
    }
    ps_buf_puts(&buf, "]}");
    job->text = own(&buf);
    return ps_success();
}

static void note_write(struct ps_world *world, const struct job *job)
{
    const char *path = place_of(job->transfer->path).path;
    if (strstr(path, "/pods/") == NULL && strstr(path, "/services/") == NULL) {
        return;
    }
    ck_assert_uint_lt(world->write_count, WRITES_MAX);
    char *object = strcmp(job->transfer->method, "DELETE") == 0
                       ? ps_heap_copy(PS_STR(""))
                       : objects_normal(&world->objects, job->text);
    size_t size = strlen(object) + strlen(path) + 16;
    char *text = ps_heap_new(size, 1);
    (void)snprintf(text, size, "%s %s %s", job->transfer->method, path, object);
    ps_heap_free(object);
    world->writes[world->write_count++] = text;
}

static struct ps_status change_object(void *arg)
{
    struct job *job = arg;
    struct ps_world *world = job->world;
    struct objects *objects = &world->objects;
    const struct ps_transfer *transfer = job->transfer;
    char path[PATH_BYTES * 2];
    struct outcome outcome;
    struct ps_str body = ps_str_of(transfer->body);
    size_t changes = objects->change_count;
    (void)snprintf(path, sizeof(path), "%s", place_of(transfer->path).path);
    if (strcmp(transfer->method, "DELETE") == 0) {
        outcome = objects_delete(objects, path, body);
    } else if (strcmp(transfer->method, "POST") == 0) {
        struct ps_json *root = NULL;
        ck_assert(ps_ok(ps_json_parse(objects->arena, body, &root, NULL)));
        struct ps_str name = ps_json_get_text(ps_json_get(root, "metadata"), "name");
        (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%.*s", PS_FMT(name));
        outcome = objects_find(objects, path) != NULL
                      ? (struct outcome){409, "AlreadyExists", NULL}
                      : objects_write(objects, path, body, false, false);
    } else {
        outcome = objects_write(objects, path, body,
                                strstr(transfer->request.content_type, "merge") != NULL,
                                strstr(transfer->path, "force=true") != NULL);
    }
    job->status = outcome.status;
    job->text = outcome.text != NULL
                    ? ps_heap_copy(ps_str_of(outcome.text))
                    : ps_heap_copy(ps_arena_printf(objects->arena,
                                                   "{\"kind\":\"Status\",\"code\":%d,\"reason\":"
                                                   "\"%s\"}",
                                                   outcome.status, outcome.reason));
    if (outcome.status == 200) {
        note_write(world, job);
    }
    if (objects->change_count > changes) {
        objects_check_promise(objects);
    }
    return ps_success();
}

static void in_arena(struct ps_world *world, struct ps_status (*work)(void *arg), struct job *job)
{
    struct ps_error err;
    job->world = world;
    job->status = 200;
    ck_assert_msg(ps_ok(ps_arena_run(world->objects.arena, work, job, &err)), "%s", err.message);
    ps_arena_reset(world->objects.arena);
}

static void do_it(struct ps_world *world, struct job *job)
{
    const struct ps_transfer *transfer = job->transfer;
    if (strcmp(transfer->method, "GET") != 0) {
        in_arena(world, change_object, job);
        return;
    }
    if (place_of(transfer->path).name[0] == '\0') {
        in_arena(world, list, job);
        return;
    }
    const struct object *object = objects_find(&world->objects, transfer->path);
    job->status = object == NULL ? 404 : 200;
    job->text = ps_heap_copy(object == NULL ? PS_STR("{\"kind\":\"Status\",\"code\":404}")
                                            : ps_str_of(object->text));
}

static struct ps_status make_line(void *arg)
{
    struct job *job = arg;
    struct objects *objects = &job->world->objects;
    const struct change *change = job->change;
    const char *path = job->transfer->path;
    struct place wanted = place_of(path);
    bool here = strcmp(wanted.plural, change->place.plural) == 0 &&
                (wanted.namespace_name[0] == '\0' ||
                 strcmp(wanted.namespace_name, change->place.namespace_name) == 0);
    bool was = here && objects_match(objects, path, change->before);
    bool is = here && objects_match(objects, path, change->after);
    if (was || is) {
        size_t version = (size_t)(change - objects->changes) + 1;
        struct ps_buf buf;
        ps_buf_init(&buf, objects->arena, 4096);
        ps_buf_printf(&buf, "{\"type\":\"%s\",\"object\":%s}\n",
                      !is   ? "DELETED"
                      : was ? "MODIFIED"
                            : "ADDED",
                      is ? change->after : objects_dated(objects, change->before, version));
        job->text = own(&buf);
    }
    return ps_success();
}

/* The next change for a watch; false if there is nothing to tell of. */
static bool tell_watch(struct ps_world *world, struct ps_transfer *transfer)
{
    static const char expired[] = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\","
                                  "\"code\":410,\"reason\":\"Expired\"}}\n";
    const struct ps_fault *fault = transfer->fault;
    if (transfer->cursor < world->objects.compacted) {
        (void)send(transfer, 200, ps_str_of(expired));
        finish(world, transfer, 200, 0, NULL);
        return true;
    }
    while (transfer->cursor < world->objects.change_count) {
        struct job job = {.transfer = transfer,
                          .change = &world->objects.changes[transfer->cursor++]};
        in_arena(world, make_line, &job);
        if (job.text == NULL) {
            continue;
        }
        struct ps_str line = ps_str_of(job.text);
        bool cut = fault != NULL && fault->kind == PS_FAULT_CUT;
        bool more = send(transfer, 200, cut ? ps_str_slice(line, 0, line.len / 2) : line);
        ps_heap_free(job.text);
        if (cut || !more) {
            finish(world, transfer, 200, 0, "connection reset by peer");
        }
        return true;
    }
    return false;
}

/* True if the connection of a watch that is open breaks now. */
static bool breaks(const struct ps_world *world, const struct ps_transfer *transfer)
{
    for (const struct ps_fault *fault = world->faults; fault->kind != 0; fault++) {
        if (fault->kind == PS_FAULT_REFUSE &&
            transfer->begun_ms < world->now_ms - ps_world_now_ms(world) + fault->from_ms &&
            meets(world, fault, transfer)) {
            return true;
        }
    }
    return false;
}

static void answer(struct ps_world *world, struct ps_transfer *transfer)
{
    const struct ps_fault *fault = transfer->fault;
    struct job job = {.transfer = transfer};
    if (fault != NULL && fault->kind == PS_FAULT_RUN) {
        fault->run(world);
    }
    do_it(world, &job);
    if (fault != NULL && fault->kind == PS_FAULT_LOSE) {
        finish(world, transfer, 0, 0, "connection reset by peer");
    } else {
        bool taken = send(transfer, job.status, ps_str_of(job.text));
        ck_assert(taken);
        finish(world, transfer, job.status, 0, NULL);
    }
    ps_heap_free(job.text);
}

/* True if something was told of. */
static bool move(struct ps_world *world, struct ps_transfer *transfer)
{
    const struct ps_fault *fault = transfer->fault;
    enum ps_fault_kind kind = fault == NULL ? 0 : fault->kind;
    if (transfer->due_ms > world->now_ms || kind == PS_FAULT_HANG) {
        return false;
    }
    if (kind == PS_FAULT_REFUSE || (transfer->watch && breaks(world, transfer))) {
        finish(world, transfer, 0, 0, "connection refused");
        return true;
    }
    if (kind == PS_FAULT_ANSWER) {
        (void)send(transfer, fault->status, ps_str_of(fault->body));
        finish(world, transfer, fault->status, fault->retry_after_ms, NULL);
        return true;
    }
    if (transfer->watch) {
        return tell_watch(world, transfer);
    }
    answer(world, transfer);
    return true;
}

/* The next step of a list that is due; false if there is none. */
static bool take_step(struct ps_world *world, const struct ps_step **steps)
{
    if (*steps == NULL || (*steps)->run == NULL || (*steps)->at_ms > ps_world_now_ms(world)) {
        return false;
    }
    (*steps)++->run(world);
    return true;
}

static uint64_t next_ms(const struct ps_world *world, int timeout_ms)
{
    uint64_t next = world->now_ms + (uint64_t)timeout_ms;
    for (const struct ps_transfer *at = world->transfers; at != NULL; at = at->next) {
        next = at->due_ms > world->now_ms && at->due_ms < next ? at->due_ms : next;
    }
    for (size_t i = 0; i < PS_COUNT(world->steps); i++) {
        const struct ps_step *step = world->steps[i];
        if (step != NULL && step->run != NULL && step->at_ms + START_MS + world->jumped_ms < next) {
            next = step->at_ms + START_MS + world->jumped_ms;
        }
    }
    return next > world->now_ms ? next : world->now_ms;
}

static struct ps_status wait_for(struct ps_transport *transport, int timeout_ms, struct pollfd *fds,
                                 size_t count, struct ps_error *err)
{
    struct ps_world *world = (struct ps_world *)transport;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        fds[i].revents = 0;
    }
    if (take_step(world, &world->steps[0]) || take_step(world, &world->steps[1])) {
        return ps_success();
    }
    for (struct ps_transfer *at = world->transfers; at != NULL; at = at->next) {
        if (move(world, at)) {
            return ps_success();
        }
    }
    uint64_t next = next_ms(world, timeout_ms < 0 ? WAIT_MS : timeout_ms);
    world->wall_ms += (int64_t)(next - world->now_ms);
    world->now_ms = next;
    return ps_success();
}

/* The world outlives its controller: tests look at what it became. */
static void keep(struct ps_transport *transport)
{
    const struct ps_world *world = (const struct ps_world *)transport;
    ck_assert_ptr_null(world->transfers);
}

const struct ps_transport_ops ps_world_ops = {begin, cancel, wait_for, keep};
