/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster that a command for people speaks with: options, connection, memory. */
#pragma once

#include "portside/cli.h"
#include "portside/kube.h"

#define PS_CLI_SERVER_BYTES 254U

struct ps_cli_cluster {
    const struct ps_cli *cli;
    const char *command;
    size_t arena_bytes;
    const char *kubeconfig; /* NULL: as in --help */
    const char *context;    /* NULL: the current one */
    bool json;              /* what is printed */
    bool chosen;            /* --output was given */

    /* While ps_cli_cluster_run() is at work. */
    struct ps_kube *kube;
    struct ps_arena *arena;
    char server[PS_CLI_SERVER_BYTES]; /* for people */
};

/* Rows of the options that ps_cli_cluster_take() knows. */
#define PS_CLI_CLUSTER_OPTIONS                                                                     \
    {.name = "output",                                                                             \
     .letter = 'o',                                                                                \
     .argument = "text|json",                                                                      \
     .help = "What is printed: for people, or one JSON document. Default: text on a terminal, "    \
             "json elsewhere."},                                                                   \
        {.name = "kubeconfig",                                                                     \
         .argument = "FILE",                                                                       \
         .help = "The cluster. Without it: the service account in a pod, else KUBECONFIG, else "   \
                 "~/.kube/config."},                                                               \
    {                                                                                              \
        .name = "context", .argument = "NAME",                                                     \
        .help = "A context of the kubeconfig instead of its current one."                          \
    }

/* Takes one of those options. Fails with PS_CODE_INPUT if there is no such output. */
struct ps_status ps_cli_cluster_take(struct ps_cli_cluster *cluster, const struct ps_option *option,
                                     struct ps_str value, struct ps_error *err) PS_MUST_USE;

/* True if JSON is to be printed: as was asked for, else unless people look at it. */
bool ps_cli_cluster_is_json(const struct ps_cli_cluster *cluster);

/*
 * Connects, does the work, lets go. The result is the exit code of work, or that of a cluster which
 * cannot be found (a kubeconfig that cannot be read, too, is PS_EXIT_INPUT), which was told.
 */
int ps_cli_cluster_run(struct ps_cli_cluster *cluster, int (*work)(void *arg), void *arg);
