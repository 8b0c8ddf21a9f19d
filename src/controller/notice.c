/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "portside/log.h"

#define AGAIN_MS 600000U
#define US_PER_MS 1000

static const struct ps_kube_resource resource = {"v1", "events"};

/* FNV-1a. */
static uint64_t mix(uint64_t hash, struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211U;
    }
    return (hash ^ 0xffU) * 1099511628211U;
}

/* True if it was sent not long ago; else it is remembered. */
static bool is_known(struct ps_controller *controller, uint64_t hash)
{
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    for (size_t i = 0; i < PS_NOTICES_KEPT; i++) {
        if (controller->notices[i].hash == hash &&
            now_ms < controller->notices[i].at_ms + AGAIN_MS) {
            return true;
        }
    }
    size_t at = controller->notice_next++ % PS_NOTICES_KEPT;
    controller->notices[at].hash = hash;
    controller->notices[at].at_ms = now_ms;
    return false;
}

/* One that is there already says all that is to be said. */
static void on_done(void *arg, const struct ps_kube_result *result)
{
    (void)arg;
    if (result->outcome != PS_KUBE_OK && result->outcome != PS_KUBE_ALREADY_EXISTS) {
        PS_LOG(PS_LOG_LEVEL_WARN, "event not written",
               PS_LOG_STR("problem", ps_str_of(result->error->message)));
    }
}

void ps_notice_send(struct ps_controller *controller, const struct ps_event_subject *subject,
                    const struct ps_event *event)
{
    struct ps_error err;
    uint64_t hash = mix(mix(mix(14695981039346656037U, subject->uid), ps_str_of(event->reason)),
                        event->message);
    if (is_known(controller, hash)) {
        return;
    }
    const struct ps_kube_request request = {
        .verb = PS_KUBE_CREATE,
        .resource = &resource,
        .namespace = subject->namespace_name,
        .body = ps_event_object(controller->arena, subject, event,
                                ps_kube_wall_ms(controller->kube) * US_PER_MS),
        .deadline_ms = ps_kube_now_ms(controller->kube) + PS_WRITE_DEADLINE_MS,
        .on_done = on_done,
    };
    PS_LOG(event->warning ? PS_LOG_LEVEL_WARN : PS_LOG_LEVEL_INFO, "event",
           PS_LOG_STR("reason", ps_str_of(event->reason)),
           PS_LOG_STR("namespace", subject->namespace_name), PS_LOG_STR("name", subject->name),
           PS_LOG_STR("message", event->message));
    if (!ps_ok(ps_kube_send(controller->kube, &request, NULL, &err))) {
        PS_LOG(PS_LOG_LEVEL_WARN, "event not written",
               PS_LOG_STR("problem", ps_str_of(err.message)));
    }
}
