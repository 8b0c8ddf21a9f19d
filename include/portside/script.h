/* SPDX-License-Identifier: Apache-2.0 */
/* The scripts of src/core/scripts, embedded without their comments; NUL-terminated. */
#pragma once

extern const char ps_script_address[];
extern const char ps_script_hook[];
