/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers through libmicrohttpd. */
#pragma once

#include "portside/str.h"

#include <microhttpd.h>
#include <stdbool.h>

struct ps_answer {
    int http_status;
    struct ps_str content_type; /* empty: text/plain */
    struct ps_str body;         /* copied */
    const char *allow;          /* value of the Allow header of a 405; NULL: none */
    bool close;                 /* "Connection: close" */
    bool retry;                 /* "Retry-After: 1": API servers then ask again */
};

/* Queues the answer; MHD_NO (close the connection) if there is no memory for it. */
enum MHD_Result ps_answer_queue(struct MHD_Connection *connection, const struct ps_answer *answer);
