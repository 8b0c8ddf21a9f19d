/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration holds. */
#pragma once

#include "source.h"

#include "portside/kube_config.h"

struct ps_kube_config {
    char *server;
    char *namespace;
    char *server_name; /* tls-server-name; NULL: the host of server */
    char *proxy;       /* proxy-url; NULL: as of the environment */
    bool insecure;     /* insecure-skip-tls-verify */
    struct ps_source ca;
    struct ps_source certificate;
    struct ps_source key;
    struct ps_source token;
};

/* An empty one (owned); NULL if there is no memory. */
struct ps_kube_config *ps_kube_config_new(void);

/* Reads again what has changed; fails only for what has never been read. */
struct ps_status ps_kube_config_refresh(struct ps_kube_config *config, uint64_t now_ms,
                                        struct ps_error *err) PS_MUST_USE;

/* After a 401: the files are read again at the next refresh, changed or not. */
void ps_kube_config_doubt(struct ps_kube_config *config);

/* Checks that server is http[s]://host[:port] without a slash at the end. */
struct ps_status ps_kube_config_check(struct ps_kube_config *config,
                                      struct ps_error *err) PS_MUST_USE;
