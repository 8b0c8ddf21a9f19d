/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH "/mutate"
#define HEADER_TOO_LARGE "the header is larger than %" PRIu64 " bytes\n"

static enum MHD_Result read_field(void *cls, enum MHD_ValueKind kind, const char *key,
                                  size_t key_len, const char *value, size_t value_len)
{
    struct ps_header *header = cls;
    struct ps_str name = {key, key_len};
    struct ps_str text = {value == NULL ? "" : value, value == NULL ? 0 : value_len};
    (void)kind;
    if (ps_str_equal_nocase(name, PS_STR("content-length"))) {
        header->content_lengths++;
        header->has_length = true;
        if (!ps_str_to_uint(text, UINT64_MAX, &header->length)) {
            header->length = UINT64_MAX;
        }
    } else if (ps_str_equal_nocase(name, PS_STR("transfer-encoding"))) {
        header->transfer_encodings++;
        header->transfer_encoding = text;
    } else if (ps_str_equal_nocase(name, PS_STR("content-type"))) {
        header->content_type = text;
    } else if (ps_str_equal_nocase(name, PS_STR("content-encoding"))) {
        header->content_encoding = text;
    }
    return MHD_YES;
}

void ps_header_read(struct MHD_Connection *connection, const char *method, const char *path,
                    const char *version, struct ps_header *ret_header)
{
    *ret_header = (struct ps_header){.method = method, .path = path, .version = version};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_field, ret_header);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    ret_header->bytes = info == NULL ? 0 : info->header_size;
}

static PS_PRINTF(4, 5) bool refuse(struct ps_answer *ret_answer, char text[PS_REFUSAL_BYTES],
                                   int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, PS_REFUSAL_BYTES, format, args); /* a path may be cut */
    va_end(args);
    *ret_answer = (struct ps_answer){.http_status = status, .body = ps_str_of(text)};
    return true;
}

/*
 * Where the body ends must be beyond doubt (RFC 9112 section 6.3): whoever is in front of us might
 * read the other of two lengths, and take the rest for a request of its own.
 */
static bool refuse_framing(const struct ps_header *header, char text[PS_REFUSAL_BYTES],
                           struct ps_answer *ret_answer)
{
    if (header->content_lengths > 1) {
        return refuse(ret_answer, text, 400, "more than one Content-Length: send it once\n");
    }
    if (header->has_length && header->transfer_encodings > 0) {
        return refuse(ret_answer, text, 400,
                      "both Content-Length and Transfer-Encoding: send one of them\n");
    }
    if (header->has_length && header->length == UINT64_MAX) {
        return refuse(ret_answer, text, 400, "Content-Length is not a number\n");
    }
    bool chunked = ps_str_equal_nocase(header->transfer_encoding, PS_STR("chunked"));
    if (header->transfer_encodings > 1 || (header->transfer_encodings == 1 && !chunked)) {
        return refuse(ret_answer, text, 400,
                      "Transfer-Encoding must be 'chunked', once and alone\n");
    }
    if (header->transfer_encodings == 1 && strcmp(header->version, "HTTP/1.1") != 0) {
        return refuse(ret_answer, text, 400, "Transfer-Encoding needs HTTP/1.1\n");
    }
    return false;
}

static bool is_json(struct ps_str content_type)
{
    struct ps_str type = ps_str_slice(content_type, 0, ps_str_index(content_type, ';'));
    return ps_str_equal_nocase(ps_str_trim(type), PS_STR("application/json"));
}

static bool refuse_content(const struct ps_config *config, const struct ps_header *header,
                           char text[PS_REFUSAL_BYTES], struct ps_answer *ret_answer)
{
    if (!is_json(header->content_type)) {
        return refuse(ret_answer, text, 415, "Content-Type must be application/json, not '%.*s'\n",
                      PS_FMT(header->content_type));
    }
    if (header->content_encoding.len > 0 &&
        !ps_str_equal_nocase(header->content_encoding, PS_STR("identity"))) {
        return refuse(ret_answer, text, 415, "Content-Encoding must be identity, not '%.*s'\n",
                      PS_FMT(header->content_encoding));
    }
    if (header->has_length && header->length > config->body_max_bytes) {
        ps_refusal_too_large(config, text, ret_answer);
        return true;
    }
    return false;
}

bool ps_refusal_find(const struct ps_config *config, const struct ps_header *header,
                     char text[PS_REFUSAL_BYTES], struct ps_answer *ret_answer)
{
    if (header->bytes > config->header_max_bytes) {
        return refuse(ret_answer, text, 431, HEADER_TOO_LARGE, config->header_max_bytes);
    }
    if (refuse_framing(header, text, ret_answer)) {
        return true;
    }
    if (strcmp(header->path, PATH) != 0) {
        return refuse(ret_answer, text, 404, "nothing is at '%.128s': the webhook is at " PATH "\n",
                      header->path);
    }
    if (strcmp(header->method, "POST") != 0) {
        (void)refuse(ret_answer, text, 405, "'%.16s' is not allowed: send POST " PATH "\n",
                     header->method);
        ret_answer->allow = "POST";
        return true;
    }
    return refuse_content(config, header, text, ret_answer);
}

void ps_refusal_too_large(const struct ps_config *config, char text[PS_REFUSAL_BYTES],
                          struct ps_answer *ret_answer)
{
    (void)refuse(ret_answer, text, 413, "the body is larger than %" PRIu64 " bytes\n",
                 config->body_max_bytes);
}

size_t ps_refusal_header_text(const struct ps_config *config, char text[PS_HEADER_REFUSAL_BYTES])
{
    char body[PS_REFUSAL_BYTES];
    int body_len = snprintf(body, sizeof(body), HEADER_TOO_LARGE, config->header_max_bytes);
    int len = snprintf(text, PS_HEADER_REFUSAL_BYTES,
                       "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                       body_len, body);
    return len < 0 ? 0 : (size_t)len; /* always fits */
}
