/* SPDX-License-Identifier: Apache-2.0 */
/* What is written into the Secret. */
#include "certs.h"
#include "portside/base64.h"
#include "portside/jw.h"
#include "portside/log.h"
#include "portside/service.h"

#include <inttypes.h>

static const struct ps_kube_resource secrets = {"v1", "secrets"};

/* What goes into the Secret; NULL texts stay as they are. */
struct content {
    struct ps_certs *certs;
    const struct ps_cert_plan *plan;
    struct ps_tls_pair ca; /* new ones; owned */
    struct ps_tls_pair leaf;
    struct ps_str body;
    bool complete;
};

static void content_clear(struct content *content)
{
    ps_tls_pair_clear(&content->ca);
    ps_tls_pair_clear(&content->leaf);
}

static struct ps_status make(struct content *content, struct ps_error *err)
{
    const struct ps_certs *certs = content->certs;
    const struct ps_cert_plan *plan = content->plan;
    const struct ps_tls_names names = {certs->names, certs->name_count};
    const struct ps_tls_validity ca_span = {plan->ca_span.not_before_s, plan->ca_span.not_after_s};
    const struct ps_tls_validity leaf_span = {plan->leaf_span.not_before_s,
                                              plan->leaf_span.not_after_s};
    if (plan->new_ca) {
        PS_TRY(ps_tls_make_ca(&ca_span, &content->ca, err));
    }
    if (plan->leaf == PS_CERT_LEAF_NEW) {
        const struct ps_tls_pair *ca = plan->new_ca ? &content->ca : &certs->secret.ca;
        PS_TRY(ps_tls_make_leaf(ca, &names, &leaf_span, &content->leaf, err));
    }
    return ps_success();
}

static void put(struct ps_jw *jw, struct ps_arena *arena, const char *key, const char *text)
{
    if (text != NULL) {
        ps_jw_member(jw, key, ps_base64_encode(arena, ps_str_of(text)));
    }
}

static void put_pair(struct ps_jw *jw, struct ps_arena *arena, const char *const keys[2],
                     const struct ps_tls_pair *pair)
{
    put(jw, arena, keys[0], pair->cert_pem);
    put(jw, arena, keys[1], pair->key_pem);
}

static void drop_pair(struct ps_jw *jw, const char *const keys[2])
{
    for (size_t i = 0; i < 2; i++) {
        ps_jw_key(jw, keys[i]);
        ps_jw_null(jw);
    }
}

static void put_previous(struct ps_jw *jw, struct content *content)
{
    struct ps_arena *arena = content->certs->controller->arena;
    struct ps_str text = PS_STR("");
    content->complete = ps_known_text(content->certs, &content->plan->previous, &text);
    if (text.len > 0) {
        struct ps_str until = ps_arena_printf(arena, "%" PRId64, content->plan->previous_until_s);
        ps_jw_member(jw, "previous-ca.crt", ps_base64_encode(arena, text));
        ps_jw_member(jw, "previous-until", ps_base64_encode(arena, until));
    } else if (content->plan->secret == PS_CERT_WRITE_UPDATE) {
        ps_jw_key(jw, "previous-ca.crt");
        ps_jw_null(jw);
        ps_jw_key(jw, "previous-until");
        ps_jw_null(jw);
    }
}

static void put_metadata(struct ps_jw *jw, const struct content *content)
{
    const struct ps_certs *certs = content->certs;
    ps_jw_key(jw, "metadata");
    ps_jw_object(jw);
    if (content->plan->secret == PS_CERT_WRITE_UPDATE) {
        ps_jw_member(jw, "resourceVersion", ps_str_of(certs->secret.version));
    } else {
        ps_jw_member(jw, "name", ps_str_of(certs->secret_name));
        ps_jw_member(jw, "namespace", ps_str_of(certs->controller->leader.namespace_name));
        ps_jw_key(jw, "labels");
        ps_jw_object(jw);
        ps_jw_member(jw, PS_LABEL_MANAGED_BY, PS_STR(PS_MANAGED_BY));
        ps_jw_object_end(jw);
    }
    ps_jw_object_end(jw);
}

static struct ps_status render(void *arg)
{
    static const char *const ca_keys[] = {"ca.crt", "ca.key"};
    static const char *const leaf_keys[] = {"tls.crt", "tls.key"};
    struct content *content = arg;
    struct ps_arena *arena = content->certs->controller->arena;
    bool restore = content->plan->leaf == PS_CERT_LEAF_RESTORE;
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 8192);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(&jw, "kind", PS_STR("Secret"));
    put_metadata(&jw, content);
    ps_jw_key(&jw, "data");
    ps_jw_object(&jw);
    put_pair(&jw, arena, ca_keys, &content->ca);
    if (content->plan->leaf == PS_CERT_LEAF_DROP) {
        drop_pair(&jw, leaf_keys);
    } else {
        put_pair(&jw, arena, leaf_keys, restore ? &content->certs->served : &content->leaf);
    }
    put_previous(&jw, content);
    ps_jw_object_end(&jw);
    ps_jw_object_end(&jw);
    content->body = ps_buf_view(&buf);
    return ps_success();
}

/* Whatever was refused: what we take the Secret for may be wrong. */
static void doubt(struct ps_certs *certs)
{
    certs->facts.secret.known = false;
    ps_kube_watch_relist(certs->watch.watch);
}

