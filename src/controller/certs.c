/* SPDX-License-Identifier: Apache-2.0 */
#include "certs.h"

#include "portside/clock.h"
#include "portside/controller.h"
#include "portside/heap.h"
#include "portside/log.h"

#include <string.h>

#define MS_PER_S 1000
#define PAUSE_MS 1000U
#define PAUSE_DOUBLINGS 5U
#define CA_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define S_PER_DAY 86400
#define GIVEN_OVERLAP_MS 600000U
#define HEX_BYTES 17U
#define BURST_MAX 12U
#define BURST_MS 60000U
#define BURST_PAUSE_MS 10000U

static const struct ps_metric_family families[] = {
    [PS_CERTS_CA_NOT_AFTER] = {"portside_certificate_authority_not_after_seconds",
                               "When the CA in the Secret expires, in seconds since 1970; 0: there "
                               "is none.",
                               PS_METRIC_GAUGE,
                               {{0}}},
    [PS_CERTS_LEAF_NOT_AFTER] = {"portside_certificate_secret_not_after_seconds",
                                 "When the certificate in the Secret expires, in seconds since "
                                 "1970; 0: there is none.",
                                 PS_METRIC_GAUGE,
                                 {{0}}},
    [PS_CERTS_CAS_MADE] = {"portside_certificate_authorities_made_total",
                           "CAs that this replica made.",
                           PS_METRIC_COUNTER,
                           {{0}}},
    [PS_CERTS_LEAVES_MADE] = {"portside_certificates_made_total",
                              "Certificates that this replica made.",
                              PS_METRIC_COUNTER,
                              {{0}}},
    [PS_CERTS_BUNDLES_WRITTEN] = {"portside_certificate_bundles_written_total",
                                  "Webhook configurations whose caBundle this replica wrote.",
                                  PS_METRIC_COUNTER,
                                  {{0}}},
    [PS_CERTS_FAILURES] = {"portside_certificate_failures_total",
                           "Writes of Secret and caBundles that failed; they are tried again.",
                           PS_METRIC_COUNTER,
                           {{0}}},
};

_Static_assert(PS_COUNT(families) == PS_CERTS_SERIES, "each series needs a row");

void ps_certs_write_metrics(const struct ps_certs *certs, FILE *out)
{
    if (certs != NULL) {
        ps_metrics_write(certs->metrics, out);
    }
}

void ps_certs_tell(struct ps_certs *certs, const char *what, const char *problem)
{
    char text[sizeof(certs->trouble)];
    (void)snprintf(text, sizeof(text), "%s: %s", what, problem);
    if (strcmp(text, certs->trouble) != 0) {
        PS_LOG(PS_LOG_LEVEL_WARN, what, PS_LOG_STR("problem", ps_str_of(problem)));
        memcpy(certs->trouble, text, sizeof(text));
    }
}

bool ps_certs_may_send(const struct ps_certs *certs, const struct ps_certs_request *request)
{
    return !request->under_way && ps_kube_now_ms(certs->controller->kube) >= request->not_before_ms;
}

/* Somebody who undoes each write of ours must not keep the API server busy. */
static uint64_t pause_after_success(struct ps_certs *certs, struct ps_certs_request *request)
{
    uint64_t now_ms = ps_kube_now_ms(certs->controller->kube);
    if (now_ms - request->burst_ms > BURST_MS) {
        request->burst = 0;
        request->burst_ms = now_ms;
    }
    if (++request->burst < BURST_MAX) {
        return 0;
    }
    ps_certs_tell(certs, "certificates or caBundle are changed all the time by somebody else",
                  "looking every ten seconds only");
    return BURST_PAUSE_MS;
}

