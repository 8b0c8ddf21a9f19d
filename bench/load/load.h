/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that loads a webhook over TLS and measures it: one thread, epoll, HTTP/1.1.
 *
 * It does as little as possible for a request, so that one processor of it can saturate any server
 * on another one: requests are made once, answers are counted and not parsed. What they say is
 * checked elsewhere, on the samples that it keeps.
 */
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOAD_CONNECTIONS_MAX 4096U
#define LOAD_HEADER_MAX 2048U

/* What the command line says. */
struct load_options {
    struct sockaddr_in address;
    const char *body_path;
    const char *save_path; /* NULL, or where the last answer goes */
    const char *ca_path;
    size_t connections;
    double seconds;
    double warm_up_s;
    double rate;    /* requests a second; 0: each connection asks again as soon as it is answered */
    bool fresh;     /* a new connection for each request */
    pid_t server;   /* whose processor time is counted; 0: nobody's */
    char **command; /* NULL, or a server to be started: how long until its first answer? */
};

/* Latencies: 64 steps for each power of two, in nanoseconds; the error is below 2 %. */
#define LOAD_STEPS 64U
#define LOAD_BUCKETS (LOAD_STEPS * 40U)

struct load_histogram {
    uint64_t counts[LOAD_BUCKETS];
    uint64_t total;
    uint64_t max_ns;
};

void load_histogram_add(struct load_histogram *histogram, uint64_t ns);

/* The latency below which this share (0 to 1) of all is; 0 if there is none. */
uint64_t load_histogram_at(const struct load_histogram *histogram, double share);

enum load_phase {
    LOAD_CLOSED = 0,
    LOAD_CONNECTING,
    LOAD_IDLE,
    LOAD_SENDING,
    LOAD_RECEIVING,
};

/* How far the answer has been read. */
struct load_answer {
    char header[LOAD_HEADER_MAX];
    size_t header_len; /* bytes of it that are there */
    bool header_done;
    bool chunked;
    bool close;
    size_t body_left; /* unless chunked */
    size_t body_len;  /* bytes so far */
    char tail[8];     /* the last bytes of a chunked one */
};

struct load_conn {
    int fd;
    SSL *tls;
    enum load_phase phase;
    size_t sent;
    uint64_t begin_ns; /* when the request was due */
    uint32_t mask;
    struct load_answer answer;
};

/* What has been counted since measuring began. */
struct load_counts {
    uint64_t answers;
    uint64_t errors;
    uint64_t late; /* requests that were due and never sent */
    uint64_t bytes_min;
    uint64_t bytes_max;
    struct load_histogram latencies;
};

struct load {
    struct load_options options;
    SSL_CTX *tls;
    int epoll;
    char *request;
    size_t request_len;
    struct load_conn *conns;
    struct load_counts counts;
    bool measuring;
    bool draining; /* no further requests */
    size_t waiting;
    char *sample; /* the answer of the first connection, if it is to be saved */
    size_t sample_len;
    size_t sample_cap;
    char failure[256]; /* the first one */
};

uint64_t load_now_ns(void);

/* Remembers the first failure and counts each. */
void load_failed(struct load *load, const char *what);

/* Opens the connection, shakes hands and sends the request, which was due at begin_ns. */
void load_conn_open(struct load *load, struct load_conn *conn, uint64_t begin_ns);

/* Sends the request, which was due at begin_ns, on an idle connection. */
void load_conn_ask(struct load *load, struct load_conn *conn, uint64_t begin_ns);

void load_conn_event(struct load *load, struct load_conn *conn);

void load_conn_close(struct load *load, struct load_conn *conn);

/* Every request that was sent ends with one call of this, answered or failed. */
void load_answered(struct load *load);

/* Takes bytes of an answer; true when it is complete. Returns false and fails load if it is bad. */
bool load_answer_take(struct load *load, struct load_conn *conn, const char *bytes, size_t len,
                      bool *ret_complete);

/* Runs for the time of the options and prints a line of JSON; false if nothing was answered. */
bool load_run(struct load *load);

/* Starts the command and prints how long its first answer took. */
bool load_first(struct load *load);
