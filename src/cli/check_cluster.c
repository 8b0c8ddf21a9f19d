/* SPDX-License-Identifier: Apache-2.0 */
/* The API server, the registration there, and what it trusts. */
#include "cmd_check.h"
#include "portside/base64.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "portside/tls_issue.h"

#include <inttypes.h>
#include <string.h>

#define MS_PER_S 1000
#define S_PER_HOUR 3600
#define MINOR_MIN 30U
#define CERTIFICATES_MAX 8U
#define CHAIN_MAX 16U
#define SERVER "API server"
#define REGISTRATION "registration"
#define CERTIFICATE "certificate"

static const struct ps_kube_resource root = {"", SERVER};
static const struct ps_kube_resource registrations = {"admissionregistration.k8s.io/v1",
                                                      "mutatingwebhookconfigurations"};
static const struct ps_kube_resource secrets = {"v1", "secrets"};

struct version {
    uint64_t major;
    uint64_t minor;
    char text[64];
};

/* "30+" of some providers is 30. */
static uint64_t number_in(struct ps_str text)
{
    uint64_t number = 0;
    size_t end = 0;
    while (end < text.len && ps_is_digit(text.ptr[end])) {
        end++;
    }
    return ps_str_to_uint(ps_str_slice(text, 0, end), UINT16_MAX, &number) ? number : 0;
}

static void read_version(void *arg, const struct ps_json *object)
{
    struct version *version = arg;
    version->major = number_in(ps_json_get_text(object, "major"));
    version->minor = number_in(ps_json_get_text(object, "minor"));
    (void)snprintf(version->text, sizeof(version->text), "%.*s",
                   PS_FMT(ps_json_get_text(object, "gitVersion")));
}

void ps_checkup_server(struct ps_checkup *check)
{
    struct version version = {0};
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET, .resource = &root, .name = PS_STR("version"), .tries_max = 2};
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_version, &version);
    if (check->silent) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, SERVER,
                        "name the right cluster with --kubeconfig or --context", "%s: %s",
                        check->server, answer.words);
    } else if (answer.outcome != PS_KUBE_OK || version.major == 0) {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, SERVER, NULL, "%s does not tell its version: %s",
                        check->server, answer.words);
    } else if (version.major == 1 && version.minor < MINOR_MIN) {
        ps_checkup_tell(
            check, PS_CHECKUP_FAILED, SERVER, "upgrade the cluster",
            "%s at %s: portside needs 1.%u or later, for the matchConditions of webhooks",
            version.text, check->server, MINOR_MIN);
    } else {
        ps_checkup_tell(check, PS_CHECKUP_OK, SERVER, NULL, "%s at %s", version.text,
                        check->server);
    }
}

/* What a bundle of certificates says: how many there are, and until when the last one is valid. */
struct bundle {
    size_t count;
    struct ps_tls_validity span; /* of the first, or of the one that lasts longest */
    struct ps_error err;
};

static void read_pem(struct ps_str pem, size_t max, bool longest, struct bundle *ret_bundle)
{
    struct ps_tls_member members[CHAIN_MAX] = {0};
    struct bundle bundle = {0};
    bool good = ps_ok(ps_tls_read_bundle(pem, max, members, &bundle.count, &bundle.err));
    for (size_t i = 0; i < bundle.count; i++) {
        const struct ps_tls_validity *span = &members[i].facts.validity;
        if (i == 0 || (longest && span->not_after_s > bundle.span.not_after_s)) {
            bundle.span = *span;
        }
        ps_heap_free(members[i].pem);
    }
    bundle.count = good ? bundle.count : 0;
    *ret_bundle = bundle;
}

/* Of base64 text, as in a Secret or a caBundle; count 0: there is none, and err says why. */
static void read_encoded(struct ps_str encoded, size_t max, bool longest, struct bundle *ret_bundle)
{
    size_t len = 0;
    char *pem = ps_heap_new(PS_BASE64_ROOM(encoded.len), 1);
    *ret_bundle = (struct bundle){.err = {.message = "it is not base64"}};
    if (pem != NULL && ps_base64_decode(encoded, pem, &len)) {
        read_pem((struct ps_str){pem, len}, max, longest, ret_bundle);
    }
    ps_heap_free(pem);
}

struct hook {
    struct ps_checkup *check;
    size_t count;
    size_t trusted; /* entries with a caBundle that can be read and has not expired */
};

static int64_t now_s(const struct ps_checkup *check)
{
    return ps_kube_wall_ms(check->kube) / MS_PER_S;
}

