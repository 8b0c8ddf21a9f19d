/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics that every exporter of Prometheus shows of its own process. */
#pragma once

#include <stdint.h>
#include <stdio.h>

/* Writes them to out. start_ms is when the process began, in milliseconds since 1970. */
void ps_process_write(int64_t start_ms, FILE *out);
