/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/buf.h"

#include <string.h>

#include "in_arena.h"
#include "support/runner.h"

/* The invariant of buf.h. */
static void check_sane(const struct ps_buf *buf)
{
    ck_assert_ptr_nonnull(buf->ptr);
    ck_assert_uint_lt(buf->len, buf->cap);
    ck_assert_int_eq(buf->ptr[buf->len], '\0');
}

static void append_all(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 0);
    check_sane(&buf);
    ps_buf_puts(&buf, "a");
    ps_buf_putc(&buf, '\0');
    ps_buf_put(&buf, PS_STR("bc"));
    ps_buf_put(&buf, (struct ps_str){NULL, 0});
    ps_buf_puts(&buf, NULL);
    ps_buf_printf(&buf, "%d%s", 42, "");
    ps_buf_printf(&buf, "%s", "");
    check_sane(&buf);
    ck_assert(ps_str_equal(ps_buf_view(&buf), PS_STR("a\0bc42")));
}

START_TEST(test_append)
{
    ps_in_arena(append_all, NULL);
}
END_TEST

static void grow(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 3);
    for (size_t i = 0; i < 20000; i++) {
        ps_buf_putc(&buf, (char)('a' + i % 26));
        ck_assert_uint_eq(buf.len, i + 1);
        check_sane(&buf);
    }
    for (size_t i = 0; i < 20000; i++) {
        ck_assert_int_eq(buf.ptr[i], (char)('a' + i % 26));
    }
}

START_TEST(test_growth_keeps_content)
{
    ps_in_arena(grow, NULL);
}
END_TEST

/* Lengths around the first capacity, where an error by one would show. */
static void fill_exactly(struct ps_arena *arena, const void *row)
{
    (void)row;
    char text[200];
    memset(text, 'x', sizeof(text));
    for (size_t len = 60; len < 70; len++) {
        struct ps_buf buf;
        ps_buf_init(&buf, arena, 64);
        ps_buf_put(&buf, (struct ps_str){text, len});
        check_sane(&buf);
        ps_buf_init(&buf, arena, 64);
        ps_buf_printf(&buf, "%.*s", (int)len, text);
        check_sane(&buf);
        ck_assert_uint_eq(buf.len, len);
    }
}

START_TEST(test_edges_of_capacity)
{
    ps_in_arena(fill_exactly, NULL);
}
END_TEST

static void put_itself(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 64);
    ps_buf_puts(&buf, "0123456789");
    for (int i = 0; i < 5; i++) {
        ps_buf_put(&buf, ps_buf_view(&buf));
    }
    ck_assert_uint_eq(buf.len, 320);
    ck_assert(ps_str_ends(ps_buf_view(&buf), "90123456789"));
}

START_TEST(test_append_to_itself)
{
    ps_in_arena(put_itself, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("buf");
    TCase *tcase = tcase_create("buffers");
    tcase_add_test(tcase, test_append);
    tcase_add_test(tcase, test_growth_keeps_content);
    tcase_add_test(tcase, test_edges_of_capacity);
    tcase_add_test(tcase, test_append_to_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
