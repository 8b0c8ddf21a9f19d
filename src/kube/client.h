/* SPDX-License-Identifier: Apache-2.0 */
/* The client from inside: what calls and watches share. */
#pragma once

#include "portside/arena.h"
#include "portside/kube.h"

/*
 * Longest answer that is read whole. One object is at most 10 MB: etcd takes 1.5 MiB, and JSON may
 * spell a character with six. A page of a list that is longer is asked for in smaller ones.
 */
#define PS_ANSWER_BYTES_MAX ((size_t)16 * 1024 * 1024)

enum ps_call_state {
    PS_CALL_QUEUED = 0, /* may begin as soon as there is room */
    PS_CALL_WAITING,    /* until due_ms */
    PS_CALL_FLYING,
};

/* Text in memory of its own, NUL-terminated. */
struct ps_text {
    char *ptr;
    size_t len;
    size_t cap;
};

/* A request from ps_kube_send() to its last answer. */
struct ps_call {
    struct ps_call *next;
    struct ps_kube *kube;
    uint64_t id;
    enum ps_call_state state;
    bool raw; /* a success is not parsed, see ps_call_page() */

    /* The request, its views pointing to copies. */
    struct ps_kube_request request;
    struct ps_str words;  /* "patch pods 'kafka-0' in namespace 'kafka'", NUL-terminated */
    char *copies;         /* what they point to */
    struct ps_text token; /* of the page that is asked for; empty for the first */

    uint64_t due_ms; /* WAITING */
    unsigned tries;
    bool cancelled; /* during its own on_done */
    struct ps_transfer *transfer;
    struct ps_text answer;
    bool too_long;
};

/* The requests in their order. */
struct ps_calls {
    struct ps_call *first;
    struct ps_call *last;
    size_t count;
    unsigned flying;
    struct ps_call *current; /* the one whose on_done runs */
    uint64_t next_id;
};

struct ps_kube {
    struct ps_transport *transport;
    struct ps_kube_options options;
    struct ps_arena *answers; /* of the answer or event that is told of */
    struct ps_arena *scratch;
    struct ps_calls calls;
    struct ps_kube_watch *watches;
    struct ps_kube_counts counts;
    bool progress; /* something was told of in this turn */
};

/* Adds bytes; false if there is no memory. */
bool ps_text_add(struct ps_text *text, struct ps_str bytes) PS_MUST_USE;
void ps_text_clear(struct ps_text *text);
struct ps_str ps_text_view(const struct ps_text *text);

uint64_t ps_kube_random(const struct ps_kube *kube);

/*
 * As ps_kube_send() of a LIST, but of one page only, the one of token. A success is not parsed: its
 * on_done looks at ps_call_text().
 */
struct ps_status ps_call_page(struct ps_kube *kube, const struct ps_kube_request *request,
                              struct ps_str token, uint64_t *ret_id,
                              struct ps_error *err) PS_MUST_USE;
/* Text of the answer that a raw call's on_done is told of. */
struct ps_str ps_call_text(const struct ps_kube *kube);

/* Begins what may begin and ends what is late; then when the next of that is due. */
void ps_calls_run(struct ps_kube *kube, uint64_t now_ms);
uint64_t ps_calls_due_ms(const struct ps_kube *kube);
void ps_calls_free(struct ps_kube *kube);

/* The same for watches; events that have arrived are told of. */
void ps_watches_run(struct ps_kube *kube, uint64_t now_ms);
uint64_t ps_watches_due_ms(const struct ps_kube *kube);
void ps_watches_free(struct ps_kube *kube);
