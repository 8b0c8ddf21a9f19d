/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/server.h"

#include "plain.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "portside/log.h"
#include "portside/os_listen.h"
#include "series.h"
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS_PER_CONN 3U /* the client's socket and both ends of the pair */
#define DESCRIPTORS_OTHER 128U
/* More than any cluster's pods need; each one costs memory, and the chart limits that. */
#define THREADS_UNASKED_MAX 4U
/* Bodies of the largest size that may be under way at once; later ones are told to come again. */
#define BODIES_MAX 8U
#define MS_PER_S 1000

struct ps_server {
    struct ps_shared shared;
    struct ps_plain *plain; /* NULL until it is started */
    struct ps_tls *own;     /* of the files; NULL: the caller brought one */
    uint64_t reported;      /* pairs that came into service; of the thread that reloads */
    char *cert_path;
    char *key_path;
    char *clients_path;
    bool unready; /* what was logged last; of the thread that reloads */
    char address[PS_ADDRESS_BYTES];
    char plain_address[PS_ADDRESS_BYTES];
};

/* Listening sockets that no worker owns yet; -1 where there is none. */
struct sockets {
    int *fds;
    size_t count;
};

static void sockets_clear(struct sockets *sockets)
{
    for (size_t i = 0; sockets->fds != NULL && i < sockets->count; i++) {
        if (sockets->fds[i] >= 0) {
            (void)close(sockets->fds[i]);
        }
    }
    ps_heap_free(sockets->fds);
    *sockets = (struct sockets){0};
}

static struct ps_status listen_on(struct ps_str text, struct sockets *sockets,
                                  char ret_address[PS_ADDRESS_BYTES], struct ps_error *err)
{
    struct ps_str host;
    uint16_t port;
    char name[256];
    if (!ps_config_address(text, &host, &port) || host.len >= sizeof(name)) {
        return ps_fail(err, PS_CODE_INPUT, "'%.*s' is not an address to listen on", PS_FMT(text));
    }
    (void)snprintf(name, sizeof(name), "%.*s", PS_FMT(host));
    return ps_listen_open(name, port, sockets->count, sockets->fds, ret_address, err);
}

static struct ps_status open_sockets(struct sockets *sockets, size_t count, struct ps_error *err)
{
    sockets->fds = ps_heap_new(count, sizeof(*sockets->fds));
    if (sockets->fds == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory");
    }
    sockets->count = count;
    for (size_t i = 0; i < count; i++) {
        sockets->fds[i] = -1;
    }
    return ps_success();
}

/* The limit of connections, lowered to what descriptors there are. */
static size_t connections_for(const struct ps_config *config)
{
    size_t limit = ps_descriptors_raise();
    size_t wanted = (size_t)config->connections_max;
    size_t possible =
        limit > DESCRIPTORS_OTHER ? (limit - DESCRIPTORS_OTHER) / DESCRIPTORS_PER_CONN : 1;
    if (possible < wanted) {
        PS_LOG(PS_LOG_LEVEL_WARN, "fewer connections than configured: too few descriptors",
               PS_LOG_INT("connections", possible), PS_LOG_INT("descriptors", limit));
        return possible;
    }
    return wanted;
}

static size_t threads_for(const struct ps_config *config)
{
    size_t processors = ps_processors();
    size_t unasked = processors < THREADS_UNASKED_MAX ? processors : THREADS_UNASKED_MAX;
    return config->threads == 0 ? unasked : (size_t)config->threads;
}

