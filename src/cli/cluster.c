/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include "portside/kube_config.h"

#include <string.h>

struct ps_status ps_cli_cluster_take(struct ps_cli_cluster *cluster, const struct ps_option *option,
                                     struct ps_str value, struct ps_error *err)
{
    if (strcmp(option->name, "output") == 0) {
        PS_TRY(ps_option_choice(option, value, err));
        cluster->chosen = true;
        cluster->json = ps_str_is(value, "json");
    } else if (strcmp(option->name, "kubeconfig") == 0) {
        cluster->kubeconfig = value.ptr;
    } else {
        cluster->context = value.ptr;
    }
    return ps_success();
}

bool ps_cli_cluster_is_json(const struct ps_cli_cluster *cluster)
{
    return cluster->chosen ? cluster->json : !cluster->cli->out.is_terminal;
}

static struct ps_status connect(struct ps_cli_cluster *cluster, struct ps_error *err)
{
    struct ps_kube_config *config = NULL;
    struct ps_transport *transport = NULL;
    PS_TRY(ps_kube_config_load(cluster->kubeconfig, cluster->context, &config, err));
    (void)snprintf(cluster->server, sizeof(cluster->server), "%s", ps_kube_config_server(config));
    PS_TRY(ps_transport_curl(config, &transport, err));
    return ps_kube_new(transport, NULL, &cluster->kube, err);
}

int ps_cli_cluster_run(struct ps_cli_cluster *cluster, int (*work)(void *arg), void *arg)
{
    struct ps_error err;
    int code = PS_EXIT_FAILED;
    if (!ps_ok(connect(cluster, &err))) {
        (void)ps_cli_fail(cluster->cli, cluster->command, &err);
        return PS_EXIT_INPUT;
    }
    cluster->arena = ps_arena_new(cluster->arena_bytes);
    if (cluster->arena != NULL) {
        code = work(arg);
    } else if (!ps_ok(ps_fail(&err, PS_CODE_IO, "the system has no memory"))) {
        code = ps_cli_fail(cluster->cli, cluster->command, &err);
    }
    ps_kube_free(cluster->kube);
    ps_arena_free(cluster->arena);
    return code;
}
