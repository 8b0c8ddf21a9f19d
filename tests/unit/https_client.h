/* SPDX-License-Identifier: Apache-2.0 */
/* A blocking HTTPS client for tests, which trusts everybody. */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct https {
    int fd;
    SSL *ssl;
    char *rest; /* read but not taken */
    size_t rest_len;
};

/* One answer; to be freed by https_answer_clear(). */
struct https_answer {
    int status; /* 0: the server closed the connection instead */
    char *head;
    char *body;
    size_t len;
};

/* Connects to "host:port" on 127.0.0.1 with a receive buffer of receive_bytes, 0: any size. */
struct https https_connect(const char *address, int receive_bytes);
void https_close(struct https *https);
/* Closes with RST, without a word of TLS. */
void https_abort(struct https *https);

/* Writes all of it; false if the server has closed. */
bool https_write(struct https *https, const char *bytes, size_t len);
/* Writes a POST /mutate with this body. */
bool https_post(struct https *https, const char *body, size_t len);

struct https_answer https_read(struct https *https);
void https_answer_clear(struct https_answer *answer);

/* Body of GET path from the plain port, to be freed; *ret_status is its status. */
char *https_plain(const char *address, const char *path, int *ret_status);
