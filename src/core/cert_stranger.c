/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the certificate step that remembers CAs of others. */
#include "cert_view.h"

static bool is_ours(const struct ps_cert_view *view, const struct ps_cert_id *id)
{
    const struct ps_cert_facts *facts = view->facts;
    if (facts->given != NULL) {
        return ps_cert_set_has(facts->given, id);
    }
    return ps_cert_id_equal(id, &facts->secret.ca) || ps_cert_set_has(&facts->secret.previous, id);
}

/*
 * A CA that is new here. Beside given ones each is, but those that were given themselves. With a
 * Secret it is what one who begins finds: later it is the leader who writes the caBundles, and what
 * somebody else puts in is put right.
 */
static bool is_stranger(const struct ps_cert_view *view, const struct ps_cert_id *id)
{
    const struct ps_cert_state *state = view->state;
    if (view->facts->given == NULL) {
        return !view->serving || !state->bundles_seen;
    }
    for (size_t i = 0; i < state->published_count; i++) {
        if (ps_cert_id_equal(&state->published[i].id, id)) {
            return false;
        }
    }
    return true;
}

static size_t find(const struct ps_cert_state *state, const struct ps_cert_id *id)
{
    size_t i = 0;
    while (i < state->stranger_count && !ps_cert_id_equal(&state->strangers[i].id, id)) {
        i++;
    }
    return i;
}

static void note(const struct ps_cert_view *view, const struct ps_cert_state *before,
                 const struct ps_cert_id *id)
{
    struct ps_cert_state *state = view->state;
    size_t known = find(before, id);
    bool knew = known < before->stranger_count;
    if (is_ours(view, id) || find(state, id) < state->stranger_count ||
        state->stranger_count == PS_CERT_SET_MAX || (!knew && !is_stranger(view, id))) {
        return;
    }
    size_t at = state->stranger_count++;
    state->strangers[at].id = *id;
    state->strangers[at].since_mono_ms =
        knew ? before->strangers[known].since_mono_ms : view->facts->mono_ms;
}

void ps_cert_note_strangers(struct ps_cert_view *view)
{
    const struct ps_cert_facts *facts = view->facts;
    const struct ps_cert_state before = *view->state;
    bool known = true;
    if (facts->given == NULL && !facts->secret.known) {
        return; /* it is not clear yet who is one */
    }
    view->state->stranger_count = 0;
    for (size_t i = 0; i < facts->bundle_count; i++) {
        const struct ps_cert_set *any = &facts->bundles[i].any;
        known = known && facts->bundles[i].known;
        for (size_t j = 0; j < any->count; j++) {
            note(view, &before, &any->ids[j]);
        }
    }
    view->state->bundles_seen = view->state->bundles_seen || known;
}

void ps_cert_add_strangers(const struct ps_cert_view *view, size_t room, struct ps_cert_set *set)
{
    const struct ps_cert_state *state = view->state;
    bool given = view->facts->given != NULL;
    for (size_t i = 0; i < state->stranger_count && set->count < room; i++) {
        uint64_t until_ms = state->strangers[i].since_mono_ms + view->timing->guest_ms;
        if (!given || view->facts->mono_ms < until_ms) {
            (void)ps_cert_set_add(set, &state->strangers[i].id);
        }
    }
}
