/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer means: outcome, reason and words. Pure. */
#pragma once

#include "portside/kube.h"

/* Facts of one answer. */
struct ps_kube_answer {
    const char *what;   /* "patch pods 'kafka-0' in namespace 'kafka'" */
    int status;         /* 0: none */
    const char *broken; /* why the answer is missing or of no use; NULL if it is whole */
    const struct ps_json *object;
};

/* 2xx with an answer that is whole. */
bool ps_kube_is_success(const struct ps_kube_answer *answer);

enum ps_kube_outcome ps_kube_outcome(const struct ps_kube_answer *answer);

/* metav1.Status reason; empty if the answer is no Status. */
struct ps_str ps_kube_reason(const struct ps_json *object);

/* Fills err with what failed and why; verb and resource (may be NULL) name what to grant on 403. */
void ps_kube_explain(const struct ps_kube_answer *answer, const char *verb, const char *resource,
                     struct ps_error *err);
