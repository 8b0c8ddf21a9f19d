/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates by their ids: the step speaks of ids, Secret and caBundles want PEM. */
#include "certs.h"
#include "portside/buf.h"
#include "portside/heap.h"

#include <string.h>

struct ps_cert_id ps_known_id(const struct ps_tls_facts *facts)
{
    struct ps_cert_id id;
    _Static_assert(sizeof(id.bytes) == sizeof(facts->digest), "an id is a digest");
    memcpy(id.bytes, facts->digest, sizeof(id.bytes));
    return id;
}

static bool is_referred_to(const struct ps_certs *certs, const struct ps_cert_id *id)
{
    const struct ps_cert_facts *facts = &certs->facts;
    bool used = ps_cert_id_equal(id, &facts->secret.ca) ||
                ps_cert_id_equal(id, &facts->served.issuer) ||
                ps_cert_set_has(&facts->secret.previous, id) ||
                ps_cert_set_has(&certs->given, id) || ps_cert_set_has(&certs->in_file, id);
    for (size_t i = 0; i < facts->bundle_count; i++) {
        used = used || ps_cert_set_has(&facts->bundles[i].any, id);
    }
    return used;
}

void ps_known_put(struct ps_certs *certs, const struct ps_cert_id *id, const char *pem)
{
    if (ps_known_find(certs, id) != NULL) {
        return;
    }
    for (size_t tries = 0; tries < PS_KNOWN_MAX; tries++) {
        struct ps_known *known = &certs->known[certs->known_next++ % PS_KNOWN_MAX];
        if (known->pem == NULL || !is_referred_to(certs, &known->id)) {
            ps_heap_free(known->pem);
            *known = (struct ps_known){*id, ps_heap_copy(ps_str_of(pem))};
            return;
        }
    }
}

const char *ps_known_find(const struct ps_certs *certs, const struct ps_cert_id *id)
{
    for (size_t i = 0; i < PS_KNOWN_MAX; i++) {
        if (certs->known[i].pem != NULL && ps_cert_id_equal(&certs->known[i].id, id)) {
            return certs->known[i].pem;
        }
    }
    return NULL;
}

bool ps_known_text(const struct ps_certs *certs, const struct ps_cert_set *set,
                   struct ps_str *ret_text)
{
    struct ps_buf buf;
    ps_buf_init(&buf, certs->controller->arena, 1024);
    for (size_t i = 0; i < set->count; i++) {
        const char *pem = ps_known_find(certs, &set->ids[i]);
        if (pem == NULL) {
            return false;
        }
        ps_buf_puts(&buf, pem);
    }
    *ret_text = ps_buf_view(&buf);
    return true;
}

/* Takes what is written as we would write it off the front of *text; true if it was there. */
static bool take(struct ps_str *text, const char *pem)
{
    if (!ps_str_starts(*text, pem)) {
        return false;
    }
    *text = ps_str_slice(*text, strlen(pem), text->len);
    return true;
}

bool ps_known_read(struct ps_certs *certs, struct ps_str text, struct ps_cert_set *ret_set)
{
    struct ps_tls_member members[PS_CERT_SET_MAX];
    size_t count = 0;
    bool neat = ps_ok(ps_tls_read_bundle(text, PS_CERT_SET_MAX, members, &count, NULL));
    *ret_set = (struct ps_cert_set){.count = 0};
    for (size_t i = 0; i < count; i++) {
        struct ps_cert_id id = ps_known_id(&members[i].facts);
        neat = neat && !ps_cert_set_has(ret_set, &id) && take(&text, members[i].pem);
        (void)ps_cert_set_add(ret_set, &id);
        ps_known_put(certs, &id, members[i].pem);
        ps_heap_free(members[i].pem);
    }
    return neat && text.len == 0;
}