void ps_certs_answered(struct ps_certs *certs, struct ps_certs_request *request, bool good)
{
    unsigned doublings = request->failures < PAUSE_DOUBLINGS ? request->failures : PAUSE_DOUBLINGS;
    uint64_t pause_ms =
        good ? pause_after_success(certs, request) : (uint64_t)PAUSE_MS << doublings;
    request->under_way = false;
    request->failures = good ? 0 : request->failures + 1;
    request->not_before_ms = ps_kube_now_ms(certs->controller->kube) + pause_ms;
}

void ps_certs_cancel(struct ps_certs *certs, struct ps_certs_request *request)
{
    if (request->under_way) {
        ps_kube_cancel(certs->controller->kube, request->id);
        request->under_way = false;
    }
}

/*
 * A CA that did not sign what is served would have each review fail: it is not published. The two
 * files change together, so this is looked at again.
 */
static bool vouches(struct ps_certs *certs, struct ps_str cas)
{
    struct ps_file file = {0};
    struct ps_error err;
    if (certs->cert_path[0] == '\0') {
        return true;
    }
    bool good = ps_ok(ps_file_read(certs->cert_path, CA_FILE_BYTES_MAX, &file, &err));
    if (!good) {
        ps_certs_tell(certs, "cannot read the certificate", err.message);
    } else if (!ps_tls_vouches(cas, ps_file_view(&file))) {
        good = false;
        ps_certs_tell(certs, "the CAs are not published: the certificate is of none of them",
                      certs->ca_path);
    }
    ps_file_clear(&file);
    return good;
}

/* Replicas whose files lag behind serve certificates of the CAs that were given before. */
static void take_given(struct ps_certs *certs, const struct ps_cert_set *set)
{
    bool overlaps = certs->in_file.count > 0;
    certs->overlap_until_ms =
        overlaps ? ps_kube_now_ms(certs->controller->kube) + GIVEN_OVERLAP_MS : 0;
    certs->given = *set;
    for (size_t i = 0; i < certs->in_file.count; i++) {
        (void)ps_cert_set_add(&certs->given, &certs->in_file.ids[i]);
    }
    certs->in_file = *set;
    certs->trouble[0] = '\0';
    PS_LOG(PS_LOG_LEVEL_INFO, "CAs loaded", PS_LOG_STR("file", certs->controller->config->tls_ca),
           PS_LOG_INT("count", set->count));
}

/* The CAs that are given in a file, looked at as often as the pair of files is. */
static void read_given(struct ps_certs *certs)
{
    const struct ps_config *config = certs->controller->config;
    uint64_t now_ms = ps_kube_now_ms(certs->controller->kube);
    struct ps_file file = {0};
    struct ps_cert_set set;
    struct ps_error err;
    if (certs->looked_ms != 0 && now_ms < certs->looked_ms + config->tls_reload_s * MS_PER_S) {
        return;
    }
    certs->looked_ms = now_ms;
    if (certs->overlap_until_ms != 0 && now_ms >= certs->overlap_until_ms) {
        certs->overlap_until_ms = 0;
        certs->given = certs->in_file;
    }
    if (!ps_ok(ps_file_read(certs->ca_path, CA_FILE_BYTES_MAX, &file, &err))) {
        ps_certs_tell(certs, "cannot read the file of CAs", err.message);
        return;
    }
    (void)ps_known_read(certs, ps_file_view(&file), &set);
    if (set.count == 0) {
        ps_certs_tell(certs, "there is no PEM certificate in the file of CAs", certs->ca_path);
    } else if (!ps_cert_set_equal(&set, &certs->in_file) && vouches(certs, ps_file_view(&file))) {
        take_given(certs, &set);
    }
    ps_file_clear(&file);
}

static void write_hex(const struct ps_cert_id *id, char ret_text[HEX_BYTES])
{
    for (size_t i = 0; i < HEX_BYTES / 2; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", id->bytes[i]);
    }
}