static void read_entry(struct hook *hook, const struct ps_json *entry)
{
    struct bundle bundle;
    struct ps_str name = ps_json_get_text(entry, "name");
    const struct ps_json *client = ps_json_get(entry, "clientConfig");
    const struct ps_json *service = ps_json_get(client, "service");
    struct ps_str encoded = ps_json_get_text(client, "caBundle");
    struct ps_str place = ps_json_get_text(service, "namespace");
    hook->count++;
    (void)snprintf(hook->check->home_found, sizeof(hook->check->home_found), "%.*s", PS_FMT(place));
    read_encoded(encoded, CERTIFICATES_MAX, true, &bundle);
    if (encoded.len == 0) {
        ps_checkup_tell(
            hook->check, PS_CHECKUP_FAILED, REGISTRATION,
            "the replica that holds the Lease writes it within seconds: see its log; with "
            "a Secret of your own and no CA in it, you do",
            "entry '%.*s' has no caBundle", PS_FMT(name));
    } else if (bundle.count == 0) {
        ps_checkup_tell(hook->check, PS_CHECKUP_FAILED, REGISTRATION,
                        "empty it: portside writes it anew", "the caBundle of entry '%.*s': %s",
                        PS_FMT(name), bundle.err.message);
    } else if (bundle.span.not_after_s < now_s(hook->check)) {
        ps_checkup_tell(hook->check, PS_CHECKUP_FAILED, REGISTRATION, "see the log of portside",
                        "the CA in the caBundle of entry '%.*s' has expired", PS_FMT(name));
    } else {
        hook->trusted++;
    }
}

static void read_hook(void *arg, const struct ps_json *object)
{
    struct hook *hook = arg;
    PS_JSON_EACH(entry, ps_json_get(object, "webhooks"))
    {
        read_entry(hook, entry);
    }
}

void ps_checkup_registration(struct ps_checkup *check)
{
    struct hook hook = {.check = check};
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET, .resource = &registrations, .name = check->registration};
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_hook, &hook);
    if (answer.outcome == PS_KUBE_NOT_FOUND) {
        ps_checkup_tell(
            check, PS_CHECKUP_FAILED, REGISTRATION,
            "helm install portside charts/portside, or name another one: --registration "
            "NAME",
            "there is no MutatingWebhookConfiguration '%.*s'", PS_FMT(check->registration));
    } else if (answer.outcome != PS_KUBE_OK) {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, REGISTRATION, NULL, "%s", answer.words);
    } else if (hook.count == 0) {
        ps_checkup_tell(
            check, PS_CHECKUP_FAILED, REGISTRATION, "helm upgrade portside charts/portside",
            "MutatingWebhookConfiguration '%.*s' has no entry", PS_FMT(check->registration));
    } else if (hook.trusted == hook.count) {
        ps_checkup_tell(check, PS_CHECKUP_OK, REGISTRATION, NULL,
                        "MutatingWebhookConfiguration '%.*s': %zu %s with a caBundle",
                        PS_FMT(check->registration), hook.count,
                        hook.count == 1 ? "entry" : "entries");
    }
}

static void read_secret(void *arg, const struct ps_json *object)
{
    read_encoded(ps_json_get_text(ps_json_get(object, "data"), "tls.crt"), CHAIN_MAX, false, arg);
}

static void tell_leaf(struct ps_checkup *check, const struct bundle *leaf)
{
    char until[PS_CLOCK_TEXT_BYTES];
    int64_t left_s = leaf->span.not_after_s - now_s(check);
    ps_clock_format(leaf->span.not_after_s * MS_PER_S, until);
    if (leaf->count == 0) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, CERTIFICATE, "see the log of portside",
                        "tls.crt of Secret '%.*s': %s", PS_FMT(check->secret), leaf->err.message);
    } else if (left_s < 0) {
        ps_checkup_tell(
            check, PS_CHECKUP_FAILED, CERTIFICATE,
            "portside renews its own at two thirds of its life: see its log; another's is "
            "to be renewed by who made it",
            "it expired at %s", until);
    } else if (leaf->span.not_before_s > now_s(check)) {
        ps_checkup_tell(check, PS_CHECKUP_FAILED, CERTIFICATE, "compare the clocks",
                        "it is not valid yet");
    } else {
        ps_checkup_tell(check, PS_CHECKUP_OK, CERTIFICATE, NULL, "valid until %s (%" PRId64 " h)",
                        until, left_s / S_PER_HOUR);
    }
}

void ps_checkup_certificate(struct ps_checkup *check)
{
    struct bundle leaf = {0};
    struct ps_str home = ps_checkup_home(check);
    if (home.len == 0) {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, CERTIFICATE,
                        "name it: --portside-namespace NAME",
                        "the namespace of portside is not known");
        return;
    }
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET, .resource = &secrets, .namespace = home, .name = check->secret};
    struct ps_checkup_answer answer = ps_checkup_ask(check, &request, read_secret, &leaf);
    if (answer.outcome == PS_KUBE_OK) {
        tell_leaf(check, &leaf);
    } else if (answer.outcome == PS_KUBE_NOT_FOUND) {
        ps_checkup_tell(
            check, PS_CHECKUP_FAILED, CERTIFICATE,
            "portside makes it at its start: see its log; or name another one: --secret "
            "NAME",
            "there is no Secret '%.*s' in namespace '%.*s'", PS_FMT(check->secret), PS_FMT(home));
    } else {
        ps_checkup_tell(check, PS_CHECKUP_UNKNOWN, CERTIFICATE,
                        "the trial shows whether the API server accepts it", "%s", answer.words);
    }
}
