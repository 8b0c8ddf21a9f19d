/* SPDX-License-Identifier: Apache-2.0 */
#include "admit_rows.h"

#include <check.h>

struct ps_admission ps_admit_under(const struct ps_admit_row *row, struct ps_arena *arena,
                                   struct ps_str request)
{
    struct ps_config config;
    struct ps_admission admission;
    ps_config_init(&config);
    config.policy.plaintext = row->plaintext;
    ps_admit(&config.policy, arena, request, &admission);
    return admission;
}

/* wanted may be NULL; '!' in front means that the rest must not occur. */
void ps_check_text(const char *row, const char *where, struct ps_str text, const char *wanted)
{
    if (wanted == NULL) {
        return;
    }
    bool negated = wanted[0] == '!';
    bool found = ps_str_contains(text, wanted + (negated ? 1 : 0));
    ck_assert_msg(found != negated, "%s: %s: '%.*s' against '%s'", row, where, PS_FMT(text),
                  wanted);
}

static void check_warnings(const struct ps_admit_row *row, const struct ps_admission *admission)
{
    if (row->in_warnings == NULL) {
        return;
    }
    bool negated = row->in_warnings[0] == '!';
    const char *wanted = row->in_warnings + (negated ? 1 : 0);
    bool found = false;
    for (size_t i = 0; i < admission->warning_count; i++) {
        found = found || ps_str_contains(admission->warnings[i], wanted);
    }
    ck_assert_msg(found != negated, "%s: warnings against '%s'", row->name, row->in_warnings);
}

void ps_check_row(const struct ps_admit_row *row)
{
    struct ps_arena *arena = ps_arena_new(ARENA_BYTES);
    struct ps_arena *again = ps_arena_new(ARENA_BYTES);
    struct ps_admission admission = ps_admit_under(row, arena, ps_str_of(row->request));
    struct ps_admission second = ps_admit_under(row, again, ps_str_of(row->request));
    ck_assert_msg(admission.http_status == 200, "%s: %d %.*s", row->name, admission.http_status,
                  PS_FMT(admission.body));
    ck_assert_msg(admission.verdict == row->verdict && admission.reason == row->reason, "%s: %s/%s",
                  row->name, ps_verdict_name(admission.verdict), ps_reason_name(admission.reason));
    ps_check_text(row->name, "patch", admission.patch, row->in_patch);
    ps_check_text(row->name, "answer", admission.body, row->in_body);
    check_warnings(row, &admission);
    ck_assert_msg(ps_str_equal(admission.body, second.body), "%s: not the same bytes", row->name);
    ps_arena_free(arena);
    ps_arena_free(again);
}
