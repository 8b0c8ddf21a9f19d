/* SPDX-License-Identifier: Apache-2.0 */
/* Where an answer ends: after Content-Length bytes, or with the last chunk. */
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* The value of a header field, NULL if it is not there. name ends with ": ". */
static const char *field(const char *header, const char *name)
{
    for (const char *line = strstr(header, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0) {
            return line + strlen(name);
        }
    }
    return NULL;
}

static bool read_header(struct load *load, struct load_answer *answer)
{
    const char *length = field(answer->header, "content-length: ");
    const char *coding = field(answer->header, "transfer-encoding: ");
    const char *connection = field(answer->header, "connection: ");
    if (strncmp(answer->header, "HTTP/1.1 200", 12) != 0) {
        answer->header[strcspn(answer->header, "\r")] = '\0';
        load_failed(load, answer->header);
        return false;
    }
    answer->chunked = coding != NULL && strncasecmp(coding, "chunked", 7) == 0;
    answer->close = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    answer->body_left = length == NULL ? 0 : strtoul(length, NULL, 10);
    if (length == NULL && !answer->chunked) {
        load_failed(load, "the answer has neither a length nor chunks");
        return false;
    }
    return true;
}

/* A body of JSON holds no line break, so only the last chunk can look like this. */
static bool is_last_chunk(struct load_answer *answer, const char *bytes, size_t len)
{
    static const char end[] = "\r\n0\r\n\r\n";
    const size_t want = sizeof(end) - 1;
    size_t take = MIN(len, want);
    memmove(answer->tail, answer->tail + take, want - take);
    memcpy(answer->tail + want - take, bytes + len - take, take);
    return memcmp(answer->tail, end, want) == 0;
}

static bool take_body(struct load_answer *answer, const char *bytes, size_t len)
{
    answer->body_len += len;
    if (answer->chunked) {
        return len > 0 && is_last_chunk(answer, bytes, len);
    }
    answer->body_left -= MIN(len, answer->body_left);
    return answer->body_left == 0;
}

/* Collects bytes of the header; how many of them are the body's already. */
static bool take_header(struct load *load, struct load_answer *answer, const char **bytes,
                        size_t *len)
{
    size_t room = sizeof(answer->header) - 1 - answer->header_len;
    size_t take = MIN(*len, room);
    memcpy(answer->header + answer->header_len, *bytes, take);
    size_t had = answer->header_len;
    answer->header_len += take;
    answer->header[answer->header_len] = '\0';
    char *end = strstr(answer->header, "\r\n\r\n");
    if (end == NULL) {
        if (room == take) {
            load_failed(load, "the header of the answer is too long");
            return false;
        }
        *len = 0;
        return true;
    }
    size_t header_len = (size_t)(end - answer->header) + 4;
    end[2] = '\0';
    answer->header_done = true;
    *bytes += header_len - had;
    *len -= header_len - had;
    return read_header(load, answer);
}

/* The first connection's answer is kept, header and all. */
static void keep(struct load *load, const struct load_conn *conn, const char *bytes, size_t len)
{
    if (load->options.save_path == NULL || conn != load->conns) {
        return;
    }
    if (conn->answer.header_len == 0) {
        load->sample_len = 0;
    }
    if (load->sample_len + len > load->sample_cap) {
        load->sample_cap = (load->sample_len + len) * 2;
        load->sample = realloc(load->sample, load->sample_cap);
        if (load->sample == NULL) {
            abort();
        }
    }
    memcpy(load->sample + load->sample_len, bytes, len);
    load->sample_len += len;
}

bool load_answer_take(struct load *load, struct load_conn *conn, const char *bytes, size_t len,
                      bool *ret_complete)
{
    struct load_answer *answer = &conn->answer;
    keep(load, conn, bytes, len);
    *ret_complete = false;
    if (!answer->header_done && !take_header(load, answer, &bytes, &len)) {
        return false;
    }
    *ret_complete = answer->header_done && take_body(answer, bytes, len);
    return true;
}
