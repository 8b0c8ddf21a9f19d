/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes API client: watches.
 *
 * A watch lists all objects that match and then follows their changes, for ever: it goes on from
 * the last resourceVersion when the connection ends, and lists again when that is too old (410).
 * What a caller sees:
 *
 *     on_sync(BEGIN)  on_object(ADDED …)*  on_sync(END)  on_object(…)*  [ BEGIN … END … ]
 *
 * An object known before BEGIN that does not appear until END is gone: no DELETED is sent for it.
 * BEGIN may come twice without END, when a list failed half-way. ADDED may be told of an object
 * that is known.
 */
#pragma once

#include "portside/kube.h"

struct ps_kube_watch;

enum ps_kube_sync {
    PS_KUBE_SYNC_BEGIN = 1,
    PS_KUBE_SYNC_END,
};

enum ps_kube_change {
    PS_KUBE_ADDED = 1,
    PS_KUBE_MODIFIED,
    PS_KUBE_DELETED, /* object is its last state; or it left the selector */
};

/* Zero means absent; views are copied. */
struct ps_kube_watch_options {
    const struct ps_kube_resource *resource;
    struct ps_str namespace; /* empty: all */
    struct ps_str label_selector;
    struct ps_str field_selector;
    unsigned limit; /* objects in a page of the list; 0: 100 */

    void (*on_sync)(void *arg, enum ps_kube_sync sync);
    /* The object has kind and apiVersion after a change, but not always in a list. */
    void (*on_object)(void *arg, enum ps_kube_change change, const struct ps_json *object);
    /*
     * For the log and metrics: something failed ("watch pods in namespace 'kafka': 403 …"); the
     * watch goes on by itself, after a pause. May be NULL.
     */
    void (*on_trouble)(void *arg, const struct ps_error *error);
    void *arg;
};

/* Starts a watch (owned by kube). Fails if options make no sense or there is no memory. */
struct ps_status ps_kube_watch_start(struct ps_kube *kube,
                                     const struct ps_kube_watch_options *options,
                                     struct ps_kube_watch **ret_watch,
                                     struct ps_error *err) PS_MUST_USE;

/* Ends it (NULL: nothing happens); no more callbacks, and watch is not to be used any more. */
void ps_kube_watch_stop(struct ps_kube_watch *watch);

/* True from the first END on, but not while it lists again. */
bool ps_kube_watch_synced(const struct ps_kube_watch *watch);

/* True while the list is answered 403: the account lacks a right. */
bool ps_kube_watch_forbidden(const struct ps_kube_watch *watch);

/* When bytes of the server last came, on the client's clock: how old the knowledge may be. */
uint64_t ps_kube_watch_heard_ms(const struct ps_kube_watch *watch);

/*
 * Lists again at the next turn, as when the caller doubts what it knows, or knows that the server
 * answers again: a pause after a failure ends.
 */
void ps_kube_watch_relist(struct ps_kube_watch *watch);
