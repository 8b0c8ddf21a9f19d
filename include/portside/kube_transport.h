/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transport: how bytes get to the API server and back. libcurl is one; a script of faults in a test
 * is another. Everything happens inside of wait(), in the thread that calls it.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portside/error.h"
#include "portside/str.h"

struct ps_transport;
struct ps_transfer;
struct ps_kube_config;

/* How a transfer ended. */
struct ps_transport_result {
    int status;              /* HTTP status; 0 if no header came */
    uint64_t retry_after_ms; /* of the header Retry-After in seconds; 0 without */
    const char *error;       /* why it broke off, before or in the answer; NULL if it is whole */
};

struct ps_transport_request {
    const char *method;
    const char *path;         /* with its query, beginning with '/' */
    const char *content_type; /* NULL: no body */
    struct ps_str body;       /* borrowed until on_done or cancel */

    /* The next bytes of the answer's body; false breaks the transfer off. May not call back. */
    bool (*on_body)(void *arg, int status, struct ps_str bytes);
    /* The end, once; not after cancel. begin and cancel may be called from here. */
    void (*on_done)(void *arg, const struct ps_transport_result *result);
    void *arg;
};

struct ps_transport_ops {
    /* Starts a transfer (owned by the transport until on_done or cancel); request is copied. */
    struct ps_status (*begin)(struct ps_transport *transport,
                              const struct ps_transport_request *request,
                              struct ps_transfer **ret_transfer, struct ps_error *err);
    /* Ends a transfer without on_done. */
    void (*cancel)(struct ps_transport *transport, struct ps_transfer *transfer);
    /*
     * Moves bytes and calls back; if there was nobody to call, waits for bytes, for one of fds
     * (revents as of poll(2)), or timeout_ms. Nothing is sent after the wait: a caller that slept
     * for long may have lost the right to write, and cancel.
     */
    struct ps_status (*wait)(struct ps_transport *transport, int timeout_ms, struct pollfd *fds,
                             size_t count, struct ps_error *err);
    void (*free)(struct ps_transport *transport);
};

/* The first member of every transport. */
struct ps_transport {
    const struct ps_transport_ops *ops;
};

/*
 * The transport of libcurl to the API server of config, which is owned by it from now on (freed at
 * once on failure). Calls curl_global_init(): to be called before other threads are made.
 */
struct ps_status ps_transport_curl(struct ps_kube_config *config,
                                   struct ps_transport **ret_transport,
                                   struct ps_error *err) PS_MUST_USE;
