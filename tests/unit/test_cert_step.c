/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate step, one step at a time: what is seen, and what is to be done. */
#include "portside/cert_step.h"

#include <string.h>

#include "cert_facts.h"
#include "portside/attr.h"
#include "support/runner.h"

static struct ps_cert_state state;
static struct ps_cert_timing timing;
static struct ps_cert_facts facts;

static void set_up(void)
{
    timing = ps_cert_timing_default();
    facts = cert_facts();
    state = cert_state();
}

static struct ps_cert_plan step(void)
{
    return ps_cert_step(&state, &timing, &facts);
}

static void expect_secret(enum ps_cert_reason reason, bool new_ca, enum ps_cert_leaf_source leaf,
                          const char *previous)
{
    struct ps_cert_plan plan = step();
    struct ps_cert_set expected = cert_set(previous);
    ck_assert_msg(plan.reason == reason, "'%s'", ps_cert_reason_text(plan.reason));
    ck_assert_int_eq(plan.secret, reason == PS_CERT_REASON_NONE ? PS_CERT_WRITE_NONE
                                  : facts.secret.present        ? PS_CERT_WRITE_UPDATE
                                                                : PS_CERT_WRITE_CREATE);
    ck_assert_int_eq(plan.new_ca, new_ca);
    ck_assert_int_eq(plan.leaf, leaf);
    ck_assert_msg(ps_cert_set_equal(&plan.previous, &expected), "%zu previous",
                  plan.previous.count);
}

/* Nothing is written, read or put into service. */
static void expect_nothing(void)
{
    struct ps_cert_plan plan = step();
    ck_assert_int_eq(plan.secret, PS_CERT_WRITE_NONE);
    ck_assert(!plan.serve);
    ck_assert(!plan.read_secret);
    ck_assert(!plan.write_bundle[0]);
    ck_assert_uint_gt(plan.deadline_mono_ms, facts.mono_ms);
    ck_assert_uint_le(plan.deadline_mono_ms, facts.mono_ms + 60000);
}

START_TEST(nothing_to_do)
{
    expect_nothing();
    facts.leader = false;
    expect_nothing();
}
END_TEST

START_TEST(first_start)
{
    facts.secret = (struct ps_cert_secret){.known = false};
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.bundles[0] = cert_bundle("");
    expect_nothing();
    facts.secret.known = true;
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_NEW, "");
    struct ps_cert_plan plan = step();
    ck_assert_int_eq(plan.ca_span.not_before_s, NOW - 3600);
    ck_assert_int_eq(plan.ca_span.not_after_s, NOW + 3652 * DAY);
    ck_assert_int_eq(plan.leaf_span.not_before_s, NOW - 3600);
    ck_assert_int_eq(plan.leaf_span.not_after_s, NOW + 7 * DAY);
    facts.leader = false;
    expect_nothing();
}
END_TEST

START_TEST(leaves_are_renewed_by_age)
{
    facts.wall_s = NOW + 3 * DAY;
    expect_nothing();
    facts.wall_s = NOW + 4 * DAY; /* of the seven, one is over already */
    expect_secret(PS_CERT_REASON_LEAF_AGE, false, PS_CERT_LEAF_NEW, "");
    facts.wall_s = NOW + 30 * DAY; /* a machine slept */
    expect_secret(PS_CERT_REASON_LEAF_AGE, false, PS_CERT_LEAF_NEW, "");
    facts.wall_s = NOW - 3 * DAY; /* its maker's clock was ahead */
    expect_secret(PS_CERT_REASON_LEAF_AGE, false, PS_CERT_LEAF_NEW, "");
    facts.secret.ca_span.not_after_s = NOW + 33 * DAY;
    facts.secret.ca_span.not_before_s = NOW - DAY;
    facts.wall_s = NOW + 5 * DAY;
    timing.leaf_s = 90 * DAY;
    ck_assert_int_eq(step().leaf_span.not_after_s, NOW + 33 * DAY); /* no longer than its CA */
}
END_TEST

START_TEST(leaves_are_renewed_for_their_names_and_faults)
{
    facts.secret.leaf.covers = false;
    expect_secret(PS_CERT_REASON_LEAF_NAMES, false, PS_CERT_LEAF_NEW, "");
    facts.secret.leaf.usable = false;
    expect_secret(PS_CERT_REASON_LEAF_DAMAGED, false, PS_CERT_LEAF_NEW, "");
    facts.bundles[0] = cert_bundle(""); /* a new one would not be verified yet */
    expect_secret(PS_CERT_REASON_LEAF_DAMAGED, false, PS_CERT_LEAF_RESTORE, "");
}
END_TEST

