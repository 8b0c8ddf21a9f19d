/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/base64.h"

#include <stdlib.h>
#include <string.h>

#include "in_arena.h"
#include "support/runner.h"

static const struct row {
    struct ps_str bytes;
    struct ps_str text;
} rows[] = {
    /* RFC 4648 section 10 */
    {PS_STR_INIT(""), PS_STR_INIT("")},
    {PS_STR_INIT("f"), PS_STR_INIT("Zg==")},
    {PS_STR_INIT("fo"), PS_STR_INIT("Zm8=")},
    {PS_STR_INIT("foo"), PS_STR_INIT("Zm9v")},
    {PS_STR_INIT("foob"), PS_STR_INIT("Zm9vYg==")},
    {PS_STR_INIT("fooba"), PS_STR_INIT("Zm9vYmE=")},
    {PS_STR_INIT("foobar"), PS_STR_INIT("Zm9vYmFy")},
    {PS_STR_INIT("\xFF\xFE\x00"), PS_STR_INIT("//4A")},
    {PS_STR_INIT("\xFB\xEF\xBE"), PS_STR_INIT("++++")},
    /* each digit */
    {PS_STR_INIT("\x00\x10\x83\x10\x51\x87\x20\x92\x8B\x30\xD3\x8F\x41\x14\x93\x51"
                 "\x55\x97\x61\x96\x9B\x71\xD7\x9F\x82\x18\xA3\x92\x59\xA7\xA2\x9A"
                 "\xAB\xB2\xDB\xAF\xC3\x1C\xB3\xD3\x5D\xB7\xE3\x9E\xBB\xF3\xDF\xBF"),
     PS_STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")},
};

/* Decodes a copy of its very size into room of the very size that is asked for. */
static bool decode(struct ps_str text, struct ps_str expected)
{
    char *copy = ps_exact_copy(text);
    char *out = malloc(PS_BASE64_ROOM(text.len));
    ck_assert_ptr_nonnull(out);
    size_t len = 0;
    bool good = ps_base64_decode((struct ps_str){copy, text.len}, out, &len);
    if (good) {
        ck_assert_uint_eq(len, expected.len);
        ck_assert_mem_eq(out, expected.ptr, len);
    }
    free(out);
    free(copy);
    return good;
}

static void both_ways(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_str text = ps_base64_encode(arena, row->bytes);
    ck_assert_msg(ps_str_equal(text, row->text), "'%.*s'", PS_FMT(text));
    ck_assert(decode(row->text, row->bytes));
}

START_TEST(bytes_and_text)
{
    ps_in_arena(both_ways, &rows[_i]);
}
END_TEST

/* Of every length, from a block of its very size, with each digit in each place. */
static void lengths(struct ps_arena *arena, const void *arg)
{
    char bytes[256];
    (void)arg;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(unsigned char)(i * 37 + i / 7);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct ps_str view = {bytes, len};
        char *copy = ps_exact_copy(view);
        struct ps_str text = ps_base64_encode(arena, (struct ps_str){copy, len});
        free(copy);
        ck_assert_uint_eq(text.len, PS_BASE64_LEN(len));
        ck_assert_uint_eq(strspn(text.ptr, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                           "0123456789+/="),
                          text.len);
        ck_assert(decode(text, view));
    }
}

START_TEST(every_length)
{
    ps_in_arena(lengths, NULL);
}
END_TEST

START_TEST(loose_forms_are_read)
{
    ck_assert(decode(PS_STR("Zg"), PS_STR("f")));
    ck_assert(decode(PS_STR(" Zm\n9v\r\n"), PS_STR("foo")));
    ck_assert(decode(PS_STR("Zg= =\n"), PS_STR("f")));
}
END_TEST

START_TEST(what_is_no_base64_is_refused)
{
    static const struct ps_str bad[] = {
        PS_STR_INIT("Z"),     PS_STR_INIT("Zm9vY"), PS_STR_INIT("Zm9-"),
        PS_STR_INIT("Zg==Z"), PS_STR_INIT("Z\0g="), PS_STR_INIT("Zm9\xC3"),
    };
    for (size_t i = 0; i < PS_COUNT(bad); i++) {
        ck_assert_msg(!decode(bad[i], PS_STR("")), "row %zu", i);
    }
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("base64");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, bytes_and_text, 0, (int)PS_COUNT(rows));
    tcase_add_test(all, every_length);
    tcase_add_test(all, loose_forms_are_read);
    tcase_add_test(all, what_is_no_base64_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}
