/* SPDX-License-Identifier: Apache-2.0 */
/* The scripts of src/core/scripts, embedded without their comments; NUL-terminated. */
#pragma once

#include "portside/str.h"

extern const char ps_script_address[];
extern const char ps_script_hook[];

/* The same as JSON strings, quotes included, with "$(" and "$$" escaped for kubelet. */
extern const struct ps_str ps_script_address_json;
extern const struct ps_str ps_script_hook_json;