static struct ps_status start_workers(struct ps_server *server, struct ps_error *err)
{
    const struct ps_config *config = server->shared.config;
    size_t count = threads_for(config);
    struct sockets sockets PS_CLEANUP(sockets_clear) = {0};
    PS_TRY(open_sockets(&sockets, count, err));
    PS_TRY(listen_on(config->listen, &sockets, server->address, err));
    server->shared.workers = ps_heap_new(count, sizeof(*server->shared.workers));
    if (server->shared.workers == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for %zu workers", count);
    }
    for (size_t i = 0; i < count; i++) {
        int fd = sockets.fds[i];
        sockets.fds[i] = -1;
        server->shared.worker_count = i + 1;
        PS_TRY(ps_worker_init(&server->shared.workers[i], &server->shared, fd, err));
    }
    for (size_t i = 0; i < count; i++) {
        PS_TRY(ps_worker_start(&server->shared.workers[i], err));
    }
    return ps_success();
}

static struct ps_status start_plain(struct ps_server *server, struct ps_error *err)
{
    struct sockets sockets PS_CLEANUP(sockets_clear) = {0};
    PS_TRY(open_sockets(&sockets, 1, err));
    PS_TRY(listen_on(server->shared.config->plain_listen, &sockets, server->plain_address, err));
    server->plain = ps_plain_start(&server->shared, sockets.fds[0]);
    if (server->plain == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "cannot start the plain port");
    }
    sockets.fds[0] = -1;
    return ps_success();
}

static struct ps_status start_all(struct ps_server *server, struct ps_error *err)
{
    const struct ps_config *config = server->shared.config;
    server->cert_path = ps_heap_copy(config->tls_cert);
    server->key_path = ps_heap_copy(config->tls_key);
    server->clients_path = ps_heap_copy(config->client_ca);
    server->shared.metrics = ps_series_new();
    if (server->cert_path == NULL || server->key_path == NULL || server->clients_path == NULL ||
        server->shared.metrics == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory");
    }
    server->shared.tls = server->shared.options.tls;
    if (server->shared.tls == NULL) {
        server->shared.tls = server->own = ps_tls_new(server->cert_path, server->key_path);
    }
    if (server->shared.tls == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory");
    }
    if (server->own != NULL) {
        ps_tls_demand(server->own, config->tls_names);
    }
    if (config->client_ca.len > 0) {
        ps_tls_ask_clients(server->shared.tls, server->clients_path, config->client_names);
    }
    ps_server_reload(server);
    PS_TRY(start_workers(server, err));
    return start_plain(server, err);
}

struct ps_status ps_server_start(const struct ps_server_options *options,
                                 struct ps_server **ret_server, struct ps_error *err)
{
    struct ps_server *server = ps_heap_new(1, sizeof(*server));
    if (server == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory");
    }
    struct ps_status ready =
        ps_share_init(&server->shared.share, connections_for(options->config),
                      (size_t)options->config->body_max_bytes * BODIES_MAX, err);
    if (!ps_ok(ready)) {
        ps_heap_free(server);
        return ready;
    }
    server->shared.options = *options;
    server->shared.start_ms = ps_clock_wall_ms();
    server->shared.config = options->config;
    struct ps_status status = start_all(server, err);
    if (!ps_ok(status)) {
        ps_server_stop(server);
        return status;
    }
    *ret_server = server;
    return ps_success();
}

const char *ps_server_address(const struct ps_server *server)
{
    return server->address;
}

const char *ps_server_plain_address(const struct ps_server *server)
{
    return server->plain_address;
}

/* A certificate that came into service, from wherever, since the last look. */
static void report_loaded(struct ps_server *server)
{
    const struct ps_shared *shared = &server->shared;
    char until[PS_CLOCK_TEXT_BYTES];
    uint64_t pairs = ps_tls_pairs(shared->tls);
    int64_t not_after_s = ps_tls_not_after_s(shared->tls);
    if (pairs == server->reported) {
        return;
    }
    server->reported = pairs;
    ps_metrics_add(shared->metrics, PS_SERIES_CERT_LOADS, 1);
    ps_metrics_set(shared->metrics, PS_SERIES_CERT_NOT_AFTER, not_after_s);
    if (server->own == NULL) {
        return; /* who brought it has told so */
    }
    ps_clock_format(not_after_s * MS_PER_S, until);
    PS_LOG(PS_LOG_LEVEL_INFO, "certificate loaded", PS_LOG_STR("file", shared->config->tls_cert),
           PS_LOG_STR("until", ps_str_of(until)));
}

