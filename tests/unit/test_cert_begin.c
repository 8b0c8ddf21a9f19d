/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate step of one who serves nothing yet. */
#include "cert_facts.h"
#include "support/runner.h"

static struct ps_cert_state state;
static struct ps_cert_timing timing;
static struct ps_cert_facts facts;

static void set_up(void)
{
    timing = ps_cert_timing_default();
    facts = cert_facts();
    facts.served = (struct ps_cert_leaf){.usable = false};
    state = cert_state();
}

static struct ps_cert_plan step(void)
{
    return ps_cert_step(&state, &timing, &facts);
}

static void expect_secret(enum ps_cert_reason reason, enum ps_cert_leaf_source leaf)
{
    struct ps_cert_plan plan = step();
    ck_assert_msg(plan.reason == reason, "'%s'", ps_cert_reason_text(plan.reason));
    ck_assert_int_eq(plan.leaf, leaf);
    ck_assert(!plan.new_ca);
}

START_TEST(one_who_serves_nothing_waits_for_the_bundles)
{
    facts.bundles[0] = cert_bundle("");
    facts.leader = false;
    ck_assert(!step().serve);
    facts.bundles[0] = cert_bundle("1");
    ck_assert(step().serve);
    facts.bundles[0] = cert_bundle("13"); /* another was in service lately … */
    ck_assert(step().serve);              /* … but not since that leaf was made */
    facts.secret.previous = cert_set("3");
    facts.secret.previous_until_s = NOW + DAY;
    facts.secret.leaf = cert_leaf(2, 1, 0);
    facts.wall_s = NOW + (int64_t)timing.propagation_ms / 1000;
    ck_assert(step().serve);
    facts.wall_s--;
    ck_assert(!step().serve);
    ck_assert_uint_eq(step().deadline_mono_ms, MONO_MS + timing.propagation_ms);
    facts.mono_ms += timing.patience_ms; /* as others are trusted it would be in their place */
    facts.bundles[0] = cert_bundle("3");
    ck_assert(!step().serve);
    facts.mono_ms = MONO_MS;
    facts.bundles[0] = (struct ps_cert_bundle){.known = false};
    facts.mono_ms += timing.patience_ms - 1;
    ck_assert(!step().serve);
    facts.mono_ms += 1;
    ck_assert(step().serve);
    facts.bundle_count = 0; /* nobody asks */
    state = (struct ps_cert_state){.started = false};
    ck_assert(step().serve);
}
END_TEST

/* Nothing else is trusted and nothing is served: nobody loses anything. */
START_TEST(one_who_begins_makes_a_better_leaf_at_once)
{
    facts.secret.leaf.covers = false;
    state = (struct ps_cert_state){.started = false};
    facts.bundles[0] = cert_bundle("");
    ck_assert(!step().serve);
    ck_assert(step().write_bundle[0]);
    expect_secret(PS_CERT_REASON_NONE, PS_CERT_LEAF_KEEP); /* published first */
    facts.bundles[0] = cert_bundle("1");
    ck_assert(!step().serve);
    expect_secret(PS_CERT_REASON_LEAF_NAMES, PS_CERT_LEAF_NEW);
    facts.secret.leaf = cert_leaf(4, 1, 0);
    ck_assert(step().serve);
}
END_TEST

/* … but not where others are trusted, nor for ever if the Secret cannot be written. */
START_TEST(one_who_begins_takes_the_leaf_that_is_there_otherwise)
{
    facts.secret.leaf.covers = false;
    facts.mono_ms += timing.patience_ms;
    state.candidate = facts.secret.leaf.id;
    state.candidate_mono_ms = MONO_MS;
    ck_assert(step().serve);
    facts.mono_ms -= 1;
    ck_assert(!step().serve);
    ck_assert_uint_eq(step().deadline_mono_ms, MONO_MS + timing.patience_ms);
    facts.leader = false;
    ck_assert(step().serve);
    facts.leader = true;
    facts.secret.previous = cert_set("3");
    facts.secret.previous_until_s = NOW + DAY;
    facts.bundles[0] = cert_bundle("13");
    state.published_count = 0;
    expect_secret(PS_CERT_REASON_NONE, PS_CERT_LEAF_KEEP);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cert_begin");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, one_who_serves_nothing_waits_for_the_bundles);
    tcase_add_test(all, one_who_begins_makes_a_better_leaf_at_once);
    tcase_add_test(all, one_who_begins_takes_the_leaf_that_is_there_otherwise);
    suite_add_tcase(suite, all);
    return suite;
}