static void report_service(const struct ps_cert_leaf *leaf)
{
    char id[HEX_BYTES];
    char issuer[HEX_BYTES];
    char until[PS_CLOCK_TEXT_BYTES];
    write_hex(&leaf->id, id);
    write_hex(&leaf->issuer, issuer);
    ps_clock_format(leaf->span.not_after_s * MS_PER_S, until);
    PS_LOG(PS_LOG_LEVEL_INFO, "certificate in service", PS_LOG_STR("sha256", ps_str_of(id)),
           PS_LOG_STR("ca_sha256", ps_str_of(issuer)), PS_LOG_STR("until", ps_str_of(until)));
}

static void serve(struct ps_certs *certs)
{
    const struct ps_tls_pair *leaf = &certs->secret.leaf;
    struct ps_error err;
    struct ps_tls_pair copy = {ps_heap_copy(ps_str_of(leaf->cert_pem)),
                               ps_heap_copy(ps_str_of(leaf->key_pem))};
    if (copy.cert_pem == NULL || copy.key_pem == NULL ||
        !ps_ok(ps_tls_use(certs->tls, ps_str_of(copy.cert_pem), ps_str_of(copy.key_pem), &err))) {
        ps_tls_pair_clear(&copy);
        certs->facts.secret.leaf.usable = false; /* the leader makes another one */
        ps_certs_tell(certs, "the certificate in the Secret cannot be served", err.message);
        return;
    }
    ps_tls_pair_clear(&certs->served);
    certs->served = copy;
    certs->facts.served = certs->facts.secret.leaf;
    report_service(&certs->facts.served);
}

static void cancel_writes(struct ps_certs *certs)
{
    ps_certs_cancel(certs, &certs->request);
    for (size_t i = 0; i < certs->facts.bundle_count; i++) {
        ps_certs_cancel(certs, &certs->hooks[i].request);
        ps_certs_cancel(certs, &certs->hooks[i].memory.request);
    }
}

static void perform(struct ps_certs *certs, const struct ps_cert_plan *plan)
{
    if (plan->secret != PS_CERT_WRITE_NONE) {
        ps_certs_write_secret(certs, plan);
    } else if (plan->read_secret) {
        ps_certs_read_secret(certs);
    }
    for (size_t i = 0; i < certs->facts.bundle_count; i++) {
        if (plan->write_bundle[i]) {
            ps_hook_write(&certs->hooks[i], &plan->bundle);
        }
        if (certs->facts.leader) {
            ps_hook_restore(&certs->hooks[i]);
        }
    }
}

void ps_certs_turn(struct ps_certs *certs)
{
    if (certs == NULL) {
        return;
    }
    struct ps_kube *kube = certs->controller->kube;
    if (certs->tls == NULL) {
        read_given(certs);
    }
    certs->facts.leader = ps_leader_is(certs->controller);
    certs->facts.mono_ms = ps_kube_now_ms(kube);
    certs->facts.wall_s = ps_kube_wall_ms(kube) / MS_PER_S;
    struct ps_cert_plan plan = ps_cert_step(&certs->state, &certs->timing, &certs->facts);
    if (plan.serve) {
        serve(certs);
    }
    if (!plan.writer) {
        cancel_writes(certs);
    } else if (!plan.serve) { /* else the facts have changed: the next turn */
        perform(certs, &plan);
    }
}

static bool add_name(struct ps_certs *certs, struct ps_str name)
{
    char *text = ps_heap_copy(name);
    if (text != NULL) {
        certs->name_texts[certs->name_count] = text;
        certs->names[certs->name_count++] = ps_str_of(text);
    }
    return text != NULL;
}

struct ps_str ps_certs_place(const struct ps_certs *certs)
{
    const struct ps_config *config = certs->controller->config;
    return config->service_namespace.len > 0 ? config->service_namespace
                                             : ps_str_of(certs->controller->leader.namespace_name);
}

