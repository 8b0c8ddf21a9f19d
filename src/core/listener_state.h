/* SPDX-License-Identifier: Apache-2.0 */
/* What Kafka makes of the settings before we touch them. */
#pragma once

#include "listener_parse.h"

struct ps_listener_state {
    struct ps_endpoints listeners;
    struct ps_endpoints advertised;
    struct ps_mappings map;
    struct ps_str controller_names;
    struct ps_str inter_broker; /* name of the inter-broker listener */
};

/*
 * Reads the settings as Kafka does. False with *ret_message filled if that is not possible, in
 * which case Kafka would refuse them too, or would only learn the values at run time.
 */
bool ps_listener_state_read(struct ps_arena *arena, const struct ps_listener_settings *settings,
                            struct ps_listener_state *ret_state, struct ps_str *ret_message);

/* True for a name in controller.listener.names. */
bool ps_listener_is_controller(const struct ps_listener_state *state, struct ps_str name);

/* How many listeners clients or brokers use: all that are not the controller's. */
size_t ps_listener_client_count(const struct ps_listener_state *state);
