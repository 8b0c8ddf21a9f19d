/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the API server is and who we are there: from the service account of a pod, or from a
 * kubeconfig file (YAML or JSON). Files of tokens and certificates are read again when they change,
 * and once a minute at the latest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/error.h"
#include "portside/str.h"

struct ps_kube_config;

/*
 * As kubectl chooses, with the service account first where there is one: path (NULL: none is
 * named), else in-cluster if KUBERNETES_SERVICE_HOST is set, else KUBECONFIG, else ~/.kube/config.
 * context: NULL for the current one of the file. Exec and auth-provider plugins are refused.
 */
struct ps_status ps_kube_config_load(const char *path, const char *context,
                                     struct ps_kube_config **ret_config,
                                     struct ps_error *err) PS_MUST_USE;

/* From the text of a kubeconfig; relative paths in it are relative to directory. */
struct ps_status ps_kube_config_parse(struct ps_str text, const char *directory,
                                      const char *context, struct ps_kube_config **ret_config,
                                      struct ps_error *err) PS_MUST_USE;

/* From a service account: host and port of the environment, token and ca.crt in directory. */
struct ps_status ps_kube_config_in_cluster(const char *host, const char *port,
                                           const char *directory,
                                           struct ps_kube_config **ret_config,
                                           struct ps_error *err) PS_MUST_USE;

/* config may be NULL. */
void ps_kube_config_free(struct ps_kube_config *config);

/* "https://[fd00::1]:6443", without a slash at the end; for messages too. */
const char *ps_kube_config_server(const struct ps_kube_config *config);

/* Namespace of the context or the service account; "default" if it names none. */
const char *ps_kube_config_namespace(const struct ps_kube_config *config);

/* A service account. A name has up to 253 bytes, that of a namespace 63. */
struct ps_kube_account {
    char namespace[64];
    char name[254];
    char uid[129];
};

/*
 * The service account whose token config has, as the token says; false if it names none. Only the
 * API server can tell whether the token is good.
 */
bool ps_kube_config_account(const struct ps_kube_config *config,
                            struct ps_kube_account *ret_account) PS_MUST_USE;
