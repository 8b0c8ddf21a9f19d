/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "portside/log.h"
#include "portside/verdict.h"

/* A review that cannot be read deserves a look; a fault of our own deserves more. */
static enum ps_log_level level_of(int http_status)
{
    if (http_status >= 500) {
        return PS_LOG_LEVEL_ERROR;
    }
    return http_status >= 400 ? PS_LOG_LEVEL_WARN : PS_LOG_LEVEL_INFO;
}

static struct ps_str without_line_break(struct ps_str text)
{
    return ps_str_trim(text);
}

void ps_report_review(const struct ps_admission *admission, uint64_t nanoseconds)
{
    enum ps_log_level level = level_of(admission->http_status);
    if (!ps_log_enabled(level)) {
        return;
    }
    struct ps_str verdict = admission->verdict == PS_VERDICT_NONE
                                ? PS_STR("none")
                                : ps_str_of(ps_verdict_name(admission->verdict));
    struct ps_str problem =
        admission->http_status == 200 ? PS_STR("") : without_line_break(admission->body);
    bool refused = admission->verdict == PS_VERDICT_LEAVE || admission->verdict == PS_VERDICT_DENY;
    const struct ps_log_field fields[] = {
        PS_LOG_STR("uid", admission->uid),
        PS_LOG_STR("namespace", admission->namespace_name),
        PS_LOG_STR("name", admission->name),
        PS_LOG_STR("kind", admission->kind),
        PS_LOG_STR("operation", admission->operation),
        PS_LOG_STR("verdict", verdict),
        PS_LOG_STR("reason", ps_str_of(ps_reason_name(admission->reason))),
        PS_LOG_STR("why", refused ? admission->reason_text : PS_STR("")),
        PS_LOG_STR("family", admission->family),
        PS_LOG_STR("delivery", admission->delivery),
        PS_LOG_INT("patch_bytes", admission->patch.len),
        PS_LOG_INT("warnings", admission->warning_count),
        PS_LOG_BOOL("dry_run", admission->dry_run),
        PS_LOG_MS("duration_ms", nanoseconds),
        PS_LOG_INT("status", admission->http_status),
        PS_LOG_STR("problem", problem),
    };
    /* The last two only matter if something is wrong. */
    size_t count = PS_COUNT(fields) - (admission->http_status == 200 ? 2 : 0);
    ps_log(level, "review", fields, count);
}

void ps_report_refusal(const struct ps_header *header, const struct ps_answer *answer)
{
    PS_LOG(PS_LOG_LEVEL_INFO, "request refused", PS_LOG_INT("status", answer->http_status),
           PS_LOG_STR("method", ps_str_of(header->method)),
           PS_LOG_STR("path", ps_str_of(header->path)),
           PS_LOG_STR("reason", without_line_break(answer->body)));
}