static void report_refused(const struct ps_shared *shared, const struct ps_error *err)
{
    ps_metrics_add(shared->metrics, PS_SERIES_CERT_REFUSALS, 1);
    PS_LOG(PS_LOG_LEVEL_WARN,
           ps_tls_pairs(shared->tls) == 0 ? "certificate refused"
                                          : "new certificate refused, the old one serves",
           PS_LOG_STR("cause", ps_str_of(err->message)));
}

/* A file that cannot be used leaves those trusted that were; at the start, nobody. */
static void reload_clients(const struct ps_shared *shared)
{
    struct ps_error err = {0};
    switch (ps_tls_reload_clients(shared->tls, &err)) {
    case PS_TLS_CHANGE_NONE:
        return;
    case PS_TLS_CHANGE_LOADED:
        PS_LOG(PS_LOG_LEVEL_INFO, "CA of clients loaded",
               PS_LOG_STR("file", shared->config->client_ca),
               PS_LOG_STR("names", shared->config->client_names));
        return;
    case PS_TLS_CHANGE_REFUSED:
        ps_metrics_add(shared->metrics, PS_SERIES_CERT_REFUSALS, 1);
        PS_LOG(PS_LOG_LEVEL_WARN, "CA of clients refused",
               PS_LOG_STR("cause", ps_str_of(err.message)));
        return;
    }
}

/* Tells when the certificate makes us ready or unready, which it also does by growing old. */
static void follow_readiness(struct ps_server *server)
{
    struct ps_error err = {0};
    bool ready = ps_tls_is_ready(server->shared.tls, ps_clock_wall_ms() / MS_PER_S, &err);
    if (ready && server->unready) {
        ps_log(PS_LOG_LEVEL_INFO, "ready", NULL, 0);
    }
    if (!ready && !server->unready) {
        bool waits = server->own == NULL && server->reported == 0; /* as every first start does */
        PS_LOG(waits ? PS_LOG_LEVEL_INFO : PS_LOG_LEVEL_ERROR, "not ready",
               PS_LOG_STR("cause", ps_str_of(err.message)));
    }
    server->unready = !ready;
}

void ps_server_reload(struct ps_server *server)
{
    struct ps_error err = {0};
    reload_clients(&server->shared);
    if (server->own != NULL &&
        ps_tls_reload(server->own, ps_clock_wall_ms() / MS_PER_S, &err) == PS_TLS_CHANGE_REFUSED) {
        report_refused(&server->shared, &err);
    }
    report_loaded(server);
    follow_readiness(server);
    if (server->plain != NULL) {
        ps_plain_expire(server->plain);
    }
}

void ps_server_drain(struct ps_server *server)
{
    atomic_store(&server->shared.draining, true);
    ps_metrics_set(server->shared.metrics, PS_SERIES_DRAINING, 1);
}

void ps_server_stop(struct ps_server *server)
{
    if (server == NULL) {
        return;
    }
    atomic_store(&server->shared.draining, true);
    atomic_store(&server->shared.stopping, true);
    for (size_t i = 0; i < server->shared.worker_count; i++) {
        ps_worker_wake(&server->shared.workers[i]);
    }
    for (size_t i = 0; i < server->shared.worker_count; i++) {
        ps_worker_join(&server->shared.workers[i]);
    }
    for (size_t i = 0; i < server->shared.worker_count; i++) {
        ps_worker_clear(&server->shared.workers[i]);
    }
    ps_plain_stop(server->plain);
    ps_tls_free(server->own);
    ps_share_clear(&server->shared.share);
    ps_metrics_free(server->shared.metrics);
    ps_heap_free(server->shared.workers);
    ps_heap_free(server->cert_path);
    ps_heap_free(server->key_path);
    ps_heap_free(server->clients_path);
    ps_heap_free(server);
}
