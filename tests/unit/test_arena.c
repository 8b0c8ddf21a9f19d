/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "portside/arena.h"
#include "support/runner.h"

#define KIB ((size_t)1024)

static struct ps_arena *arena;

static void setup_with(size_t limit)
{
    arena = ps_arena_new(limit);
    ck_assert_ptr_nonnull(arena);
}

static void setup(void)
{
    setup_with(1024 * KIB);
}

static void teardown(void)
{
    ps_arena_free(arena);
    arena = NULL;
}

/* Runs work and demands that it gets through. */
static void run(struct ps_status (*work)(void *arg), void *arg)
{
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_arena_run(arena, work, arg, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
}

static struct ps_status aligned_and_apart(void *arg)
{
    (void)arg;
    unsigned char *last = NULL;
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = ps_arena_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)memory % 16, 0);
        ck_assert_ptr_ne(memory, last);
        memset(memory, (int)(size & 0xFF), size);
        ck_assert(last == NULL || size < 2 || last[size - 2] == (unsigned char)(size - 1));
        last = memory;
    }
    return ps_success();
}

START_TEST(test_alloc)
{
    run(aligned_and_apart, NULL);
}
END_TEST

static struct ps_status larger_than_a_block(void *arg)
{
    (void)arg;
    char *small = ps_arena_alloc(arena, 10);
    memcpy(small, "unharmed!", 10);
    char *large = ps_arena_alloc(arena, 300 * KIB);
    memset(large, 'x', 300 * KIB);
    char *again = ps_arena_calloc(arena, 100, KIB);
    size_t zeroes = 0;
    while (zeroes < 100 * KIB && again[zeroes] == 0) {
        zeroes++;
    }
    ck_assert_uint_eq(zeroes, 100 * KIB);
    ck_assert_str_eq(small, "unharmed!");
    ck_assert_uint_ge(ps_arena_used(arena), 400 * KIB + 10);
    return ps_success();
}

START_TEST(test_growth_and_reset)
{
    for (int i = 0; i < 3; i++) {
        run(larger_than_a_block, NULL);
        ps_arena_reset(arena);
        ck_assert_uint_eq(ps_arena_used(arena), 0);
    }
}
END_TEST

static struct ps_status refused(void *arg)
{
    (void)arg;
    return (struct ps_status){PS_CODE_INPUT};
}

START_TEST(test_status_of_work_is_handed_on)
{
    ck_assert_int_eq(ps_arena_run(arena, refused, NULL, NULL).code, PS_CODE_INPUT);
}
END_TEST

static struct ps_status devour(void *arg)
{
    size_t *count = arg;
    while (*count < SIZE_MAX) {
        memset(ps_arena_alloc(arena, KIB), 1, KIB);
        (*count)++;
    }
    return ps_success();
}

static const size_t limits[] = {0, 1, 15, 100, 1023, 70 * KIB + 5, 200 * KIB, 1000 * KIB};

/* Never holds more than it may, whatever the limit; and can be used again after a reset. */
START_TEST(test_limit)
{
    setup_with(limits[_i]);
    for (int round = 0; round < 2; round++) {
        struct ps_error err = {.message = ""};
        size_t count = 0;
        struct ps_status status = ps_arena_run(arena, devour, &count, &err);
        ck_assert_int_eq(status.code, PS_CODE_LIMIT);
        ck_assert_ptr_nonnull(strstr(err.message, "more than"));
        ck_assert_uint_le(count * KIB, limits[_i]);
        ck_assert_uint_le(ps_arena_used(arena), limits[_i]);
        ck_assert_uint_ge(count * 2 * KIB + 4 * KIB, limits[_i] / 2);
        ps_arena_reset(arena);
    }
    teardown();
}
END_TEST

static struct ps_status ask_for(void *arg)
{
    const size_t *size = arg;
    (void)ps_arena_alloc(arena, *size);
    return ps_success();
}

static struct ps_status ask_for_product(void *arg)
{
    const size_t *factors = arg;
    (void)ps_arena_calloc(arena, factors[0], factors[1]);
    return ps_success();
}

static size_t too_large[] = {1024 * KIB + 1, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};

START_TEST(test_too_large)
{
    ck_assert_int_eq(ps_arena_run(arena, ask_for, &too_large[_i], NULL).code, PS_CODE_LIMIT);
}
END_TEST

