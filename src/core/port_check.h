/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the pod's network namespace that something else has, as far as the object says. */
#pragma once

#include "portside/inject.h"

/*
 * True if the port of a listener that would be added is declared by another container, or by the
 * broker's own for something else; *ret_message says by whom, injection->culprit whose it is.
 */
bool ps_port_is_declared(struct ps_arena *arena, const struct ps_json *spec,
                         const struct ps_exposures *exposures, struct ps_injection *injection,
                         struct ps_str *ret_message);
