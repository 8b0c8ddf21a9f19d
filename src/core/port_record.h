/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of chosen node ports: a ConfigMap without owner, so that it outlives the StatefulSet
 * and a Service that is made again keeps its port. Key: name of the Service; value: the port.
 */
#pragma once

#include "portside/service.h"

/* The port recorded or advertised of the Service called name; 0: none is, or it was refused. */
uint32_t ps_port_record_find(const struct ps_service_input *input, struct ps_str name);

/* What to do about the record: it takes over the ports that Services of ours have now. */
struct ps_action ps_port_record_plan(struct ps_arena *arena, const struct ps_service_input *input);
