/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate step beside replicas of another mode: their CAs, and their leader. */
#include "cert_facts.h"
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

static void expect_nothing(void)
{
    struct ps_cert_plan plan = step();
    ck_assert_int_eq(plan.secret, PS_CERT_WRITE_NONE);
    ck_assert(!plan.serve);
    ck_assert(!plan.read_secret);
    ck_assert(!plan.write_bundle[0]);
}

static void expect_bundle(const char *numbers)
{
    struct ps_cert_plan plan = step();
    struct ps_cert_set wanted = cert_set(numbers);
    ck_assert(plan.write_bundle[0]);
    ck_assert(ps_cert_set_equal(&plan.bundle, &wanted));
}

/* With 7 as the one before. */
static void expect_secret(enum ps_cert_reason reason, bool new_ca, enum ps_cert_leaf_source leaf)
{
    struct ps_cert_plan plan = step();
    struct ps_cert_set seven = cert_set("7");
    ck_assert_msg(plan.reason == reason, "'%s'", ps_cert_reason_text(plan.reason));
    ck_assert_int_eq(plan.new_ca, new_ca);
    ck_assert_int_eq(plan.leaf, leaf);
    ck_assert(ps_cert_set_equal(&plan.previous, &seven));
}

/* Those who serve them are of another mode, and are leaving. */
START_TEST(what_turns_up_beside_a_given_bundle_stays_for_a_day)
{
    struct ps_cert_set given = cert_set("9");
    facts.given = &given;
    facts.secret = (struct ps_cert_secret){.known = false};
    state = (struct ps_cert_state){.started = false};
    facts.bundles[0] = cert_bundle("9");
    expect_nothing();
    facts.bundles[0] = cert_bundle("59"); /* by one who writes its own first */
    expect_nothing();
    facts.bundles[0] = cert_bundle("5");
    expect_bundle("95");
    facts.mono_ms += timing.guest_ms - 1;
    facts.bundles[0] = cert_bundle("95");
    expect_nothing();
    facts.mono_ms += 1;
    expect_bundle("9");
}
END_TEST

START_TEST(one_of_the_given_that_is_given_no_more_goes_at_once)
{
    struct ps_cert_set given = cert_set("95");
    facts.given = &given;
    facts.secret = (struct ps_cert_secret){.known = false};
    state = (struct ps_cert_state){.started = false};
    facts.bundles[0] = cert_bundle("95");
    expect_nothing();
    given = cert_set("9");
    expect_bundle("9");
}
END_TEST

/* A leader of another mode makes no certificates. */
START_TEST(one_who_serves_nothing_writes_what_the_leader_does_not)
{
    facts.leader = false;
    facts.served = (struct ps_cert_leaf){.usable = false};
    facts.secret = (struct ps_cert_secret){.known = true};
    facts.bundles[0] = cert_bundle("7");
    expect_nothing();
    ck_assert_uint_eq(step().deadline_mono_ms, MONO_MS + timing.stall_ms);
    facts.mono_ms += timing.stall_ms - 1;
    expect_nothing();
    ck_assert(!step().writer);
    facts.mono_ms += 1;
    expect_secret(PS_CERT_REASON_ABSENT, true, PS_CERT_LEAF_KEEP);
    ck_assert(step().writer);

    facts.secret = cert_facts().secret;
    facts.secret.leaf = (struct ps_cert_leaf){.usable = false};
    facts.secret.previous = cert_set("7");
    facts.secret.previous_until_s = NOW + 7 * DAY;
    ck_assert(step().write_bundle[0]); /* without another wait */
    facts.bundles[0] = cert_bundle("17");
    expect_nothing();
    ck_assert(!step().writer);
    facts.mono_ms += timing.propagation_ms;
    expect_nothing(); /* the leader may be of this mode by now */
    facts.mono_ms += timing.stall_ms;
    expect_secret(PS_CERT_REASON_LEAF_DAMAGED, false, PS_CERT_LEAF_NEW);
    facts.secret.leaf = cert_leaf(4, 1, 0);
    ck_assert(step().serve);
    facts.served = facts.secret.leaf;
    facts.bundles[0] = cert_bundle("7"); /* from now on it is the leader's */
    facts.mono_ms += timing.stall_ms;
    expect_nothing();
    facts.mono_ms += timing.stall_ms;
    expect_nothing();
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cert_stranger");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, what_turns_up_beside_a_given_bundle_stays_for_a_day);
    tcase_add_test(all, one_of_the_given_that_is_given_no_more_goes_at_once);
    tcase_add_test(all, one_who_serves_nothing_writes_what_the_leader_does_not);
    suite_add_tcase(suite, all);
    return suite;
}
