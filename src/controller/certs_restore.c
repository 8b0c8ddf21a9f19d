/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A webhook configuration that was deleted by itself is made again as it was last seen: without it
 * brokers start without their listener, and nobody is told. It is not made again if the Service
 * that it led to is gone as well: then portside is being uninstalled. (Helm deletes the Service
 * first, and the rights of portside before the configuration.) What somebody else makes meanwhile
 * stands.
 */
#include "certs.h"
#include "portside/heap.h"
#include "portside/jw.h"
#include "portside/log.h"

#define API "admissionregistration.k8s.io/v1"
#define KIND "MutatingWebhookConfiguration"
/* Those who delete all of portside have got to its Service by then. */
#define DELAY_MS 3000U
#define READ_MS 3000U
/* Not that of caBundles: what a manager has applied and leaves out later is removed. */
#define MANAGER "portside-restore"

static const struct ps_kube_resource services = {"v1", "services"};
static const struct ps_kube_resource configurations = {API, "mutatingwebhookconfigurations"};

struct body {
    struct ps_arena *arena;
    const struct ps_json *object;
    struct ps_str text;
};

static void put(struct ps_jw *jw, const struct ps_json *object, const char *key)
{
    const struct ps_json *value = ps_json_get(object, key);
    if (value != NULL) {
        ps_jw_key(jw, key);
        ps_jw_copy(jw, value);
    }
}

static struct ps_status render(void *arg)
{
    struct body *body = arg;
    const struct ps_json *metadata = ps_json_get(body->object, "metadata");
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, body->arena, 8192);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR(API));
    ps_jw_member(&jw, "kind", PS_STR(KIND));
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    put(&jw, metadata, "name");
    put(&jw, metadata, "labels");
    put(&jw, metadata, "annotations");
    ps_jw_object_end(&jw);
    put(&jw, body->object, "webhooks");
    ps_jw_object_end(&jw);
    body->text = ps_buf_view(&buf);
    return ps_success();
}

static void forget(struct ps_hook_memory *memory)
{
    ps_heap_free(memory->text);
    memory->text = NULL;
}

void ps_hook_remember(struct ps_hook *hook, const struct ps_json *object)
{
    struct ps_arena *arena = hook->certs->controller->arena;
    struct body body = {.arena = arena, .object = object};
    struct ps_error err;
    forget(&hook->memory);
    hook->memory.is_gone = false;
    if (ps_jw_can_copy(object) && ps_ok(ps_arena_run(arena, render, &body, &err))) {
        hook->memory.text = ps_heap_copy(body.text);
    }
    ps_arena_reset(arena);
}

void ps_hook_miss(struct ps_hook *hook)
{
    if (!hook->memory.is_gone) {
        hook->memory.is_gone = true;
        hook->memory.gone_ms = ps_kube_now_ms(hook->certs->controller->kube);
    }
}

static void on_made(void *arg, const struct ps_kube_result *result)
{
    struct ps_hook *hook = arg;
    bool good = result->outcome == PS_KUBE_OK;
    ps_certs_answered(hook->certs, &hook->memory.request, good);
    if (good) {
        PS_LOG(PS_LOG_LEVEL_WARN,
               "the webhook configuration was deleted, and is made again as it was",
               PS_LOG_STR("webhook", ps_str_of(hook->name)));
    } else if (result->outcome != PS_KUBE_CONFLICT) { /* else somebody else has made it */
        ps_metrics_add(hook->certs->metrics, PS_CERTS_FAILURES, 1);
        ps_certs_tell(hook->certs, "cannot make the deleted webhook configuration again",
                      result->error->message);
    }
    ps_kube_watch_relist(hook->watch.watch);
}

static void make(struct ps_hook *hook)
{
    struct ps_kube *kube = hook->certs->controller->kube;
    struct ps_hook_memory *memory = &hook->memory;
    struct ps_error err;
    const struct ps_kube_request request = {
        .verb = PS_KUBE_APPLY,
        .resource = &configurations,
        .name = ps_str_of(hook->name),
        .body = ps_str_of(memory->text),
        .manager = PS_STR(MANAGER),
        .deadline_ms = ps_kube_now_ms(kube) + PS_WRITE_DEADLINE_MS,
        .tries_max = 1,
        .on_done = on_made,
        .arg = hook,
    };
    memory->request.under_way = ps_ok(ps_kube_send(kube, &request, &memory->request.id, &err));
}

static void on_service(void *arg, const struct ps_kube_result *result)
{
    struct ps_hook *hook = arg;
    const struct ps_json *metadata = ps_json_get(result->object, "metadata");
    bool there =
        result->outcome == PS_KUBE_OK && ps_json_get_text(metadata, "deletionTimestamp").len == 0;
    bool failed = result->outcome != PS_KUBE_OK && result->outcome != PS_KUBE_NOT_FOUND;
    ps_certs_answered(hook->certs, &hook->memory.request, !failed);
    if (failed) {
        ps_certs_tell(hook->certs, "cannot look for portside's Service", result->error->message);
    } else if (!there) {
        PS_LOG(PS_LOG_LEVEL_INFO,
               "the webhook configuration is gone with the Service, and is not made again",
               PS_LOG_STR("webhook", ps_str_of(hook->name)));
        forget(&hook->memory);
    } else if (hook->memory.is_gone && hook->memory.text != NULL) {
        make(hook);
    }
}

void ps_hook_restore(struct ps_hook *hook)
{
    const struct ps_certs *certs = hook->certs;
    struct ps_kube *kube = certs->controller->kube;
    struct ps_hook_memory *memory = &hook->memory;
    struct ps_error err;
    if (!memory->is_gone || memory->text == NULL ||
        ps_kube_now_ms(kube) < memory->gone_ms + DELAY_MS ||
        !ps_certs_may_send(certs, &memory->request)) {
        return;
    }
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = &services,
        .namespace = ps_certs_place(certs),
        .name = certs->controller->config->service_name,
        .deadline_ms = ps_kube_now_ms(kube) + READ_MS,
        .tries_max = 1,
        .on_done = on_service,
        .arg = hook,
    };
    memory->request.under_way = ps_ok(ps_kube_send(kube, &request, &memory->request.id, &err));
}

void ps_hook_forget(struct ps_hook *hook)
{
    forget(&hook->memory);
}