START_TEST(test_product_that_overflows)
{
    size_t factors[] = {SIZE_MAX / 2 + 1, 2};
    ck_assert_int_eq(ps_arena_run(arena, ask_for_product, factors, NULL).code, PS_CODE_LIMIT);
    factors[0] = SIZE_MAX;
    factors[1] = 0;
    ck_assert(ps_ok(ps_arena_run(arena, ask_for_product, factors, NULL)));
}
END_TEST

static struct ps_status newest_first(void *arg)
{
    (void)arg;
    void *first = ps_arena_alloc(arena, 100);
    size_t used = ps_arena_used(arena);
    void *second = ps_arena_alloc(arena, 200);
    ps_arena_release(arena, first); /* not the newest: stays */
    ck_assert_uint_gt(ps_arena_used(arena), used);
    ps_arena_release(arena, second);
    ck_assert_uint_eq(ps_arena_used(arena), used);
    ck_assert_ptr_eq(ps_arena_alloc(arena, 50), second);
    ps_arena_release(arena, second);
    ps_arena_release(arena, first);
    ck_assert_uint_eq(ps_arena_used(arena), 0);
    ps_arena_release(arena, NULL);
    return ps_success();
}

START_TEST(test_release)
{
    run(newest_first, NULL);
}
END_TEST

static struct ps_status across_blocks(void *arg)
{
    (void)arg;
    void *old = ps_arena_alloc(arena, 60 * KIB);
    void *large = ps_arena_alloc(arena, 200 * KIB);
    ps_arena_release(arena, old); /* in an older block: stays */
    ps_arena_release(arena, large);
    void *other = ps_arena_alloc(arena, 100 * KIB);
    ck_assert_ptr_eq(other, large);
    return ps_success();
}

START_TEST(test_release_across_blocks)
{
    run(across_blocks, NULL);
}
END_TEST

static struct ps_status texts(void *arg)
{
    (void)arg;
    struct ps_str copy = ps_arena_copy(arena, (struct ps_str){"kafka-0", 5});
    ck_assert_str_eq(copy.ptr, "kafka");
    copy = ps_arena_copy(arena, (struct ps_str){NULL, 0});
    ck_assert_str_eq(copy.ptr, "");
    copy = PS_ARENA_JOIN(arena, PS_STR("kafka"), (struct ps_str){NULL, 0}, PS_STR("-"), copy,
                         (struct ps_str){"0x", 1});
    ck_assert_str_eq(copy.ptr, "kafka-0");
    ck_assert_uint_eq(copy.len, 7);
    copy = ps_arena_join(arena, NULL, 0);
    ck_assert_str_eq(copy.ptr, "");
    ck_assert_uint_eq(copy.len, 0);
    struct ps_str text = ps_arena_printf(arena, "%s-%d%s", "kafka", 12, "");
    ck_assert_str_eq(text.ptr, "kafka-12");
    ck_assert_uint_eq(text.len, 8);
    text = ps_arena_printf(arena, "%0*d", 100000, 7);
    ck_assert_uint_eq(text.len, 100000);
    ck_assert_int_eq(text.ptr[99999], '7');
    return ps_success();
}

START_TEST(test_texts)
{
    run(texts, NULL);
}
END_TEST

START_TEST(test_alloc_outside_of_run_aborts)
{
    (void)ps_arena_alloc(arena, 10 * 1024 * KIB);
}
END_TEST

START_TEST(test_free_takes_null)
{
    ps_arena_free(NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("memory");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_alloc);
    tcase_add_test(tcase, test_growth_and_reset);
    tcase_add_test(tcase, test_status_of_work_is_handed_on);
    tcase_add_loop_test(tcase, test_too_large, 0, PS_COUNT(too_large));
    tcase_add_test(tcase, test_product_that_overflows);
    tcase_add_test(tcase, test_release);
    tcase_add_test(tcase, test_release_across_blocks);
    tcase_add_test(tcase, test_texts);
    tcase_add_test(tcase, test_free_takes_null);
    suite_add_tcase(suite, tcase);
    TCase *limits_case = tcase_create("limits");
    tcase_add_loop_test(limits_case, test_limit, 0, PS_COUNT(limits));
    suite_add_tcase(suite, limits_case);
    /* a signal is seen only where tests are forked */
    if (getenv("CK_FORK") == NULL) {
        TCase *aborts = tcase_create("aborts");
        tcase_add_checked_fixture(aborts, setup, teardown);
        tcase_add_test_raise_signal(aborts, test_alloc_outside_of_run_aborts, SIGABRT);
        suite_add_tcase(suite, aborts);
    }
    return suite;
}
