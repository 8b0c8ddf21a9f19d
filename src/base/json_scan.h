/* SPDX-License-Identifier: Apache-2.0 */
/* Strict syntax check of JSON text, before cJSON, which is lenient, sees it. */
#pragma once

#include "portside/error.h"
#include "portside/str.h"

/* Fails with PS_CODE_INPUT unless text is exactly one value by RFC 8259 and the rules of json.h. */
struct ps_status ps_json_scan(struct ps_str text, struct ps_error *err) PS_MUST_USE;
