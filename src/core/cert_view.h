/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the certificate step share. */
#pragma once

#include "portside/cert_step.h"

/* One step: what is known, and what was concluded from it. */
struct ps_cert_view {
    struct ps_cert_state *state;
    const struct ps_cert_timing *timing;
    const struct ps_cert_facts *facts;
    struct ps_cert_plan *plan;
    bool bundles_known; /* all of them */
    bool bundles_exist; /* at least one */
    bool settled;       /* what could be known is known, or was waited for long enough */
    bool serving;       /* this replica serves a leaf that is valid now */
    bool writer;        /* it leads, or may have to write in the leader's place */
};

bool ps_cert_is_valid(const struct ps_cert_span *span, int64_t wall_s);
/* Two thirds of its life are over. */
bool ps_cert_is_due(const struct ps_cert_span *span, int64_t wall_s);

/*
 * True if id has stood in all caBundles for wait_ms; where there is no configuration nobody asks.
 * If only time is missing the plan's deadline is set to when it is over.
 */
bool ps_cert_is_published(const struct ps_cert_view *view, const struct ps_cert_id *id,
                          uint64_t wait_ms);
/* True if nothing but id stands in any caBundle: then nothing else was in service lately. */
bool ps_cert_is_alone(const struct ps_cert_view *view, const struct ps_cert_id *id);
/* The next step is to come at this time at the latest. */
void ps_cert_wake(const struct ps_cert_view *view, uint64_t mono_ms);

/*
 * cert_stranger.c: CAs in the caBundles that are not ours, while nothing proves that no certificate
 * of theirs is in service. Before the step looks at what is published.
 */
void ps_cert_note_strangers(struct ps_cert_view *view);
/* Those that are still to be trusted, as far as there is room in set. */
void ps_cert_add_strangers(const struct ps_cert_view *view, size_t room, struct ps_cert_set *set);

/* One place of a caBundle is the CA's. */
#define PS_CERT_PREVIOUS_MAX (PS_CERT_SET_MAX - 1U)

/* cert_secret.c: what is to be written into the Secret. */
void ps_cert_plan_secret(struct ps_cert_view *view);
