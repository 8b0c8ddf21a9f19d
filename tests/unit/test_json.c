/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/json.h"

#include <stdlib.h>
#include <string.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "support/runner.h"

/* Parses text from a block of its very size. */
static struct ps_status parse(struct ps_arena *arena, struct ps_str text, struct ps_json **ret_root,
                              struct ps_error *err)
{
    char *copy = ps_exact_copy(text);
    struct ps_status status = ps_json_parse(arena, (struct ps_str){copy, text.len}, ret_root, err);
    free(copy); /* nodes must not look into the text */
    return status;
}

/* The text is taken. */
static const struct ps_str good[] = {
    PS_STR_INIT("null"),
    PS_STR_INIT(" \t\r\n{} \t\r\n"),
    PS_STR_INIT("[]"),
    PS_STR_INIT("[ ]"),
    PS_STR_INIT("{ }"),
    PS_STR_INIT("[[],{},[{}]]"),
    PS_STR_INIT("0"),
    PS_STR_INIT("-0"),
    PS_STR_INIT("1.5e+7"),
    PS_STR_INIT("1E-7"),
    PS_STR_INIT("9007199254740993"),
    PS_STR_INIT("18446744073709551615"),
    PS_STR_INIT("-9223372036854775808"),
    PS_STR_INIT("1e270"),
    PS_STR_INIT("\"\""),
    PS_STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\""),
    PS_STR_INIT("\"\\ud83d\\ude00\""),
    PS_STR_INIT("\"\\uD83D\\uDE00\""),
    PS_STR_INIT("\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\""),
    PS_STR_INIT("{\"a\":1,\"A\":2,\"\":3}"),
    PS_STR_INIT("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
    PS_STR_INIT("[true,false,null,1,\"x\",{},[]]"),
};

static void take_good(struct ps_arena *arena, const void *row)
{
    const struct ps_str *text = row;
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status = parse(arena, *text, &root, &err);
    ck_assert_msg(ps_ok(status), "'%.*s': %s", PS_FMT(*text), err.message);
    ck_assert_ptr_nonnull(root);
}

START_TEST(test_good)
{
    ps_in_arena(take_good, &good[_i]);
}
END_TEST

