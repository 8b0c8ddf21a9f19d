/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "portside/heap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"
#define PATH_BYTES 4096U
#define SERVER_BYTES 512U
#define FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct ps_kube_config *ps_kube_config_new(void)
{
    return ps_heap_new(1, sizeof(struct ps_kube_config));
}

void ps_kube_config_free(struct ps_kube_config *config)
{
    if (config == NULL) {
        return;
    }
    ps_heap_free(config->server);
    ps_heap_free(config->namespace);
    ps_heap_free(config->server_name);
    ps_heap_free(config->proxy);
    ps_source_clear(&config->ca);
    ps_source_clear(&config->certificate);
    ps_source_clear(&config->key);
    ps_source_clear(&config->token);
    ps_heap_free(config);
}

const char *ps_kube_config_server(const struct ps_kube_config *config)
{
    return config->server;
}

const char *ps_kube_config_namespace(const struct ps_kube_config *config)
{
    return config->namespace == NULL ? "default" : config->namespace;
}

struct ps_status ps_kube_config_refresh(struct ps_kube_config *config, uint64_t now_ms,
                                        struct ps_error *err)
{
    PS_TRY(ps_source_refresh(&config->ca, now_ms, err));
    PS_TRY(ps_source_refresh(&config->certificate, now_ms, err));
    PS_TRY(ps_source_refresh(&config->key, now_ms, err));
    return ps_source_refresh(&config->token, now_ms, err);
}

void ps_kube_config_doubt(struct ps_kube_config *config)
{
    config->certificate.doubted = true;
    config->key.doubted = true;
    config->token.doubted = true;
}

struct ps_status ps_kube_config_check(struct ps_kube_config *config, struct ps_error *err)
{
    struct ps_str server = ps_str_of(config->server);
    bool https = ps_str_starts(server, "https://");
    if (!https && !ps_str_starts(server, "http://")) {
        return ps_fail(err, PS_CODE_INPUT, "the server '%.*s' is no URL of http or https",
                       PS_FMT(ps_str_slice(server, 0, 200)));
    }
    while (server.len > 0 && server.ptr[server.len - 1] == '/') {
        server.len--;
    }
    config->server[server.len] = '\0';
    if (!https && (config->token.path != NULL || config->token.content.len > 0)) {
        return ps_fail(err, PS_CODE_INPUT,
                       "the server '%s' would get the token in clear: use https or no token",
                       config->server);
    }
    bool certificate = config->certificate.path != NULL || config->certificate.content.len > 0;
    bool key = config->key.path != NULL || config->key.content.len > 0;
    if (certificate != key) {
        return ps_fail(err, PS_CODE_INPUT, "the user has a client %s without a client %s",
                       certificate ? "certificate" : "key", certificate ? "key" : "certificate");
    }
    return ps_success();
}

static struct ps_status no_memory(struct ps_error *err)
{
    return ps_fail(err, PS_CODE_IO, "no memory for the configuration of the Kubernetes client");
}

/* directory/name as the path of source. */
static bool set_path_in(struct ps_source *source, const char *directory, const char *name)
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof(path), "%s/%s", directory, name);
    return len > 0 && (size_t)len < sizeof(path) && ps_source_set_path(source, path);
}

/* The namespace of the service account; without the file it is "default". */
static void read_namespace(struct ps_kube_config *config, const char *directory)
{
    struct ps_source file = {0};
    if (set_path_in(&file, directory, "namespace") && ps_ok(ps_source_refresh(&file, 0, NULL))) {
        config->namespace = ps_heap_copy(ps_str_trim(ps_source_view(&file)));
    }
    ps_source_clear(&file);
}

static struct ps_status fill_in_cluster(struct ps_kube_config *config, const char *server,
                                        const char *directory, struct ps_error *err)
{
    config->server = ps_heap_copy(ps_str_of(server));
    if (config->server == NULL || !set_path_in(&config->token, directory, "token") ||
        !set_path_in(&config->ca, directory, "ca.crt")) {
        return no_memory(err);
    }
    read_namespace(config, directory);
    PS_TRY(ps_kube_config_check(config, err));
    struct ps_status status = ps_kube_config_refresh(config, 0, err);
    ps_kube_config_doubt(config); /* the client's clock does not begin at 0 */
    config->ca.doubted = true;
    return ps_ok(status) ? status : ps_wrap(err, "cannot use the pod's service account");
}

