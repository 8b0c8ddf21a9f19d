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

struct ps_broker {
    size_t index;                    /* in spec.containers */
    const struct ps_json *container; /* with the variables of portside.dev/env in front of env */
    const struct ps_json *original;  /* the container as it stands in the object */
    size_t extra_count;              /* entries of container's env that original does not have */
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

/* The last entry of that name in the container's env, as kubelet sees it; NULL if there is none. */
const struct ps_json *ps_env_find(const struct ps_json *container, const char *name);
/* True with the text if the variable is there and its value literal. */
bool ps_env_literal(const struct ps_json *container, const char *name, struct ps_str *ret_value);
/* How many entries have that name. */
size_t ps_env_count(const struct ps_json *container, const char *name);
