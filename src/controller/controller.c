/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/controller.h"

#include "certs.h"
#include "listening.h"
#include "portside/heap.h"
#include "portside/kube_config.h"
#include "portside/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define LEAVE_MS 3000U
#define WAIT_MAX_MS 1000
/* Requests that may wait before another StatefulSet is planned: the Lease is not to queue long. */
#define PENDING_MAX 24U
#define FALLBACK_NAMESPACE "portside"

static const enum ps_kind cluster_wide[] = {PS_KIND_NAMESPACE, PS_KIND_SERVICE, PS_KIND_POD,
                                            PS_KIND_CONFIG_MAP, PS_KIND_OWN_POLICY};

/* "<host name>-<random>": another one for each start, as a lease is held by a process. */
static char *make_identity(struct ps_str wanted)
{
    char host[HOST_NAME_MAX + 1] = "portside";
    char text[HOST_NAME_MAX + 32];
    uint32_t random = 0;
    if (wanted.len > 0) {
        return ps_heap_copy(wanted);
    }
    (void)gethostname(host, sizeof(host) - 1);
    (void)!getrandom(&random, sizeof(random), 0);
    (void)snprintf(text, sizeof(text), "%s-%08" PRIx32, host, random);
    return ps_heap_copy(ps_str_of(text));
}

static struct ps_status start_watches(struct ps_controller *controller, struct ps_error *err)
{
    for (size_t i = 0; i < PS_COUNT(cluster_wide); i++) {
        enum ps_kind kind = cluster_wide[i];
        controller->follows[kind] = ps_follow_new(controller, kind, PS_STR(""));
        if (controller->follows[kind] == NULL) {
            return ps_fail(err, PS_CODE_INTERNAL, "a watch could not be started");
        }
    }
    return ps_leader_start(controller, err);
}

