/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a request as far as its header shows. */
#pragma once

#include "answer.h"
#include "portside/config.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#define PS_REFUSAL_BYTES 256U
#define PS_HEADER_REFUSAL_BYTES 512U

/* What is needed of a header, read once. */
struct ps_header {
    const char *method;
    const char *path;
    const char *version;
    unsigned content_lengths; /* how often the field is there */
    unsigned transfer_encodings;
    bool has_length;
    uint64_t length; /* of the body as declared; UINT64_MAX if that is no number */
    struct ps_str transfer_encoding;
    struct ps_str content_type;
    struct ps_str content_encoding;
    size_t bytes; /* of the whole header */
};

/* Reads the header of a request; views live as long as the request. */
void ps_header_read(struct MHD_Connection *connection, const char *method, const char *path,
                    const char *version, struct ps_header *ret_header);

/*
 * True if the request must be refused: then *ret_answer says how, with its text in text. Draining
 * is none of its business.
 */
bool ps_refusal_find(const struct ps_config *config, const struct ps_header *header,
                     char text[PS_REFUSAL_BYTES], struct ps_answer *ret_answer);

/* The refusal of a body that turned out to be larger than allowed. */
void ps_refusal_too_large(const struct ps_config *config, char text[PS_REFUSAL_BYTES],
                          struct ps_answer *ret_answer);

/*
 * The whole answer, status line and all, to a header that grew too large to be read; its length.
 */
size_t ps_refusal_header_text(const struct ps_config *config, char text[PS_HEADER_REFUSAL_BYTES]);
