/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Further variables of the broker container, from portside.dev/env. What the container states
 * itself stays: then ours is not added.
 */
#pragma once

#include "portside/broker.h"
#include "portside/exposure.h"

/* The line of portside.dev/env for a variable; NULL if there is none. */
const struct ps_exposure_pair *ps_env_extra_find(const struct ps_exposures *exposures,
                                                 struct ps_str variable);

/*
 * Sets broker->container and broker->env to the container as it will be: the variables that it does
 * not state itself stand in front of its env, with templates as they are written;
 * broker->extra_count says how many. broker->original keeps the container as it is.
 */
void ps_env_extra_apply(struct ps_arena *arena, const struct ps_exposures *exposures,
                        struct ps_broker *broker);

/* The variable that becomes broker.rack, in the naming of the broker's family. */
struct ps_str ps_env_rack_variable(const struct ps_broker *broker);

/*
 * The variable by which the broker's author sets its rack, in the container or in portside.dev/env;
 * empty if none does. added: names of variables that are portside's own, a list or NULL.
 */
struct ps_str ps_env_stated_rack(const struct ps_exposures *exposures,
                                 const struct ps_broker *broker, const struct ps_json *added);

/* True if list has that text. */
bool ps_env_names(const struct ps_json *list, struct ps_str variable);

/*
 * True if portside.dev/env names a setting of the listeners with a value that differs from broker
 * to broker, or one of the three that are completed: then the variables that can be seen do not
 * tell what the broker reads.
 */
bool ps_env_extra_hides_listeners(const struct ps_exposures *exposures);
