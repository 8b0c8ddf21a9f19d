/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit: a server that decrypts a request, finds its end and sends an answer that was made
 * before. One thread, epoll, OpenSSL, no limits, no deadlines, no thought. What a webhook costs
 * beyond this is the webhook.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256
#define CHUNK_BYTES ((size_t)64 * 1024)
#define HEADER_MAX 4096U
#define ANSWERS_MAX 8U

/* Which answer belongs to a request is told by the length of its body. */
static struct {
    size_t request_len;
    char *text;
    size_t text_len;
} answers[ANSWERS_MAX];
static size_t answer_count;

struct conn {
    int fd;
    SSL *tls;
    bool shaken;
    char header[HEADER_MAX + 1];
    size_t header_len;
    size_t body_len;
    size_t body_left;
    const char *out; /* the rest of the answer */
    size_t out_left;
    uint32_t mask;
};

static int epoll;

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    long size = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text == NULL || fseek(file, 0, SEEK_SET) != 0 ||
        fread(text, 1, (size_t)size, file) != (size_t)size) {
        (void)fprintf(stderr, "bare: cannot read '%s'\n", path);
        exit(2);
    }
    (void)fclose(file);
    *ret_len = (size_t)size;
    return text;
}

static void add_answer(const char *request_path, const char *answer_path)
{
    size_t body_len;
    char *request = read_file(request_path, &answers[answer_count].request_len);
    char *body = read_file(answer_path, &body_len);
    char *text = malloc(body_len + 256);
    if (text == NULL) {
        exit(2);
    }
    int header = snprintf(text, 256,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          body_len);
    memcpy(text + header, body, body_len);
    answers[answer_count].text = text;
    answers[answer_count].text_len = (size_t)header + body_len;
    answer_count++;
    free(request);
    free(body);
}

static SSL_CTX *make_context(const char *cert, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    (void)SSL_CTX_set_num_tickets(context, 0);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, CHUNK_BYTES);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    return context;
}

static int make_listener(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, SOMAXCONN) != 0) {
        perror("bare: cannot listen");
        exit(2);
    }
    return fd;
}

static void watch(struct conn *conn, uint32_t mask)
{
    struct epoll_event event = {.events = mask, .data.ptr = conn};
    if (conn->mask != mask) {
        (void)epoll_ctl(epoll, conn->mask == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, conn->fd, &event);
        conn->mask = mask;
    }
}

static void open_all(int listener, SSL_CTX *context)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *conn = calloc(1, sizeof(*conn));
        int one = 1;
        if (conn == NULL) {
            exit(2);
        }
        conn->fd = fd;
        conn->tls = SSL_new(context);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void)SSL_set_fd(conn->tls, fd);
        SSL_set_accept_state(conn->tls);
        watch(conn, EPOLLIN);
    }
}

static void end(struct conn *conn)
{
    SSL_free(conn->tls);
    (void)close(conn->fd);
    free(conn);
}

/* False if the connection ended. */
static bool wait_for(struct conn *conn, int result)
{
    switch (SSL_get_error(conn->tls, result)) {
    case SSL_ERROR_WANT_READ:
        watch(conn, EPOLLIN);
        return true;
    case SSL_ERROR_WANT_WRITE:
        watch(conn, EPOLLOUT);
        return true;
    default:
        ERR_clear_error();
        end(conn);
        return false;
    }
}

/* True if the answer is out; false if it waits or the connection ended. */
static bool send_answer(struct conn *conn)
{
    while (conn->out_left > 0) {
        int put = SSL_write(conn->tls, conn->out, (int)conn->out_left);
        if (put <= 0) {
            (void)wait_for(conn, put);
            return false;
        }
        conn->out += put;
        conn->out_left -= (size_t)put;
    }
    return true;
}

/* Takes bytes of a header; how many were its own. */
static size_t take_header(struct conn *conn, const char *bytes, size_t len)
{
    size_t room = HEADER_MAX - conn->header_len;
    size_t take = len < room ? len : room;
    size_t had = conn->header_len;
    memcpy(conn->header + had, bytes, take);
    conn->header_len += take;
    conn->header[conn->header_len] = '\0';
    const char *end_of_header = strstr(conn->header, "\r\n\r\n");
    if (end_of_header == NULL) {
        return take;
    }
    const char *length = strcasestr(conn->header, "\r\ncontent-length:");
    conn->body_len = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
    conn->body_left = conn->body_len;
    return (size_t)(end_of_header - conn->header) + 4 - had;
}

/* The request is complete: its answer is chosen. */
static void answer(struct conn *conn)
{
    conn->header_len = 0;
    conn->header[0] = '\0';
    for (size_t i = 0; i < answer_count; i++) {
        if (answers[i].request_len == conn->body_len) {
            conn->out = answers[i].text;
            conn->out_left = answers[i].text_len;
        }
    }
}

static bool in_header(const struct conn *conn)
{
    return conn->body_left == 0;
}

static void take(struct conn *conn, const char *bytes, size_t len)
{
    if (in_header(conn)) {
        size_t took = take_header(conn, bytes, len);
        bytes += took;
        len -= took;
    }
    if (!in_header(conn)) {
        conn->body_left -= len < conn->body_left ? len : conn->body_left;
        if (conn->body_left == 0) {
            answer(conn);
        }
    }
}

static void serve(struct conn *conn)
{
    static char chunk[CHUNK_BYTES];
    if (!conn->shaken) {
        int result = SSL_accept(conn->tls);
        if (result != 1) {
            (void)wait_for(conn, result);
            return;
        }
        conn->shaken = true;
    }
    while (send_answer(conn)) {
        int got = SSL_read(conn->tls, chunk, sizeof(chunk));
        if (got <= 0) {
            (void)wait_for(conn, got);
            return;
        }
        take(conn, chunk, (size_t)got);
    }
}

static void loop(int listener, SSL_CTX *context)
{
    struct epoll_event events[EVENTS];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
        exit(2);
    }
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                open_all(listener, context);
            } else {
                serve(events[i].data.ptr);
            }
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc % 2 != 0 || (argc - 4) / 2 > (int)ANSWERS_MAX) {
        (void)fprintf(stderr, "bare PORT CERT KEY REQUEST ANSWER [REQUEST ANSWER…]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 4; i + 1 < argc; i += 2) {
        add_answer(argv[i], argv[i + 1]);
    }
    loop(make_listener((uint16_t)strtoul(argv[1], NULL, 10)), make_context(argv[2], argv[3]));
    return 0;
}
