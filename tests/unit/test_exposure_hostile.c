/* SPDX-License-Identifier: Apache-2.0 */
/* Text that nobody writes by mistake, in every annotation; and what messages must never carry. */
#include "test_exposure_support.h"

#include <string.h>

#include "support/runner.h"

#define PREFIX PS_ANNOTATION_PREFIX
#define VALUE_MAX 4096
#define HUGE_BYTES 65536
/* A denial must be readable: one line of a terminal and a bit. */
#define MESSAGE_MAX 480

static const char *const hostile[] = {
    "\x01",
    "NodePort\x1b[2J",
    "a\nb",
    "a\rb",
    "\x7f",
    "\xc2\xa0",             /* a space that does not look like one */
    "\xe2\x80\xaePORTSIDE", /* right to left from here */
    "\xef\xbb\xbfNodePort", /* byte order mark */
    "\xc2\x85",             /* next line, C1 */
    "９１９４",
    "''; rm -rf / #",
    "$(PORTSIDE_ORDINAL)",
    "${file:/etc/passwd:x}",
    "`id`",
    "%s%n%d",
    "{",
    "}",
    "{}",
    "{{ordinal}}",
    "{ordinal",
    "ordinal}",
    "{ordinal + }",
    "{ordinal + 99999999999999999999}",
    ",",
    ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,",
    "-",
    ".",
    ":",
    "[",
    "[]",
    "\\",
    "../../etc/passwd",
    "+18446744073709551616",
};

