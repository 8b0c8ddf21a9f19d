/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognition: which container of a pod is the Kafka broker, of what family, how it is started, and
 * whether the pod is ours to touch at all. Facts only; what follows from them is decided in pod.h.
 */
#pragma once

#include "portside/exposure.h"
#include "portside/family.h"
#include "portside/json.h"
#include "portside/verdict.h"

/* What a container's command and args do. */
enum ps_start {
    PS_START_IMAGE = 0, /* no command: the image's own entry point */
    PS_START_SHELL,     /* a shell with a script in the command or a file */
    PS_START_SCRIPT,    /* a start script of Kafka's or of the image's, without a shell before it */
    PS_START_OTHER,
};

/* Names and entries of a container's env, side by side: it is searched many times. */
struct ps_env {
    size_t count;
    struct ps_str *names;
    const struct ps_json **entries;
};

struct ps_broker {
    size_t index;                    /* in spec.containers */
    const struct ps_json *container; /* with the variables of portside.dev/env in front of env */
    const struct ps_json *original;  /* the container as it stands in the object */
    struct ps_env env;               /* of container */
    size_t extra_count;              /* its first entries, which original does not have */
    struct ps_str container_name;
    struct ps_image image;
    const struct ps_family *family;
    enum ps_start start;
    struct ps_str command; /* command and args, one word after the other with spaces between */
    bool java_direct;      /* the command runs java with Kafka's main class itself */
    bool clean_env;        /* the command drops the environment before the start */
};

/* The verdict is INJECT if there is a broker to look at; else SKIP or LEAVE, with the reason. */
struct ps_broker_search {
    enum ps_verdict verdict;
    enum ps_reason reason;
    struct ps_str detail; /* names what was found; may be empty */
    struct ps_broker broker;
};

/*
 * Looks at a pod, or at the template of a StatefulSet: its metadata (labels, annotations) and spec.
 * exposures says what the user overrules.
 */
void ps_broker_find(struct ps_arena *arena, const struct ps_json *metadata,
                    const struct ps_json *spec, const struct ps_exposures *exposures,
                    struct ps_broker_search *ret_search);

/* True if an operator made the object with this metadata, and so makes its listeners. */
bool ps_broker_is_operated(const struct ps_json *metadata);

/* Reads the env of a container; container may be NULL. */
void ps_env_read(struct ps_arena *arena, const struct ps_json *container, struct ps_env *ret_env);
/* The entries of broker->env that the container has itself. */
struct ps_env ps_env_stated(const struct ps_broker *broker);

/* The last entry of that name, as kubelet sees it; NULL if there is none. */
const struct ps_json *ps_env_find(const struct ps_env *env, struct ps_str name);
/* True with the text if the variable is there and its value literal. */
bool ps_env_literal(const struct ps_env *env, struct ps_str name, struct ps_str *ret_value);
