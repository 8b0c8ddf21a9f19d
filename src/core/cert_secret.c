/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the certificate step that decides what the Secret is to hold. */
#include "cert_view.h"

/* A date further ahead than any leaf lives was written by a clock that was wrong. */
#define LEAF_LIFE_MAX_S (INT64_C(400) * 86400)

struct choice {
    bool new_ca;
    bool stays;   /* the leaf in the Secret could go on being served */
    bool lineage; /* a CA was added that the Secret did not know */
    bool retired;
    enum ps_cert_reason ca_reason;
    enum ps_cert_reason leaf_reason;
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static enum ps_cert_reason judge_ca(const struct ps_cert_view *view)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    if (!secret->present) {
        return PS_CERT_REASON_ABSENT;
    }
    if (!secret->ca_usable) {
        return PS_CERT_REASON_CA_DAMAGED;
    }
    bool fresh = ps_cert_is_valid(&secret->ca_span, view->facts->wall_s) &&
                 !ps_cert_is_due(&secret->ca_span, view->facts->wall_s);
    return fresh ? PS_CERT_REASON_NONE : PS_CERT_REASON_CA_AGE;
}

static enum ps_cert_reason judge_leaf(const struct ps_cert_view *view)
{
    const struct ps_cert_leaf *leaf = &view->facts->secret.leaf;
    if (!leaf->usable) {
        return PS_CERT_REASON_LEAF_DAMAGED;
    }
    if (!ps_cert_is_valid(&leaf->span, view->facts->wall_s) ||
        ps_cert_is_due(&leaf->span, view->facts->wall_s)) {
        return PS_CERT_REASON_LEAF_AGE;
    }
    if (!leaf->covers) {
        return PS_CERT_REASON_LEAF_NAMES;
    }
    return ps_cert_id_equal(&leaf->issuer, &view->facts->secret.ca) ? PS_CERT_REASON_NONE
                                                                    : PS_CERT_REASON_LEAF_CA;
}

static void add(struct ps_cert_set *set, const struct ps_cert_id *id)
{
    if (set->count < PS_CERT_PREVIOUS_MAX) {
        (void)ps_cert_set_add(set, id);
    }
}

/* All CAs that leaves in service may be of, but for the one that is to sign: those that surely
 * matter first, as there may be too many. */
static struct ps_cert_set gather(const struct ps_cert_view *view, const struct choice *choice)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    struct ps_cert_set all = {.count = 0};
    if (view->serving &&
        (choice->new_ca || !ps_cert_id_equal(&view->facts->served.issuer, &secret->ca))) {
        add(&all, &view->facts->served.issuer);
    }
    if (choice->new_ca) {
        add(&all, &secret->ca);
    }
    for (size_t i = 0; i < secret->previous.count; i++) {
        add(&all, &secret->previous.ids[i]);
    }
    ps_cert_add_strangers(view, PS_CERT_PREVIOUS_MAX, &all);
    if (!secret->present || ps_cert_id_is_none(&secret->ca)) {
        for (size_t i = 0; i < view->facts->bundle_count; i++) {
            const struct ps_cert_set *any = &view->facts->bundles[i].any;
            for (size_t j = 0; j < any->count; j++) {
                add(&all, &any->ids[j]);
            }
        }
    }
    return all;
}

static bool has_new(const struct ps_cert_set *all, const struct ps_cert_set *known)
{
    for (size_t i = 0; i < all->count; i++) {
        if (!ps_cert_set_has(known, &all->ids[i])) {
            return true;
        }
    }
    return false;
}

/* When the last leaf of a previous CA, known or not, has expired. */
static int64_t last_leaf(const struct ps_cert_view *view)
{
    const struct ps_cert_facts *facts = view->facts;
    int64_t until_s = facts->wall_s + view->timing->leaf_s;
    if (facts->secret.leaf.usable) {
        until_s = later(until_s, facts->secret.leaf.span.not_after_s);
    }
    return view->serving ? later(until_s, facts->served.span.not_after_s) : until_s;
}

static bool is_over(const struct ps_cert_view *view, const struct choice *choice)
{
    const struct ps_cert_facts *facts = view->facts;
    bool by_ca = !choice->new_ca && choice->stays &&
                 ps_cert_id_equal(&facts->secret.leaf.issuer, &facts->secret.ca);
    bool served_by_ca =
        !view->serving || ps_cert_id_equal(&facts->served.issuer, &facts->secret.ca);
    return by_ca && served_by_ca && facts->wall_s >= facts->secret.previous_until_s;
}

