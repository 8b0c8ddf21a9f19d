/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "portside/str.h"
#include "support/runner.h"

START_TEST(test_of_null_is_empty)
{
    struct ps_str s = ps_str_of(NULL);
    ck_assert_ptr_nonnull(s.ptr);
    ck_assert_uint_eq(s.len, 0);
    ck_assert(ps_str_equal(s, (struct ps_str){NULL, 0}));
    ck_assert(ps_str_is((struct ps_str){NULL, 0}, ""));
}
END_TEST

static const struct {
    const char *text;
    size_t begin;
    size_t end;
    const char *expected;
} slices[] = {
    {"abcdef", 0, 6, "abcdef"},
    {"abcdef", 1, 3, "bc"},
    {"abcdef", 4, 99, "ef"},
    {"abcdef", 6, 9, ""},
    {"abcdef", 9, 12, ""},
    {"abcdef", 3, 1, ""},
    {"", 0, 0, ""},
    {"", 2, 5, ""},
};

START_TEST(test_slice)
{
    struct ps_str s = ps_str_slice(ps_str_of(slices[_i].text), slices[_i].begin, slices[_i].end);
    ck_assert_ptr_nonnull(s.ptr);
    ck_assert_msg(ps_str_is(s, slices[_i].expected), "row %d: '%.*s'", _i, PS_FMT(s));
}
END_TEST

START_TEST(test_slice_of_nothing)
{
    struct ps_str s = ps_str_slice((struct ps_str){NULL, 0}, 0, 3);
    ck_assert_ptr_nonnull(s.ptr);
    ck_assert_uint_eq(s.len, 0);
}
END_TEST

static const struct {
    const char *a;
    const char *b;
    bool equal;
    bool equal_nocase;
    int order;
} pairs[] = {
    {"", "", true, true, 0},
    {"a", "a", true, true, 0},
    {"a", "A", false, true, 1},
    {"a", "b", false, false, -1},
    {"b", "a", false, false, 1},
    {"a", "ab", false, false, -1},
    {"ab", "a", false, false, 1},
    {"", "a", false, false, -1},
    {"@", "`", false, false, -1},
    {"[", "{", false, false, -1},
    {"\xC3\xA4", "z", false, false, 1},
    {"SASL_ssl", "sasl_SSL", false, true, -1},
};

START_TEST(test_compare)
{
    struct ps_str a = ps_str_of(pairs[_i].a);
    struct ps_str b = ps_str_of(pairs[_i].b);
    int order = ps_str_compare(a, b);
    ck_assert_msg(ps_str_equal(a, b) == pairs[_i].equal, "row %d", _i);
    ck_assert_msg(ps_str_is(a, pairs[_i].b) == pairs[_i].equal, "row %d", _i);
    ck_assert_msg(ps_str_equal_nocase(a, b) == pairs[_i].equal_nocase, "row %d", _i);
    ck_assert_msg((order > 0) - (order < 0) == pairs[_i].order, "row %d: %d", _i, order);
}
END_TEST

static const struct {
    const char *text;
    const char *part;
    bool starts;
    bool ends;
    bool contains;
    bool contains_nocase;
    size_t found_at;
} parts[] = {
    {"kafka", "ka", true, true, true, true, 0},
    {"kafka", "fk", false, false, true, true, 2},
    {"kafka", "KA", false, false, false, true, 5},
    {"kafka", "kafkas", false, false, false, false, 5},
    {"kafka", "", true, true, true, true, 0},
    {"", "", true, true, true, true, 0},
    {"", "a", false, false, false, false, 0},
    {"aab", "ab", false, true, true, true, 1},
    {"aaaa", "aab", false, false, false, false, 4},
    {"kafka", "a", false, true, true, true, 1},
};

