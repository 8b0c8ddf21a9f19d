/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhook configurations of ours: their caBundles, and nothing else in them, are written by
 * server-side apply, so that whoever installed them owns all the rest. The object's uid and version
 * are stated: a configuration that was deleted is not made again by this, and one that changed is
 * looked at first.
 */
#include "certs.h"
#include "portside/base64.h"
#include "portside/heap.h"
#include "portside/jw.h"
#include "portside/log.h"

#include <string.h>

#define API "admissionregistration.k8s.io/v1"
#define KIND "MutatingWebhookConfiguration"
#define ENTRIES_MAX 64U

static const struct ps_kube_resource resource = {API, "mutatingwebhookconfigurations"};

static void forget(struct ps_hook *hook)
{
    for (size_t i = 0; i < hook->entry_count; i++) {
        ps_heap_free(hook->entries[i]);
    }
    ps_heap_free(hook->entries);
    ps_heap_free(hook->uid);
    ps_heap_free(hook->version);
    hook->entries = NULL;
    hook->entry_count = 0;
    hook->uid = hook->version = NULL;
}

/* One more entry's caBundle: what all have in common, what any has, and whether all are neat. */
static void add_bundle(struct ps_hook *hook, struct ps_str base64, bool first)
{
    struct ps_cert_bundle *bundle = hook->bundle;
    struct ps_cert_set set = {.count = 0};
    struct ps_cert_set both = {.count = 0};
    size_t len = 0;
    char *text = ps_heap_new(1, PS_BASE64_ROOM(base64.len) + 1);
    bool neat = text != NULL && ps_base64_decode(base64, text, &len) &&
                ps_known_read(hook->certs, (struct ps_str){text, len}, &set);
    ps_heap_free(text);
    for (size_t i = 0; i < set.count; i++) {
        if (first || ps_cert_set_has(&bundle->common, &set.ids[i])) {
            (void)ps_cert_set_add(&both, &set.ids[i]);
        }
        (void)ps_cert_set_add(&bundle->any, &set.ids[i]);
    }
    bool same = first || ps_cert_set_equal(&set, &bundle->common);
    bundle->neat = (first || bundle->neat) && neat && same;
    bundle->common = both;
}

static void read_entries(struct ps_hook *hook, const struct ps_json *webhooks)
{
    size_t room = ps_json_count(webhooks);
    hook->entries = room > ENTRIES_MAX ? NULL : ps_heap_new(room + 1, sizeof(*hook->entries));
    if (hook->entries == NULL) {
        return;
    }
    PS_JSON_EACH(webhook, webhooks)
    {
        char *name = ps_heap_copy(ps_json_get_text(webhook, "name"));
        if (name == NULL) {
            return;
        }
        add_bundle(hook, ps_json_get_text(ps_json_get(webhook, "clientConfig"), "caBundle"),
                   hook->entry_count == 0);
        hook->entries[hook->entry_count++] = name;
    }
}

static void observe(void *arg, const struct ps_json *object)
{
    struct ps_hook *hook = arg;
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    struct ps_str version = ps_json_get_text(metadata, "resourceVersion");
    if (object != NULL && hook->version != NULL && ps_str_is(version, hook->version)) {
        return;
    }
    forget(hook);
    *hook->bundle = (struct ps_cert_bundle){
        .known = true, .seen_mono_ms = ps_kube_now_ms(hook->certs->controller->kube)};
    if (object == NULL) {
        ps_hook_miss(hook);
    } else {
        ps_hook_remember(hook, object);
        read_entries(hook, ps_json_get(object, "webhooks"));
        hook->uid = ps_heap_copy(ps_json_get_text(metadata, "uid"));
        hook->version = ps_heap_copy(version);
        hook->bundle->present = hook->entry_count > 0 && hook->uid != NULL && hook->version != NULL;
    }
}

struct body {
    struct ps_hook *hook;
    const struct ps_cert_set *bundle;
    struct ps_str text;
    bool complete;
};

static void put_entry(struct ps_jw *jw, const char *name, struct ps_str bundle)
{
    ps_jw_object(jw);
    ps_jw_member(jw, "name", ps_str_of(name));
    ps_jw_key(jw, "clientConfig");
    ps_jw_object(jw);
    ps_jw_member(jw, "caBundle", bundle);
    ps_jw_object_end(jw);
    ps_jw_object_end(jw);
}

