/* SPDX-License-Identifier: Apache-2.0 */
/* What a person should know when a StatefulSet will be injected: what will be where. */
#pragma once

#include "portside/config.h"
#include "portside/hazard.h"
#include "portside/inject.h"

/* spec is that of the pod template. */
void ps_announce(const struct ps_policy *policy, const struct ps_json *spec,
                 const struct ps_exposures *exposures, const struct ps_injection *injection,
                 struct ps_warnings *warnings);
