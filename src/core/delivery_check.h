/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations that do not go together with the delivery, or with what the container says. */
#pragma once

#include "portside/inject.h"

/*
 * What is wrong, with the cure; empty if nothing is:
 * - a variable of portside.dev/env that the container sets itself: its own stays, so the annotation
 *   would say something that is not so;
 * - on-missing: start with env delivery: there is no broker that starts unchanged, it would
 *   advertise an empty address. What the installation states is for brokers with the hook.
 */
struct ps_str ps_delivery_problem(struct ps_arena *arena, const struct ps_exposures *exposures,
                                  const struct ps_injection *injection);

/* The first annotation that asks for on-missing: start where the delivery is env, or empty. */
struct ps_str ps_delivery_refused_start(struct ps_arena *arena,
                                        const struct ps_exposures *exposures,
                                        const struct ps_injection *injection);
