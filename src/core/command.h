/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's command and args do, as far as their text says. */
#pragma once

#include "portside/broker.h"

/* Command and args, one word after the other with spaces between, without comment lines. */
struct ps_str ps_command_text(struct ps_arena *arena, const struct ps_json *container);

enum ps_start ps_command_start(const struct ps_json *container, struct ps_str command);

/* True if a known start of a broker, or of another program, stands in the text. */
bool ps_command_starts_broker(struct ps_str command);
bool ps_command_starts_other(struct ps_str command);

/* True if java runs Kafka's main class without a start script. */
bool ps_command_runs_java(struct ps_str command);

/* True if the environment, and BASH_ENV with it, is dropped on the way. */
bool ps_command_drops_env(struct ps_str command);

/* True if the first program only waits, or is one of Kafka's tools. */
bool ps_command_is_idle(struct ps_str command);

/* Last component of a path. */
struct ps_str ps_path_base(struct ps_str path);
