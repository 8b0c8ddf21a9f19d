/* SPDX-License-Identifier: Apache-2.0 */
#include "in_arena.h"
#include "portside/json.h"
#include "support/runner.h"

static struct ps_json *must_parse(struct ps_arena *arena, const char *text)
{
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    ck_assert_msg(ps_ok(ps_json_parse(arena, ps_str_of(text), &root, &err)), "%s: %s", text,
                  err.message);
    return root;
}

static void get_all(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_json *root = must_parse(
        arena, "{\"Spec\":1,\"spec\":{\"a\":\"x\",\"b\":true,\"n\":null},\"l\":[10,20,30]}");
    ck_assert_int_eq(ps_json_type(ps_json_get(root, "spec")), PS_JSON_OBJECT);
    ck_assert_int_eq(ps_json_type(ps_json_get(root, "Spec")), PS_JSON_NUMBER);
    ck_assert_ptr_null(ps_json_get(root, "SPEC"));
    ck_assert(ps_str_is(ps_json_text(ps_json_get2(root, "spec", "a")), "x"));
    ck_assert(ps_str_is(ps_json_get_text(ps_json_get(root, "spec"), "b"), ""));
    ck_assert(ps_json_is_true(ps_json_get2(root, "spec", "b")));
    ck_assert(!ps_json_is_true(ps_json_get2(root, "spec", "n")));
    ck_assert_str_eq(ps_json_type_name(ps_json_get2(root, "spec", "n")), "null");
    ck_assert_uint_eq(ps_json_count(root), 3);
    ck_assert_uint_eq(ps_json_count(ps_json_get(root, "l")), 3);
    ck_assert_ptr_nonnull(ps_json_at(ps_json_get(root, "l"), 2));
    ck_assert_ptr_null(ps_json_at(ps_json_get(root, "l"), 3));
    ck_assert_ptr_null(ps_json_at(root, 0));
    const struct ps_json *list = ps_json_get(root, "l");
    ck_assert_ptr_eq(ps_json_last(list), ps_json_at(list, 2));
    ck_assert_ptr_eq(ps_json_previous(ps_json_last(list)), ps_json_at(list, 1));
    ck_assert_ptr_eq(ps_json_previous(ps_json_at(list, 0)), ps_json_last(list));
    ck_assert_ptr_null(ps_json_last(ps_json_at(list, 0)));
    ck_assert(ps_str_is(ps_json_key(ps_json_first(root)), "Spec"));
    ck_assert(ps_str_is(ps_json_key(ps_json_first(ps_json_get(root, "l"))), ""));
}

START_TEST(test_getters)
{
    ps_in_arena(get_all, NULL);
}
END_TEST

/* Getters take NULL, so that chains need no checks. */
START_TEST(test_getters_of_nothing)
{
    int64_t value = 7;
    ck_assert_int_eq(ps_json_type(NULL), PS_JSON_ABSENT);
    ck_assert_str_eq(ps_json_type_name(NULL), "absent");
    ck_assert_ptr_null(ps_json_get2(NULL, "a", "b"));
    ck_assert_ptr_null(ps_json_first(NULL));
    ck_assert_ptr_null(ps_json_last(NULL));
    ck_assert_uint_eq(ps_json_count(NULL), 0);
    ck_assert_ptr_null(ps_json_at(NULL, 0));
    ck_assert_uint_eq(ps_json_key(NULL).len, 0);
    ck_assert_uint_eq(ps_json_text(NULL).len, 0);
    ck_assert(!ps_json_is_true(NULL) && !ps_json_is_string(NULL));
    ck_assert(!ps_json_to_int(NULL, &value) && value == 7);
    ck_assert(ps_json_equal(NULL, NULL));
}
END_TEST

static const struct int_row {
    const char *text;
    bool ok;
    int64_t value;
} ints[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"-5", true, -5},
    {"1e3", true, 1000},
    {"1.0", true, 1},
    {"1.5", false, 0},
    {"9007199254740991", true, 9007199254740991},
    {"9007199254740992", false, 0},
    {"9007199254740993", false, 0},
    {"9007199254740994", false, 0},
    {"-9007199254740994", false, 0},
    {"1e200", false, 0},
    {"\"1\"", false, 0},
    {"true", false, 0},
    {"null", false, 0},
};

static void to_int(struct ps_arena *arena, const void *arg)
{
    const struct int_row *row = arg;
    int64_t value = 4711;
    bool ok = ps_json_to_int(must_parse(arena, row->text), &value);
    ck_assert_msg(ok == row->ok, "%s", row->text);
    ck_assert_msg(value == (ok ? row->value : 4711), "%s", row->text);
}

START_TEST(test_to_int)
{
    ps_in_arena(to_int, &ints[_i]);
}
END_TEST

