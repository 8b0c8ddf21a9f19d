/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_view.h"

#include <string.h>

#define S_PER_DAY INT64_C(86400)
#define LOOK_MS 60000U

struct ps_cert_timing ps_cert_timing_default(void)
{
    return (struct ps_cert_timing){
        .ca_s = 3652 * S_PER_DAY,
        .leaf_s = 7 * S_PER_DAY,
        .backdate_s = 3600,
        .propagation_ms = 30000,
        .patience_ms = 40000,
        .stall_ms = 5000,
        .guest_ms = 86400000,
    };
}

const char *ps_cert_reason_text(enum ps_cert_reason reason)
{
    static const char *const texts[PS_CERT_REASONS] = {
        [PS_CERT_REASON_NONE] = "",
        [PS_CERT_REASON_ABSENT] = "there was no Secret",
        [PS_CERT_REASON_CA_DAMAGED] = "the CA in the Secret cannot sign",
        [PS_CERT_REASON_CA_AGE] = "two thirds of the CA's life are over",
        [PS_CERT_REASON_LEAF_DAMAGED] = "the certificate in the Secret cannot be used",
        [PS_CERT_REASON_LEAF_NAMES] = "the certificate lacks a configured name",
        [PS_CERT_REASON_LEAF_AGE] = "two thirds of the certificate's life are over",
        [PS_CERT_REASON_LEAF_CA] = "the new CA is published",
        [PS_CERT_REASON_LINEAGE] = "a certificate of another CA may be in service",
        [PS_CERT_REASON_RETIRED] = "the certificates of the previous CA have expired",
    };
    return reason < PS_CERT_REASONS ? texts[reason] : "";
}

bool ps_cert_is_valid(const struct ps_cert_span *span, int64_t wall_s)
{
    return span->not_before_s <= wall_s && wall_s < span->not_after_s;
}

bool ps_cert_is_due(const struct ps_cert_span *span, int64_t wall_s)
{
    return wall_s >= span->not_before_s + (span->not_after_s - span->not_before_s) / 3 * 2;
}

void ps_cert_wake(const struct ps_cert_view *view, uint64_t mono_ms)
{
    if (mono_ms < view->plan->deadline_mono_ms) {
        view->plan->deadline_mono_ms = mono_ms;
    }
}

/* What all caBundles have in common. */
static struct ps_cert_set everywhere(struct ps_cert_view *view)
{
    const struct ps_cert_facts *facts = view->facts;
    struct ps_cert_set result = {.count = 0};
    view->bundles_known = true;
    for (size_t i = 0; i < facts->bundle_count; i++) {
        const struct ps_cert_bundle *bundle = &facts->bundles[i];
        view->bundles_known = view->bundles_known && bundle->known;
        if (!bundle->known || !bundle->present) {
            continue;
        }
        struct ps_cert_set both = {.count = 0};
        for (size_t j = 0; j < bundle->common.count; j++) {
            if (!view->bundles_exist || ps_cert_set_has(&result, &bundle->common.ids[j])) {
                (void)ps_cert_set_add(&both, &bundle->common.ids[j]);
            }
        }
        result = both;
        view->bundles_exist = true;
    }
    return result;
}

static void note_published(struct ps_cert_view *view)
{
    struct ps_cert_set now = everywhere(view);
    struct ps_cert_state before = *view->state;
    view->state->published_count = now.count;
    for (size_t i = 0; i < now.count; i++) {
        view->state->published[i].id = now.ids[i];
        view->state->published[i].since_mono_ms = view->facts->mono_ms;
        for (size_t j = 0; j < before.published_count; j++) {
            if (ps_cert_id_equal(&before.published[j].id, &now.ids[i])) {
                view->state->published[i].since_mono_ms = before.published[j].since_mono_ms;
            }
        }
    }
}

bool ps_cert_is_published(const struct ps_cert_view *view, const struct ps_cert_id *id,
                          uint64_t wait_ms)
{
    const struct ps_cert_state *state = view->state;
    if (!view->bundles_known || !view->bundles_exist) {
        return view->bundles_known;
    }
    for (size_t i = 0; i < state->published_count; i++) {
        if (ps_cert_id_equal(&state->published[i].id, id)) {
            uint64_t at_ms = state->published[i].since_mono_ms + wait_ms;
            if (view->facts->mono_ms < at_ms) {
                ps_cert_wake(view, at_ms);
            }
            return view->facts->mono_ms >= at_ms;
        }
    }
    return false;
}

