/* SPDX-License-Identifier: Apache-2.0 */
/* The controller, the namespaces that it looks after, and what it found there. */
#include "cmd_check.h"
#include "portside/clock.h"
#include "portside/controller.h"
#include "portside/service.h"

#include <string.h>

#define LEASE "controller"
#define NAMESPACES "namespaces"
#define FINDING "finding"
#define LABEL "portside.dev/inject"
#define LOOK_MS 500U
#define LEASE_MS 15000U
#define LIST_BYTES 400U
/* The controller tells an Event again after ten minutes, as long as it is so. */
#define FRESH_MS (15 * 60 * 1000)
#define PODS_MAX 64U

static const struct ps_kube_resource leases = {"coordination.k8s.io/v1", "leases"};
static const struct ps_kube_resource namespaces = {"v1", "namespaces"};
static const struct ps_kube_resource events = {"v1", "events"};
static const struct ps_kube_resource pods = {"v1", "pods"};

struct lease {
    char holder[PS_CHECKUP_NAME_BYTES];
    char version[64];
};

static void keep(char *text, size_t size, struct ps_str value)
{
    (void)snprintf(text, size, "%.*s", PS_FMT(value));
}

static void read_lease(void *arg, const struct ps_json *object)
{
    struct lease *lease = arg;
    keep(lease->holder, sizeof(lease->holder),
         ps_json_get_text(ps_json_get(object, "spec"), "holderIdentity"));
    keep(lease->version, sizeof(lease->version),
         ps_json_get_text(ps_json_get(object, "metadata"), "resourceVersion"));
}

static void rest(struct ps_checkup *check, uint64_t pause_ms)
{
    uint64_t until_ms = ps_kube_now_ms(check->kube) + pause_ms;
    uint64_t now_ms;
    while ((now_ms = ps_kube_now_ms(check->kube)) < until_ms &&
           ps_ok(ps_kube_turn(check->kube, (int)(until_ms - now_ms), NULL, 0, NULL))) {
    }
}

/* The times in a Lease are those of another clock, so it is looked at until it changes. */
static bool is_renewed(struct ps_checkup *check, const struct ps_kube_request *request,
                       struct lease *lease)
{
    struct lease before = *lease;
    uint64_t end_ms = ps_kube_now_ms(check->kube) + LEASE_MS;
    while (ps_kube_now_ms(check->kube) < end_ms) {
        rest(check, LOOK_MS);
        if (ps_checkup_ask(check, request, read_lease, lease).outcome != PS_KUBE_OK) {
            return false;
        }
        if (strcmp(before.version, lease->version) != 0) {
            return true;
        }
    }
    return false;
}

static void tell_holder(struct ps_checkup *check, const struct ps_kube_request *request,
                        struct lease *lease)
{
    static const char cure[] = "kubectl get pods -l app.kubernetes.io/name=portside -A, and their "
                               "log";
    if (lease->holder[0] == '\0') {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, LEASE, cure, "nobody holds the Lease '%s'",
                        PS_CONTROLLER_LEASE);
    } else if (is_renewed(check, request, lease)) {
        ps_checkup_tell(check, PS_CHECKUP_OK, LEASE, NULL, "'%s' holds the Lease and renews it",
                        lease->holder);
    } else {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, LEASE, cure,
                        "'%s' holds the Lease and has not renewed it for %u s", lease->holder,
                        LEASE_MS / 1000);
    }
}

void ps_checkup_lease(struct ps_checkup *check)
{
    struct lease lease = {0};
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = &leases,
        .namespace = ps_checkup_home(check),
        .name = PS_STR(PS_CONTROLLER_LEASE),
    };
    if (request.namespace.len == 0) {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, LEASE, "name it: --portside-namespace NAME",
                        "the namespace of portside is not known");
        return;
    }
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_lease, &lease);
    if (answer.outcome == PS_KUBE_OK) {
        tell_holder(check, &request, &lease);
    } else if (answer.outcome == PS_KUBE_NOT_FOUND) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, LEASE,
                        "name where portside runs: --portside-namespace NAME; or see its log",
                        "there is no Lease '%s' in namespace '%.*s'", PS_CONTROLLER_LEASE,
                        PS_FMT(request.namespace));
    } else {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, LEASE, NULL, "%s", answer.words);
    }
}