/* The names of the Service and what is configured besides; false if there is no memory. */
static bool make_names(struct ps_certs *certs)
{
    const struct ps_config *config = certs->controller->config;
    struct ps_str place = ps_certs_place(certs);
    struct ps_str rest = config->tls_names;
    struct ps_str one;
    char full[512];
    int service = (int)config->service_name.len;
    int local = service + 1 + (int)place.len;
    int len = snprintf(full, sizeof(full), "%.*s.%.*s.svc.%.*s", PS_FMT(config->service_name),
                       PS_FMT(place), PS_FMT(config->cluster_domain));
    const int ends[PS_CERTS_SERVICE_NAMES] = {service, local, local + 4, len};
    bool good = true;
    for (size_t i = 0; i < PS_CERTS_SERVICE_NAMES; i++) {
        good = good && add_name(certs, ps_str_slice(ps_str_of(full), 0, (size_t)ends[i]));
    }
    while (good && config->tls_names.len > 0 && ps_str_split(&rest, ',', &one)) {
        good = add_name(certs, ps_str_trim(one));
    }
    return good;
}

static struct ps_status start_hooks(struct ps_certs *certs, struct ps_error *err)
{
    struct ps_str list = certs->controller->config->webhook_names;
    struct ps_str rest = list.len == 0 ? (struct ps_str){NULL, 0} : list;
    struct ps_str one;
    while (ps_str_split(&rest, ',', &one)) {
        size_t index = certs->facts.bundle_count++;
        struct ps_hook *hook = &certs->hooks[index];
        *hook = (struct ps_hook){.certs = certs,
                                 .bundle = &certs->facts.bundles[index],
                                 .name = ps_heap_copy(ps_str_trim(one))};
        if (hook->name == NULL) {
            return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
        }
        PS_TRY(ps_hook_start(hook, err));
    }
    return ps_success();
}

static struct ps_status start(struct ps_certs *certs, struct ps_error *err)
{
    const struct ps_config *config = certs->controller->config;
    certs->metrics = ps_metrics_new(families, PS_COUNT(families));
    certs->secret_name = ps_heap_copy(config->tls_secret_name);
    certs->ca_path = ps_heap_copy(config->tls_ca);
    certs->cert_path = ps_heap_copy(config->tls_cert);
    certs->timing = ps_cert_timing_default();
    certs->timing.leaf_s = (int64_t)config->tls_leaf_days * S_PER_DAY;
    if (certs->metrics == NULL || certs->secret_name == NULL || certs->ca_path == NULL ||
        certs->cert_path == NULL || !make_names(certs)) {
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    if (certs->tls != NULL) {
        PS_TRY(ps_certs_watch_secret(certs, err));
    } else {
        certs->facts.given = &certs->given;
    }
    return start_hooks(certs, err);
}

struct ps_status ps_controller_certify(struct ps_controller *controller, struct ps_tls *tls,
                                       struct ps_error *err)
{
    if (tls == NULL && controller->config->tls_ca.len == 0) {
        return ps_success();
    }
    struct ps_certs *certs = ps_heap_new(1, sizeof(*certs));
    if (certs == NULL) {
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    certs->controller = controller;
    certs->tls = tls;
    controller->certs = certs; /* freed with it, whatever comes */
    return start(certs, err);
}

void ps_certs_free(struct ps_certs *certs)
{
    if (certs == NULL) {
        return;
    }
    cancel_writes(certs);
    ps_certs_watch_stop(&certs->watch);
    for (size_t i = 0; i < certs->facts.bundle_count; i++) {
        ps_hook_clear(&certs->hooks[i]);
    }
    for (size_t i = 0; i < PS_KNOWN_MAX; i++) {
        ps_heap_free(certs->known[i].pem);
    }
    for (size_t i = 0; i < certs->name_count; i++) {
        ps_heap_free(certs->name_texts[i]);
    }
    ps_certs_clear_secret(&certs->secret);
    ps_tls_pair_clear(&certs->served);
    ps_metrics_free(certs->metrics);
    ps_heap_free(certs->secret_name);
    ps_heap_free(certs->ca_path);
    ps_heap_free(certs->cert_path);
    ps_heap_free(certs);
}