/* The text is refused, and the message says why. Rows 15 to 23 of the contract are among them. */
static const struct bad_row {
    struct ps_str text;
    const char *message;
} bad[] = {
    {PS_STR_INIT(""), "byte 0: the text ends too early"},
    {PS_STR_INIT(" \n"), "byte 2: the text ends too early"},
    {PS_STR_INIT("{"), "byte 1: a key in quotes is wanted"},
    {PS_STR_INIT("{\"a\""), "byte 4: a colon is wanted"},
    {PS_STR_INIT("{\"a\":"), "byte 5: the text ends too early"},
    {PS_STR_INIT("{\"a\":1"), "byte 6: the text ends too early"},
    {PS_STR_INIT("[1"), "byte 2: the text ends too early"},
    {PS_STR_INIT("\"abc"), "byte 4: a string does not end"},
    {PS_STR_INIT("\"abc\\"), "unknown escape"},
    {PS_STR_INIT("tru"), "a value is wanted"},
    {PS_STR_INIT("nullx"), "byte 4: there is something behind"},
    {PS_STR_INIT("{}{}"), "byte 2: there is something behind"},
    {PS_STR_INIT("{}\0"), "byte 2: there is something behind"},
    {PS_STR_INIT("{},"), "something behind"},
    {PS_STR_INIT("[1,]"), "byte 3: a value is wanted"},
    {PS_STR_INIT("{\"a\":1,}"), "a key in quotes is wanted"},
    {PS_STR_INIT("[1}"), "a comma or the end of the list"},
    {PS_STR_INIT("{\"a\":1]"), "a comma or the end of the list"},
    {PS_STR_INIT("[}"), "a value is wanted"},
    {PS_STR_INIT("{]"), "a key in quotes is wanted"},
    {PS_STR_INIT("{a:1}"), "a key in quotes is wanted"},
    {PS_STR_INIT("{'a':1}"), "a key in quotes is wanted"},
    {PS_STR_INIT("{1:1}"), "a key in quotes is wanted"},
    {PS_STR_INIT("NaN"), "a value is wanted"},
    {PS_STR_INIT("Infinity"), "a value is wanted"},
    {PS_STR_INIT("-"), "a value is wanted"},
    {PS_STR_INIT("+1"), "a value is wanted"},
    {PS_STR_INIT("01"), "a value is wanted"},
    {PS_STR_INIT("-01"), "a value is wanted"},
    {PS_STR_INIT(".5"), "a value is wanted"},
    {PS_STR_INIT("1."), "no digits after its point"},
    {PS_STR_INIT("1e"), "exponent without digits"},
    {PS_STR_INIT("1e+"), "exponent without digits"},
    {PS_STR_INIT("0x10"), "something behind"},
    {PS_STR_INIT("1e999"), "a number is too large"},
    {PS_STR_INIT("1e-999"), "a number is too large"},
    {PS_STR_INIT("1e99999999999999999999999"), "a number is too large"},
    {PS_STR_INIT("9999999999999999999999999999e300"), "a number is too large"},
    {PS_STR_INIT("123456789012345678901234567890123"), "a number is too long"},
    {PS_STR_INIT("0.0000000000000000000000000000000001"), "a number is too long"},
    {PS_STR_INIT("/* x */ 1"), "a value is wanted"},
    {PS_STR_INIT("\xEF\xBB\xBF{}"), "byte 0: a value is wanted"},
    {PS_STR_INIT("\xFE\xFF"), "a value is wanted"},
    {PS_STR_INIT("\"\xC3\""), "not valid UTF-8"},
    {PS_STR_INIT("\"\xE2\x82\""), "not valid UTF-8"},
    {PS_STR_INIT("\"\xFF\""), "not valid UTF-8"},
    {PS_STR_INIT("\"\xC0\x80\""), "not valid UTF-8"},
    {PS_STR_INIT("\"\xED\xA0\x80\""), "not valid UTF-8"},
    {PS_STR_INIT("\"\xF4\x90\x80\x80\""), "not valid UTF-8"},
    {PS_STR_INIT("{\"\xC3\":1}"), "not valid UTF-8"},
    {PS_STR_INIT("\"\xF0\x9F\x98"), "not valid UTF-8"},
    {PS_STR_INIT("\"\\ud83d\""), "lone surrogate"},
    {PS_STR_INIT("\"\\ud83dx\""), "lone surrogate"},
    {PS_STR_INIT("\"\\ud83d\\n\""), "lone surrogate"},
    {PS_STR_INIT("\"\\ud83d\\u0041\""), "lone surrogate"},
    {PS_STR_INIT("\"\\ud83d\\ud83d\""), "lone surrogate"},
    {PS_STR_INIT("\"\\ude00\""), "lone surrogate"},
    {PS_STR_INIT("\"\\u12\""), "four hex digits"},
    {PS_STR_INIT("\"\\u12g4\""), "four hex digits"},
    {PS_STR_INIT("\"\\x41\""), "unknown escape"},
    {PS_STR_INIT("\"\\u0000\""), "U+0000"},
    {PS_STR_INIT("{\"a\\u0000b\":1}"), "U+0000"},
    {PS_STR_INIT("\"a\0b\""), "control character"},
    {PS_STR_INIT("\"a\nb\""), "control character"},
    {PS_STR_INIT("\"\t\""), "control character"},
    {PS_STR_INIT("[1\0]"), "a comma or the end"},
    {PS_STR_INIT("{\"a\":1,\"a\":2}"), "key 'a' occurs twice"},
    {PS_STR_INIT("{\"a\":1,\"b\":2,\"\\u0061\":2}"), "key 'a' occurs twice"},
    {PS_STR_INIT("[{\"x\":[{\"\":1,\"\":2}]}]"), "key '' occurs twice"},
};