START_TEST(a_new_ca_is_published_before_its_leaf_is_made)
{
    facts.wall_s = NOW + 2400 * DAY;
    facts.secret.leaf = facts.served = cert_leaf(2, 1, -2399);
    expect_secret(PS_CERT_REASON_CA_AGE, true, PS_CERT_LEAF_KEEP, "1");
    int64_t until_s = step().previous_until_s;
    ck_assert_int_eq(until_s, facts.wall_s + 7 * DAY);

    facts.secret.ca = cert_id(3); /* it is done */
    facts.secret.ca_span = (struct ps_cert_span){facts.wall_s - 3600, facts.wall_s + 3652 * DAY};
    facts.secret.previous = cert_set("1");
    facts.secret.previous_until_s = until_s;
    struct ps_cert_plan plan = step();
    struct ps_cert_set both = cert_set("31");
    ck_assert_int_eq(plan.secret, PS_CERT_WRITE_NONE);
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &both));

    facts.bundles[0] = cert_bundle("31");
    expect_nothing();
    facts.mono_ms += timing.propagation_ms - 1;
    expect_nothing();
    facts.mono_ms += 1;
    expect_secret(PS_CERT_REASON_LEAF_CA, false, PS_CERT_LEAF_NEW, "1");

    facts.secret.leaf = cert_leaf(4, 3, -2400);
    ck_assert(step().serve);
    facts.served = facts.secret.leaf;
    expect_nothing();
    facts.wall_s = until_s;
    facts.secret.leaf = facts.served = cert_leaf(5, 3, -2406);
    expect_secret(PS_CERT_REASON_RETIRED, false, PS_CERT_LEAF_KEEP, "");
}
END_TEST

START_TEST(a_deleted_secret_is_made_around_what_is_served)
{
    facts.secret = (struct ps_cert_secret){.known = true};
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_RESTORE, "1");
    facts.bundles[0].known = false; /* what is in there is not known, but time is over */
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_RESTORE, "1");
    state.started_mono_ms = facts.mono_ms;
    expect_nothing();
}
END_TEST

START_TEST(a_new_leader_keeps_what_others_may_serve)
{
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.secret = (struct ps_cert_secret){.known = true};
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_KEEP, "1");
    set_up();
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.bundles[0] = cert_bundle("78"); /* of a Secret that this one was put in place of */
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_DROP, "78");
    ck_assert(!step().write_bundle[0]);
    facts.bundles[0] = cert_bundle("178"); /* those of another mode serve by them */
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "78");
    ck_assert(!step().write_bundle[0]);
    facts.served = facts.secret.leaf; /* it serves meanwhile, and remembers */
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "78");
    facts.secret.previous = cert_set("78");
    facts.secret.previous_until_s = NOW + DAY;
    expect_nothing();
    facts.wall_s = NOW + DAY;
    expect_secret(PS_CERT_REASON_RETIRED, false, PS_CERT_LEAF_KEEP, "");
    facts.secret.previous.count = 0;
    struct ps_cert_set own = cert_set("1");
    struct ps_cert_plan plan = step();
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &own));
}
END_TEST

START_TEST(damage_to_the_ca)
{
    facts.secret.ca_usable = false; /* its key alone */
    expect_secret(PS_CERT_REASON_CA_DAMAGED, true, PS_CERT_LEAF_KEEP, "1");
    facts.secret.ca = cert_id(0); /* and then the leaf has no issuer either */
    facts.secret.leaf.usable = false;
    expect_secret(PS_CERT_REASON_CA_DAMAGED, true, PS_CERT_LEAF_RESTORE, "1");
}
END_TEST

START_TEST(a_restored_secret_is_of_another_lineage)
{
    facts.secret.ca = cert_id(3);
    facts.secret.leaf = cert_leaf(4, 3, 1);
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "1");
    ck_assert(!step().serve);
    ck_assert(!step().write_bundle[0]);
}
END_TEST

START_TEST(a_date_that_cannot_be_is_written_anew)
{
    facts.secret.previous = cert_set("5");
    facts.secret.previous_until_s = 0;
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "5");
    ck_assert_int_eq(step().previous_until_s, NOW + 7 * DAY);
    facts.secret.previous_until_s = INT64_MAX;
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "5");
}
END_TEST