static struct ps_status render(void *arg)
{
    struct body *body = arg;
    const struct ps_hook *hook = body->hook;
    struct ps_arena *arena = hook->certs->controller->arena;
    struct ps_str pem = PS_STR("");
    struct ps_buf buf;
    struct ps_jw jw;
    body->complete = ps_known_text(hook->certs, body->bundle, &pem);
    struct ps_str bundle = ps_base64_encode(arena, pem);
    ps_buf_init(&buf, arena, 4096);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR(API));
    ps_jw_member(&jw, "kind", PS_STR(KIND));
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "name", ps_str_of(hook->name));
    ps_jw_member(&jw, "uid", ps_str_of(hook->uid));
    ps_jw_member(&jw, "resourceVersion", ps_str_of(hook->version));
    ps_jw_object_end(&jw);
    ps_jw_key(&jw, "webhooks");
    ps_jw_array(&jw);
    for (size_t i = 0; i < hook->entry_count; i++) {
        put_entry(&jw, hook->entries[i], bundle);
    }
    ps_jw_array_end(&jw);
    ps_jw_object_end(&jw);
    body->text = ps_buf_view(&buf);
    return ps_success();
}

static void on_written(void *arg, const struct ps_kube_result *result)
{
    struct ps_hook *hook = arg;
    struct ps_certs *certs = hook->certs;
    bool changed = result->outcome == PS_KUBE_CONFLICT || result->outcome == PS_KUBE_NOT_FOUND;
    ps_certs_answered(certs, &hook->request, result->outcome == PS_KUBE_OK);
    if (result->outcome != PS_KUBE_OK) {
        ps_metrics_add(certs->metrics, PS_CERTS_FAILURES, 1);
        ps_kube_watch_relist(hook->watch.watch);
        if (!changed) {
            ps_certs_tell(certs, "cannot write caBundle, trying again", result->error->message);
        }
        return;
    }
    ps_metrics_add(certs->metrics, PS_CERTS_BUNDLES_WRITTEN, 1);
    PS_LOG(PS_LOG_LEVEL_INFO, "caBundle written", PS_LOG_STR("webhook", ps_str_of(hook->name)));
    forget(hook); /* an answer is news, whatever its version */
    observe(hook, result->object);
}

void ps_hook_write(struct ps_hook *hook, const struct ps_cert_set *bundle)
{
    struct ps_controller *controller = hook->certs->controller;
    struct body body = {.hook = hook, .bundle = bundle};
    struct ps_error err = {.message = "a CA is not known any more"};
    if (!ps_certs_may_send(hook->certs, &hook->request)) {
        return;
    }
    if (ps_ok(ps_arena_run(controller->arena, render, &body, &err)) && body.complete) {
        const struct ps_kube_request request = {
            .verb = PS_KUBE_APPLY,
            .resource = &resource,
            .name = ps_str_of(hook->name),
            .body = body.text,
            .force = true,
            .deadline_ms = ps_kube_now_ms(controller->kube) + PS_WRITE_DEADLINE_MS,
            .tries_max = 1,
            .on_done = on_written,
            .arg = hook,
        };
        hook->request.under_way =
            ps_ok(ps_kube_send(controller->kube, &request, &hook->request.id, &err));
    }
    if (!hook->request.under_way) {
        ps_certs_answered(hook->certs, &hook->request, false);
        ps_certs_tell(hook->certs, "cannot write caBundle", err.message);
    }
    ps_arena_reset(controller->arena);
}

struct ps_status ps_hook_start(struct ps_hook *hook, struct ps_error *err)
{
    hook->watch = (struct ps_certs_watch){
        .certs = hook->certs,
        .problem = "cannot watch the webhook configuration",
        .observe = observe,
        .arg = hook,
    };
    return ps_certs_watch_start(&hook->watch, &resource, PS_STR(""), hook->name, err);
}

void ps_hook_clear(struct ps_hook *hook)
{
    ps_certs_watch_stop(&hook->watch);
    forget(hook);
    ps_hook_forget(hook);
    ps_heap_free(hook->name);
}
