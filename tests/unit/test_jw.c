/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/jw.h"

#include "in_arena.h"
#include "support/runner.h"

static void write_all(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 0);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "s", PS_STR("x"));
    ps_jw_member_int(&jw, "i", INT64_MIN);
    ps_jw_member_bool(&jw, "b", false);
    ps_jw_key(&jw, "l");
    ps_jw_array(&jw);
    ps_jw_array(&jw);
    ps_jw_array_end(&jw);
    ps_jw_object(&jw);
    ps_jw_object_end(&jw);
    ps_jw_null(&jw);
    ps_jw_base64(&jw, PS_STR("x"));
    ps_jw_raw(&jw, PS_STR("[1]"));
    ps_jw_int(&jw, INT64_MAX);
    ps_jw_array_end(&jw);
    ps_jw_key_str(&jw, PS_STR("a\"b"));
    ps_jw_bool(&jw, true);
    ps_jw_object_end(&jw);
    ck_assert_str_eq(buf.ptr, "{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":false,\"l\":[[],{},"
                              "null,\"eA==\",[1],9223372036854775807],\"a\\\"b\":true}");
}

START_TEST(test_structure)
{
    ps_in_arena(write_all, NULL);
}
END_TEST

static const struct string_row {
    struct ps_str text;
    const char *expected;
} strings[] = {
    {PS_STR_INIT(""), "\"\""},
    {{NULL, 0}, "\"\""},
    {PS_STR_INIT("plain/text"), "\"plain/text\""},
    {PS_STR_INIT("\""), "\"\\\"\""},
    {PS_STR_INIT("a\\b"), "\"a\\\\b\""},
    {PS_STR_INIT("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
    {PS_STR_INIT("a\0b"), "\"a\\u0000b\""},
    {PS_STR_INIT("\x01\x1f\v"), "\"\\u0001\\u001f\\u000b\""},
    {PS_STR_INIT("\x7f"), "\"\x7f\""},
    {PS_STR_INIT("\xC3\xA4\xE2\x82\xAC"), "\"\xC3\xA4\xE2\x82\xAC\""},
    {PS_STR_INIT("x\ny"), "\"x\\ny\""},
    {PS_STR_INIT("1234567\n"), "\"1234567\\n\""},
    {PS_STR_INIT("\n1234567"), "\"\\n1234567\""},
    {PS_STR_INIT("12345678\"12345678\\"), "\"12345678\\\"12345678\\\\\""},
    {PS_STR_INIT("1234567\xC3\xA4"
                 "123456\x1f!]#"),
     "\"1234567\xC3\xA4"
     "123456\\u001f!]#\""},
};

static void write_string(struct ps_arena *arena, const void *arg)
{
    const struct string_row *row = arg;
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 0);
    ps_jw_init(&jw, &buf);
    ps_jw_str(&jw, row->text);
    ck_assert_str_eq(buf.ptr, row->expected);
}

START_TEST(test_strings)
{
    ps_in_arena(write_string, &strings[_i]);
}
END_TEST

/* Written as it was read, but for white space and the form of numbers. */
static const struct copy_row {
    const char *text;
    bool ok;
    const char *expected;
} copies[] = {
    {"null", true, "null"},
    {"{ \"b\" : 1, \"a\" : [ ] }", true, "{\"b\":1,\"a\":[]}"},
    {"[true,false,{}]", true, "[true,false,{}]"},
    {"\"\\u00e4\\n\\u007f\"", true, "\"\xC3\xA4\\n\x7f\""},
    {"1e3", true, "1000"},
    {"-1.0", true, "-1"},
    {"9007199254740991", true, "9007199254740991"},
    {"9007199254740993", false, NULL},
    {"{\"a\":[{\"b\":9007199254740994}]}", false, NULL},
    {"0.5", false, NULL},
};

static void copy(struct ps_arena *arena, const void *arg)
{
    const struct copy_row *row = arg;
    struct ps_json *node = NULL;
    struct ps_buf buf;
    struct ps_jw jw;
    ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(row->text), &node, NULL)));
    ck_assert_msg(ps_jw_can_copy(node) == row->ok, "%s", row->text);
    if (!row->ok) {
        return;
    }
    ps_buf_init(&buf, arena, 0);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, node);
    ck_assert_str_eq(buf.ptr, row->expected);
}

START_TEST(test_copy)
{
    ps_in_arena(copy, &copies[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("jw");
    TCase *tcase = tcase_create("writer");
    tcase_add_test(tcase, test_structure);
    tcase_add_loop_test(tcase, test_strings, 0, PS_COUNT(strings));
    tcase_add_loop_test(tcase, test_copy, 0, PS_COUNT(copies));
    suite_add_tcase(suite, tcase);
    return suite;
}