struct ps_status ps_kube_config_in_cluster(const char *host, const char *port,
                                           const char *directory,
                                           struct ps_kube_config **ret_config, struct ps_error *err)
{
    char server[SERVER_BYTES];
    uint64_t number = 0;
    bool v6 = ps_str_contains(ps_str_of(host), ":");
    if (!ps_str_to_uint(ps_str_of(port), UINT16_MAX, &number) || number == 0) {
        return ps_fail(err, PS_CODE_INPUT, "KUBERNETES_SERVICE_PORT '%.20s' is no port", port);
    }
    int len = snprintf(server, sizeof(server), "https://%s%s%s:%u", v6 ? "[" : "", host,
                       v6 ? "]" : "", (unsigned)number);
    if (len < 0 || (size_t)len >= sizeof(server)) {
        return ps_fail(err, PS_CODE_INPUT, "KUBERNETES_SERVICE_HOST is too long");
    }
    struct ps_kube_config *config = ps_kube_config_new();
    if (config == NULL) {
        return no_memory(err);
    }
    struct ps_status status = fill_in_cluster(config, server, directory, err);
    if (!ps_ok(status)) {
        ps_kube_config_free(config);
        return status;
    }
    *ret_config = config;
    return ps_success();
}

/* Folder of path, which is shorter than PATH_BYTES. */
static void folder_of(const char *path, char ret_folder[PATH_BYTES])
{
    struct ps_str text = ps_str_of(path);
    size_t slash = ps_str_last_index(text, '/');
    if (slash == text.len) {
        (void)snprintf(ret_folder, PATH_BYTES, ".");
    } else {
        (void)snprintf(ret_folder, PATH_BYTES, "%.*s", (int)slash, path);
    }
}

static struct ps_status load_file(const char *path, const char *context,
                                  struct ps_kube_config **ret_config, struct ps_error *err)
{
    char folder[PATH_BYTES];
    struct ps_file file = {0};
    if (strlen(path) >= sizeof(folder)) {
        return ps_fail(err, PS_CODE_INPUT, "the path of the kubeconfig is too long");
    }
    folder_of(path, folder);
    PS_TRY(ps_file_read(path, FILE_BYTES_MAX, &file, err));
    struct ps_status status =
        ps_kube_config_parse(ps_file_view(&file), folder, context, ret_config, err);
    ps_file_clear(&file);
    return ps_ok(status) ? status : ps_wrap(err, "kubeconfig '%s'", path);
}

static struct ps_status load_default(const char *context, struct ps_kube_config **ret_config,
                                     struct ps_error *err)
{
    char path[PATH_BYTES];
    const char *home = secure_getenv("HOME");
    if (home == NULL || home[0] == '\0') {
        return ps_fail(err, PS_CODE_INPUT,
                       "no Kubernetes API server is known: name a kubeconfig, or set KUBECONFIG");
    }
    int len = snprintf(path, sizeof(path), "%s/.kube/config", home);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return ps_fail(err, PS_CODE_INPUT, "the path of the kubeconfig is too long");
    }
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return ps_fail(err, PS_CODE_INPUT,
                       "no Kubernetes API server is known: not in a pod, KUBECONFIG is not set, "
                       "and '%s' does not exist",
                       path);
    }
    return load_file(path, context, ret_config, err);
}

struct ps_status ps_kube_config_load(const char *path, const char *context,
                                     struct ps_kube_config **ret_config, struct ps_error *err)
{
    const char *host = secure_getenv("KUBERNETES_SERVICE_HOST");
    const char *port = secure_getenv("KUBERNETES_SERVICE_PORT");
    const char *named = secure_getenv("KUBECONFIG");
    if (path != NULL) {
        return load_file(path, context, ret_config, err);
    }
    if (host != NULL && host[0] != '\0' && context == NULL) {
        return ps_kube_config_in_cluster(host, port == NULL ? "443" : port, ACCOUNT_DIRECTORY,
                                         ret_config, err);
    }
    if (named == NULL || named[0] == '\0') {
        return load_default(context, ret_config, err);
    }
    if (ps_str_contains(ps_str_of(named), ":")) {
        return ps_fail(err, PS_CODE_INPUT,
                       "KUBECONFIG '%s' names several files, which are not merged: name one",
                       named);
    }
    return load_file(named, context, ret_config, err);
}
