/* SPDX-License-Identifier: Apache-2.0 */
/* A watch from inside: its life (watch.c), its list (watch_list.c), its stream (watch_stream.c). */
#pragma once

#include "client.h"
#include "lines.h"

#include "portside/kube_watch.h"

enum ps_watch_state {
    PS_WATCH_LIST_DUE = 0, /* at due_ms */
    PS_WATCH_LISTING,
    PS_WATCH_OPEN_DUE, /* at due_ms */
    PS_WATCH_OPEN,
};

struct ps_kube_watch {
    struct ps_kube_watch *next;
    struct ps_kube *kube;
    struct ps_kube_watch_options options; /* its views point to copies */
    struct ps_kube_request list;
    char *copies;

    enum ps_watch_state state;
    bool stopped;
    bool synced;
    bool forbidden;   /* the last list was answered 403 */
    bool relist;      /* the caller wants it */
    unsigned attempt; /* failures in a row */
    uint64_t due_ms;
    uint64_t heard_ms;
    struct ps_text version; /* to go on from */

    uint64_t list_id;
    struct ps_text token; /* of the next page; empty: the first */

    struct ps_transfer *transfer; /* OPEN: NULL once it has ended */
    struct ps_lines lines;
    uint64_t opened_ms;
    uint64_t deadline_ms;
    unsigned events;
    bool stale;
    int status;
    uint64_t retry_after_ms;
    struct ps_error broken; /* why it ended; empty: by the server's will */
};

/* Tells the caller of a failure: "watch pods in namespace 'kafka': cause". */
void ps_watch_trouble(struct ps_kube_watch *watch, const char *cause);

/* "watch pods in namespace 'kafka'" if word is "watch"; in the scratch arena. */
const char *ps_watch_words(struct ps_kube_watch *watch, const char *word);

/* Keeps version, unless it is empty. */
void ps_watch_keep_version(struct ps_kube_watch *watch, struct ps_str version);

/* Back to the list, after pause_ms. */
void ps_watch_list_later(struct ps_kube_watch *watch, uint64_t pause_ms);

/* Asks for the page of watch->token. */
void ps_watch_list(struct ps_kube_watch *watch);

/* Opens the stream from watch->version on. */
void ps_watch_open(struct ps_kube_watch *watch);
/* Ends it without a word. */
void ps_watch_close(struct ps_kube_watch *watch);
/* Tells of the events that have come, and looks whether it has ended. */
void ps_watch_drain(struct ps_kube_watch *watch, uint64_t now_ms);
/* When ps_watch_drain() is to be called even if nothing comes. */
uint64_t ps_watch_stream_due_ms(const struct ps_kube_watch *watch);
