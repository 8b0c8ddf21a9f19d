/* SPDX-License-Identifier: Apache-2.0 */
#include "test_exposure_support.h"

#include "support/runner.h"

static const struct ps_template_facts facts = {
    .ordinal = 12,
    .pod = PS_STR_INIT("broker-12"),
    .statefulset = PS_STR_INIT("broker"),
    .namespace_name = PS_STR_INIT("streams"),
};

static const struct {
    const char *text;
    const char *expected;
} expansions[] = {
    {"", ""},
    {"kafka.example.com", "kafka.example.com"},
    {"{ordinal}", "12"},
    {"{pod}", "broker-12"},
    {"{statefulset}", "broker"},
    {"{namespace}", "streams"},
    {"{pod}.{statefulset}.{namespace}.x", "broker-12.broker.streams.x"},
    {"b{ordinal}{ordinal}b", "b1212b"},
    {"{ ordinal }", "12"},
    {"{ordinal + 9000}", "9012"},
    {"{ordinal+9000}", "9012"},
    {"{ ordinal  +  9000 }", "9012"},
    {"{ordinal + 0}", "12"},
    {"{ordinal + 65535}", "65547"},
    {"3{ordinal + 9000}", "39012"},
    /* Text that is never accepted: expanding it still cannot fail. */
    {"{", "{"},
    {"a{ordinal", "a{ordinal"},
    {"}", "}"},
    {"a}{pod}", "a}broker-12"},
    {"{}", "{}"},
    {"{Pod}", "{Pod}"},
    {"{pod + 1}", "{pod + 1}"},
    {"{ordinal + 65536}", "{ordinal + 65536}"},
    {"{{pod}}", "{{pod}}"},
};

START_TEST(expands)
{
    struct ps_str text = ps_str_of(expansions[_i].text);
    struct ps_str got = ps_template_expand(test_arena(), text, &facts);
    ck_assert_str_eq(got.ptr, expansions[_i].expected);
}
END_TEST

START_TEST(expands_the_first_and_the_last_ordinal)
{
    struct ps_template_facts some = facts;
    some.ordinal = 0;
    struct ps_str text = PS_STR("{ordinal + 9000}");
    ck_assert_str_eq(ps_template_expand(test_arena(), text, &some).ptr, "9000");
    some.ordinal = INT32_MAX;
    ck_assert_str_eq(ps_template_expand(test_arena(), text, &some).ptr, "2147492647");
}
END_TEST

#define HOST_WORDS "use {ordinal}, {pod}, {statefulset} or {namespace}"
#define PORT_WORDS "use digits, {ordinal} or {ordinal + 9000}"

/* expected: what follows the key and the value. */
static const struct {
    const char *name;
    const char *text;
    const char *expected;
} flaws[] = {
    {"advertised-host", "b-{pod", "'{' at position 3 is never closed: " HOST_WORDS},
    {"advertised-host", "{pod}{", "'{' at position 6 is never closed: " HOST_WORDS},
    {"advertised-host", "pod}", "'}' at position 4 was never opened: " HOST_WORDS},
    {"advertised-host", "{pod}}", "'}' at position 6 was never opened: " HOST_WORDS},
    {"advertised-host", "{}", "'{}' at position 1 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "x{ }", "'{ }' at position 2 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "{node}.x", "'{node}' at position 1 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "{Ordinal}", "'{Ordinal}' at position 1 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "{{pod}}", "'{{pod}' at position 1 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "{pod+1}", "'{pod+1}' at position 1 is not a placeholder: " HOST_WORDS},
    {"advertised-host", "b{ordinal + 1}",
     "'{ordinal + 1}' at position 2 has no place in this annotation: " HOST_WORDS},
    {"advertised-port", "{pod}",
     "'{pod}' at position 1 has no place in this annotation: " PORT_WORDS},
    {"advertised-port", "{9000 + ordinal}",
     "'{9000 + ordinal}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal * 2}",
     "'{ordinal * 2}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal - 1}",
     "'{ordinal - 1}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal + -1}",
     "'{ordinal + -1}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal +}",
     "'{ordinal +}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal + 1 + 1}",
     "'{ordinal + 1 + 1}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "{ordinal + 65536}",
     "'{ordinal + 65536}' at position 1 is not a placeholder: " PORT_WORDS},
    {"advertised-port", "3x{ordinal}", "'x' at position 2 is not a digit: " PORT_WORDS},
    {"advertised-port", "{ordinal + 1} ,{ordinal}",
     "' ' at position 14 is not a digit: " PORT_WORDS},
};

START_TEST(says_what_is_wrong_and_where)
{
    struct outcome outcome = parse_one(NULL, flaws[_i].name, flaws[_i].text);
    struct ps_str expected = ps_arena_printf(test_arena(), PS_ANNOTATION_PREFIX "%s: '%s': %s",
                                             flaws[_i].name, flaws[_i].text, flaws[_i].expected);
    ck_assert(!outcome.accepted);
    ck_assert_str_eq(describe(&outcome), expected.ptr);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("template");
    TCase *tc = tcase_create("template");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, expands, 0, (int)PS_COUNT(expansions));
    tcase_add_test(tc, expands_the_first_and_the_last_ordinal);
    tcase_add_loop_test(tc, says_what_is_wrong_and_where, 0, (int)PS_COUNT(flaws));
    suite_add_tcase(suite, tc);
    return suite;
}