static bool is_printable(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static void check_message(const struct outcome *outcome, const char *name)
{
    struct ps_str message = outcome->problem.message;
    struct ps_str start = ps_arena_printf(test_arena(), PREFIX "%s: ", name);
    ck_assert_msg(!outcome->accepted, "%s: taken as %s", name, describe(outcome));
    ck_assert_msg(is_printable(message), "%s", message.ptr);
    ck_assert_msg(message.len <= MESSAGE_MAX, "%zu bytes: %s", message.len, message.ptr);
    ck_assert_msg(ps_str_starts(message, start.ptr), "%s", message.ptr);
}

START_TEST(no_key_takes_hostile_text)
{
    size_t count = 0;
    const struct ps_exposure_key *key = &ps_exposure_keys(&count)[_i];
    for (size_t i = 0; i < PS_COUNT(hostile); i++) {
        struct outcome outcome = parse_one(NULL, key->name, hostile[i]);
        check_message(&outcome, key->name);
    }
}
END_TEST

/* A C string of count bytes c. */
static char *fill(size_t count, char c)
{
    char *text = ps_arena_alloc(test_arena(), count + 1);
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

START_TEST(no_key_takes_a_huge_value)
{
    size_t count = 0;
    const struct ps_exposure_key *key = &ps_exposure_keys(&count)[_i];
    struct outcome outcome = parse_one(NULL, key->name, fill(HUGE_BYTES, '1'));
    check_message(&outcome, key->name);
    ck_assert_msg(
        ps_str_ends(outcome.problem.message, ": the value has 65536 bytes: use at most 4096"), "%s",
        describe(&outcome));
}
END_TEST

START_TEST(white_space_does_not_count)
{
    char *text = fill(HUGE_BYTES, ' ');
    memcpy(text + HUGE_BYTES - 4, "None", 4);
    struct outcome outcome = parse_one(NULL, "type", text);
    ck_assert_msg(outcome.accepted, "%s", describe(&outcome));
}
END_TEST

START_TEST(the_longest_value_is_read_and_shown_in_part)
{
    struct outcome outcome = parse_one(NULL, "listener-name", fill(VALUE_MAX, 'A'));
    check_message(&outcome, "listener-name");
    ck_assert_msg(ps_str_contains(outcome.problem.message, "AAA...' is not a listener name"), "%s",
                  describe(&outcome));
    outcome = parse_one(NULL, "listener-name", fill(VALUE_MAX + 1, 'A'));
    ck_assert_msg(ps_str_contains(outcome.problem.message, "the value has 4097 bytes"), "%s",
                  describe(&outcome));
}
END_TEST

START_TEST(a_value_shown_twice_stays_short)
{
    struct ps_str text = ps_arena_printf(test_arena(), "{pod}%s", fill(VALUE_MAX - 5, '\x01'));
    struct outcome outcome = parse_one(NULL, "advertised-host", text.ptr);
    check_message(&outcome, "advertised-host");
    ck_assert_msg(ps_str_contains(outcome.problem.message, "\\x01...' gives 'kafka-0\\x01"), "%s",
                  describe(&outcome));
}
END_TEST

/* count bytes as labels of one letter: "a.a.a". */
static char *dotted(size_t count)
{
    char *text = fill(count, 'a');
    for (size_t i = 1; i < count; i += 2) {
        text[i] = '.';
    }
    return text;
}

START_TEST(names_have_at_most_253_bytes)
{
    struct outcome outcome = parse_one(NULL, "advertised-host", dotted(253));
    ck_assert_msg(outcome.accepted, "%s", describe(&outcome));
    outcome = parse_one(NULL, "advertised-host", dotted(254));
    ck_assert_msg(outcome.accepted, "the dot at the end does not count: %s", describe(&outcome));
    outcome = parse_one(NULL, "advertised-host", dotted(255));
    check_message(&outcome, "advertised-host");
    outcome = parse_one(NULL, "tls-secret", dotted(253));
    ck_assert_msg(outcome.problem.unsupported, "%s", describe(&outcome));
    outcome = parse_one(NULL, "tls-secret", dotted(255));
    ck_assert_msg(!outcome.problem.unsupported, "%s", describe(&outcome));
}
END_TEST

START_TEST(all_values_together_are_limited)
{
    struct annotation list[16];
    size_t keys = 0;
    const struct ps_exposure_key *rows = ps_exposure_keys(&keys);
    for (size_t i = 0; i < PS_COUNT(list); i++) {
        struct ps_str key =
            ps_arena_printf(test_arena(), PREFIX "%s", rows[i + 2].name); /* behind listeners */
        list[i] = (struct annotation){key.ptr, fill(VALUE_MAX, 'x')};
    }
    struct outcome outcome = parse(NULL, list, 8);
    ck_assert_msg(!ps_str_contains(outcome.problem.message, "32768 bytes"), "%s",
                  describe(&outcome));
    outcome = parse(NULL, list, 9);
    check_message(&outcome, rows[10].name);
    ck_assert_msg(ps_str_ends(outcome.problem.message,
                              ": with it the annotations of portside have more than 32768 bytes: "
                              "shorten them"),
                  "%s", describe(&outcome));
}
END_TEST

START_TEST(a_huge_key_is_shown_in_part)
{
    struct ps_str key = ps_arena_printf(test_arena(), PREFIX "%s", fill(HUGE_BYTES, 'k'));
    struct ps_str further = ps_arena_printf(test_arena(), "%s.portside.dev/%s",
                                            fill(HUGE_BYTES, 'v'), fill(HUGE_BYTES, 'k'));
    const struct annotation list[] = {{key.ptr, "x"}, {further.ptr, "x"}};
    for (size_t i = 0; i < PS_COUNT(list); i++) {
        struct outcome outcome = parse(NULL, &list[i], 1);
        ck_assert(!outcome.accepted);
        ck_assert_msg(outcome.problem.message.len <= MESSAGE_MAX, "%s", describe(&outcome));
    }
}
END_TEST

START_TEST(ten_thousand_keys_are_read)
{
    static struct annotation list[10000];
    for (size_t i = 0; i < PS_COUNT(list); i++) {
        struct ps_str key = ps_arena_printf(test_arena(), "e%zu.portside.dev/host", i);
        list[i] = (struct annotation){key.ptr, "x"};
    }
    struct outcome outcome = parse(NULL, list, PS_COUNT(list));
    ck_assert_msg(outcome.accepted, "%s", describe(&outcome));
}
END_TEST

Suite *ps_test_suite(void)
{
    size_t keys = 0;
    (void)ps_exposure_keys(&keys);
    Suite *suite = suite_create("exposure_hostile");
    TCase *tc = tcase_create("hostile");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, no_key_takes_hostile_text, 0, (int)keys);
    tcase_add_loop_test(tc, no_key_takes_a_huge_value, 0, (int)keys);
    tcase_add_test(tc, white_space_does_not_count);
    tcase_add_test(tc, the_longest_value_is_read_and_shown_in_part);
    tcase_add_test(tc, a_value_shown_twice_stays_short);
    tcase_add_test(tc, names_have_at_most_253_bytes);
    tcase_add_test(tc, all_values_together_are_limited);
    tcase_add_test(tc, a_huge_key_is_shown_in_part);
    tcase_add_test(tc, ten_thousand_keys_are_read);
    suite_add_tcase(suite, tc);
    return suite;
}
