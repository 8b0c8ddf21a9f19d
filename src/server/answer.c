/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdint.h>
#include <stdio.h>

#define TYPE_BYTES 128U

static void response_clear(struct MHD_Response **response)
{
    if (*response != NULL) {
        MHD_destroy_response(*response); /* only drops our reference */
        *response = NULL;
    }
}

static bool add_headers(struct MHD_Response *response, const struct ps_answer *answer)
{
    char type[TYPE_BYTES];
    struct ps_str wanted =
        answer->content_type.len == 0 ? PS_STR("text/plain; charset=utf-8") : answer->content_type;
    (void)snprintf(type, sizeof(type), "%.*s", PS_FMT(wanted));
    return MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
           (answer->allow == NULL ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow) == MHD_YES) &&
           (!answer->retry ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1") == MHD_YES) &&
           (!answer->close ||
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES);
}

enum MHD_Result ps_answer_queue(struct MHD_Connection *connection, const struct ps_answer *answer)
{
    /* The library copies and does not write, though its prototype lacks the const. */
    void *bytes = (void *)(uintptr_t)(answer->body.len == 0 ? "" : answer->body.ptr);
    struct MHD_Response *response PS_CLEANUP(response_clear) =
        MHD_create_response_from_buffer(answer->body.len, bytes, MHD_RESPMEM_MUST_COPY);
    if (response == NULL || !add_headers(response, answer)) {
        return MHD_NO;
    }
    return MHD_queue_response(connection, (unsigned int)answer->http_status, response);
}
