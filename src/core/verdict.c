/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/verdict.h"

const char *ps_verdict_name(enum ps_verdict verdict)
{
    switch (verdict) {
    case PS_VERDICT_NONE:
        return "none";
    case PS_VERDICT_INJECT:
        return "inject";
    case PS_VERDICT_UNCHANGED:
        return "unchanged";
    case PS_VERDICT_LEAVE:
        return "leave";
    case PS_VERDICT_SKIP:
        return "skip";
    case PS_VERDICT_DENY:
        return "deny";
    }
    return "none";
}

static const struct {
    const char *name;
    const char *text;
} reasons[PS_REASON_COUNT] = {
#define PS_REASON_ROW(id, reason_name, reason_text) [PS_REASON_##id] = {reason_name, reason_text},
    PS_REASONS(PS_REASON_ROW)
#undef PS_REASON_ROW
};

const char *ps_reason_name(enum ps_reason reason)
{
    return reasons[reason].name;
}

const char *ps_reason_text(enum ps_reason reason)
{
    return reasons[reason].text;
}