static void plan_previous(struct ps_cert_view *view, struct choice *choice)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    struct ps_cert_set all = gather(view, choice);
    int64_t until_s = secret->previous_until_s;
    bool sane = until_s > 0 && until_s <= view->facts->wall_s + LEAF_LIFE_MAX_S;
    view->plan->previous = secret->previous;
    view->plan->previous_until_s = sane ? until_s : last_leaf(view);
    if (all.count > 0 && has_new(&all, &secret->previous)) {
        view->plan->previous = all;
        view->plan->previous_until_s = later(view->plan->previous_until_s, last_leaf(view));
        choice->lineage = true;
    } else if (all.count > 0 && sane && is_over(view, choice)) {
        view->plan->previous.count = 0;
        choice->retired = true;
    } else if (all.count > 0 && !sane) {
        choice->lineage = true;
    }
}

/*
 * How long the CA in the Secret must have been published before a leaf of it takes the place of one
 * that could stay. One who serves nothing, and finds nothing else that is trusted, takes nothing
 * away from anybody: as with the leaf that it begins with, being published is enough.
 */
static uint64_t wait_for_leaf(const struct ps_cert_view *view)
{
    bool begins = !view->serving && ps_cert_is_alone(view, &view->facts->secret.ca);
    return begins ? 0 : view->timing->propagation_ms;
}

/*
 * True for a leaf that was left from an earlier time: others are trusted now, and its CA is not.
 * Its age is taken for a sign that its CA has long been published, which would be wrong.
 */
static bool is_left_over(const struct ps_cert_view *view, const struct choice *choice)
{
    const struct ps_cert_leaf *leaf = &view->facts->secret.leaf;
    return choice->lineage && leaf->usable && !view->serving &&
           !ps_cert_is_alone(view, &leaf->issuer) && !ps_cert_is_published(view, &leaf->issuer, 0);
}

/* A leaf of the CA may be served at once only where it verifies, or where nothing else does. */
static enum ps_cert_leaf_source choose_leaf(const struct ps_cert_view *view,
                                            const struct choice *choice)
{
    const struct ps_cert_id none = {{0}};
    if (is_left_over(view, choice)) {
        return PS_CERT_LEAF_DROP;
    }
    if (!choice->new_ca && choice->leaf_reason == PS_CERT_REASON_NONE) {
        return PS_CERT_LEAF_KEEP;
    }
    bool published =
        !choice->new_ca && ps_cert_is_published(view, &view->facts->secret.ca, wait_for_leaf(view));
    bool alone = ps_cert_is_alone(view, choice->new_ca ? &none : &view->facts->secret.ca);
    if (published || (!choice->stays && !view->serving && alone)) {
        return PS_CERT_LEAF_NEW;
    }
    return choice->stays || !view->serving ? PS_CERT_LEAF_KEEP : PS_CERT_LEAF_RESTORE;
}

static enum ps_cert_reason choose_reason(const struct ps_cert_view *view,
                                         const struct choice *choice)
{
    if (choice->new_ca) {
        return choice->ca_reason;
    }
    if (view->plan->leaf != PS_CERT_LEAF_KEEP && view->plan->leaf != PS_CERT_LEAF_DROP) {
        return choice->leaf_reason;
    }
    if (choice->lineage) {
        return PS_CERT_REASON_LINEAGE;
    }
    return choice->retired ? PS_CERT_REASON_RETIRED : PS_CERT_REASON_NONE;
}

static void plan_spans(struct ps_cert_view *view)
{
    int64_t wall_s = view->facts->wall_s;
    int64_t from_s = wall_s - view->timing->backdate_s;
    view->plan->ca_span = (struct ps_cert_span){from_s, wall_s + view->timing->ca_s};
    int64_t ca_end_s = view->plan->new_ca ? view->plan->ca_span.not_after_s
                                          : view->facts->secret.ca_span.not_after_s;
    int64_t end_s = wall_s + view->timing->leaf_s;
    view->plan->leaf_span = (struct ps_cert_span){from_s, end_s < ca_end_s ? end_s : ca_end_s};
}

void ps_cert_plan_secret(struct ps_cert_view *view)
{
    const struct ps_cert_secret *secret = &view->facts->secret;
    struct ps_cert_plan *plan = view->plan;
    if (!view->writer || !secret->known || secret->foreign || !view->settled) {
        return;
    }
    struct choice choice = {
        .ca_reason = judge_ca(view),
        .leaf_reason = judge_leaf(view),
        .stays = secret->leaf.usable && ps_cert_is_valid(&secret->leaf.span, view->facts->wall_s),
    };
    choice.new_ca = choice.ca_reason != PS_CERT_REASON_NONE;
    plan_previous(view, &choice);
    plan->new_ca = choice.new_ca;
    plan->leaf = choose_leaf(view, &choice);
    plan->reason = choose_reason(view, &choice);
    if (plan->reason != PS_CERT_REASON_NONE) {
        plan->secret = secret->present ? PS_CERT_WRITE_UPDATE : PS_CERT_WRITE_CREATE;
        plan_spans(view);
    }
}
