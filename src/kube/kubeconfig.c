/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kubeconfig file (k8s.io/client-go/tools/clientcmd/api/v1): a context names cluster and user.
 * What we cannot do is refused by name: ignoring it would end in a 401 that explains nothing.
 */
#include "config.h"
#include "kubeyaml.h"

#include "portside/heap.h"

#include <stdio.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define PATH_BYTES 4096U

struct reader {
    const struct ps_json *root;
    const char *directory;
    struct ps_kube_config *config;
    struct ps_error *err;
};

/* {"name": name, kind: {…}} in the list plural. */
static struct ps_status find(const struct reader *reader, const char *plural, const char *kind,
                             struct ps_str name, const struct ps_json **ret_found)
{
    PS_JSON_EACH(entry, ps_json_get(reader->root, plural))
    {
        if (ps_str_equal(ps_json_get_text(entry, "name"), name)) {
            *ret_found = ps_json_get(entry, kind);
            return ps_success();
        }
    }
    return ps_fail(reader->err, PS_CODE_INPUT, "there is no %s '%.*s'", kind,
                   PS_FMT(ps_str_slice(name, 0, 200)));
}

static struct ps_status no_memory(const struct reader *reader)
{
    return ps_fail(reader->err, PS_CODE_IO, "no memory for the kubeconfig");
}

/* A file, relative to the folder of the kubeconfig. */
static struct ps_status read_path(const struct reader *reader, struct ps_str name,
                                  struct ps_source *source)
{
    char path[PATH_BYTES];
    int len = ps_str_starts(name, "/")
                  ? snprintf(path, sizeof(path), "%.*s", PS_FMT(name))
                  : snprintf(path, sizeof(path), "%s/%.*s", reader->directory, PS_FMT(name));
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return ps_fail(reader->err, PS_CODE_INPUT, "the path '%.*s' is too long",
                       PS_FMT(ps_str_slice(name, 0, 200)));
    }
    return ps_source_set_path(source, path) ? ps_success() : no_memory(reader);
}

/* key-data (base64) wins over key (a file), as in kubectl. */
static struct ps_status read_source(const struct reader *reader, const struct ps_json *object,
                                    const char *key, struct ps_source *source)
{
    char data_key[64];
    (void)snprintf(data_key, sizeof(data_key), "%s-data", key);
    struct ps_str data = ps_json_get_text(object, data_key);
    struct ps_str path = ps_json_get_text(object, key);
    if (data.len > 0) {
        return ps_source_set_base64(source, data)
                   ? ps_success()
                   : ps_fail(reader->err, PS_CODE_INPUT, "%s is no base64", data_key);
    }
    return path.len > 0 ? read_path(reader, path, source) : ps_success();
}

static struct ps_status read_text(const struct reader *reader, const struct ps_json *object,
                                  const char *key, char **text)
{
    struct ps_str value = ps_json_get_text(object, key);
    if (value.len > 0) {
        *text = ps_heap_copy(value);
        return *text == NULL ? no_memory(reader) : ps_success();
    }
    return ps_success();
}

static struct ps_status read_cluster(const struct reader *reader, const struct ps_json *cluster)
{
    struct ps_kube_config *config = reader->config;
    PS_TRY(read_text(reader, cluster, "server", &config->server));
    if (config->server == NULL) {
        return ps_fail(reader->err, PS_CODE_INPUT, "the cluster has no server");
    }
    PS_TRY(read_text(reader, cluster, "tls-server-name", &config->server_name));
    PS_TRY(read_text(reader, cluster, "proxy-url", &config->proxy));
    config->insecure = ps_json_is_true(ps_json_get(cluster, "insecure-skip-tls-verify"));
    return read_source(reader, cluster, "certificate-authority", &config->ca);
}

static struct ps_status refuse_plugins(const struct reader *reader, const struct ps_json *user)
{
    static const char *const refused[][2] = {
        {"exec", "an exec plugin"},
        {"auth-provider", "an auth-provider plugin"},
        {"username", "a user name and password"},
        {"as", "impersonation"},
    };
    for (size_t i = 0; i < PS_COUNT(refused); i++) {
        if (ps_json_get(user, refused[i][0]) != NULL) {
            return ps_fail(reader->err, PS_CODE_INPUT,
                           "the user logs in by %s ('%s'), which portside does not do: use a "
                           "token, tokenFile or client certificate, as of 'kubectl create token'",
                           refused[i][1], refused[i][0]);
        }
    }
    return ps_success();
}

static struct ps_status read_user(const struct reader *reader, const struct ps_json *user)
{
    struct ps_kube_config *config = reader->config;
    PS_TRY(refuse_plugins(reader, user));
    PS_TRY(read_source(reader, user, "client-certificate", &config->certificate));
    PS_TRY(read_source(reader, user, "client-key", &config->key));
    /* tokenFile wins over token, as in client-go. */
    struct ps_str file = ps_json_get_text(user, "tokenFile");
    struct ps_str token = ps_json_get_text(user, "token");
    if (file.len > 0) {
        return read_path(reader, file, &config->token);
    }
    if (token.len > 0 && !ps_source_set(&config->token, token)) {
        return no_memory(reader);
    }
    return ps_success();
}

static struct ps_status read_all(const struct reader *reader, const char *context_name)
{
    const struct ps_json *context = NULL;
    const struct ps_json *cluster = NULL;
    const struct ps_json *user = NULL;
    struct ps_str name = context_name != NULL ? ps_str_of(context_name)
                                              : ps_json_get_text(reader->root, "current-context");
    if (name.len == 0) {
        return ps_fail(reader->err, PS_CODE_INPUT, "no context is current: name one");
    }
    PS_TRY(find(reader, "contexts", "context", name, &context));
    PS_TRY(find(reader, "clusters", "cluster", ps_json_get_text(context, "cluster"), &cluster));
    PS_TRY(read_cluster(reader, cluster));
    PS_TRY(read_text(reader, context, "namespace", &reader->config->namespace));
    struct ps_str user_name = ps_json_get_text(context, "user");
    if (user_name.len > 0) {
        PS_TRY(find(reader, "users", "user", user_name, &user));
        PS_TRY(read_user(reader, user));
    }
    return ps_kube_config_check(reader->config, reader->err);
}

static struct ps_status parse(struct ps_arena *arena, struct ps_str text, const char *context,
                              struct reader *reader)
{
    struct ps_json *root = NULL;
    PS_TRY(ps_yaml_parse(arena, text, &root, reader->err));
    reader->root = root;
    return read_all(reader, context);
}

struct ps_status ps_kube_config_parse(struct ps_str text, const char *directory,
                                      const char *context, struct ps_kube_config **ret_config,
                                      struct ps_error *err)
{
    struct reader reader = {NULL, directory, ps_kube_config_new(), err};
    struct ps_arena *arena = ps_arena_new(ARENA_BYTES);
    struct ps_status status = arena != NULL && reader.config != NULL
                                  ? parse(arena, text, context, &reader)
                                  : no_memory(&reader);
    ps_arena_free(arena);
    if (!ps_ok(status)) {
        ps_kube_config_free(reader.config);
        return status;
    }
    *ret_config = reader.config;
    return ps_success();
}
