/* SPDX-License-Identifier: Apache-2.0 */
/* Broker properties as an env-driven image makes them of a container's variables. */
#pragma once

#include "portside/broker.h"
#include "portside/inject.h"
#include "portside/listener.h"

/*
 * Finds the entry of a property's variable, by its part behind the prefix ("LISTENERS"). Returns
 * how many entries could set it; *ret_index and *ret_entry are those of the one that counts.
 */
size_t ps_env_property(const struct ps_broker *broker, const char *name, size_t *ret_index,
                       const struct ps_json **ret_entry);

/* The settings that are visible; what comes by valueFrom counts as set to nothing readable. */
void ps_env_settings(const struct ps_broker *broker, struct ps_listener_settings *ret_settings);

/* True if a KAFKA_LISTENER_NAME_<listener>_… variable is there. */
bool ps_env_has_listener_settings(struct ps_arena *arena, const struct ps_broker *broker,
                                  struct ps_str listener);
