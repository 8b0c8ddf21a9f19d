/* SPDX-License-Identifier: Apache-2.0 */
/* One review for a person, and one for a program. */
#include "cmd_review.h"
#include "portside/jw.h"

static void put_label(const struct ps_term *out, const char *label)
{
    ps_term_printf(out, PS_STYLE_DIM, "  %-9s ", label);
}

static void show_subject(const struct ps_term *out, const struct ps_admission *found)
{
    if (found->kind.len == 0) {
        return;
    }
    put_label(out, "object");
    ps_term_text(out, PS_STYLE_PLAIN, found->operation);
    ps_term_printf(out, PS_STYLE_PLAIN, " ");
    ps_term_text(out, PS_STYLE_PLAIN, found->kind);
    ps_term_printf(out, PS_STYLE_PLAIN, " ");
    ps_term_text(out, PS_STYLE_PLAIN, found->namespace_name);
    ps_term_printf(out, PS_STYLE_PLAIN, "/");
    ps_term_text(out, PS_STYLE_PLAIN, found->name);
    ps_term_printf(out, PS_STYLE_PLAIN, "%s\n", found->dry_run ? " (dry run)" : "");
}

static enum ps_style verdict_style(enum ps_verdict verdict)
{
    switch (verdict) {
    case PS_VERDICT_INJECT:
    case PS_VERDICT_UNCHANGED:
        return PS_STYLE_GREEN;
    case PS_VERDICT_LEAVE:
        return PS_STYLE_YELLOW;
    case PS_VERDICT_DENY:
        return PS_STYLE_RED;
    case PS_VERDICT_NONE:
    case PS_VERDICT_SKIP:
        return PS_STYLE_PLAIN;
    }
    return PS_STYLE_PLAIN;
}

static void show_verdict(const struct ps_term *out, const struct ps_admission *found)
{
    put_label(out, "verdict");
    ps_term_printf(out, verdict_style(found->verdict), "%s", ps_verdict_name(found->verdict));
    if (found->delivery.len > 0) {
        ps_term_printf(out, PS_STYLE_PLAIN, ", delivery %.*s", PS_FMT(found->delivery));
    }
    if (found->family.len > 0) {
        ps_term_printf(out, PS_STYLE_PLAIN, ", family %.*s", PS_FMT(found->family));
    }
    ps_term_printf(out, PS_STYLE_PLAIN, "\n");
    if (found->reason == PS_REASON_NONE) {
        return;
    }
    put_label(out, "reason");
    ps_term_printf(out, PS_STYLE_PLAIN, "%s: ", ps_reason_name(found->reason));
    ps_term_text(out, PS_STYLE_PLAIN, ps_str_trim(found->reason_text));
    ps_term_printf(out, PS_STYLE_PLAIN, "\n");
}

/* As kubectl prints them. */
static void show_warnings(const struct ps_term *out, const struct ps_admission *found)
{
    for (size_t i = 0; i < found->warning_count; i++) {
        ps_term_printf(out, PS_STYLE_YELLOW, "  Warning: ");
        ps_term_text(out, PS_STYLE_PLAIN, found->warnings[i]);
        ps_term_printf(out, PS_STYLE_PLAIN, "\n");
    }
}

static void show_patch(const struct ps_session *session, struct ps_str request,
                       const struct ps_reply *reply)
{
    struct ps_json *root = NULL;
    put_label(&session->cli->out, "changes");
    if (reply->patch == NULL || !ps_ok(ps_json_parse(session->arena, request, &root, NULL))) {
        ps_term_printf(&session->cli->out, PS_STYLE_PLAIN, "none\n");
        return;
    }
    ps_term_printf(&session->cli->out, PS_STYLE_PLAIN, "%zu\n", ps_json_count(reply->patch));
    ps_show_changes(session, ps_json_get2(root, "request", "object"), reply->patch);
}

void ps_show_review(const struct ps_session *session, const char *label, struct ps_str request,
                    const struct ps_admission *admission, const struct ps_reply *reply)
{
    const struct ps_term *out = &session->cli->out;
    ps_term_text(out, PS_STYLE_BOLD, ps_str_of(label));
    ps_term_printf(out, PS_STYLE_PLAIN, "\n");
    show_subject(out, admission);
    show_verdict(out, admission);
    if (!reply->allowed && reply->message.len > 0) {
        put_label(out, admission->http_status == 200 ? "denied" : "refused");
        ps_term_text(out, PS_STYLE_RED, reply->message);
        ps_term_printf(out, PS_STYLE_PLAIN, "\n");
    }
    show_warnings(out, admission);
    show_patch(session, request, reply);
}

static void put_decision(struct ps_jw *jw, const struct ps_admission *found)
{
    ps_jw_member_int(jw, "http", found->http_status);
    ps_jw_member(jw, "verdict", ps_str_of(ps_verdict_name(found->verdict)));
    ps_jw_member(jw, "reason", ps_str_of(ps_reason_name(found->reason)));
    ps_jw_member(jw, "reasonText", ps_str_trim(found->reason_text));
    ps_jw_member(jw, "family", found->family);
    ps_jw_member(jw, "delivery", found->delivery);
    ps_jw_member(jw, "uid", found->uid);
    ps_jw_member(jw, "operation", found->operation);
    ps_jw_member(jw, "kind", found->kind);
    ps_jw_member(jw, "namespace", found->namespace_name);
    ps_jw_member(jw, "name", found->name);
    ps_jw_member_bool(jw, "dryRun", found->dry_run);
    ps_jw_key(jw, "warnings");
    ps_jw_array(jw);
    for (size_t i = 0; i < found->warning_count; i++) {
        ps_jw_str(jw, found->warnings[i]);
    }
    ps_jw_array_end(jw);
}

static void put_differences(struct ps_jw *jw, const struct ps_differences *differences)
{
    ps_jw_member_bool(jw, "passed", differences->count == 0);
    ps_jw_key(jw, "differences");
    ps_jw_array(jw);
    for (size_t i = 0; i < differences->count; i++) {
        ps_jw_object(jw);
        ps_jw_member(jw, "title", ps_str_of(differences->list[i].title));
        ps_jw_member(jw, "diff", differences->list[i].text);
        ps_jw_object_end(jw);
    }
    ps_jw_array_end(jw);
}

/* The answer to a bad request is text; that to a review is JSON and stays as it is. */
static void put_response(struct ps_jw *jw, const struct ps_admission *found,
                         const struct ps_reply *reply)
{
    ps_jw_key(jw, "response");
    if (reply->root != NULL) {
        ps_jw_raw(jw, found->body);
    } else {
        ps_jw_str(jw, found->body);
    }
    ps_jw_key(jw, "patch");
    if (found->patch.len > 0) {
        ps_jw_raw(jw, found->patch);
    } else {
        ps_jw_null(jw);
    }
}

void ps_show_json(const struct ps_session *session, const char *label,
                  const struct ps_admission *admission, const struct ps_reply *reply,
                  const struct ps_differences *differences)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, session->arena, admission->body.len * 2 + 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "file", ps_str_of(label));
    if (differences != NULL) {
        put_differences(&jw, differences);
    }
    put_decision(&jw, admission);
    put_response(&jw, admission, reply);
    ps_jw_object_end(&jw);
    (void)fwrite(buf.ptr, 1, buf.len, session->cli->out.file); /* main() checks the stream */
    ps_term_printf(&session->cli->out, PS_STYLE_PLAIN, "\n");
}
