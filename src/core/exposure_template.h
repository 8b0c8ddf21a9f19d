/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of templates, private to the exposure parser. */
#pragma once

#include "portside/exposure.h"

enum ps_template_kind {
    PS_TEMPLATE_HOST = 0,
    PS_TEMPLATE_TEXT, /* anything, with all placeholders */
    PS_TEMPLATE_PORT, /* digits, {ordinal} and {ordinal + N} only */
};

/*
 * True if text keeps to the grammar of kind; else *ret_flaw says what is wrong and where, as the
 * end of a sentence that begins with the annotation.
 */
bool ps_template_check(struct ps_arena *arena, struct ps_str text, enum ps_template_kind kind,
                       struct ps_str *ret_flaw);

/* True if text has a placeholder; text must have been accepted. */
bool ps_template_varies(struct ps_str text);

/* True if text differs from broker to broker of one StatefulSet; text must have been accepted. */
bool ps_template_varies_by_broker(struct ps_str text);
