/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate step, one step at a time: what is seen, and what is to be done. */
#include "portside/cert_step.h"

#include <string.h>

#include "portside/attr.h"
#include "support/runner.h"

#define NOW INT64_C(1795276800)
#define DAY INT64_C(86400)
#define MONO_MS 1000000U

static struct ps_cert_state state;
static struct ps_cert_timing timing;
static struct ps_cert_facts facts;

static struct ps_cert_id id_of(unsigned char number)
{
    struct ps_cert_id id = {{0}};
    id.bytes[31] = number;
    return id;
}

static struct ps_cert_set set_of(const char *numbers)
{
    struct ps_cert_set set = {.count = 0};
    for (const char *at = numbers; *at != '\0'; at++) {
        struct ps_cert_id id = id_of((unsigned char)(*at - '0'));
        (void)ps_cert_set_add(&set, &id);
    }
    return set;
}

static struct ps_cert_leaf leaf_of(unsigned char number, unsigned char issuer, int64_t age_days)
{
    int64_t made_s = NOW - age_days * DAY;
    return (struct ps_cert_leaf){
        .usable = true,
        .covers = true,
        .id = id_of(number),
        .issuer = id_of(issuer),
        .span = {made_s - 3600, made_s + 7 * DAY},
    };
}

static struct ps_cert_bundle bundle_of(const char *numbers)
{
    return (struct ps_cert_bundle){.known = true,
                                   .present = true,
                                   .neat = true,
                                   .common = set_of(numbers),
                                   .any = set_of(numbers),
                                   .seen_mono_ms = MONO_MS - 1000};
}

/* CA 1 and its leaf 2 in the Secret, served, and published long since; the leader looks. */
static void set_up(void)
{
    timing = ps_cert_timing_default();
    facts = (struct ps_cert_facts){
        .leader = true,
        .secret = {.known = true,
                   .present = true,
                   .ca_usable = true,
                   .ca = id_of(1),
                   .ca_span = {NOW - 100 * DAY, NOW + 3550 * DAY},
                   .leaf = leaf_of(2, 1, 1),
                   .read_mono_ms = MONO_MS},
        .served = leaf_of(2, 1, 1),
        .bundles = {bundle_of("1")},
        .bundle_count = 1,
        .mono_ms = MONO_MS,
        .wall_s = NOW,
    };
    state = (struct ps_cert_state){.started = true, .published_count = 1};
    state.published[0].id = id_of(1);
}

static struct ps_cert_plan step(void)
{
    return ps_cert_step(&state, &timing, &facts);
}

static void expect_secret(enum ps_cert_reason reason, bool new_ca, enum ps_cert_leaf_source leaf,
                          const char *previous)
{
    struct ps_cert_plan plan = step();
    struct ps_cert_set expected = set_of(previous);
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
    facts.bundles[0] = bundle_of("");
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

START_TEST(one_who_serves_nothing_waits_for_the_bundles)
{
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.bundles[0] = bundle_of("");
    facts.leader = false;
    expect_nothing();
    facts.bundles[0] = bundle_of("1");
    ck_assert(step().serve);
    facts.bundles[0] = bundle_of("13"); /* another was in service lately … */
    ck_assert(step().serve);            /* … but not since that leaf was made */
    facts.secret.leaf = leaf_of(2, 1, 0);
    facts.wall_s = NOW + (int64_t)timing.propagation_ms / 1000;
    ck_assert(step().serve);
    facts.wall_s--;
    ck_assert(!step().serve);
    ck_assert_uint_eq(step().deadline_mono_ms, MONO_MS + timing.propagation_ms);
    facts.bundles[0].known = false;
    facts.mono_ms += timing.patience_ms - 1;
    ck_assert(!step().serve);
    facts.mono_ms += 1;
    ck_assert(step().serve);
    facts.bundle_count = 0; /* nobody asks */
    state = (struct ps_cert_state){.started = false};
    ck_assert(step().serve);
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
    facts.bundles[0] = bundle_of(""); /* a new one would not be verified yet */
    expect_secret(PS_CERT_REASON_LEAF_DAMAGED, false, PS_CERT_LEAF_RESTORE, "");
}
END_TEST

START_TEST(a_new_ca_is_published_before_its_leaf_is_made)
{
    facts.wall_s = NOW + 2400 * DAY;
    facts.secret.leaf = facts.served = leaf_of(2, 1, -2399);
    expect_secret(PS_CERT_REASON_CA_AGE, true, PS_CERT_LEAF_KEEP, "1");
    int64_t until_s = step().previous_until_s;
    ck_assert_int_eq(until_s, facts.wall_s + 7 * DAY);

    facts.secret.ca = id_of(3); /* it is done */
    facts.secret.ca_span = (struct ps_cert_span){facts.wall_s - 3600, facts.wall_s + 3652 * DAY};
    facts.secret.previous = set_of("1");
    facts.secret.previous_until_s = until_s;
    struct ps_cert_plan plan = step();
    struct ps_cert_set both = set_of("31");
    ck_assert_int_eq(plan.secret, PS_CERT_WRITE_NONE);
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &both));

    facts.bundles[0] = bundle_of("31");
    expect_nothing();
    facts.mono_ms += timing.propagation_ms - 1;
    expect_nothing();
    facts.mono_ms += 1;
    expect_secret(PS_CERT_REASON_LEAF_CA, false, PS_CERT_LEAF_NEW, "1");

    facts.secret.leaf = leaf_of(4, 3, -2400);
    ck_assert(step().serve);
    facts.served = facts.secret.leaf;
    expect_nothing();
    facts.wall_s = until_s;
    facts.secret.leaf = facts.served = leaf_of(5, 3, -2406);
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
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_NEW, "1");
    set_up();
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.bundles[0] = bundle_of("78"); /* of a Secret that this one was put in place of */
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "78");
    ck_assert(!step().write_bundle[0]);
}
END_TEST