struct labelled {
    struct ps_checkup *check;
    size_t count;
    char names[LIST_BYTES]; /* "a, b, c" */
};

static bool is_excluded(const struct ps_checkup *check, struct ps_str name)
{
    return ps_str_is(name, "kube-system") || ps_str_equal(name, ps_checkup_home(check));
}

static void read_namespace(struct labelled *labelled, const struct ps_json *object)
{
    struct ps_checkup *check = labelled->check;
    const struct ps_json *metadata = ps_json_get(object, "metadata");
    struct ps_str name = ps_json_get_text(metadata, "name");
    struct ps_str label = ps_json_get_text(ps_json_get(metadata, "labels"), LABEL);
    bool ending = ps_json_is_string(ps_json_get(metadata, "deletionTimestamp"));
    if (!ps_str_is(label, "enabled") || ending) {
        return;
    }
    if (is_excluded(check, name)) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, NAMESPACES, NULL,
                        "'%.*s' is labelled, but portside is never asked about it", PS_FMT(name));
        ps_checkup_cure(check, "kubectl label namespace %.*s " LABEL "-", PS_FMT(name));
        return;
    }
    size_t used = strlen(labelled->names);
    (void)snprintf(labelled->names + used, sizeof(labelled->names) - used, "%s%.*s",
                   labelled->count == 0 ? "" : ", ", PS_FMT(name));
    if (labelled->count++ == 0) {
        keep(check->trial, sizeof(check->trial), name);
    }
}

static void read_namespaces(void *arg, const struct ps_json *object)
{
    PS_JSON_EACH(one, ps_json_get(object, "items"))
    {
        read_namespace(arg, one);
    }
}

static void read_one_namespace(void *arg, const struct ps_json *object)
{
    read_namespace(arg, object);
}

static struct ps_checkup_answer ask_namespaces(struct ps_checkup *check, struct labelled *labelled)
{
    bool one = check->space.len > 0;
    const struct ps_kube_request request = {
        .verb = one ? PS_KUBE_GET : PS_KUBE_LIST,
        .resource = &namespaces,
        .name = check->space,
        .label_selector = one ? PS_STR("") : PS_STR(LABEL "=enabled"),
    };
    return ps_checkup_ask(check, &request, one ? read_one_namespace : read_namespaces, labelled);
}

void ps_checkup_namespaces(struct ps_checkup *check)
{
    struct labelled labelled = {.check = check};
    size_t rows = check->count;
    struct ps_checkup_answer answer = ask_namespaces(check, &labelled);
    if (answer.outcome == PS_KUBE_NOT_FOUND) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, NAMESPACES, NULL, "there is no namespace '%.*s'",
                        PS_FMT(check->space));
    } else if (answer.outcome != PS_KUBE_OK) {
        keep(check->trial, sizeof(check->trial), check->space); /* the trial will tell */
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, NAMESPACES, NULL, "%s", answer.words);
    } else if (labelled.count > 0) {
        ps_checkup_tell(check, PS_CHECKUP_OK, NAMESPACES, NULL, "%zu labelled: %s", labelled.count,
                        labelled.names);
    } else if (check->space.len > 0 && check->count == rows) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, NAMESPACES, NULL,
                        "'%.*s' has not the label " LABEL "=enabled", PS_FMT(check->space));
        ps_checkup_cure(check, "kubectl label namespace %.*s " LABEL "=enabled",
                        PS_FMT(check->space));
    } else if (check->space.len == 0) {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, NAMESPACES,
                        "kubectl label namespace NAME " LABEL "=enabled", "none is labelled");
    }
}

/* What is said of one object, as long as it is so. */
struct finding {
    char namespace_name[64];
    char name[PS_CHECKUP_NAME_BYTES];
    char uid[64];
    char reason[64];
    char message[PS_CHECKUP_SAYS_BYTES - 400];
    bool is_pod;
    bool is_over;
    int64_t last_ms;
};