static void note_candidate(struct ps_cert_view *view)
{
    const struct ps_cert_leaf *leaf = &view->facts->secret.leaf;
    if (!ps_cert_id_equal(&view->state->candidate, &leaf->id)) {
        view->state->candidate = leaf->id;
        view->state->candidate_mono_ms = view->facts->mono_ms;
    }
}

bool ps_cert_is_alone(const struct ps_cert_view *view, const struct ps_cert_id *id)
{
    for (size_t i = 0; i < view->facts->bundle_count; i++) {
        const struct ps_cert_set *any = &view->facts->bundles[i].any;
        for (size_t j = 0; j < any->count; j++) {
            if (!ps_cert_id_equal(&any->ids[j], id)) {
                return false;
            }
        }
    }
    return true;
}

/* True if the leaf was made so long ago that every API server goes by what was published then: the
 * CA is, before a leaf of it is made. */
static bool is_settled(const struct ps_cert_view *view, const struct ps_cert_leaf *leaf)
{
    const struct ps_cert_timing *timing = view->timing;
    int64_t made_s = leaf->span.not_before_s + timing->backdate_s;
    return view->facts->wall_s >= made_s + (int64_t)(timing->propagation_ms / 1000);
}

/*
 * One who serves nothing waits for the caBundles too, so that it is not ready before it can be
 * verified; but not for ever, as they may be out of its reach. Where others are trusted it does: if
 * it were ready it would take the place of one of them.
 */
static bool may_begin(const struct ps_cert_view *view, const struct ps_cert_leaf *leaf)
{
    bool alone = ps_cert_is_alone(view, &leaf->issuer);
    uint64_t wait_ms = alone || is_settled(view, leaf) ? 0 : view->timing->propagation_ms;
    uint64_t at_ms = view->state->candidate_mono_ms + view->timing->patience_ms;
    if (ps_cert_is_published(view, &leaf->issuer, wait_ms)) {
        return true;
    }
    if (alone && view->facts->mono_ms < at_ms) {
        ps_cert_wake(view, at_ms);
    }
    return alone && view->facts->mono_ms >= at_ms;
}

/*
 * True if the Secret, left by a former install, has a leaf for other names, and its CA alone is
 * trusted: then this replica makes a better one at once, unless that takes too long.
 */
static bool is_replaced(const struct ps_cert_view *view)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    uint64_t at_ms = view->state->candidate_mono_ms + view->timing->patience_ms;
    bool replaced = view->facts->leader && view->settled && secret->ca_usable &&
                    !secret->leaf.covers && view->facts->mono_ms < at_ms &&
                    ps_cert_is_alone(view, &secret->ca) &&
                    ps_cert_is_published(view, &secret->ca, 0);
    if (replaced) {
        ps_cert_wake(view, at_ms);
    }
    return replaced;
}

static void plan_service(struct ps_cert_view *view)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    const struct ps_cert_leaf *leaf = &secret->leaf;
    if (!secret->known || !secret->present || secret->foreign || !leaf->usable) {
        return;
    }
    note_candidate(view);
    if (ps_cert_id_equal(&leaf->id, &view->facts->served.id) ||
        !ps_cert_is_valid(&leaf->span, view->facts->wall_s)) {
        return;
    }
    view->plan->serve =
        view->serving ? leaf->covers &&
                            ps_cert_is_published(view, &leaf->issuer, view->timing->propagation_ms)
                      : may_begin(view, leaf) && !is_replaced(view);
}

/* What the caBundles are to hold; false: it is not clear yet. */
static bool choose_bundle(struct ps_cert_view *view, struct ps_cert_set *ret_set)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    if (view->facts->given != NULL) {
        *ret_set = *view->facts->given;
        ps_cert_add_strangers(view, PS_CERT_SET_MAX, ret_set);
        return view->facts->given->count > 0;
    }
    bool adopts = view->state->stranger_count > 0 && secret->previous.count < PS_CERT_PREVIOUS_MAX;
    if (!secret->known || !secret->present || secret->foreign || ps_cert_id_is_none(&secret->ca) ||
        adopts) {
        return false;
    }
    (void)ps_cert_set_add(ret_set, &secret->ca);
    for (size_t i = 0; i < secret->previous.count; i++) {
        (void)ps_cert_set_add(ret_set, &secret->previous.ids[i]);
    }
    return !view->serving || ps_cert_set_has(ret_set, &view->facts->served.issuer);
}

