/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events for those who look at an object. The name of an Event is made of what it says, so one that
 * is there already is counted once more instead of being made again.
 */
#include "control.h"
#include "portside/heap.h"
#include "portside/log.h"

#define AGAIN_MS 600000U
/* That one hash may have, so that looking it up takes no time. */
#define PLACES 8U
/* After this one that could not be written is tried again, if it is still so. */
#define RETRY_MS 30000U
#define US_PER_MS 1000

static const struct ps_kube_resource resource = {"v1", "events"};

/* Where it is remembered, or else the place of what is forgotten soonest. */
static struct ps_noticed *place_of(struct ps_controller *controller, uint64_t hash)
{
    struct ps_noticed *places =
        &controller->notices[(size_t)(hash % (PS_NOTICES_KEPT / PLACES)) * PLACES];
    struct ps_noticed *found = places;
    for (size_t i = 0; i < PLACES && found->hash != hash; i++) {
        bool sooner = places[i].until_ms < found->until_ms;
        found = places[i].hash == hash || sooner ? &places[i] : found;
    }
    return found;
}

/* True if it was sent not long ago; else it is remembered. */
static bool is_known(struct ps_controller *controller, uint64_t hash)
{
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    struct ps_noticed *place = place_of(controller, hash);
    if (place->hash == hash && now_ms < place->until_ms) {
        return true;
    }
    *place = (struct ps_noticed){hash, now_ms + AGAIN_MS};
    return false;
}

static void try_again(struct ps_controller *controller, uint64_t hash)
{
    struct ps_noticed *place = place_of(controller, hash);
    if (place->hash == hash) {
        place->until_ms = ps_kube_now_ms(controller->kube) + RETRY_MS;
    }
}

/* An Event on its way, so that it can be counted if it is there already. */
struct ps_telling {
    struct ps_telling *next;
    struct ps_controller *controller;
    uint64_t hash;
    char *namespace_name;
    char *name;
};

static void telling_free(struct ps_telling *telling)
{
    ps_heap_free(telling->namespace_name);
    ps_heap_free(telling->name);
    ps_heap_free(telling);
}

static void forget(struct ps_telling *telling)
{
    struct ps_telling **link = &telling->controller->tellings;
    while (*link != telling) {
        link = &(*link)->next;
    }
    *link = telling->next;
    telling_free(telling);
}

/* NULL if there is no memory. */
static struct ps_telling *telling_new(struct ps_controller *controller,
                                      struct ps_str namespace_name, struct ps_str name)
{
    struct ps_telling *telling = ps_heap_new(1, sizeof(*telling));
    if (telling == NULL) {
        return NULL;
    }
    *telling = (struct ps_telling){
        .next = controller->tellings,
        .controller = controller,
        .namespace_name = ps_heap_copy(namespace_name),
        .name = ps_heap_copy(name),
    };
    if (telling->namespace_name == NULL || telling->name == NULL) {
        telling_free(telling);
        return NULL;
    }
    controller->tellings = telling;
    return telling;
}

static void tell_problem(const char *problem)
{
    PS_LOG(PS_LOG_LEVEL_WARN, "event not written", PS_LOG_STR("problem", ps_str_of(problem)));
}

/* About the Event that is there. */
static struct ps_kube_request request_of(struct ps_telling *telling, enum ps_kube_verb verb)
{
    return (struct ps_kube_request){
        .verb = verb,
        .resource = &resource,
        .namespace = ps_str_of(telling->namespace_name),
        .name = ps_str_of(telling->name),
        .deadline_ms = ps_kube_now_ms(telling->controller->kube) + PS_WRITE_DEADLINE_MS,
        .arg = telling,
    };
}

static void on_counted(void *arg, const struct ps_kube_result *result)
{
    struct ps_telling *telling = arg;
    if (result->outcome != PS_KUBE_OK && result->outcome != PS_KUBE_NOT_FOUND) {
        tell_problem(result->error->message);
    }
    forget(telling);
}

