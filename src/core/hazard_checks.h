/* SPDX-License-Identifier: Apache-2.0 */
/* The checks, by the file they stand in. Each one reports what it finds and decides nothing. */
#pragma once

#include "hazard_view.h"

/* hazard_env.c: values that will not become what they look like */
void ps_hazard_reference_order(struct ps_hazard_view *view);
void ps_hazard_reference_undefined(struct ps_hazard_view *view);
void ps_hazard_reference_hostname(struct ps_hazard_view *view);
void ps_hazard_shell_syntax(struct ps_hazard_view *view);
void ps_hazard_shell_syntax_id(struct ps_hazard_view *view);
void ps_hazard_line_break(struct ps_hazard_view *view);
void ps_hazard_backslash(struct ps_hazard_view *view);
void ps_hazard_malformed(struct ps_hazard_view *view);

/* hazard_listeners.c */
void ps_hazard_localhost(struct ps_hazard_view *view);
void ps_hazard_any_address(struct ps_hazard_view *view);
void ps_hazard_static_host(struct ps_hazard_view *view);
void ps_hazard_no_protocol(struct ps_hazard_view *view);
void ps_hazard_port_twice(struct ps_hazard_view *view);
void ps_hazard_controller_advertised(struct ps_hazard_view *view);
void ps_hazard_not_advertised(struct ps_hazard_view *view);
void ps_hazard_certificate(struct ps_hazard_view *view);

/* hazard_identity.c: ids, storage, modes */
void ps_hazard_id_field(struct ps_hazard_view *view);
void ps_hazard_id_absent_metadata(struct ps_hazard_view *view);
void ps_hazard_id_same(struct ps_hazard_view *view);
void ps_hazard_id_not_ordinal(struct ps_hazard_view *view);
void ps_hazard_id_computed(struct ps_hazard_view *view);
void ps_hazard_cluster_id(struct ps_hazard_view *view);
void ps_hazard_offsets_default(struct ps_hazard_view *view);
void ps_hazard_floating_tag(struct ps_hazard_view *view);
void ps_hazard_kraft_image(struct ps_hazard_view *view);

/* hazard_pod.c: the pod around the broker */
void ps_hazard_service_links(struct ps_hazard_view *view);
void ps_hazard_config_mount(struct ps_hazard_view *view);
void ps_hazard_same_node(struct ps_hazard_view *view);
void ps_hazard_mesh(struct ps_hazard_view *view);
void ps_hazard_mesh_ambient(struct ps_hazard_view *view);
