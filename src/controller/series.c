/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

static const struct ps_metric_family families[] = {
    [PS_CONTROLLER_LEADER] = {"portside_controller_leader",
                              "1 while this replica may write.",
                              PS_METRIC_GAUGE,
                              {{0}}},
    [PS_CONTROLLER_SYNCED] = {"portside_controller_synced",
                              "1 once all watches have been listed.",
                              PS_METRIC_GAUGE,
                              {{0}}},
    [PS_CONTROLLER_STATEFULSETS] = {"portside_controller_statefulsets",
                                    "StatefulSets that are looked at.",
                                    PS_METRIC_GAUGE,
                                    {{0}}},
    [PS_CONTROLLER_RECONCILES] = {"portside_controller_reconciles_total",
                                  "StatefulSets planned so far.",
                                  PS_METRIC_COUNTER,
                                  {{0}}},
    [PS_CONTROLLER_WRITES] = {"portside_controller_writes_total",
                              "Objects written or deleted so far.",
                              PS_METRIC_COUNTER,
                              {{0}}},
    [PS_CONTROLLER_FAILURES] = {"portside_controller_failures_total",
                                "Requests and watches that failed; they are tried again.",
                                PS_METRIC_COUNTER,
                                {{0}}},
};

_Static_assert(PS_COUNT(families) == PS_CONTROLLER_SERIES, "each series needs a row");

struct ps_metrics *ps_controller_metrics_new(void)
{
    return ps_metrics_new(families, PS_COUNT(families));
}
