/* SPDX-License-Identifier: Apache-2.0 */
/* What workers share; threads stand for workers. */
#include "share.h"

#include "portside/clock.h"

#include "support/runner.h"

static struct ps_share share;

static void set_up(void)
{
    struct ps_error err = {0};
    ck_assert(ps_ok(ps_share_init(&share, 3, 1000, &err)));
}

static void tear_down(void)
{
    ps_share_clear(&share);
}

START_TEST(there_are_as_many_places_as_said)
{
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++) {
            ck_assert(ps_share_take_conn(&share));
        }
        ck_assert(!ps_share_take_conn(&share));
        for (int i = 0; i < 3; i++) {
            ps_share_leave_conn(&share);
        }
    }
}
END_TEST

START_TEST(only_what_is_beyond_a_small_body_counts)
{
    const size_t small = PS_SHARE_SMALL_BYTES;
    ck_assert(ps_share_grow_body(&share, 0, small));
    ck_assert(ps_share_grow_body(&share, small, small + 999));
    ck_assert(ps_share_grow_body(&share, small + 999, small + 1000));
    ck_assert(!ps_share_grow_body(&share, small + 1000, small + 1001));
    ck_assert(ps_share_grow_body(&share, 0, small)); /* of another */
    ck_assert(!ps_share_grow_body(&share, small, small + 1));
    ps_share_drop_body(&share, small); /* gives back nothing */
    ck_assert(!ps_share_grow_body(&share, 0, small + 1));
    ps_share_drop_body(&share, small + 1000);
    ck_assert(ps_share_grow_body(&share, 0, small + 1000));
    ps_share_drop_body(&share, small + 1000);
    ck_assert(!ps_share_grow_body(&share, 0, SIZE_MAX));
    ck_assert(ps_share_grow_body(&share, 0, small + 1000));
}
END_TEST

static void *enter(void *unused)
{
    (void)unused;
    return ps_share_enter(&share) ? &share : NULL;
}

static void *take_and_leave(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        if (ps_share_take_conn(&share)) {
            ps_share_leave_conn(&share);
        }
    }
    return NULL;
}

START_TEST(threads_lose_no_place)
{
    pthread_t threads[4];
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_leave, NULL), 0);
    }
    for (size_t i = 0; i < PS_COUNT(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_uint_eq(atomic_load(&share.conns), 0);
}
END_TEST

START_TEST(the_second_large_one_gives_up_after_a_while)
{
    ck_assert(ps_share_enter(&share));
    uint64_t begin_ms = ps_clock_mono_ms();
    ck_assert(!ps_share_enter(&share));
    ck_assert_uint_ge(ps_clock_mono_ms() - begin_ms, 99);
    ck_assert(!ps_share_enter(&share)); /* who gave up took nothing */
    ps_share_leave(&share);
    ck_assert(ps_share_enter(&share));
}
END_TEST

START_TEST(the_second_large_one_gets_its_turn)
{
    pthread_t thread;
    void *entered = NULL;
    ck_assert(ps_share_enter(&share));
    ck_assert_int_eq(pthread_create(&thread, NULL, enter, NULL), 0);
    ps_share_leave(&share);
    ck_assert_int_eq(pthread_join(thread, &entered), 0);
    ck_assert_ptr_eq(entered, &share);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("share");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, there_are_as_many_places_as_said);
    tcase_add_test(all, only_what_is_beyond_a_small_body_counts);
    tcase_add_test(all, threads_lose_no_place);
    tcase_add_test(all, the_second_large_one_gives_up_after_a_while);
    tcase_add_test(all, the_second_large_one_gets_its_turn);
    suite_add_tcase(suite, all);
    return suite;
}
