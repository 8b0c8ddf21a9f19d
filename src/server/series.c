/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

#include "portside/tls_session.h"
#include "portside/verdict.h"

static const char *const kinds[] = {"Pod", "StatefulSet", "other"};
/* Those of ps_family_names(), and "" where no broker was seen. */
static const char *const families_known[] = {
    "",        "apache",   "apache-native", "cp-kafka",   "bitnami", "wurstmeister",
    "solsson", "k8skafka", "engapa",        "kafkakraft", "custom",  "other",
};
static const char *const deliveries[] = {"", "env", "hook", "other"};
static const char *const statuses[] = {"200", "400", "404", "405", "413",
                                       "415", "431", "500", "503", "other"};
static const char *const phases[] = {"handshake", "idle", "header", "body", "answer"};

static const char *verdict_text(size_t index)
{
    return index == PS_VERDICT_NONE ? "none" : ps_verdict_name((enum ps_verdict)index);
}

static const char *reason_text(size_t index)
{
    return ps_reason_name((enum ps_reason)index);
}

static const char *kind_text(size_t index)
{
    return kinds[index];
}

static const char *family_text(size_t index)
{
    return families_known[index];
}

static const char *delivery_text(size_t index)
{
    return deliveries[index];
}

static const char *handshake_text(size_t index)
{
    return ps_tls_failure_name((enum ps_tls_failure_kind)index);
}

static const char *status_text(size_t index)
{
    return statuses[index];
}

static const char *phase_text(size_t index)
{
    return phases[index];
}

static const char *version_text(size_t index)
{
    (void)index;
    return PS_VERSION;
}

static const struct ps_metric_family families[] = {
    [PS_SERIES_REQUESTS] = {"portside_admission_requests_total",
                            "Reviews by what was decided.",
                            PS_METRIC_COUNTER,
                            {{"verdict", PS_VERDICT_DENY + 1, verdict_text},
                             {"reason", PS_REASON_COUNT, reason_text},
                             {"kind", PS_COUNT(kinds), kind_text},
                             {"family", PS_COUNT(families_known), family_text},
                             {"delivery", PS_COUNT(deliveries), delivery_text}}},
    [PS_SERIES_DURATION] = {"portside_admission_duration_seconds",
                            "Time from the whole body of a review to its answer.",
                            PS_METRIC_HISTOGRAM,
                            {{0}}},
    [PS_SERIES_RESPONSES] = {"portside_http_responses_total",
                             "Answers of the webhook's port by HTTP status.",
                             PS_METRIC_COUNTER,
                             {{"code", PS_COUNT(statuses), status_text}}},
    [PS_SERIES_CONNECTIONS] = {"portside_connections",
                               "Open connections of the webhook's port.",
                               PS_METRIC_GAUGE,
                               {{0}}},
    [PS_SERIES_CONNECTIONS_TOTAL] = {"portside_connections_accepted_total",
                                     "Connections of the webhook's port so far.",
                                     PS_METRIC_COUNTER,
                                     {{0}}},
    [PS_SERIES_CONNECTIONS_DISPLACED] = {"portside_connections_displaced_total",
                                         "Idle or slow connections closed to make room for new "
                                         "ones, as all were taken.",
                                         PS_METRIC_COUNTER,
                                         {{0}}},
    [PS_SERIES_HANDSHAKE_FAILURES] = {"portside_tls_handshake_failures_total",
                                      "Connections that ended before TLS was set up.",
                                      PS_METRIC_COUNTER,
                                      {{"kind", PS_TLS_FAILURE_COUNT, handshake_text}}},
    [PS_SERIES_CLIENTS_REFUSED] = {"portside_tls_clients_refused_total",
                                   "Clients without a certificate that client-ca and client-names "
                                   "let in.",
                                   PS_METRIC_COUNTER,
                                   {{0}}},
    [PS_SERIES_DEADLINES] = {"portside_deadlines_total",
                             "Connections closed because a phase took too long.",
                             PS_METRIC_COUNTER,
                             {{"phase", PS_COUNT(phases), phase_text}}},
    [PS_SERIES_CERT_NOT_AFTER] = {"portside_certificate_not_after_seconds",
                                  "When the certificate expires, in seconds since 1970; 0: none.",
                                  PS_METRIC_GAUGE,
                                  {{0}}},
    [PS_SERIES_CERT_LOADS] = {"portside_certificate_loads_total",
                              "Certificates that came into service.",
                              PS_METRIC_COUNTER,
                              {{0}}},
    [PS_SERIES_CERT_REFUSALS] = {"portside_certificate_refusals_total",
                                 "Changes of certificate and CA files that could not be used.",
                                 PS_METRIC_COUNTER,
                                 {{0}}},
    [PS_SERIES_DRAINING] = {"portside_draining",
                            "1 once this replica is leaving.",
                            PS_METRIC_GAUGE,
                            {{0}}},
    [PS_SERIES_BUILD] = {"portside_build_info",
                         "Version of this program; always 1.",
                         PS_METRIC_GAUGE,
                         {{"version", 1, version_text}}},
};

_Static_assert(PS_COUNT(families) == PS_SERIES_COUNT, "each series needs a row");

struct ps_metrics *ps_series_new(void)
{
    struct ps_metrics *metrics = ps_metrics_new(families, PS_COUNT(families));
    if (metrics != NULL) {
        ps_metrics_set(metrics, PS_SERIES_BUILD, 1);
    }
    return metrics;
}

/* Index of text, or that of the last word, which stands for all others. */
static size_t index_of(const char *const *words, size_t count, struct ps_str text)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (ps_str_is(text, words[i])) {
            return i;
        }
    }
    return count - 1;
}

void ps_series_review(struct ps_metrics *metrics, const struct ps_admission *admission,
                      uint64_t nanoseconds)
{
    const size_t values[PS_METRIC_LABELS] = {
        admission->verdict,
        admission->reason,
        index_of(kinds, PS_COUNT(kinds), admission->kind),
        index_of(families_known, PS_COUNT(families_known), admission->family),
        index_of(deliveries, PS_COUNT(deliveries), admission->delivery),
    };
    ps_metrics_count_all(metrics, PS_SERIES_REQUESTS, values);
    ps_metrics_observe(metrics, PS_SERIES_DURATION, nanoseconds);
}

void ps_series_response(struct ps_metrics *metrics, int http_status)
{
    unsigned status = http_status < 100 || http_status > 999 ? 0 : (unsigned)http_status;
    char digits[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                     (char)('0' + status % 10)};
    struct ps_str text = {digits, sizeof(digits)};
    ps_metrics_count(metrics, PS_SERIES_RESPONSES, index_of(statuses, PS_COUNT(statuses), text), 0,
                     0);
}