/* True if a certificate would go, and a lagging view of the Secret may be why. */
static bool is_risky(const struct ps_cert_view *view, const struct ps_cert_bundle *bundle)
{
    if (view->facts->given != NULL || view->facts->secret.read_mono_ms >= bundle->seen_mono_ms) {
        return false;
    }
    for (size_t i = 0; i < bundle->any.count; i++) {
        if (!ps_cert_set_has(&view->plan->bundle, &bundle->any.ids[i])) {
            return true;
        }
    }
    return false;
}

/* In any order: two who write beside each other, each its own first, must not fight. */
static bool is_right(const struct ps_cert_bundle *bundle, const struct ps_cert_set *wanted)
{
    bool right = bundle->neat && bundle->common.count == wanted->count;
    for (size_t i = 0; right && i < wanted->count; i++) {
        right = ps_cert_set_has(&bundle->common, &wanted->ids[i]);
    }
    return right;
}

static void plan_bundles(struct ps_cert_view *view)
{
    struct ps_cert_plan *plan = view->plan;
    if (!view->writer || !choose_bundle(view, &plan->bundle)) {
        return;
    }
    for (size_t i = 0; i < view->facts->bundle_count; i++) {
        const struct ps_cert_bundle *bundle = &view->facts->bundles[i];
        if (!bundle->known || !bundle->present || is_right(bundle, &plan->bundle)) {
            continue;
        }
        bool risky = is_risky(view, bundle);
        plan->read_secret = plan->read_secret || risky;
        plan->write_bundle[i] = !risky;
    }
}

static bool is_to_write(const struct ps_cert_view *view)
{
    const struct ps_cert_plan *plan = view->plan;
    bool any = plan->secret != PS_CERT_WRITE_NONE || plan->read_secret;
    for (size_t i = 0; i < view->facts->bundle_count; i++) {
        any = any || plan->write_bundle[i];
    }
    return any;
}

/* One who does not lead writes only what the leader has left undone for a while. */
static void plan_writer(struct ps_cert_view *view)
{
    struct ps_cert_state *state = view->state;
    struct ps_cert_plan *plan = view->plan;
    bool stalled = !view->facts->leader && is_to_write(view);
    if (stalled && !state->stalled) {
        state->stalled_mono_ms = view->facts->mono_ms;
    }
    state->stalled = stalled;
    uint64_t at_ms = state->stalled_mono_ms + view->timing->stall_ms;
    plan->writer = view->facts->leader || (stalled && view->facts->mono_ms >= at_ms);
    if (stalled && !plan->writer) {
        ps_cert_wake(view, at_ms);
        plan->secret = PS_CERT_WRITE_NONE;
        plan->reason = PS_CERT_REASON_NONE;
        plan->read_secret = false;
        memset(plan->write_bundle, 0, sizeof(plan->write_bundle));
    }
}

struct ps_cert_plan ps_cert_step(struct ps_cert_state *state, const struct ps_cert_timing *timing,
                                 const struct ps_cert_facts *facts)
{
    struct ps_cert_plan plan = {.deadline_mono_ms = facts->mono_ms + LOOK_MS};
    struct ps_cert_view view = {.state = state, .timing = timing, .facts = facts, .plan = &plan};
    if (!state->started) {
        state->started = true;
        state->started_mono_ms = facts->mono_ms;
    }
    view.serving = facts->served.usable && ps_cert_is_valid(&facts->served.span, facts->wall_s);
    view.writer = facts->leader || (facts->given == NULL && !view.serving);
    if (facts->given == NULL || facts->given->count > 0) {
        ps_cert_note_strangers(&view);
        note_published(&view);
    }
    view.settled =
        view.bundles_known || facts->mono_ms >= state->started_mono_ms + timing->patience_ms;
    if (!view.settled) {
        ps_cert_wake(&view, state->started_mono_ms + timing->patience_ms);
    }
    if (facts->given == NULL) {
        plan_service(&view);
        ps_cert_plan_secret(&view);
    }
    plan_bundles(&view);
    plan_writer(&view);
    return plan;
}