START_TEST(test_parts)
{
    struct ps_str s = ps_str_of(parts[_i].text);
    const char *part = parts[_i].part;
    ck_assert_msg(ps_str_starts(s, part) == parts[_i].starts, "row %d starts", _i);
    ck_assert_msg(ps_str_ends(s, part) == parts[_i].ends, "row %d ends", _i);
    ck_assert_msg(ps_str_contains(s, part) == parts[_i].contains, "row %d contains", _i);
    ck_assert_msg(ps_str_contains_nocase(s, part) == parts[_i].contains_nocase, "row %d", _i);
    ck_assert_uint_eq(ps_str_find(s, ps_str_of(part), 0), parts[_i].found_at);
}
END_TEST

START_TEST(test_find_goes_on)
{
    struct ps_str s = PS_STR("a,b,,c");
    ck_assert_uint_eq(ps_str_find(s, PS_STR(","), 2), 3);
    ck_assert_uint_eq(ps_str_find(s, PS_STR(","), 4), 4);
    ck_assert_uint_eq(ps_str_find(s, PS_STR(","), 5), s.len);
    ck_assert_uint_eq(ps_str_find(s, PS_STR(","), 99), s.len);
    ck_assert_uint_eq(ps_str_index(s, 'b'), 2);
    ck_assert_uint_eq(ps_str_index(s, 'x'), s.len);
    ck_assert_uint_eq(ps_str_last_index(s, ','), 4);
    ck_assert_uint_eq(ps_str_last_index(s, 'x'), s.len);
    ck_assert_uint_eq(ps_str_index((struct ps_str){NULL, 0}, 'x'), 0);
}
END_TEST

static const struct {
    const char *text;
    const char *expected;
} trims[] = {
    {"", ""}, {" \t\r\n\v\f", ""}, {" a ", "a"}, {"a b", "a b"}, {"\na", "a"}, {"a\n", "a"},
};

START_TEST(test_trim)
{
    struct ps_str s = ps_str_trim(ps_str_of(trims[_i].text));
    ck_assert_msg(ps_str_is(s, trims[_i].expected), "row %d: '%.*s'", _i, PS_FMT(s));
}
END_TEST

static const struct {
    const char *text;
    size_t count;
    const char *elements[4];
} splits[] = {
    {"", 1, {""}},        {"a", 1, {"a"}},    {"a,b", 2, {"a", "b"}}, {"a,,b", 3, {"a", "", "b"}},
    {"a,", 2, {"a", ""}}, {",", 2, {"", ""}}, {",a", 2, {"", "a"}},   {" a , b", 2, {" a ", " b"}},
};

START_TEST(test_split)
{
    struct ps_str rest = ps_str_of(splits[_i].text);
    struct ps_str element;
    size_t count = 0;
    while (ps_str_split(&rest, ',', &element)) {
        ck_assert_msg(count < splits[_i].count, "row %d has too many", _i);
        ck_assert_msg(ps_str_is(element, splits[_i].elements[count]), "row %d: '%.*s'", _i,
                      PS_FMT(element));
        count++;
    }
    ck_assert_uint_eq(count, splits[_i].count);
    ck_assert(!ps_str_split(&rest, ',', &element));
}
END_TEST

