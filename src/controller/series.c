/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#define MS_PER_S 1000

static const char *broker_text(size_t index)
{
    static const char *const texts[] = {
        [PS_BROKER_INJECTED] = "injected",
        [PS_BROKER_MISSING] = "missing",
        [PS_BROKER_UNKNOWN] = "unknown-contract",
    };
    return texts[index];
}

static const char *endpoint_text(size_t index)
{
    static const char *const texts[] = {
        [PS_ENDPOINT_KNOWN] = "known",
        [PS_ENDPOINT_WAITING] = "waiting",
        [PS_ENDPOINT_STALE] = "stale",
    };
    return texts[index];
}

static const char *listening_text(size_t index)
{
    return ps_listening_name((enum ps_listening)index);
}

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
    [PS_CONTROLLER_BROKERS] = {"portside_controller_brokers",
                               "Broker pods as the leader sees them; missing: not injected though "
                               "they should be.",
                               PS_METRIC_GAUGE,
                               {{"injection", PS_BROKER_KINDS, broker_text}}},
    [PS_CONTROLLER_ENDPOINTS] = {"portside_controller_endpoints",
                                 "Endpoints of brokers, one for each exposure, as the leader sees "
                                 "them; stale: the running broker advertises another.",
                                 PS_METRIC_GAUGE,
                                 {{"state", PS_ENDPOINT_STATES, endpoint_text}}},
    [PS_CONTROLLER_LISTENERS] = {"portside_controller_listeners",
                                 "Listeners of brokers, one for each exposure, by whether they "
                                 "answer the leader.",
                                 PS_METRIC_GAUGE,
                                 {{"listening", PS_LISTENING_NO + 1, listening_text}}},
    [PS_CONTROLLER_HEARD] = {"portside_controller_heard_timestamp_seconds",
                             "When the quietest of all watches last heard of the API server, in "
                             "seconds since 1970; 0: one never did.",
                             PS_METRIC_GAUGE,
                             {{0}}},
    [PS_CONTROLLER_KUBE_REQUESTS] = {"portside_kube_requests_total",
                                     "Requests sent to the API server, tries counted apart.",
                                     PS_METRIC_COUNTER,
                                     {{0}}},
    [PS_CONTROLLER_KUBE_RETRIES] = {"portside_kube_retries_total",
                                    "Requests to the API server that were sent again.",
                                    PS_METRIC_COUNTER,
                                    {{0}}},
    [PS_CONTROLLER_KUBE_FAILURES] = {"portside_kube_failures_total",
                                     "Requests that the API server refused or did not answer.",
                                     PS_METRIC_COUNTER,
                                     {{0}}},
    [PS_CONTROLLER_KUBE_LISTS] = {"portside_kube_watch_lists_total",
                                  "Lists that watches began with.",
                                  PS_METRIC_COUNTER,
                                  {{0}}},
    [PS_CONTROLLER_KUBE_WATCHES] = {"portside_kube_watches_total",
                                    "Watches opened.",
                                    PS_METRIC_COUNTER,
                                    {{0}}},
    [PS_CONTROLLER_KUBE_EVENTS] = {"portside_kube_watch_events_total",
                                   "Events of watches, bookmarks included.",
                                   PS_METRIC_COUNTER,
                                   {{0}}},
};

_Static_assert(PS_COUNT(families) == PS_CONTROLLER_SERIES, "each series needs a row");

struct ps_metrics *ps_controller_metrics_new(void)
{
    return ps_metrics_new(families, PS_COUNT(families));
}

static void measure_kube(const struct ps_controller *controller)
{
    const struct ps_kube_counts counts = ps_kube_counts(controller->kube);
    const struct {
        enum ps_controller_series series;
        uint64_t value;
    } rows[] = {
        {PS_CONTROLLER_KUBE_REQUESTS, counts.requests},
        {PS_CONTROLLER_KUBE_RETRIES, counts.retries},
        {PS_CONTROLLER_KUBE_FAILURES, counts.failures},
        {PS_CONTROLLER_KUBE_LISTS, counts.lists},
        {PS_CONTROLLER_KUBE_WATCHES, counts.watches},
        {PS_CONTROLLER_KUBE_EVENTS, counts.events},
    };
    for (size_t i = 0; i < PS_COUNT(rows); i++) {
        ps_metrics_set(controller->metrics, rows[i].series, (int64_t)rows[i].value);
    }
}

static void add_tally(struct ps_tally *sum, const struct ps_tally *tally)
{
    for (size_t i = 0; i < PS_COUNT(sum->brokers); i++) {
        sum->brokers[i] += tally->brokers[i];
    }
    for (size_t i = 0; i < PS_COUNT(sum->endpoints); i++) {
        sum->endpoints[i] += tally->endpoints[i];
    }
    for (size_t i = 0; i < PS_COUNT(sum->listeners); i++) {
        sum->listeners[i] += tally->listeners[i];
    }
}

/* Only the leader plans; what another replica found before it lost the Lease is not shown. */
static void measure_sets(const struct ps_controller *controller)
{
    struct ps_metrics *metrics = controller->metrics;
    struct ps_tally sum = {.brokers = {0}};
    int64_t count = 0;
    for (const struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        count++;
        if (controller->leader.leading) {
            add_tally(&sum, &set->tally);
        }
    }
    ps_metrics_set(metrics, PS_CONTROLLER_STATEFULSETS, count);
    for (size_t i = 0; i < PS_COUNT(sum.brokers); i++) {
        ps_metrics_put(metrics, PS_CONTROLLER_BROKERS, i, sum.brokers[i]);
    }
    for (size_t i = 0; i < PS_COUNT(sum.endpoints); i++) {
        ps_metrics_put(metrics, PS_CONTROLLER_ENDPOINTS, i, sum.endpoints[i]);
    }
    for (size_t i = 0; i < PS_COUNT(sum.listeners); i++) {
        ps_metrics_put(metrics, PS_CONTROLLER_LISTENERS, i, sum.listeners[i]);
    }
}

void ps_controller_measure(struct ps_controller *controller)
{
    uint64_t heard_ms = ps_follows_heard_ms(controller);
    uint64_t age_ms = ps_kube_now_ms(controller->kube) - heard_ms;
    int64_t wall_ms = ps_kube_wall_ms(controller->kube) - (int64_t)age_ms;
    ps_metrics_set(controller->metrics, PS_CONTROLLER_HEARD,
                   heard_ms == 0 ? 0 : wall_ms / MS_PER_S);
    measure_sets(controller);
    measure_kube(controller);
}
