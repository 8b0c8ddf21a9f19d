/* SPDX-License-Identifier: Apache-2.0 */
/* ps_admit() and what its answer says. */
#include "cmd_review.h"
#include "portside/patch.h"

static struct ps_str copy(const struct ps_session *session, struct ps_str text)
{
    return ps_arena_copy(session->arena, text);
}

void ps_session_decide(const struct ps_session *session, const struct ps_policy *policy,
                       struct ps_str text, struct ps_admission *ret_admission)
{
    struct ps_admission found = {0};
    ps_arena_reset(session->admits);
    ps_admit(policy, session->admits, text, &found);
    struct ps_str *warnings =
        PS_ARENA_ARRAY(session->arena, struct ps_str, found.warning_count + 1);
    for (size_t i = 0; i < found.warning_count; i++) {
        warnings[i] = copy(session, found.warnings[i]);
    }
    struct ps_str *const views[] = {
        &found.content_type,   &found.body, &found.reason_text, &found.family,
        &found.delivery,       &found.uid,  &found.operation,   &found.kind,
        &found.namespace_name, &found.name, &found.patch,
    };
    for (size_t i = 0; i < PS_COUNT(views); i++) {
        *views[i] = copy(session, *views[i]);
    }
    found.warnings = warnings;
    *ret_admission = found;
}

struct ps_status ps_reply_read(struct ps_arena *arena, const struct ps_admission *admission,
                               struct ps_reply *ret_reply, struct ps_error *err)
{
    struct ps_reply reply = {0};
    if (admission->http_status != 200) {
        reply.message = ps_str_trim(admission->body);
        *ret_reply = reply;
        return ps_success();
    }
    struct ps_json *root = NULL;
    if (!ps_ok(ps_json_parse(arena, admission->body, &root, err))) {
        return ps_wrap(err, "the answer is no JSON");
    }
    const struct ps_json *response = ps_json_get(root, "response");
    reply.root = root;
    reply.allowed = ps_json_is_true(ps_json_get(response, "allowed"));
    reply.message = ps_json_get_text(ps_json_get(response, "status"), "message");
    reply.audit = ps_json_get(response, "auditAnnotations");
    if (admission->patch.len > 0) {
        struct ps_json *patch = NULL;
        if (!ps_ok(ps_json_parse(arena, admission->patch, &patch, err))) {
            return ps_wrap(err, "the patch is no JSON");
        }
        reply.patch = patch;
    }
    *ret_reply = reply;
    return ps_success();
}

struct ps_status ps_patched_object(struct ps_arena *arena, struct ps_str request,
                                   const struct ps_json *patch, const struct ps_json **ret_object,
                                   struct ps_error *err)
{
    struct ps_json *root = NULL;
    PS_TRY(ps_json_parse(arena, request, &root, err));
    const struct ps_json *object = ps_json_get2(root, "request", "object");
    if (object == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "the review has no object");
    }
    struct ps_json *patched = ps_json_copy(arena, object);
    if (patch != NULL) {
        PS_TRY(ps_patch_apply(arena, &patched, patch, err));
    }
    *ret_object = patched;
    return ps_success();
}