static void on_written(void *arg, const struct ps_kube_result *result)
{
    struct ps_certs *certs = arg;
    bool good = result->outcome == PS_KUBE_OK;
    ps_certs_answered(certs, &certs->request, good);
    if (!good) {
        ps_metrics_add(certs->metrics, PS_CERTS_FAILURES, 1);
        ps_certs_tell(certs, "cannot write the Secret, trying again", result->error->message);
        doubt(certs);
        return;
    }
    certs->trouble[0] = '\0';
    ps_metrics_add(certs->metrics, PS_CERTS_CAS_MADE, certs->new_ca);
    ps_metrics_add(certs->metrics, PS_CERTS_LEAVES_MADE, certs->new_leaf);
    PS_LOG(PS_LOG_LEVEL_INFO, "certificates written",
           PS_LOG_STR("secret", ps_str_of(certs->secret_name)),
           PS_LOG_STR("reason", ps_str_of(ps_cert_reason_text(certs->reason))),
           PS_LOG_BOOL("new_ca", certs->new_ca), PS_LOG_BOOL("new_certificate", certs->new_leaf));
    certs->facts.secret.read_mono_ms = certs->request.sent_ms;
    ps_certs_observe(certs, result->object);
}

static void send(struct ps_certs *certs, const struct content *content)
{
    bool create = content->plan->secret == PS_CERT_WRITE_CREATE;
    struct ps_kube *kube = certs->controller->kube;
    struct ps_error err;
    certs->request.sent_ms = ps_kube_now_ms(kube);
    const struct ps_kube_request request = {
        .verb = create ? PS_KUBE_CREATE : PS_KUBE_MERGE_PATCH,
        .resource = &secrets,
        .namespace = ps_str_of(certs->controller->leader.namespace_name),
        .name = create ? PS_STR("") : ps_str_of(certs->secret_name),
        .body = content->body,
        .deadline_ms = certs->request.sent_ms + PS_WRITE_DEADLINE_MS,
        .tries_max = 1,
        .on_done = on_written,
        .arg = certs,
    };
    certs->reason = content->plan->reason;
    certs->new_ca = content->plan->new_ca;
    certs->new_leaf = content->plan->leaf == PS_CERT_LEAF_NEW;
    certs->request.under_way = ps_ok(ps_kube_send(kube, &request, &certs->request.id, &err));
    if (!certs->request.under_way) {
        ps_certs_tell(certs, "cannot write the Secret", err.message);
    }
}

static void on_deleted(void *arg, const struct ps_kube_result *result)
{
    struct ps_certs *certs = arg;
    bool good = result->outcome == PS_KUBE_OK || result->outcome == PS_KUBE_NOT_FOUND;
    ps_certs_answered(certs, &certs->request, good);
    if (!good) {
        ps_metrics_add(certs->metrics, PS_CERTS_FAILURES, 1);
        ps_certs_tell(certs, "cannot delete the immutable Secret, trying again: delete it",
                      result->error->message);
        doubt(certs);
        return;
    }
    PS_LOG(PS_LOG_LEVEL_INFO, "immutable Secret deleted, to be made anew",
           PS_LOG_STR("secret", ps_str_of(certs->secret_name)));
    certs->facts.secret.read_mono_ms = certs->request.sent_ms;
    ps_certs_observe(certs, NULL);
}

/*
 * Nothing in an immutable Secret can be renewed. It is ours, and goes only as it was seen; then it
 * is one that was deleted, which is made anew around what is served.
 */
static void delete_secret(struct ps_certs *certs)
{
    struct ps_kube *kube = certs->controller->kube;
    struct ps_error err;
    certs->request.sent_ms = ps_kube_now_ms(kube);
    const struct ps_kube_request request = {
        .verb = PS_KUBE_DELETE,
        .resource = &secrets,
        .namespace = ps_str_of(certs->controller->leader.namespace_name),
        .name = ps_str_of(certs->secret_name),
        .uid = ps_str_of(certs->secret.uid),
        .version = ps_str_of(certs->secret.version),
        .deadline_ms = certs->request.sent_ms + PS_WRITE_DEADLINE_MS,
        .tries_max = 1,
        .on_done = on_deleted,
        .arg = certs,
    };
    certs->request.under_way = ps_ok(ps_kube_send(kube, &request, &certs->request.id, &err));
    if (!certs->request.under_way) {
        ps_certs_tell(certs, "cannot delete the immutable Secret", err.message);
    }
}

void ps_certs_write_secret(struct ps_certs *certs, const struct ps_cert_plan *plan)
{
    struct content content PS_CLEANUP(content_clear) = {.certs = certs, .plan = plan};
    struct ps_error err = {.message = "a previous CA is not known any more"};
    if (!ps_certs_may_send(certs, &certs->request)) {
        return;
    }
    if (plan->secret == PS_CERT_WRITE_UPDATE && certs->secret.immutable) {
        delete_secret(certs);
        return;
    }
    bool good = ps_ok(make(&content, &err)) &&
                ps_ok(ps_arena_run(certs->controller->arena, render, &content, &err)) &&
                content.complete;
    if (good) {
        send(certs, &content);
    } else {
        ps_certs_answered(certs, &certs->request, false);
        ps_certs_tell(certs, "cannot make certificates", err.message);
    }
    ps_arena_reset(certs->controller->arena);
}
