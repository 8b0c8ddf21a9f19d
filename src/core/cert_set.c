/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/cert_step.h"

#include <string.h>

bool ps_cert_id_equal(const struct ps_cert_id *a, const struct ps_cert_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ps_cert_id_is_none(const struct ps_cert_id *id)
{
    static const struct ps_cert_id none;
    return ps_cert_id_equal(id, &none);
}

bool ps_cert_set_has(const struct ps_cert_set *set, const struct ps_cert_id *id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (ps_cert_id_equal(&set->ids[i], id)) {
            return true;
        }
    }
    return false;
}

bool ps_cert_set_add(struct ps_cert_set *set, const struct ps_cert_id *id)
{
    if (ps_cert_id_is_none(id) || ps_cert_set_has(set, id)) {
        return true;
    }
    if (set->count == PS_CERT_SET_MAX) {
        return false;
    }
    set->ids[set->count++] = *id;
    return true;
}

bool ps_cert_set_equal(const struct ps_cert_set *a, const struct ps_cert_set *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!ps_cert_id_equal(&a->ids[i], &b->ids[i])) {
            return false;
        }
    }
    return true;
}
