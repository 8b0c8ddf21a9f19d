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
 * Certificates in the caBundles that the Secret, with previous, knows nothing of, while nothing
 * proves that the Secret is the one that is in service: they may be.
 */
bool ps_cert_is_stranger(const struct ps_cert_view *view);

/* cert_secret.c: what is to be written into the Secret. */
void ps_cert_plan_secret(struct ps_cert_view *view);
