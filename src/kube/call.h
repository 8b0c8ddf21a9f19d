/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in the queue (call.c) and the end of their tries (call_end.c). */
#pragma once

#include "client.h"

/* What one try came to. */
struct ps_try {
    int status;         /* HTTP status; 0: none */
    const char *broken; /* why there is no answer, or not all of it; NULL */
    uint64_t retry_after_ms;
};

void ps_call_append(struct ps_calls *calls, struct ps_call *call);
void ps_call_unlink(struct ps_calls *calls, struct ps_call *call);
void ps_call_free(struct ps_call *call);

/* Callbacks of the transport; arg is the call. */
bool ps_call_bytes(void *arg, int status, struct ps_str bytes);
void ps_call_end(void *arg, const struct ps_transport_result *result);

/* Tells of the failure of a call that is in the queue and not under way; call is gone then. */
void ps_call_fail(struct ps_call *call, const struct ps_try *outcome, const struct ps_json *object);