struct findings {
    struct ps_checkup *check;
    size_t count;
    size_t more;
    struct finding list[PODS_MAX];
};

static struct finding *place_for(struct findings *findings, const char *uid, const char *reason)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->list[i].uid, uid) == 0 &&
            strcmp(findings->list[i].reason, reason) == 0) {
            return &findings->list[i];
        }
    }
    if (findings->count == PODS_MAX) {
        findings->more++;
        return NULL;
    }
    return &findings->list[findings->count++];
}

static void read_event(struct findings *findings, const struct ps_json *event)
{
    const struct ps_json *subject = ps_json_get(event, "involvedObject");
    struct ps_str component = ps_json_get_text(ps_json_get(event, "source"), "component");
    struct finding finding = {.is_pod = ps_str_is(ps_json_get_text(subject, "kind"), "Pod")};
    int64_t now_ms = ps_kube_wall_ms(findings->check->kube);
    if (!ps_str_is(component, PS_MANAGED_BY) ||
        !ps_clock_parse(ps_json_get_text(event, "lastTimestamp"), &finding.last_ms) ||
        now_ms - finding.last_ms > FRESH_MS) {
        return;
    }
    finding.is_over = !ps_str_is(ps_json_get_text(event, "type"), "Warning");
    keep(finding.namespace_name, sizeof(finding.namespace_name),
         ps_json_get_text(subject, "namespace"));
    keep(finding.name, sizeof(finding.name), ps_json_get_text(subject, "name"));
    keep(finding.uid, sizeof(finding.uid), ps_json_get_text(subject, "uid"));
    keep(finding.message, sizeof(finding.message), ps_json_get_text(event, "message"));
    /* "Listening" is the end of "NotListening". */
    bool listens = ps_str_is(ps_json_get_text(event, "reason"), "Listening");
    keep(finding.reason, sizeof(finding.reason),
         listens ? PS_STR("NotListening") : ps_json_get_text(event, "reason"));
    struct finding *place = place_for(findings, finding.uid, finding.reason);
    if (place != NULL && finding.last_ms >= place->last_ms) {
        *place = finding;
    }
}

static void read_events(void *arg, const struct ps_json *object)
{
    PS_JSON_EACH(event, ps_json_get(object, "items"))
    {
        read_event(arg, event);
    }
}

static void read_uid(void *arg, const struct ps_json *object)
{
    struct finding *finding = arg;
    finding->is_over =
        !ps_str_is(ps_json_get_text(ps_json_get(object, "metadata"), "uid"), finding->uid);
}

/* An Event outlives its pod. */
static void look_for_pod(struct ps_checkup *check, struct finding *finding)
{
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = &pods,
        .namespace = ps_str_of(finding->namespace_name),
        .name = ps_str_of(finding->name),
    };
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_uid, finding);
    finding->is_over |= answer.outcome == PS_KUBE_NOT_FOUND;
}

static void tell_findings(struct ps_checkup *check, struct findings *findings)
{
    size_t told = 0;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->list[i];
        if (!finding->is_over && finding->is_pod) {
            look_for_pod(check, finding);
        }
        if (!finding->is_over) {
            told++;
            ps_checkup_tell(check, PS_CHECKUP_FAILED, FINDING, NULL, "%s/%s %s: %s",
                            finding->namespace_name, finding->name, finding->reason,
                            finding->message);
        }
    }
    check->more += findings->more;
    if (told == 0) {
        ps_checkup_tell(check, PS_CHECKUP_OK, FINDING, NULL,
                        "the controller has told of nothing within 15 minutes");
    }
}

void ps_checkup_findings(struct ps_checkup *check)
{
    struct findings findings = {.check = check};
    const struct ps_kube_request request = {
        .verb = PS_KUBE_LIST,
        .resource = &events,
        .namespace = check->space,
        .field_selector = PS_STR("source=" PS_MANAGED_BY),
    };
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_events, &findings);
    if (answer.outcome == PS_KUBE_OK) {
        tell_findings(check, &findings);
    } else {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, FINDING, NULL, "%s", answer.words);
    }
}
