/* SPDX-License-Identifier: Apache-2.0 */
#include "https_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "portside/str.h"

#define CHUNK 16384
#define TIMEOUT_S 20

static int dial(const char *address, int receive_bytes)
{
    struct ps_str text = ps_str_of(address);
    uint64_t port = 0;
    size_t colon = ps_str_last_index(text, ':');
    ck_assert(ps_str_to_uint(ps_str_slice(text, colon + 1, text.len), UINT16_MAX, &port));
    struct sockaddr_in server = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    if (receive_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&server, sizeof(server)), 0);
    return fd;
}

struct https https_connect(const char *address, int receive_bytes)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(context);
    struct https https = {.fd = dial(address, receive_bytes), .ssl = SSL_new(context)};
    SSL_CTX_free(context); /* ssl keeps it */
    ck_assert_int_eq(SSL_set_fd(https.ssl, https.fd), 1);
    ck_assert_int_eq(SSL_connect(https.ssl), 1);
    return https;
}

void https_close(struct https *https)
{
    SSL_free(https->ssl);
    (void)close(https->fd);
    free(https->rest);
    *https = (struct https){.fd = -1};
}

void https_abort(struct https *https)
{
    struct linger at_once = {.l_onoff = 1};
    (void)setsockopt(https->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    https_close(https);
}

bool https_write(struct https *https, const char *bytes, size_t len)
{
    while (len > 0) {
        int put = SSL_write(https->ssl, bytes, len > CHUNK ? CHUNK : (int)len);
        if (put <= 0) {
            return false;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

bool https_post(struct https *https, const char *body, size_t len)
{
    char head[200];
    int head_len = snprintf(head, sizeof(head),
                            "POST /mutate?timeout=10s HTTP/1.1\r\nHost: localhost\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                            len);
    return https_write(https, head, (size_t)head_len) && https_write(https, body, len);
}

/* Reads more behind the rest; false at the end of the stream. */
static bool read_more(struct https *https)
{
    https->rest = realloc(https->rest, https->rest_len + CHUNK + 1);
    ck_assert_ptr_nonnull(https->rest);
    int got = SSL_read(https->ssl, https->rest + https->rest_len, CHUNK);
    if (got <= 0) {
        return false;
    }
    https->rest_len += (size_t)got;
    https->rest[https->rest_len] = '\0';
    return true;
}

/* Takes the first len bytes of the rest; to be freed. */
static char *take(struct https *https, size_t len)
{
    while (https->rest_len < len) {
        ck_assert_msg(read_more(https), "closed within an answer");
    }
    char *bytes = malloc(len + 1);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, https->rest, len);
    bytes[len] = '\0';
    https->rest_len -= len;
    memmove(https->rest, https->rest + len, https->rest_len + 1);
    return bytes;
}

static size_t length_in(const char *head)
{
    static const char name[] = "Content-Length: ";
    uint64_t length = 0;
    struct ps_str rest = ps_str_of(strstr(head, name));
    ck_assert_uint_ne(rest.len, 0);
    rest = ps_str_slice(rest, sizeof(name) - 1, ps_str_index(rest, '\r'));
    ck_assert(ps_str_to_uint(rest, SIZE_MAX, &length));
    return (size_t)length;
}

struct https_answer https_read(struct https *https)
{
    struct https_answer answer = {0};
    while (https->rest_len == 0 || strstr(https->rest, "\r\n\r\n") == NULL) {
        if (!read_more(https)) {
            return answer;
        }
    }
    answer.head = take(https, (size_t)(strstr(https->rest, "\r\n\r\n") - https->rest) + 4);
    answer.status = (int)strtol(answer.head + strlen("HTTP/1.1 "), NULL, 10);
    answer.len = length_in(answer.head);
    answer.body = take(https, answer.len);
    return answer;
}

void https_answer_clear(struct https_answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct https_answer){0};
}

char *https_plain(const char *address, const char *path, int *ret_status)
{
    int fd = dial(address, 0);
    char text[65536];
    int len = snprintf(text, sizeof(text),
                       "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    ck_assert_int_eq((int)send(fd, text, (size_t)len, 0), len);
    size_t used = 0;
    for (ssize_t got = 1; got > 0; used += got > 0 ? (size_t)got : 0) {
        got = recv(fd, text + used, sizeof(text) - used - 1, 0);
    }
    (void)close(fd);
    text[used] = '\0';
    char *body = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    *ret_status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
    return strdup(body + 4);
}
