/* SPDX-License-Identifier: Apache-2.0 */
/* The Secret: watched by all replicas, read into facts. */
#include "certs.h"
#include "portside/base64.h"
#include "portside/heap.h"
#include "portside/log.h"
#include "portside/service.h"

#include <string.h>

#define READ_MS 3000U
#define FIELD_BYTES_MAX ((size_t)64 * 1024)

static const struct ps_kube_resource secrets = {"v1", "secrets"};

static void drop_text(char **text)
{
    struct ps_tls_pair pair = {.key_pem = *text}; /* overwritten, as it may be a key */
    ps_tls_pair_clear(&pair);
    *text = NULL;
}

void ps_certs_clear_secret(struct ps_certs_secret *secret)
{
    ps_tls_pair_clear(&secret->ca);
    ps_tls_pair_clear(&secret->leaf);
    drop_text(&secret->previous);
    ps_heap_free(secret->version);
    ps_heap_free(secret->uid);
    *secret = (struct ps_certs_secret){0};
}

/* A value of data as text (owned); empty if it is absent, no base64, or too large. */
static char *field(const struct ps_json *object, const char *key)
{
    struct ps_str text = ps_json_get_text(ps_json_get(object, "data"), key);
    size_t len = 0;
    if (text.len > FIELD_BYTES_MAX) {
        return ps_heap_copy(PS_STR(""));
    }
    char *out = ps_heap_new(1, PS_BASE64_ROOM(text.len) + 1);
    if (out != NULL && !ps_base64_decode(text, out, &len)) {
        len = 0;
    }
    if (out != NULL) {
        out[len] = '\0';
    }
    return out;
}

static bool read_texts(struct ps_certs *certs, const struct ps_json *object)
{
    struct ps_certs_secret *secret = &certs->secret;
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    ps_certs_clear_secret(secret);
    *secret = (struct ps_certs_secret){
        .uid = ps_heap_copy(ps_json_get_text(metadata, "uid")),
        .version = ps_heap_copy(ps_json_get_text(metadata, "resourceVersion")),
        .immutable = ps_json_is_true(ps_json_get(object, "immutable")),
        .ca = {field(object, "ca.crt"), field(object, "ca.key")},
        .leaf = {field(object, "tls.crt"), field(object, "tls.key")},
        .previous = field(object, "previous-ca.crt"),
    };
    return secret->uid != NULL && secret->version != NULL && secret->ca.cert_pem != NULL &&
           secret->ca.key_pem != NULL && secret->leaf.cert_pem != NULL &&
           secret->leaf.key_pem != NULL && secret->previous != NULL;
}

/* The CA: its certificate counts even if its key is damaged, as leaves of it may be in service. */
static void read_ca(struct ps_certs *certs, struct ps_cert_secret *facts)
{
    const struct ps_tls_pair *ca = &certs->secret.ca;
    struct ps_tls_member member = {0};
    struct ps_tls_facts found;
    size_t count = 0;
    struct ps_error err;
    (void)!ps_ok(ps_tls_read_bundle(ps_str_of(ca->cert_pem), 1, &member, &count, NULL));
    if (count == 1 && member.facts.is_ca) {
        facts->ca = ps_known_id(&member.facts);
        facts->ca_span = (struct ps_cert_span){member.facts.validity.not_before_s,
                                               member.facts.validity.not_after_s};
        ps_known_put(certs, &facts->ca, member.pem);
    }
    ps_heap_free(member.pem);
    bool good =
        ps_ok(ps_tls_inspect(ps_str_of(ca->cert_pem), ps_str_of(ca->key_pem), NULL, &found, &err));
    facts->ca_usable = good && found.is_ca && !ps_cert_id_is_none(&facts->ca);
    if (!facts->ca_usable) {
        PS_LOG(PS_LOG_LEVEL_WARN, "the CA in the Secret cannot be used",
               PS_LOG_STR("secret", ps_str_of(certs->secret_name)),
               PS_LOG_STR("cause", ps_str_of(good ? "it may not sign" : err.message)));
    }
}

static struct ps_cert_id issuer_of(const struct ps_certs *certs, const struct ps_cert_secret *facts)
{
    struct ps_cert_set all = {.count = 0};
    struct ps_str leaf = ps_str_of(certs->secret.leaf.cert_pem);
    (void)ps_cert_set_add(&all, &facts->ca);
    for (size_t i = 0; i < facts->previous.count; i++) {
        (void)ps_cert_set_add(&all, &facts->previous.ids[i]);
    }
    for (size_t i = 0; i < all.count; i++) {
        const char *pem = ps_known_find(certs, &all.ids[i]);
        if (pem != NULL && ps_tls_is_issuer(ps_str_of(pem), leaf)) {
            return all.ids[i];
        }
    }
    return (struct ps_cert_id){{0}};
}