START_TEST(damage_to_the_ca)
{
    facts.secret.ca_usable = false; /* its key alone */
    expect_secret(PS_CERT_REASON_CA_DAMAGED, true, PS_CERT_LEAF_KEEP, "1");
    facts.secret.ca = id_of(0); /* and then the leaf has no issuer either */
    facts.secret.leaf.usable = false;
    expect_secret(PS_CERT_REASON_CA_DAMAGED, true, PS_CERT_LEAF_RESTORE, "1");
}
END_TEST

START_TEST(a_restored_secret_is_of_another_lineage)
{
    facts.secret.ca = id_of(3);
    facts.secret.leaf = leaf_of(4, 3, 1);
    expect_secret(PS_CERT_REASON_LINEAGE, false, PS_CERT_LEAF_KEEP, "1");
    ck_assert(!step().serve);
    ck_assert(!step().write_bundle[0]);
}
END_TEST

START_TEST(a_date_that_cannot_be_is_written_anew)
{
    facts.secret.previous = set_of("5");
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
        facts.bundles[0] = bundle_of(wrong[i]);
        ck_assert_msg(step().write_bundle[0], "row %zu", i);
    }
    facts.bundles[0] = bundle_of("1");
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
    facts.bundles[0] = bundle_of("17");
    facts.secret.read_mono_ms = facts.bundles[0].seen_mono_ms - 1;
    struct ps_cert_plan plan = step();
    ck_assert(plan.read_secret);
    ck_assert(!plan.write_bundle[0]);
    facts.bundles[0] = bundle_of(""); /* putting in is no risk */
    plan = step();
    ck_assert(!plan.read_secret);
    ck_assert(plan.write_bundle[0]);
}
END_TEST

START_TEST(a_foreign_secret_is_left_alone)
{
    facts.secret.foreign = true;
    facts.secret.ca_usable = false;
    facts.bundles[0] = bundle_of("");
    facts.served = (struct ps_cert_leaf){.usable = false};
    expect_nothing();
}
END_TEST

START_TEST(a_given_bundle_is_all_that_is_published)
{
    struct ps_cert_set given = set_of("9");
    facts.given = &given;
    facts.secret = (struct ps_cert_secret){.known = false};
    struct ps_cert_plan plan = step();
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &given));
    facts.bundles[0] = bundle_of("9");
    expect_nothing();
    given.count = 0; /* the file is empty for a moment */
    facts.bundles[0] = bundle_of("1");
    expect_nothing();
}
END_TEST

START_TEST(sets_are_full_at_some_time)
{
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.secret = (struct ps_cert_secret){.known = true};
    facts.bundles[0] = bundle_of("12345678");
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_NEW, "1234567");
    struct ps_cert_set full = set_of("12345678");
    struct ps_cert_id more = id_of(9);
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
    tcase_add_test(all, one_who_serves_nothing_waits_for_the_bundles);
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