static const struct equal_row {
    const char *a;
    const char *b;
    bool equal;
} equals[] = {
    {"null", "null", true},
    {"null", "false", false},
    {"true", "false", false},
    {"0", "false", false},
    {"1", "1.0", true},
    {"1", "1e0", true},
    {"0", "-0", true},
    {"1", "\"1\"", false},
    {"\"a\"", "\"\\u0061\"", true},
    {"\"a\"", "\"A\"", false},
    {"[]", "{}", false},
    {"[1,2]", "[1,2]", true},
    {"[1,2]", "[2,1]", false},
    {"[1,2]", "[1]", false},
    {"[1]", "[1,2]", false},
    {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
    {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
    {"{\"a\":1,\"b\":2}", "{\"a\":1}", false},
    {"{\"a\":null}", "{\"b\":null}", false},
    {"{\"a\":1}", "{\"A\":1}", false},
    {"{\"a\":[{\"x\":[]}]}", "{\"a\":[{\"x\":[]}]}", true},
    {"{\"a\":[{\"x\":[]}]}", "{\"a\":[{\"x\":[0]}]}", false},
};

static void compare(struct ps_arena *arena, const void *arg)
{
    const struct equal_row *row = arg;
    struct ps_json *a = must_parse(arena, row->a);
    struct ps_json *b = must_parse(arena, row->b);
    ck_assert_msg(ps_json_equal(a, b) == row->equal, "%s and %s", row->a, row->b);
    ck_assert_msg(ps_json_equal(b, a) == row->equal, "%s and %s", row->b, row->a);
}

START_TEST(test_equal)
{
    ps_in_arena(compare, &equals[_i]);
}
END_TEST

static void expect(const struct ps_json *node, struct ps_arena *arena, const char *json)
{
    ck_assert_msg(ps_json_equal(node, must_parse(arena, json)), "not %s", json);
}

static void change_members(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_json *root = must_parse(arena, "{\"a\":1,\"A\":2,\"b\":{\"c\":[1,2]}}");
    struct ps_json *copy = ps_json_copy(arena, root);
    ps_json_object_set(arena, root, PS_STR("A"), must_parse(arena, "\"new\""));
    expect(root, arena, "{\"a\":1,\"A\":\"new\",\"b\":{\"c\":[1,2]}}");
    ps_json_object_set(arena, root, PS_STR("d"), must_parse(arena, "[]"));
    ck_assert(ps_json_object_remove(root, PS_STR("a")));
    ck_assert(!ps_json_object_remove(root, PS_STR("a")));
    expect(root, arena, "{\"A\":\"new\",\"b\":{\"c\":[1,2]},\"d\":[]}");
    ck_assert(ps_str_is(ps_json_key(ps_json_first(root)), "A"));
    expect(copy, arena, "{\"a\":1,\"A\":2,\"b\":{\"c\":[1,2]}}");
    ck_assert_ptr_null(ps_json_mutable_get(root, PS_STR("x")));
    ck_assert_ptr_null(ps_json_mutable_at(root, 0));
}

START_TEST(test_change_members)
{
    ps_in_arena(change_members, NULL);
}
END_TEST

static void change_elements(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_json *list = must_parse(arena, "[]");
    ck_assert(!ps_json_array_insert(list, 1, must_parse(arena, "9")));
    ck_assert(ps_json_array_insert(list, 0, must_parse(arena, "2")));
    ck_assert(ps_json_array_insert(list, 0, must_parse(arena, "0")));
    ck_assert(ps_json_array_insert(list, 1, must_parse(arena, "1")));
    ck_assert(ps_json_array_insert(list, 3, must_parse(arena, "3")));
    expect(list, arena, "[0,1,2,3]");
    ck_assert(ps_json_array_remove(list, 3));
    ck_assert(ps_json_array_insert(list, 3, must_parse(arena, "4")));
    ck_assert(ps_json_array_remove(list, 0));
    ck_assert(!ps_json_array_remove(list, 3));
    expect(list, arena, "[1,2,4]");
}

START_TEST(test_change_elements)
{
    ps_in_arena(change_elements, NULL);
}
END_TEST

/* A member that becomes an element has no key any more. */
static void lose_key(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_json *root = must_parse(arena, "{\"a\":1,\"l\":[]}");
    struct ps_json *value = ps_json_mutable_get(root, PS_STR("a"));
    struct ps_json *list = ps_json_mutable_get(root, PS_STR("l"));
    ck_assert(ps_json_object_remove(root, PS_STR("a")));
    ck_assert(ps_json_array_insert(list, 0, value));
    ck_assert_uint_eq(ps_json_key(ps_json_first(list)).len, 0);
}

START_TEST(test_element_has_no_key)
{
    ps_in_arena(lose_key, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("json_nodes");
    TCase *reading = tcase_create("read");
    tcase_add_test(reading, test_getters);
    tcase_add_test(reading, test_getters_of_nothing);
    tcase_add_loop_test(reading, test_to_int, 0, PS_COUNT(ints));
    tcase_add_loop_test(reading, test_equal, 0, PS_COUNT(equals));
    suite_add_tcase(suite, reading);
    TCase *surgery = tcase_create("surgery");
    tcase_add_test(surgery, test_change_members);
    tcase_add_test(surgery, test_change_elements);
    tcase_add_test(surgery, test_element_has_no_key);
    suite_add_tcase(suite, surgery);
    return suite;
}