static void refuse_bad(struct ps_arena *arena, const void *arg)
{
    const struct bad_row *row = arg;
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status = parse(arena, row->text, &root, &err);
    ck_assert_msg(status.code == PS_CODE_INPUT, "'%.*s' was taken", PS_FMT(row->text));
    ck_assert_msg(strstr(err.message, row->message) != NULL, "'%.*s': %s", PS_FMT(row->text),
                  err.message);
    ck_assert_ptr_null(root);
}

START_TEST(test_bad)
{
    ps_in_arena(refuse_bad, &bad[_i]);
}
END_TEST

/* What ends a run of plain bytes in a string, and what is said of it; NULL: it is taken. */
static const struct stop_row {
    struct ps_str stop;
    const char *message;
} stops[] = {
    {PS_STR_INIT(""), NULL},
    {PS_STR_INIT("\\n"), NULL},
    {PS_STR_INIT("\\u00e4"), NULL},
    {PS_STR_INIT("\xC3\xA4"), NULL},
    {PS_STR_INIT("\x7F"), NULL},
    {PS_STR_INIT("\x80"), "not valid UTF-8"},
    {PS_STR_INIT("\xFF"), "not valid UTF-8"},
    {PS_STR_INIT("\0"), "control character"},
    {PS_STR_INIT("\x1F"), "control character"},
    {PS_STR_INIT("\\x"), "unknown escape"},
    {PS_STR_INIT("\""), "something behind"},
};

/* The scanner takes eight bytes at a time: each place before the stop, and behind it. */
static void stop_anywhere(struct ps_arena *arena, const void *arg)
{
    static const char plain[] = "!#[]^~ abcdefghijklmnop";
    const struct stop_row *row = arg;
    for (size_t before = 0; before < 18; before++) {
        for (size_t behind = 0; behind < 18; behind++) {
            struct ps_json *root = NULL;
            struct ps_error err = {.message = ""};
            struct ps_str text =
                ps_arena_printf(arena, "\"%.*s?%.*s\"", (int)before, plain, (int)behind, plain);
            struct ps_buf buf;
            ps_buf_init(&buf, arena, 64);
            ps_buf_put(&buf, ps_str_slice(text, 0, before + 1));
            ps_buf_put(&buf, row->stop);
            ps_buf_put(&buf, ps_str_slice(text, before + 2, text.len));
            bool taken = ps_ok(parse(arena, ps_buf_view(&buf), &root, &err));
            ck_assert_msg(taken == (row->message == NULL), "%s: %s", buf.ptr, err.message);
            ck_assert_msg(taken || strstr(err.message, row->message) != NULL, "%s", err.message);
        }
    }
}

START_TEST(test_stops)
{
    ps_in_arena(stop_anywhere, &stops[_i]);
}
END_TEST

/* The first and the last of so many keys are the same, or all of them differ. */
static void repeat_key(struct ps_arena *arena, const void *arg)
{
    const size_t count = 2 + (size_t) * (const int *)arg;
    struct ps_buf buf;
    struct ps_json *root = NULL;
    ps_buf_init(&buf, arena, 1024);
    for (size_t i = 0; i < count; i++) {
        ps_buf_printf(&buf, "%s\"key%zu\":0", i == 0 ? "{" : ",", i);
    }
    ps_buf_puts(&buf, "}");
    ck_assert(ps_ok(parse(arena, ps_buf_view(&buf), &root, NULL)));
    buf.len--;
    ps_buf_puts(&buf, ",\"key0\":1}");
    struct ps_error err;
    ck_assert_int_eq(parse(arena, ps_buf_view(&buf), &root, &err).code, PS_CODE_INPUT);
    ck_assert_str_eq(err.message, "invalid JSON: key 'key0' occurs twice");
}

START_TEST(test_repeated_key)
{
    ps_in_arena(repeat_key, &_i);
}
END_TEST

