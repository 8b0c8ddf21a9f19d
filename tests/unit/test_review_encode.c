/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "portside/review.h"
#include "support/runner.h"

/* The review that all answers here belong to. */
static struct ps_review question(struct ps_arena *arena)
{
    struct ps_review review;
    const char *text = "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
                       "\"request\":{\"uid\":\"u-1\"}}";
    ck_assert(ps_ok(ps_review_decode(arena, ps_str_of(text), &review, NULL)));
    return review;
}

/* Answers to the review with uid "u-1". */
static const struct answer_row {
    struct ps_review_answer answer;
    const char *response; /* what stands behind the uid */
} answers[] = {
    {{.allowed = true}, "\"allowed\":true"},
    {{.allowed = true, .code = 200, .message = PS_STR_INIT("not sent")}, "\"allowed\":true"},
    {{.allowed = true, .patch = PS_STR_INIT("[]")},
     "\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"W10=\""},
    {{.allowed = true, .patch = PS_STR_INIT("f")},
     "\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"Zg==\""},
    {{.allowed = true, .patch = PS_STR_INIT("foo")},
     "\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"Zm9v\""},
    {{.allowed = true, .patch = PS_STR_INIT("foobar\xFF\xFE\xFB\xEF")},
     "\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"Zm9vYmFy//777w==\""},
    {{.code = 422, .message = PS_STR_INIT("'x' is \"no\" port\n")},
     "\"allowed\":false,\"status\":{\"code\":422,\"message\":\"'x' is \\\"no\\\" port \","
     "\"reason\":\"Invalid\"}"},
    {{.code = 403, .message = PS_STR_INIT("m")},
     "\"allowed\":false,\"status\":{\"code\":403,\"message\":\"m\",\"reason\":\"Forbidden\"}"},
    {{.code = 400},
     "\"allowed\":false,\"status\":{\"code\":400,\"message\":\"\","
     "\"reason\":\"BadRequest\"}"},
    {{.code = 409, .message = PS_STR_INIT("m")},
     "\"allowed\":false,\"status\":{\"code\":409,\"message\":\"m\"}"},
    {{.allowed = true,
      .warning_count = 2,
      .warnings = (const struct ps_str[]){PS_STR_INIT("one"), PS_STR_INIT("t\two\x7f\xC2\x9Fx")}},
     "\"allowed\":true,\"warnings\":[\"one\",\"t wo  x\"]"},
    {{.allowed = true,
      .warning_count = 2,
      .warnings = (const struct ps_str[]){PS_STR_INIT("cut \xE2\x82"), PS_STR_INIT("\xFF!")}},
     "\"allowed\":true,\"warnings\":[\"cut \xEF\xBF\xBD\xEF\xBF\xBD\",\"\xEF\xBF\xBD!\"]"},
    {{.allowed = true,
      .audit_count = 2,
      .audit = (const struct ps_str[][2]){{PS_STR_INIT("verdict"), PS_STR_INIT("skip")},
                                          {PS_STR_INIT("a.b-c_D9"), PS_STR_INIT("x\ny")}}},
     "\"allowed\":true,\"auditAnnotations\":{\"verdict\":\"skip\",\"a.b-c_D9\":\"x y\"}"},
    {{.allowed = true,
      .audit_count = 6,
      .audit = (const struct ps_str[][2]){{PS_STR_INIT("a/b"), PS_STR_INIT("x")},
                                          {PS_STR_INIT(""), PS_STR_INIT("x")},
                                          {PS_STR_INIT("-a"), PS_STR_INIT("x")},
                                          {PS_STR_INIT("a."), PS_STR_INIT("x")},
                                          {PS_STR_INIT("a b"), PS_STR_INIT("x")},
                                          {PS_STR_INIT("ok"), PS_STR_INIT("")}}},
     "\"allowed\":true,\"auditAnnotations\":{\"ok\":\"\"}"},
    {{.code = 422,
      .message = PS_STR_INIT("m"),
      .warning_count = 1,
      .warnings = (const struct ps_str[]){PS_STR_INIT("w")},
      .audit_count = 1,
      .audit = (const struct ps_str[][2]){{PS_STR_INIT("k"), PS_STR_INIT("v")}}},
     "\"allowed\":false,\"status\":{\"code\":422,\"message\":\"m\",\"reason\":\"Invalid\"},"
     "\"warnings\":[\"w\"],\"auditAnnotations\":{\"k\":\"v\"}"},
};

static void encode(struct ps_arena *arena, const void *arg)
{
    const struct answer_row *row = arg;
    struct ps_review review = question(arena);
    struct ps_str text = ps_review_encode(arena, &review, &row->answer);
    struct ps_str again = ps_review_encode(arena, &review, &row->answer);
    struct ps_str expected =
        ps_arena_printf(arena,
                        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                        "\"response\":{\"uid\":\"u-1\",%s}}",
                        row->response);
    ck_assert_str_eq(text.ptr, expected.ptr);
    ck_assert_str_eq(again.ptr, expected.ptr);
}

START_TEST(test_encode)
{
    ps_in_arena(encode, &answers[_i]);
}
END_TEST

/* Version and uid come back as they were sent, whatever is in them. */
static const struct echo_row {
    const char *version;
    const char *uid; /* as JSON */
} echoes[] = {
    {"v1", "\"705ab4f5-6393-11e8-b7cc-42010a800002\""},
    {"v1beta1", "\"u\""},
    {"v1", "\"a\\\"b\\\\c/d \xC3\xA4\xF0\x9F\x98\x80\\n\\u0001\x7f\""},
    {"v1", "\" \""},
};

static void echo(struct ps_arena *arena, const void *arg)
{
    const struct echo_row *row = arg;
    struct ps_review_answer answer = {.allowed = true};
    struct ps_json *sent = NULL;
    struct ps_json *root = NULL;
    struct ps_str text =
        ps_arena_printf(arena,
                        "{\"apiVersion\":\"admission.k8s.io/%s\",\"kind\":\"AdmissionReview\","
                        "\"request\":{\"uid\":%s}}",
                        row->version, row->uid);
    struct ps_review review;
    ck_assert(ps_ok(ps_review_decode(arena, text, &review, NULL)));
    ck_assert(ps_ok(ps_json_parse(arena, text, &sent, NULL)));
    ck_assert(ps_ok(ps_json_parse(arena, ps_review_encode(arena, &review, &answer), &root, NULL)));
    ck_assert(
        ps_json_equal(ps_json_get2(root, "response", "uid"), ps_json_get2(sent, "request", "uid")));
    ck_assert(ps_json_equal(ps_json_get(root, "apiVersion"), ps_json_get(sent, "apiVersion")));
    ck_assert_uint_eq(ps_json_count(root), 3);
}

START_TEST(test_echo)
{
    ps_in_arena(echo, &echoes[_i]);
}
END_TEST

/* Warnings of 255, 256 and 257 runes of each length in bytes. */
static void cut_warnings(struct ps_arena *arena, const void *row)
{
    static const char *const runes[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    struct ps_review review = question(arena);
    (void)row;
    for (size_t count = 255; count <= 257; count++) {
        for (size_t i = 0; i < PS_COUNT(runes); i++) {
            struct ps_buf buf;
            struct ps_json *root = NULL;
            ps_buf_init(&buf, arena, 0);
            for (size_t j = 0; j < count; j++) {
                ps_buf_puts(&buf, runes[i]);
            }
            struct ps_str warning = ps_buf_view(&buf);
            struct ps_review_answer answer = {true, .warning_count = 1, .warnings = &warning};
            struct ps_str text = ps_review_encode(arena, &review, &answer);
            ck_assert(ps_ok(ps_json_parse(arena, text, &root, NULL)));
            struct ps_str cut =
                ps_json_text(ps_json_at(ps_json_get2(root, "response", "warnings"), 0));
            size_t kept = count < 256 ? count : 256;
            ck_assert_uint_eq(cut.len, kept * strlen(runes[i]));
        }
    }
}

START_TEST(test_long_warnings)
{
    ps_in_arena(cut_warnings, NULL);
}
END_TEST

static void limit_audit_key(struct ps_arena *arena, const void *row)
{
    char key[65];
    struct ps_review review = question(arena);
    (void)row;
    memset(key, 'k', sizeof(key));
    for (size_t len = 62; len <= 64; len++) {
        const struct ps_str audit[1][2] = {{{key, len}, PS_STR_INIT("value")}};
        struct ps_review_answer answer = {true, .audit_count = 1, .audit = audit};
        struct ps_str text = ps_review_encode(arena, &review, &answer);
        ck_assert_msg(ps_str_contains(text, "value") == (len <= 63), "%zu", len);
    }
}

START_TEST(test_long_audit_key)
{
    ps_in_arena(limit_audit_key, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("review_encode");
    TCase *encoding = tcase_create("encode");
    tcase_add_loop_test(encoding, test_encode, 0, PS_COUNT(answers));
    tcase_add_loop_test(encoding, test_echo, 0, PS_COUNT(echoes));
    tcase_add_test(encoding, test_long_warnings);
    tcase_add_test(encoding, test_long_audit_key);
    suite_add_tcase(suite, encoding);
    return suite;
}
