/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts and their reasons. The names are part of the interface: they stand in logs, metrics and
 * audit annotations, so a reason is never renamed.
 */
#pragma once

#include "portside/str.h"

enum ps_verdict {
    PS_VERDICT_NONE = 0,  /* nothing was decided: the request could not be read */
    PS_VERDICT_INJECT,    /* patched */
    PS_VERDICT_UNCHANGED, /* already as it should be */
    PS_VERDICT_LEAVE,     /* a broker that we do not dare to touch; a warning says why */
    PS_VERDICT_SKIP,      /* not a broker of ours */
    PS_VERDICT_DENY,      /* StatefulSets only */
};

/* X-macro: enumerator, name, and whose fault or what kind it is, in words. */
#define PS_REASONS(X)                                                                              \
    X(NONE, "", "")                                                                                \
    /* skip */                                                                                     \
    X(NOT_KAFKA, "not-kafka", "no container of it is a Kafka broker")                              \
    X(CONTROLLER_ONLY, "controller-only", "a KRaft controller has no client listener")             \
    X(OPERATOR_OWNED, "operator-owned", "an operator owns it and makes its listeners")             \
    X(OPTED_OUT, "opted-out", "portside.dev/inject is \"false\"")                                  \
    X(MIRROR_POD, "mirror-pod", "a static pod's image in the API cannot be changed")               \
    X(NO_ORDINAL, "no-ordinal", "the pod is not named after its StatefulSet and an ordinal")       \
    X(WINDOWS, "windows", "the pod runs on Windows")                                               \
    X(NOT_STATEFULSET, "not-statefulset", "no StatefulSet owns the pod")                           \
    X(OPERATION, "operation", "nothing is injected on this operation")                             \
    X(KIND, "kind", "neither a Pod nor a StatefulSet")                                             \
    X(UPDATE_ONLY_METADATA, "no-template-change",                                                  \
      "the update leaves spec.template alone, and portside never starts a rollout")                \
    /* leave */                                                                                    \
    X(UNKNOWN_IMAGE, "unknown-image", "how this image takes its configuration is not known")       \
    X(NATIVE_IMAGE, "native-image", "the native image has no start script")                        \
    X(JAVA_DIRECT, "java-direct", "the command runs java itself, without a start script")          \
    X(CLEAN_ENV, "clean-environment", "the command drops the environment before the start")        \
    X(INCOMPLETE_ENV, "incomplete-env",                                                            \
      "the image drops its defaults once a KAFKA_ variable is set")                                \
    X(USER_PORTSIDE_ENV, "portside-env", "the container has PORTSIDE_ variables of its own")       \
    X(BAD_ANNOTATION, "bad-annotation", "a portside.dev annotation of the pod is invalid")         \
    X(PORT_TAKEN, "port-taken", "another listener has the port")                                   \
    X(NAME_TAKEN, "name-taken", "the listener of that name must not be adopted")                   \
    X(NAME_IN_USE, "object-in-use", "the pod has a volume, mount or container of our name")        \
    X(LISTENERS, "listeners", "the listener settings cannot be completed safely")                  \
    X(MALFORMED, "malformed", "a field of the object has a wrong type")                            \
    X(AMBIGUOUS, "ambiguous", "several containers look like the broker")                           \
    X(NO_CONTAINER, "no-container", "the container named by portside.dev/container is not there")  \
    X(POLICY, "policy", "the policy of this installation forbids it")                              \
    /* deny */                                                                                     \
    X(INVALID_ANNOTATION, "invalid-annotation", "a portside.dev annotation is invalid")            \
    X(UNSUPPORTED_ANNOTATION, "unsupported-annotation",                                            \
      "a portside.dev annotation is not supported by this version yet")                            \
    /* none: the request itself */                                                                 \
    X(BAD_REQUEST, "bad-request", "the AdmissionReview cannot be read")                            \
    X(TOO_LARGE, "too-large", "the AdmissionReview needs too much memory")                         \
    X(INTERNAL, "internal", "portside broke a promise of its own")

enum ps_reason {
#define PS_REASON_ENUM(id, name, text) PS_REASON_##id,
    PS_REASONS(PS_REASON_ENUM)
#undef PS_REASON_ENUM
    PS_REASON_COUNT,
};

const char *ps_verdict_name(enum ps_verdict verdict);
const char *ps_reason_name(enum ps_reason reason);
/* What the reason means, as the middle of a sentence. */
const char *ps_reason_text(enum ps_reason reason);