/* Every truncation of a text that has all kinds of tokens is refused. */
static void refuse_truncated(struct ps_arena *arena, const void *row)
{
    const char *text =
        "{\"k\":[true,false,null,-1.5e+3,\"x\\u00e4\\ud83d\\ude00\xE2\x82\xAC\",{}]}";
    size_t len = strlen(text);
    struct ps_json *root = NULL;
    (void)row;
    for (size_t cut = 0; cut < len; cut++) {
        struct ps_status status = parse(arena, (struct ps_str){text, cut}, &root, NULL);
        ck_assert_msg(status.code == PS_CODE_INPUT, "cut at %zu", cut);
    }
    ck_assert(ps_ok(parse(arena, (struct ps_str){text, len}, &root, NULL)));
}

START_TEST(test_truncated)
{
    ps_in_arena(refuse_truncated, NULL);
}
END_TEST

/* depth times open, then depth times close. */
static struct ps_str nested(char *text, size_t depth, const char *open, const char *close)
{
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        len += (size_t)(stpcpy(text + len, open) - (text + len));
    }
    if (strcmp(open, "{\"a\":") == 0) {
        text[len++] = '1';
    }
    for (size_t i = 0; i < depth; i++) {
        len += (size_t)(stpcpy(text + len, close) - (text + len));
    }
    return (struct ps_str){text, len};
}

static const struct {
    size_t depth;
    const char *open;
    const char *close;
    bool ok;
} depths[] = {
    {PS_JSON_DEPTH_MAX, "[", "]", true},
    {PS_JSON_DEPTH_MAX + 1, "[", "]", false},
    {PS_JSON_DEPTH_MAX, "{\"a\":", "}", true},
    {PS_JSON_DEPTH_MAX + 1, "{\"a\":", "}", false},
    {100000, "[", "]", false},
    {100000, "[", "", false},
    {100000, "{\"a\":", "", false},
};

static void nest(struct ps_arena *arena, const void *arg)
{
    size_t i = *(const size_t *)arg;
    char *text = malloc(depths[i].depth * 6 + 8);
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    ck_assert_ptr_nonnull(text);
    struct ps_str json = nested(text, depths[i].depth, depths[i].open, depths[i].close);
    struct ps_status status = parse(arena, json, &root, &err);
    free(text);
    ck_assert_msg(ps_ok(status) == depths[i].ok, "row %zu: %s", i, err.message);
    ck_assert(ps_ok(status) || strstr(err.message, "nested too deeply") != NULL);
}

START_TEST(test_depth)
{
    size_t row = (size_t)_i;
    ps_in_arena(nest, &row);
}
END_TEST

/* A text that needs more than the arena has is the arena's failure, not a crash. */
static struct ps_status parse_large(void *arg)
{
    struct ps_arena *arena = arg;
    static char text[60000];
    struct ps_json *root = NULL;
    memset(text, ' ', sizeof(text));
    text[0] = '[';
    for (size_t i = 1; i + 3 < sizeof(text); i += 2) {
        text[i] = '0';
        text[i + 1] = ',';
    }
    text[sizeof(text) - 2] = '0';
    text[sizeof(text) - 1] = ']';
    return ps_json_parse(arena, (struct ps_str){text, sizeof(text)}, &root, NULL);
}

START_TEST(test_arena_limit)
{
    struct ps_arena *small = ps_arena_new(100000);
    ck_assert_int_eq(ps_arena_run(small, parse_large, small, NULL).code, PS_CODE_LIMIT);
    ps_arena_free(small);
    struct ps_arena *large = ps_arena_new(100000000);
    ck_assert(ps_ok(ps_arena_run(large, parse_large, large, NULL)));
    ps_arena_free(large);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *parsing = tcase_create("parse");
    tcase_add_loop_test(parsing, test_good, 0, PS_COUNT(good));
    tcase_add_loop_test(parsing, test_bad, 0, PS_COUNT(bad));
    tcase_add_loop_test(parsing, test_stops, 0, PS_COUNT(stops));
    tcase_add_loop_test(parsing, test_repeated_key, 0, 40);
    tcase_add_test(parsing, test_truncated);
    tcase_add_loop_test(parsing, test_depth, 0, PS_COUNT(depths));
    tcase_add_test(parsing, test_arena_limit);
    suite_add_tcase(suite, parsing);
    return suite;
}
