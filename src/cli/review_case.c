/* SPDX-License-Identifier: Apache-2.0 */
/* A golden case against what happens now: decision, patch, object, once more, and twice. */
#include "portside/jw.h"
#include "portside/patch.h"
#include "review_expected.h"

struct check {
    const struct ps_session *session;
    struct ps_arena *arena;
    const char *folder;
    const struct ps_policy *policy;
    struct ps_str request;
    const struct ps_admission *admission;
    const struct ps_reply *reply;
    const struct ps_json *object; /* after the patch; NULL without one */
    struct ps_differences *differences;
};

static void differ(const struct check *check, const char *title, struct ps_str text)
{
    struct ps_differences *differences = check->differences;
    if (differences->count < PS_DIFFERENCES_MAX) {
        differences->list[differences->count++] = (struct ps_difference){title, text};
    }
}

/* Content of a file of the case, the empty view if there is none. */
static struct ps_status read_expected(const struct check *check, const char *name,
                                      struct ps_str *ret_text, struct ps_error *err)
{
    if (!ps_inputs_has(check->folder, name)) {
        *ret_text = PS_STR("");
        return ps_success();
    }
    const char *path = ps_path_join(check->arena, check->folder, name);
    struct ps_json *parsed = NULL;
    PS_TRY(ps_cli_read(check->arena, path, ret_text, err));
    if (!ps_ok(ps_json_parse(check->arena, *ret_text, &parsed, err))) {
        return ps_wrap(err, "'%s'", path);
    }
    return ps_success();
}

/* True if one is there and the other is not, which is reported then. */
static bool only_one(const struct check *check, const char *name, bool expected, bool actual)
{
    if (expected == actual) {
        return false;
    }
    const char *cure = actual ? "is missing: write it with PORTSIDE_GOLDEN_UPDATE=1 and --update"
                              : "is there, but nothing is changed";
    differ(check, ps_arena_printf(check->arena, "%s %s", name, cure).ptr, PS_STR(""));
    return true;
}

static struct ps_status compare_text(const struct check *check, const char *name,
                                     struct ps_str actual, size_t depth, struct ps_error *err)
{
    struct ps_str expected;
    PS_TRY(read_expected(check, name, &expected, err));
    if (only_one(check, name, expected.len > 0, actual.len > 0) || actual.len == 0) {
        return ps_success();
    }
    struct ps_str diff =
        ps_textdiff(check->arena, ps_pretty(check->arena, expected, depth), actual);
    if (diff.len > 0) {
        differ(check, ps_arena_printf(check->arena, "%s differs", name).ptr, diff);
    }
    return ps_success();
}

static struct ps_status compare_object(const struct check *check, struct ps_error *err)
{
    struct ps_arena *arena = check->arena;
    struct ps_str text;
    PS_TRY(read_expected(check, PS_CASE_OBJECT, &text, err));
    if (only_one(check, PS_CASE_OBJECT, text.len > 0, check->object != NULL) || text.len == 0) {
        return ps_success();
    }
    struct ps_json *expected = NULL;
    PS_TRY(ps_json_parse(arena, ps_scripts_restore(arena, text), &expected, err));
    if (!ps_json_equal(expected, check->object)) {
        differ(check, PS_CASE_OBJECT " differs",
               ps_textdiff(arena, ps_pretty(arena, text, SIZE_MAX),
                           ps_expected_object(arena, check->object)));
    }
    return ps_success();
}

static void compare_again(const struct check *check)
{
    struct ps_admission again;
    ps_session_decide(check->session, check->policy, check->request, &again);
    if (!ps_str_equal(again.body, check->admission->body)) {
        differ(check, "not deterministic: a second run answers other bytes",
               ps_textdiff(check->arena, check->admission->body, again.body));
    }
}

/* The same review with the patched object; empty if it holds a number that cannot be written. */
static struct ps_str review_of_result(const struct check *check)
{
    struct ps_json *root = NULL;
    struct ps_buf buf;
    struct ps_jw jw;
    if (!ps_ok(ps_json_parse(check->arena, check->request, &root, NULL)) || !ps_jw_can_copy(root) ||
        !ps_jw_can_copy(check->object)) {
        return PS_STR("");
    }
    struct ps_json *request = ps_json_mutable_get(root, PS_STR("request"));
    ps_json_object_set(check->arena, request, PS_STR("object"),
                       ps_json_copy(check->arena, check->object));
    ps_buf_init(&buf, check->arena, check->request.len * 2);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, root);
    return ps_buf_view(&buf);
}

/* As the API server does when it calls a webhook again after a later one has changed the object. */
static void compare_once_more(const struct check *check)
{
    struct ps_str text = check->object != NULL ? review_of_result(check) : PS_STR("");
    if (text.len == 0) {
        return;
    }
    struct ps_admission again;
    ps_session_decide(check->session, check->policy, text, &again);
    if (again.http_status != 200 || again.patch.len > 0) {
        differ(check, "not idempotent: the result is changed again",
               ps_textdiff(check->arena, PS_STR(""), ps_expected_patch(check->arena, again.patch)));
    }
}

static struct ps_status write_expected(const struct check *check, struct ps_error *err)
{
    const struct {
        const char *name;
        struct ps_str text;
    } files[] = {
        {PS_CASE_DECISION, ps_expected_decision(check->arena, check->admission, check->reply)},
        {PS_CASE_PATCH, ps_expected_patch(check->arena, check->admission->patch)},
        {PS_CASE_OBJECT,
         check->object == NULL ? PS_STR("") : ps_expected_object(check->arena, check->object)},
    };
    /* An object that holds a number beyond 2^53 is left to tests/golden/run. */
    bool beyond = check->object != NULL && files[2].text.len == 0;
    for (size_t i = 0; i < PS_COUNT(files) - beyond; i++) {
        const char *path = ps_path_join(check->arena, check->folder, files[i].name);
        PS_TRY(ps_expected_write(path, files[i].text, err));
    }
    return ps_success();
}

static struct ps_status compare(const struct check *check, struct ps_error *err)
{
    struct ps_arena *arena = check->arena;
    struct ps_str decision = ps_expected_decision(arena, check->admission, check->reply);
    struct ps_str patch = ps_expected_patch(arena, check->admission->patch);
    PS_TRY(compare_text(check, PS_CASE_DECISION, decision, SIZE_MAX, err));
    PS_TRY(compare_text(check, PS_CASE_PATCH, patch, 1, err));
    PS_TRY(compare_object(check, err));
    compare_again(check);
    compare_once_more(check);
    return ps_success();
}

struct ps_status ps_case_check(const struct ps_session *session, const char *folder,
                               const struct ps_policy *policy, struct ps_str request,
                               const struct ps_admission *admission, const struct ps_reply *reply,
                               struct ps_differences *ret_differences, struct ps_error *err)
{
    struct ps_differences differences = {0};
    struct check check = {
        .session = session,
        .arena = session->arena,
        .folder = folder,
        .policy = policy,
        .request = request,
        .admission = admission,
        .reply = reply,
        .differences = &differences,
    };
    if (reply->patch != NULL) {
        struct ps_error cause;
        if (!ps_ok(
                ps_patched_object(session->arena, request, reply->patch, &check.object, &cause))) {
            differ(&check, "the patch does not apply",
                   ps_arena_printf(session->arena, "+ %s\n", cause.message));
        }
    }
    if (session->update) {
        PS_TRY(write_expected(&check, err));
    }
    PS_TRY(compare(&check, err));
    *ret_differences = differences;
    return ps_success();
}