static const struct {
    const char *text;
    uint64_t max;
    bool ok;
    uint64_t value;
} numbers[] = {
    {"0", 0, true, 0},
    {"1", 0, false, 0},
    {"9", 8, false, 0},
    {"65535", 65535, true, 65535},
    {"65536", 65535, false, 0},
    {"007", 65535, true, 7},
    {"", 9, false, 0},
    {"-1", 9, false, 0},
    {"+1", 9, false, 0},
    {" 1", 9, false, 0},
    {"1 ", 9, false, 0},
    {"0x1", 99, false, 0},
    {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
    {"18446744073709551616", UINT64_MAX, false, 0},
    {"99999999999999999999999999", UINT64_MAX, false, 0},
};

START_TEST(test_to_uint)
{
    uint64_t value = 4711;
    bool ok = ps_str_to_uint(ps_str_of(numbers[_i].text), numbers[_i].max, &value);
    ck_assert_msg(ok == numbers[_i].ok, "row %d ('%s')", _i, numbers[_i].text);
    ck_assert_msg(value == (ok ? numbers[_i].value : 4711), "row %d ('%s')", _i, numbers[_i].text);
}
END_TEST

/* Boundaries of the table in RFC 3629 section 4. */
static const struct {
    struct ps_str bytes;
    size_t len;
} runes[] = {
    {PS_STR_INIT(""), 0},
    {PS_STR_INIT("a"), 1},
    {PS_STR_INIT("\x7F"), 1},
    {PS_STR_INIT("\x80"), 0},
    {PS_STR_INIT("\xBF"), 0},
    {PS_STR_INIT("\xC1\xBF"), 0},
    {PS_STR_INIT("\xC2\x80"), 2},
    {PS_STR_INIT("\xC2"), 0},
    {PS_STR_INIT("\xC2\x41"), 0},
    {PS_STR_INIT("\xDF\xBF"), 2},
    {PS_STR_INIT("\xE0\x9F\xBF"), 0},
    {PS_STR_INIT("\xE0\xA0\x80"), 3},
    {PS_STR_INIT("\xED\x9F\xBF"), 3},
    {PS_STR_INIT("\xED\xA0\x80"), 0},
    {PS_STR_INIT("\xEE\x80\x80"), 3},
    {PS_STR_INIT("\xE2\x82"), 0},
    {{"\xE2\x82\xAC", 2}, 0},
    {{"\xF0\x9F\x98\x80", 3}, 0},
    {PS_STR_INIT("\xE2\x82\xAC more"), 3},
    {PS_STR_INIT("\xF0\x8F\xBF\xBF"), 0},
    {PS_STR_INIT("\xF0\x90\x80\x80"), 4},
    {PS_STR_INIT("\xF4\x8F\xBF\xBF"), 4},
    {PS_STR_INIT("\xF4\x90\x80\x80"), 0},
    {PS_STR_INIT("\xF0\x9F\x98"), 0},
    {PS_STR_INIT("\xF0\x9F\x98\x41"), 0},
    {PS_STR_INIT("\xF5\x80\x80\x80"), 0},
    {PS_STR_INIT("\xFF"), 0},
};

START_TEST(test_rune)
{
    ck_assert_msg(ps_str_rune(runes[_i].bytes, 0) == runes[_i].len, "row %d", _i);
    ck_assert_uint_eq(ps_str_rune(runes[_i].bytes, runes[_i].bytes.len), 0);
}
END_TEST

START_TEST(test_letters)
{
    const char *locale_free = "\xC4\xDF";
    ck_assert(ps_is_alpha('z') && ps_is_alpha('A') && !ps_is_alpha('@') && !ps_is_alpha('['));
    ck_assert(!ps_is_alpha(locale_free[0]) && !ps_is_space(locale_free[1]));
    ck_assert(ps_is_digit('0') && ps_is_digit('9') && !ps_is_digit('/') && !ps_is_digit(':'));
    ck_assert(ps_is_space('\v') && !ps_is_space('\b') && !ps_is_space('\0'));
    ck_assert_int_eq(ps_to_lower('Q'), 'q');
    ck_assert_int_eq(ps_to_lower('['), '[');
    ck_assert_int_eq(ps_to_upper('q'), 'Q');
    ck_assert_int_eq(ps_to_upper('{'), '{');
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("str");
    TCase *tcase = tcase_create("views");
    tcase_add_test(tcase, test_of_null_is_empty);
    tcase_add_loop_test(tcase, test_slice, 0, PS_COUNT(slices));
    tcase_add_test(tcase, test_slice_of_nothing);
    tcase_add_loop_test(tcase, test_compare, 0, PS_COUNT(pairs));
    tcase_add_loop_test(tcase, test_parts, 0, PS_COUNT(parts));
    tcase_add_test(tcase, test_find_goes_on);
    tcase_add_loop_test(tcase, test_trim, 0, PS_COUNT(trims));
    tcase_add_loop_test(tcase, test_split, 0, PS_COUNT(splits));
    tcase_add_loop_test(tcase, test_to_uint, 0, PS_COUNT(numbers));
    tcase_add_loop_test(tcase, test_rune, 0, PS_COUNT(runes));
    tcase_add_test(tcase, test_letters);
    suite_add_tcase(suite, tcase);
    return suite;
}
