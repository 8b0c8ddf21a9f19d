/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decision: whether and how the broker of a pod (or of a StatefulSet's template) gets its external
 * listeners. The StatefulSet's answer and the pod's patch both rest on it.
 */
#pragma once

#include "portside/broker.h"
#include "portside/exposure.h"
#include "portside/listener.h"
#include "portside/verdict.h"

/* The three listener variables of an env-driven image. */
enum ps_listener_variable {
    PS_VARIABLE_LISTENERS = 0,
    PS_VARIABLE_ADVERTISED,
    PS_VARIABLE_MAP,
    PS_VARIABLE_COUNT,
};

struct ps_injection {
    enum ps_verdict verdict; /* INJECT, LEAVE or SKIP */
    enum ps_reason reason;
    struct ps_str message; /* why, and which annotation would settle it; empty for INJECT */
    size_t culprit;        /* the exposure that the reason is about; 0 if it is not about one */
    struct ps_broker broker;
    enum ps_delivery delivery; /* ENV or HOOK if the verdict is INJECT */
    /* env delivery: indexes into the original container's env, and the values that belong there */
    size_t index[PS_VARIABLE_COUNT];
    struct ps_listener_plan plan;
    bool env_read; /* the container's variables decide the listeners, as far as can be seen */
};

/*
 * Decides from the metadata (labels, owners) and spec of a pod or template.
 */
void ps_inject_decide(struct ps_arena *arena, const struct ps_json *metadata,
                      const struct ps_json *spec, const struct ps_exposures *exposures,
                      struct ps_injection *ret_injection);

/* What the broker advertises for an exposure under env delivery: "$(…_HOST):$(…_PORT)". */
struct ps_str ps_inject_endpoint(struct ps_arena *arena, const struct ps_exposure *exposure);
