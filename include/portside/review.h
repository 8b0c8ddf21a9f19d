/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdmissionReview codec: admission.k8s.io/v1, and v1beta1 for those who still send it.
 * Source: k8s.io/api/admission/v1/types.go; what the API server checks of an answer is in
 * k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go.
 */
#pragma once

#include "portside/arena.h"
#include "portside/error.h"
#include "portside/json.h"
#include "portside/str.h"

/* Qualified resources of more than these are unknown to us and allowed without a look. */
enum ps_kind {
    PS_KIND_OTHER = 0,
    PS_KIND_POD,         /* v1 Pod, resource pods, no subresource */
    PS_KIND_STATEFULSET, /* apps/v1 StatefulSet, resource statefulsets, no subresource */
};

enum ps_operation {
    PS_OPERATION_OTHER = 0, /* CONNECT, and what is not invented yet */
    PS_OPERATION_CREATE,
    PS_OPERATION_UPDATE,
    PS_OPERATION_DELETE,
};

struct ps_review {
    struct ps_str api_version; /* echoed */
    struct ps_str uid;         /* echoed byte for byte */
    enum ps_kind kind;
    enum ps_operation operation;
    struct ps_str kind_text;
    struct ps_str operation_text;
    struct ps_str namespace_name;
    struct ps_str name; /* the request's, else the object's; may be empty (generateName) */
    bool dry_run;
    /* For the in-process patch check: without what ps_review_decode() leaves out. */
    struct ps_json *root;
    const struct ps_json *object;     /* NULL if absent or null */
    const struct ps_json *old_object; /* NULL if absent or null */
};

/*
 * Reads a review. Fails with PS_CODE_INPUT (→ 400) if it is not JSON, not an AdmissionReview of a
 * known version, or has no request or no uid; the message says which and what was found.
 */
struct ps_status ps_review_decode(struct ps_arena *arena, struct ps_str text,
                                  struct ps_review *ret_review, struct ps_error *err) PS_MUST_USE;

struct ps_review_answer {
    bool allowed;
    int code;              /* HTTP-like, of a refusal */
    struct ps_str message; /* of a refusal */
    struct ps_str patch;   /* JSON text; empty: neither patch nor patchType is sent */
    size_t warning_count;
    const struct ps_str *warnings; /* control characters are replaced by spaces, cut to 256 */
    size_t audit_count;
    const struct ps_str (*audit)[2]; /* key without '/', value */
};

/* The answer as compact JSON, without the request. */
struct ps_str ps_review_encode(struct ps_arena *arena, const struct ps_review *review,
                               const struct ps_review_answer *answer);