START_TEST(bundles_are_put_right)
{
    static const char *const wrong[] = {"", "7", "17", "71"};
    for (size_t i = 0; i < PS_COUNT(wrong); i++) {
        set_up();
        facts.bundles[0] = cert_bundle(wrong[i]);
        ck_assert_msg(step().write_bundle[0], "row %zu", i);
    }
    facts.bundles[0] = cert_bundle("1");
    facts.bundles[0].neat = false;
    ck_assert(step().write_bundle[0]);
    facts.leader = false;
    ck_assert(!step().write_bundle[0]);
    facts.leader = true;
    facts.bundles[0].present = false;
    ck_assert(!step().write_bundle[0]);
}
END_TEST

START_TEST(nothing_is_taken_out_on_an_old_view)
{
    facts.bundles[0] = cert_bundle("17");
    facts.secret.read_mono_ms = facts.bundles[0].seen_mono_ms - 1;
    struct ps_cert_plan plan = step();
    ck_assert(plan.read_secret);
    ck_assert(!plan.write_bundle[0]);
    facts.bundles[0] = cert_bundle(""); /* putting in is no risk */
    plan = step();
    ck_assert(!plan.read_secret);
    ck_assert(plan.write_bundle[0]);
}
END_TEST

START_TEST(a_foreign_secret_is_left_alone)
{
    facts.secret.foreign = true;
    facts.secret.ca_usable = false;
    facts.bundles[0] = cert_bundle("");
    facts.served = (struct ps_cert_leaf){.usable = false};
    expect_nothing();
}
END_TEST

START_TEST(a_given_bundle_is_all_that_is_published)
{
    struct ps_cert_set given = cert_set("9");
    facts.given = &given;
    facts.secret = (struct ps_cert_secret){.known = false};
    struct ps_cert_plan plan = step();
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &given));
    facts.bundles[0] = cert_bundle("9");
    expect_nothing();
    given.count = 0; /* the file is empty for a moment */
    facts.bundles[0] = cert_bundle("1");
    expect_nothing();
}
END_TEST

START_TEST(sets_are_full_at_some_time)
{
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.secret = (struct ps_cert_secret){.known = true};
    facts.bundles[0] = cert_bundle("12345678");
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_KEEP, "1234567");
    facts = cert_facts(); /* no room for all: the others go */
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.secret.previous = cert_set("2345678");
    facts.secret.previous_until_s = NOW + DAY;
    facts.bundles[0] = cert_bundle("12345679");
    expect_secret(PS_CERT_REASON_NONE, false, PS_CERT_LEAF_KEEP, "2345678");
    ck_assert(step().write_bundle[0]);
    struct ps_cert_set full = cert_set("12345678");
    struct ps_cert_id more = cert_id(9);
    ck_assert(!ps_cert_set_add(&full, &more));
    ck_assert(ps_cert_set_add(&full, &full.ids[3]));
}
END_TEST

START_TEST(each_reason_has_words)
{
    for (int i = PS_CERT_REASON_NONE + 1; i < PS_CERT_REASONS; i++) {
        ck_assert_uint_gt(strlen(ps_cert_reason_text((enum ps_cert_reason)i)), 10);
    }
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cert_step");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, nothing_to_do);
    tcase_add_test(all, first_start);
    tcase_add_test(all, leaves_are_renewed_by_age);
    tcase_add_test(all, leaves_are_renewed_for_their_names_and_faults);
    tcase_add_test(all, a_new_ca_is_published_before_its_leaf_is_made);
    tcase_add_test(all, a_deleted_secret_is_made_around_what_is_served);
    tcase_add_test(all, a_new_leader_keeps_what_others_may_serve);
    tcase_add_test(all, damage_to_the_ca);
    tcase_add_test(all, a_restored_secret_is_of_another_lineage);
    tcase_add_test(all, a_date_that_cannot_be_is_written_anew);
    tcase_add_test(all, bundles_are_put_right);
    tcase_add_test(all, nothing_is_taken_out_on_an_old_view);
    tcase_add_test(all, a_foreign_secret_is_left_alone);
    tcase_add_test(all, a_given_bundle_is_all_that_is_published);
    tcase_add_test(all, sets_are_full_at_some_time);
    tcase_add_test(all, each_reason_has_words);
    suite_add_tcase(suite, all);
    return suite;
}
