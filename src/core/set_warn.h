/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever creates or changes a StatefulSet is told about its portside.dev annotations. */
#pragma once

#include "portside/exposure.h"
#include "portside/hazard.h"
#include "portside/review.h"

/*
 * Names the annotations that only have effect with the next rollout, and the command that starts
 * it. template_metadata (NULL: none) is that of the template as it stays.
 */
void ps_set_warn_rollout(struct ps_warnings *warnings, const struct ps_review *review,
                         const struct ps_json *annotations,
                         const struct ps_json *template_metadata);

/* Names those of annotations, a StatefulSet's or its template's, that portside writes, on pods. */
void ps_set_warn_own(struct ps_warnings *warnings, const struct ps_json *annotations);

/*
 * Of an update: names each node-port-base that moves by less than the number of brokers. Brokers
 * are made anew one by one, so for some time one has the port that another still advertises.
 */
void ps_set_warn_ports(struct ps_warnings *warnings, const struct ps_policy *policy,
                       const struct ps_review *review, const struct ps_exposures *exposures);
