/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether exposures fit the StatefulSet that they are of: its name, its ordinals, its pods. What is
 * said here only shows in annotations and object together.
 *
 * A message is a whole sentence that begins with the annotation in question.
 */
#pragma once

#include "portside/exposure.h"

struct ps_fit {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    const struct ps_exposures *exposures;
    struct ps_str statefulset;
    struct ps_str namespace_name;
    uint64_t start; /* spec.ordinals.start */
    uint64_t replicas;
    const struct ps_json *metadata; /* of the pod template */
    const struct ps_json *spec;
};

/* Why the exposures cannot be those of this StatefulSet; empty if they can. */
struct ps_str ps_fit_set(const struct ps_fit *fit);

/*
 * Why one broker cannot have its endpoints: a node port, advertised port or host that is none, or a
 * Service whose name is none. Empty if it can.
 */
struct ps_str ps_fit_broker(const struct ps_fit *fit, const struct ps_template_facts *facts);
