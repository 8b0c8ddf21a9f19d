/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof: a StatefulSet with an annotation that only portside knows, and refuses. If its words
 * come back, then the API server found the Service, trusted the certificate, and portside decided.
 */
#include "cmd_check.h"

#define ABOUT "trial"
#define WISH "portside.dev/inject"
#define BY_WEBHOOK "denied the request"

/* Fit for Pod Security *restricted*, so that nothing else has a reason to refuse or to warn. */
static const char object[] =
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{\"name\":\"portside-check\","
    "\"annotations\":{\"" WISH "\":\"maybe\"}},\"spec\":{\"serviceName\":\"portside-check\","
    "\"replicas\":0,\"selector\":{\"matchLabels\":{\"app\":\"portside-check\"}},\"template\":{"
    "\"metadata\":{\"labels\":{\"app\":\"portside-check\"}},\"spec\":{\"securityContext\":{"
    "\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"RuntimeDefault\"}},\"containers\":[{"
    "\"name\":\"kafka\",\"image\":\"apache/kafka:4.1.0\",\"resources\":{\"requests\":{\"cpu\":"
    "\"1m\",\"memory\":\"1Mi\"},\"limits\":{\"cpu\":\"1m\",\"memory\":\"1Mi\"}},"
    "\"securityContext\":{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]"
    "}}}]}}}}";

static const struct ps_kube_resource statefulsets = {"apps/v1", "statefulsets"};

/* What the API server says when it cannot ask, and what that means here; the first that fits. */
static const struct {
    const char *words;
    const char *cure;
} causes[] = {
    {"x509", "the caBundle of the registration does not fit the certificate: see both rows above"},
    {"certificate",
     "the API server and portside do not agree on a certificate: see portside's log; "
     "with client-ca the API server must show one (--admission-control-config-file)"},
    {"no endpoints", "no replica is ready: kubectl get pods -n PORTSIDE, and their log"},
    {"not found", "the Service of portside is missing: install it again"},
    {"connection refused", "no replica answers at that address: kubectl get pods -n PORTSIDE"},
    {"no route to host",
     "the control plane does not reach the pods: see webhook.port and hostNetwork "
     "of the chart, and firewalls"},
    {"deadline exceeded",
     "no answer in time: the control plane may not reach the pods (webhook.port "
     "and hostNetwork of the chart, firewalls), or portside is overloaded"},
    {"", "see the log of portside and that of the API server"},
};

static const char *cure_for(struct ps_str words)
{
    size_t i = 0;
    while (!ps_str_contains(words, causes[i].words)) {
        i++;
    }
    return causes[i].cure;
}

static void tell_refusal(struct ps_checkup *check, const struct ps_checkup_answer *answer)
{
    struct ps_str words = ps_str_of(answer->words);
    if (ps_str_contains(words, BY_WEBHOOK) && ps_str_contains(words, WISH)) {
        ps_checkup_tell(check, PS_CHECKUP_OK, ABOUT, NULL,
                        "in namespace %s the API server asks portside, which answers: %s",
                        check->trial, answer->words);
    } else if (ps_str_contains(words, "failed calling webhook")) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, ABOUT, cure_for(words), "%s", answer->words);
    } else if (answer->outcome == PS_KUBE_FORBIDDEN) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, ABOUT,
                        "have it granted, or try in another namespace: -n NAME", "%s",
                        answer->words);
    } else {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, ABOUT,
                        "somebody else refused it first: try in another namespace: -n NAME", "%s",
                        answer->words);
    }
}

void ps_checkup_trial(struct ps_checkup *check)
{
    if (check->trial[0] == '\0') {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, ABOUT,
                        "kubectl label namespace NAME portside.dev/inject=enabled",
                        "not tried, as portside is asked about labelled namespaces only");
        return;
    }
    const struct ps_kube_request request = {
        .verb = PS_KUBE_CREATE,
        .resource = &statefulsets,
        .namespace = ps_str_of(check->trial),
        .body = ps_str_of(object),
        .dry_run = true,
        .tries_max = 1,
    };
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, NULL, NULL);
    if (answer.outcome != PS_KUBE_OK) {
        tell_refusal(check, &answer);
        return;
    }
    ps_checkup_tell(check, PS_CHECKUP_FAILED, ABOUT,
                    "look at the rules, the namespaceSelector and the matchConditions of the "
                    "registration; after a change the API server needs some seconds",
                    "in namespace %s a wrong annotation was accepted: portside was not asked",
                    check->trial);
}