static struct ps_status set_up(struct ps_controller *controller, const char *namespace_name,
                               struct ps_error *err)
{
    controller->arena = ps_arena_new(ARENA_BYTES);
    controller->trial = ps_arena_new(ARENA_BYTES);
    controller->metrics = ps_controller_metrics_new();
    controller->leader.holder = make_identity(controller->config->identity);
    controller->leader.namespace_name = ps_heap_copy(ps_str_of(namespace_name));
    controller->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (controller->wake < 0) {
        return ps_fail(err, PS_CODE_IO, "cannot make an event descriptor: %s", strerror(errno));
    }
    if (controller->arena == NULL || controller->trial == NULL || controller->metrics == NULL ||
        controller->leader.holder == NULL || controller->leader.namespace_name == NULL) {
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    return start_watches(controller, err);
}

struct ps_status ps_controller_on(const struct ps_config *config, struct ps_kube *kube,
                                  const char *namespace_name, struct ps_controller **ret_controller,
                                  struct ps_error *err)
{
    struct ps_controller *controller = ps_heap_new(1, sizeof(*controller));
    if (controller == NULL) {
        ps_kube_free(kube);
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    controller->config = config;
    controller->kube = kube;
    controller->wake = -1;
    struct ps_status status = set_up(controller, namespace_name, err);
    if (!ps_ok(status)) {
        ps_controller_free(controller);
        return status;
    }
    *ret_controller = controller;
    return status;
}

static bool is_wanted(const struct ps_config *config)
{
    switch (config->controller) {
    case PS_SWITCH_AUTO:
        return config->kubeconfig.len > 0 || getenv("KUBERNETES_SERVICE_HOST") != NULL;
    case PS_SWITCH_ON:
        return true;
    case PS_SWITCH_OFF:
        return false;
    }
    return false;
}

/* The namespace of the Lease: as configured, that of the service account, or "portside". */
static char *choose_namespace(const struct ps_config *config, const struct ps_kube_config *kube)
{
    bool account = config->kubeconfig.len == 0 && getenv("KUBERNETES_SERVICE_HOST") != NULL;
    if (config->controller_namespace.len > 0) {
        return ps_heap_copy(config->controller_namespace);
    }
    return ps_heap_copy(account ? ps_str_of(ps_kube_config_namespace(kube))
                                : PS_STR(FALLBACK_NAMESPACE));
}

/* The Lease that it makes goes with the service account, if that stands in the same namespace. */
static void set_account(struct ps_leader *leader, const struct ps_kube_account *account)
{
    if (ps_str_is(ps_str_of(account->namespace), leader->namespace_name)) {
        leader->account = *account;
    }
}

/* Where the API server is. A setting is a view: in a file no NUL ends it. */
static struct ps_status find_server(const struct ps_config *config,
                                    struct ps_kube_config **ret_place, struct ps_error *err)
{
    char *path = ps_heap_copy(config->kubeconfig);
    if (path == NULL) {
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    struct ps_status status =
        ps_kube_config_load(path[0] == '\0' ? NULL : path, NULL, ret_place, err);
    ps_heap_free(path);
    return status;
}

struct ps_status ps_controller_new(const struct ps_config *config,
                                   struct ps_controller **ret_controller, struct ps_error *err)
{
    struct ps_kube_config *place = NULL;
    struct ps_transport *transport = NULL;
    struct ps_kube *kube = NULL;
    *ret_controller = NULL;
    if (!is_wanted(config)) {
        return ps_success();
    }
    struct ps_status loaded = find_server(config, &place, err);
    if (!ps_ok(loaded) && config->controller == PS_SWITCH_AUTO && config->kubeconfig.len == 0) {
        PS_LOG(PS_LOG_LEVEL_WARN, "no controller: the webhook alone is served",
               PS_LOG_STR("problem", ps_str_of(err->message)));
        return ps_success();
    }
    if (!ps_ok(loaded)) {
        return loaded;
    }
    char *namespace_name = choose_namespace(config, place);
    struct ps_kube_account account;
    bool known = ps_kube_config_account(place, &account);
    PS_LOG(PS_LOG_LEVEL_INFO, "controller",
           PS_LOG_STR("server", ps_str_of(ps_kube_config_server(place))),
           PS_LOG_STR("namespace", ps_str_of(namespace_name)));
    struct ps_status status = ps_transport_curl(place, &transport, err);
    if (ps_ok(status)) {
        status = ps_kube_new(transport, NULL, &kube, err);
    }
    if (ps_ok(status)) {
        status = ps_controller_on(config, kube, namespace_name, ret_controller, err);
    }
    if (ps_ok(status) && known) {
        set_account(&(*ret_controller)->leader, &account);
    }
    ps_heap_free(namespace_name);
    return status;
}

/* A StatefulSet that is due, has no request under way, and whose surroundings are known. */
static struct ps_set *next_due(const struct ps_controller *controller, uint64_t now_ms)
{
    struct ps_set *found = NULL;
    for (struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        bool first = found == NULL || set->due_ms < found->due_ms;
        if (set->due_ms <= now_ms && set->in_flight == 0 && first) {
            found = set;
        }
    }
    return found;
}

static void reconcile_some(struct ps_controller *controller)
{
    struct ps_set *set;
    bool known = ps_follows_known(controller);
    ps_metrics_set(controller->metrics, PS_CONTROLLER_SYNCED, ps_follows_synced(controller));
    while (known && ps_leader_is(controller) && ps_kube_pending(controller->kube) < PENDING_MAX &&
           (set = next_due(controller, ps_kube_now_ms(controller->kube))) != NULL) {
        ps_reconcile(controller, set);
    }
}

/* Until the next moment at which something may be due. */
static int wait_ms(const struct ps_controller *controller, int timeout_ms)
{
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    uint64_t at_ms = now_ms + (uint64_t)timeout_ms;
    if (!controller->leader.under_way && controller->leader.step_ms < at_ms) {
        at_ms = controller->leader.step_ms;
    }
    uint64_t check_ms = controller->leader.leading ? ps_checks_due_ms(controller) : PS_NEVER;
    at_ms = check_ms < at_ms ? check_ms : at_ms;
    bool ready = controller->leader.leading && ps_follows_known(controller) &&
                 ps_kube_pending(controller->kube) < PENDING_MAX;
    for (const struct ps_set *set = controller->sets; ready && set != NULL; set = set->next) {
        if (set->in_flight == 0 && set->due_ms < at_ms) {
            at_ms = set->due_ms;
        }
    }
    return at_ms > now_ms ? (int)(at_ms - now_ms) : 0;
}

static void hear(struct ps_controller *controller)
{
    uint64_t value;
    if (!controller->leaving && read(controller->wake, &value, sizeof(value)) > 0) {
        controller->leaving = true;
        controller->leave_by_ms = ps_kube_now_ms(controller->kube) + LEAVE_MS;
    }
    controller->left =
        controller->leaving && (ps_leader_has_left(controller) ||
                                ps_kube_now_ms(controller->kube) >= controller->leave_by_ms);
}

bool ps_controller_turn(struct ps_controller *controller, int timeout_ms)
{
    struct pollfd fds[1 + PS_DIALS_MAX] = {{.fd = controller->wake, .events = POLLIN}};
    struct ps_error err;
    hear(controller);
    if (controller->left) {
        return false;
    }
    bool led = controller->leader.leading;
    ps_leader_turn(controller);
    if (led && !controller->leader.leading) {
        ps_writes_cancel(controller);
        ps_checks_forget_all(controller);
    }
    if (controller->leader.leading) {
        ps_checks_turn(controller);
    }
    ps_certs_turn(controller->certs);
    reconcile_some(controller);
    ps_controller_measure(controller);
    size_t count = 1 + ps_dialer_fds(&controller->dialer, &fds[1]);
    if (!ps_ok(ps_kube_turn(controller->kube, wait_ms(controller, timeout_ms), fds, count, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "cannot wait", PS_LOG_STR("problem", ps_str_of(err.message)));
        (void)poll(NULL, 0, WAIT_MAX_MS);
    }
    return true;
}

static void *run(void *arg)
{
    struct ps_controller *controller = arg;
    while (ps_controller_turn(controller, WAIT_MAX_MS)) {
    }
    return NULL;
}

struct ps_status ps_controller_start(struct ps_controller *controller, struct ps_error *err)
{
    int failed = pthread_create(&controller->thread, NULL, run, controller);
    if (failed != 0) {
        return ps_fail(err, PS_CODE_IO, "cannot start a thread: %s", strerror(failed));
    }
    controller->started = true;
    return ps_success();
}

void ps_controller_leave(struct ps_controller *controller)
{
    uint64_t one = 1;
    if (controller != NULL) {
        (void)!write(controller->wake, &one, sizeof(one));
    }
}

void ps_controller_free(struct ps_controller *controller)
{
    if (controller == NULL) {
        return;
    }
    if (controller->started) {
        ps_controller_leave(controller);
        (void)pthread_join(controller->thread, NULL);
    }
    ps_writes_cancel(controller);
    ps_checks_forget_all(controller);
    ps_certs_free(controller->certs);
    ps_leader_clear(controller);
    for (size_t kind = 0; kind < PS_KIND_COUNT; kind++) {
        ps_follow_free(controller->follows[kind]);
    }
    ps_cluster_clear(controller);
    ps_kube_free(controller->kube);
    ps_nodes_clear(controller);
    ps_notices_clear(controller);
    ps_store_clear(&controller->store);
    ps_metrics_free(controller->metrics);
    ps_arena_free(controller->arena);
    ps_arena_free(controller->trial);
    if (controller->wake >= 0) {
        (void)close(controller->wake);
    }
    ps_heap_free(controller);
}

void ps_controller_write_metrics(const struct ps_controller *controller, FILE *out)
{
    if (controller != NULL) {
        ps_metrics_write(controller->metrics, out);
        ps_certs_write_metrics(controller->certs, out);
    }
}
