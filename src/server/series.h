/* SPDX-License-Identifier: Apache-2.0 */
/* The table of metrics that /metrics shows. */
#pragma once

#include "portside/admit.h"
#include "portside/metrics.h"

#include <stdint.h>

enum ps_series {
    PS_SERIES_REQUESTS = 0,
    PS_SERIES_DURATION,
    PS_SERIES_RESPONSES,
    PS_SERIES_CONNECTIONS,
    PS_SERIES_CONNECTIONS_TOTAL,
    PS_SERIES_CONNECTIONS_DISPLACED,
    PS_SERIES_HANDSHAKE_FAILURES,
    PS_SERIES_CLIENTS_REFUSED,
    PS_SERIES_DEADLINES,
    PS_SERIES_CERT_NOT_AFTER,
    PS_SERIES_CERT_LOADS,
    PS_SERIES_CERT_REFUSALS,
    PS_SERIES_DRAINING,
    PS_SERIES_BUILD,
    PS_SERIES_COUNT,
};

/* A registry of that table; NULL if there is no memory. */
struct ps_metrics *ps_series_new(void);

/* Counts one review and how long the decision took. */
void ps_series_review(struct ps_metrics *metrics, const struct ps_admission *admission,
                      uint64_t nanoseconds);

/* Counts one HTTP answer of the webhook's port by its status. */
void ps_series_response(struct ps_metrics *metrics, int http_status);