static void read_leaf(const struct ps_certs *certs, struct ps_cert_secret *facts)
{
    const struct ps_tls_pair *leaf = &certs->secret.leaf;
    const struct ps_tls_names names = {certs->names, certs->name_count};
    struct ps_tls_facts found;
    struct ps_error err = {.message = "it is of no CA in the Secret"};
    if (ps_ok(ps_tls_inspect(ps_str_of(leaf->cert_pem), ps_str_of(leaf->key_pem), &names, &found,
                             &err))) {
        facts->leaf = (struct ps_cert_leaf){
            .covers = found.covers,
            .id = ps_known_id(&found),
            .issuer = issuer_of(certs, facts),
            .span = {found.validity.not_before_s, found.validity.not_after_s},
        };
        facts->leaf.usable = !ps_cert_id_is_none(&facts->leaf.issuer);
    }
    if (!facts->leaf.usable && leaf->cert_pem[0] != '\0') { /* none: its CA is made known first */
        PS_LOG(PS_LOG_LEVEL_WARN, "the certificate in the Secret cannot be used",
               PS_LOG_STR("secret", ps_str_of(certs->secret_name)),
               PS_LOG_STR("cause", ps_str_of(err.message)));
    }
}

static bool is_ours(const struct ps_json *object)
{
    const struct ps_json *labels = ps_json_get2(object, "metadata", "labels");
    return ps_str_is(ps_json_get_text(labels, PS_LABEL_MANAGED_BY), PS_MANAGED_BY);
}

/* Said before a write is due, so that there is time. */
static void warn_if_immutable(struct ps_certs *certs)
{
    if (certs->secret.immutable) {
        ps_certs_tell(
            certs,
            "the Secret is immutable: when something in it is to be renewed, it is deleted "
            "and made anew around what is served",
            certs->secret_name);
    }
}

static void read_facts(struct ps_certs *certs, const struct ps_json *object)
{
    struct ps_cert_secret *facts = &certs->facts.secret;
    char *until = field(object, "previous-until");
    uint64_t until_s = 0;
    facts->present = true;
    facts->foreign = !is_ours(object);
    if (facts->foreign) {
        ps_certs_tell(certs, "the Secret is not ours: delete it, or name another one",
                      certs->secret_name);
    } else if (read_texts(certs, object)) {
        warn_if_immutable(certs);
        (void)ps_known_read(certs, ps_str_of(certs->secret.previous), &facts->previous);
        read_ca(certs, facts);
        read_leaf(certs, facts);
        if (until != NULL && ps_str_to_uint(ps_str_of(until), INT64_MAX, &until_s)) {
            facts->previous_until_s = (int64_t)until_s;
        }
    }
    ps_heap_free(until);
}

void ps_certs_observe(struct ps_certs *certs, const struct ps_json *object)
{
    struct ps_str version = ps_json_get_text(ps_json_get(object, "metadata"), "resourceVersion");
    struct ps_cert_secret *facts = &certs->facts.secret;
    bool same = object != NULL && facts->present && certs->secret.version != NULL &&
                ps_str_is(version, certs->secret.version);
    if (same) {
        facts->known = true; /* it was in doubt, maybe */
        return;
    }
    *facts = (struct ps_cert_secret){.known = true, .read_mono_ms = facts->read_mono_ms};
    if (object == NULL) {
        ps_certs_clear_secret(&certs->secret);
    } else {
        read_facts(certs, object);
    }
    ps_metrics_set(certs->metrics, PS_CERTS_CA_NOT_AFTER, facts->ca_span.not_after_s);
    ps_metrics_set(certs->metrics, PS_CERTS_LEAF_NOT_AFTER, facts->leaf.span.not_after_s);
}

static void on_read(void *arg, const struct ps_kube_result *result)
{
    struct ps_certs *certs = arg;
    bool good = result->outcome == PS_KUBE_OK || result->outcome == PS_KUBE_NOT_FOUND;
    ps_certs_answered(certs, &certs->request, good);
    if (!good) {
        ps_certs_tell(certs, "cannot read the Secret", result->error->message);
        return;
    }
    certs->facts.secret.read_mono_ms = certs->request.sent_ms;
    ps_certs_observe(certs, result->outcome == PS_KUBE_OK ? result->object : NULL);
}

void ps_certs_read_secret(struct ps_certs *certs)
{
    struct ps_kube *kube = certs->controller->kube;
    struct ps_error err;
    if (!ps_certs_may_send(certs, &certs->request)) {
        return;
    }
    certs->request.sent_ms = ps_kube_now_ms(kube);
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = &secrets,
        .namespace = ps_str_of(certs->controller->leader.namespace_name),
        .name = ps_str_of(certs->secret_name),
        .deadline_ms = certs->request.sent_ms + READ_MS,
        .tries_max = 1,
        .on_done = on_read,
        .arg = certs,
    };
    certs->request.under_way = ps_ok(ps_kube_send(kube, &request, &certs->request.id, &err));
    if (!certs->request.under_way) {
        ps_certs_tell(certs, "cannot read the Secret", err.message);
    }
}

static void observe(void *arg, const struct ps_json *object)
{
    ps_certs_observe(arg, object);
}

struct ps_status ps_certs_watch_secret(struct ps_certs *certs, struct ps_error *err)
{
    certs->watch = (struct ps_certs_watch){
        .certs = certs,
        .problem = "cannot watch the Secret",
        .observe = observe,
        .arg = certs,
    };
    return ps_certs_watch_start(&certs->watch, &secrets,
                                ps_str_of(certs->controller->leader.namespace_name),
                                certs->secret_name, err);
}