struct counting {
    struct ps_telling *telling;
    const struct ps_json *event;
    bool sent;
};

static struct ps_status count(void *arg)
{
    struct counting *counting = arg;
    struct ps_controller *controller = counting->telling->controller;
    struct ps_kube_request request = request_of(counting->telling, PS_KUBE_MERGE_PATCH);
    request.body = ps_event_again(controller->arena, counting->event,
                                  ps_kube_wall_ms(controller->kube) * US_PER_MS);
    request.on_done = on_counted;
    counting->sent = ps_ok(ps_kube_send(controller->kube, &request, NULL, NULL));
    return ps_success();
}

static void on_read(void *arg, const struct ps_kube_result *result)
{
    struct ps_telling *telling = arg;
    struct ps_controller *controller = telling->controller;
    struct counting counting = {.telling = telling, .event = result->object};
    if (result->outcome == PS_KUBE_OK && ps_leader_is(controller)) {
        (void)!ps_ok(ps_arena_run(controller->arena, count, &counting, NULL));
        ps_arena_reset(controller->arena);
    } else if (result->outcome > PS_KUBE_NOT_FOUND) {
        tell_problem(result->error->message);
    }
    if (!counting.sent) {
        forget(telling);
    }
}

/* After a try without an answer the Event that is there is this one. */
static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct ps_telling *telling = arg;
    bool again = result->outcome == PS_KUBE_ALREADY_EXISTS && result->tries == 1;
    if (again && ps_leader_is(telling->controller)) {
        struct ps_kube_request request = request_of(telling, PS_KUBE_GET);
        request.on_done = on_read;
        if (ps_ok(ps_kube_send(telling->controller->kube, &request, NULL, NULL))) {
            return;
        }
    }
    if (result->outcome != PS_KUBE_OK && result->outcome != PS_KUBE_ALREADY_EXISTS) {
        tell_problem(result->error->message);
        try_again(telling->controller, telling->hash);
    }
    forget(telling);
}

static void post(struct ps_controller *controller, const struct ps_event_subject *subject,
                 const struct ps_event *event, uint64_t hash)
{
    struct ps_error err = {.message = "there is no memory left"};
    struct ps_str name = ps_event_name(controller->arena, subject, event);
    struct ps_str body = ps_event_object(controller->arena, subject, event,
                                         ps_kube_wall_ms(controller->kube) * US_PER_MS);
    struct ps_telling *telling = telling_new(controller, subject->namespace_name, name);
    if (telling == NULL) {
        tell_problem(err.message);
        return;
    }
    telling->hash = hash;
    const struct ps_kube_request request = {
        .verb = PS_KUBE_CREATE,
        .resource = &resource,
        .namespace = subject->namespace_name,
        .body = body,
        .deadline_ms = ps_kube_now_ms(controller->kube) + PS_WRITE_DEADLINE_MS,
        .on_done = on_done,
        .arg = telling,
    };
    if (!ps_ok(ps_kube_send(controller->kube, &request, NULL, &err))) {
        tell_problem(err.message);
        forget(telling);
    }
}

void ps_notice_send(struct ps_controller *controller, const struct ps_event_subject *subject,
                    const struct ps_event *event)
{
    uint64_t hash =
        ps_hash_mix(ps_hash_mix(ps_hash_mix(PS_HASH_BEGIN, subject->uid), ps_str_of(event->reason)),
                    event->message);
    if (is_known(controller, hash)) {
        return;
    }
    PS_LOG(event->warning ? PS_LOG_LEVEL_WARN : PS_LOG_LEVEL_INFO, "event",
           PS_LOG_STR("reason", ps_str_of(event->reason)),
           PS_LOG_STR("namespace", subject->namespace_name), PS_LOG_STR("name", subject->name),
           PS_LOG_STR("message", event->message));
    post(controller, subject, event, hash);
}

void ps_notices_clear(struct ps_controller *controller)
{
    while (controller->tellings != NULL) {
        forget(controller->tellings);
    }
}
