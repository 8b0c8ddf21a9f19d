/* SPDX-License-Identifier: Apache-2.0 */
/* What a request looks like on the wire and in words. */
#pragma once

#include "portside/arena.h"
#include "portside/kube.h"

/* Objects in a page of a list, if nothing else is asked for. */
#define PS_KUBE_PAGE_OBJECTS 100U

/* One row of the table of verbs. */
struct ps_kube_verb_info {
    const char *method;
    const char *word;         /* the RBAC verb, for messages */
    const char *content_type; /* NULL: no body */
    bool named;               /* concerns one object by its name */
    bool writes;
};

/* NULL if verb is none. */
const struct ps_kube_verb_info *ps_kube_verb_info(enum ps_kube_verb verb);

/* The request without limit and continue; fails if it makes no sense. */
struct ps_status ps_kube_check(const struct ps_kube_request *request,
                               struct ps_error *err) PS_MUST_USE;

/* "/apis/apps/v1/namespaces/kafka/statefulsets/web?fieldManager=…"; inside ps_arena_run(). */
struct ps_str ps_kube_path(struct ps_arena *arena, const struct ps_kube_request *request,
                           struct ps_str continue_token);

/* The path of a watch of what request lists, from version on. */
struct ps_str ps_kube_watch_path(struct ps_arena *arena, const struct ps_kube_request *request,
                                 struct ps_str version, unsigned timeout_s);

/* "patch pods 'kafka-0' in namespace 'kafka'". */
struct ps_str ps_kube_words(struct ps_arena *arena, const struct ps_kube_request *request,
                            const char *word);

/* The body: the request's own, or DeleteOptions. */
struct ps_str ps_kube_body(struct ps_arena *arena, const struct ps_kube_request *request);
