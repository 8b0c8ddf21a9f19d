/* SPDX-License-Identifier: Apache-2.0 */
/* What leader election writes into the Lease, and what it makes of Leases that others wrote. */
#include "in_arena.h"
#include "portside/lease.h"
#include "support/runner.h"

#include <string.h>

#define WALL_US INT64_C(1795269987123456) /* 2026-11-21T14:06:27.123456Z */
#define WALL "\"2026-11-21T14:06:27.123456Z\""

static const struct ps_lease_identity identity = {
    .holder = PS_STR_INIT("a"),
    .name = PS_STR_INIT("portside"),
    .namespace_name = PS_STR_INIT("portside-system"),
};

static const struct ps_json *parse(struct ps_arena *arena, const char *text)
{
    struct ps_json *root = NULL;
    ck_assert_msg(ps_ok(ps_json_parse(arena, ps_str_of(text), &root, NULL)), "%s", text);
    return root;
}

struct election {
    struct ps_arena *arena;
    struct ps_lease_state state;
    struct ps_lease_timing timing;
    struct ps_lease_now now;
};

static struct election new_election(struct ps_arena *arena)
{
    return (struct election){
        .arena = arena, .timing = ps_lease_timing_default(), .now = {1000, WALL_US}};
}

static void see(struct election *e, const char *lease)
{
    ps_lease_observe(&e->state, &identity, lease == NULL ? NULL : parse(e->arena, lease), &e->now);
}

static struct ps_lease_action step(struct election *e, bool release)
{
    return ps_lease_step(e->arena, &e->state, &e->timing, &identity, &e->now, release);
}

static void confirm(struct election *e, const char *lease)
{
    const struct ps_lease_answer answer = {PS_LEASE_CONFIRMED, parse(e->arena, lease), e->now};
    ps_lease_wrote(&e->state, &e->timing, &identity, &answer, &e->now);
}

static bool leads(const struct election *e)
{
    return ps_lease_is_leader(&e->state, &e->now);
}

#define FREE                                                                                       \
    "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"holderIdentity\":\"\",\"leaseTransitions\":3}}"
#define OURS "{\"metadata\":{\"resourceVersion\":\"8\"},\"spec\":{\"holderIdentity\":\"a\"}}"
#define OURS_NOT "{\"metadata\":{\"resourceVersion\":\"6\"},\"spec\":{\"holderIdentity\":\"b\"}}"
#define OURS_LATER "{\"metadata\":{\"resourceVersion\":\"9\"},\"spec\":{\"holderIdentity\":\"a\"}}"

static void check_create(struct ps_arena *arena, const void *row)
{
    struct election e = new_election(arena);
    (void)row;
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_READ);
    e.now.mono_ms += 1000;
    see(&e, NULL);
    struct ps_lease_action action = step(&e, false);
    ck_assert_int_eq(action.kind, PS_LEASE_CREATE);
    ck_assert(!action.leader);
    ck_assert_str_eq(action.body.ptr,
                     "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":{"
                     "\"name\":\"portside\",\"namespace\":\"portside-system\"},\"spec\":{"
                     "\"holderIdentity\":\"a\",\"leaseDurationSeconds\":10,\"acquireTime\":" WALL
                     ",\"leaseTransitions\":0,\"renewTime\":" WALL "}}");
    /* While the answer is on its way, nothing more is sent. */
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_NOTHING);
}

static void check_owner(struct ps_arena *arena, const void *row)
{
    struct election e = new_election(arena);
    struct ps_lease_identity owned = identity;
    (void)row;
    owned.account = PS_STR("portside");
    owned.account_uid = PS_STR("1-2");
    see(&e, NULL);
    struct ps_lease_action action =
        ps_lease_step(arena, &e.state, &e.timing, &owned, &e.now, false);
    ck_assert_int_eq(action.kind, PS_LEASE_CREATE);
    ck_assert_ptr_nonnull(strstr(action.body.ptr,
                                 "\"namespace\":\"portside-system\",\"ownerReferences\":[{"
                                 "\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\","
                                 "\"name\":\"portside\",\"uid\":\"1-2\"}]},\"spec\""));
    /* A Lease that is there keeps the owner that it has. */
    e = new_election(arena);
    see(&e, FREE);
    action = ps_lease_step(arena, &e.state, &e.timing, &owned, &e.now, false);
    ck_assert_int_eq(action.kind, PS_LEASE_TAKE_OVER);
    ck_assert_ptr_null(strstr(action.body.ptr, "owner"));
}

START_TEST(test_owner)
{
    ps_in_arena(check_owner, NULL);
}
END_TEST

START_TEST(test_create)
{
    ps_in_arena(check_create, NULL);
}
END_TEST

static void check_take_over(struct ps_arena *arena, const void *row)
{
    struct election e = new_election(arena);
    (void)row;
    see(&e, FREE);
    struct ps_lease_action action = step(&e, false);
    ck_assert_int_eq(action.kind, PS_LEASE_TAKE_OVER);
    ck_assert_str_eq(action.body.ptr,
                     "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"holderIdentity\":\"a\","
                     "\"leaseDurationSeconds\":10,\"acquireTime\":" WALL
                     ",\"leaseTransitions\":4,\"renewTime\":" WALL "}}");
    ck_assert(!leads(&e));
    confirm(&e, OURS);
    ck_assert(leads(&e));
    /* A watch that lags behind shows the version before. */
    see(&e, FREE);
    ck_assert(leads(&e));
    e.now.mono_ms += e.timing.renew_ms;
    action = step(&e, false);
    ck_assert_int_eq(action.kind, PS_LEASE_RENEW);
    ck_assert_str_eq(action.body.ptr,
                     "{\"metadata\":{\"resourceVersion\":\"8\"},\"spec\":{\"holderIdentity\":\"a\","
                     "\"leaseDurationSeconds\":10,\"renewTime\":" WALL "}}");
}

START_TEST(test_take_over)
{
    ps_in_arena(check_take_over, NULL);
}
END_TEST

static void check_release(struct ps_arena *arena, const void *row)
{
    struct election e = new_election(arena);
    (void)row;
    see(&e, FREE);
    (void)step(&e, false);
    confirm(&e, OURS);
    ck_assert(leads(&e));
    struct ps_lease_action action = step(&e, true);
    ck_assert_int_eq(action.kind, PS_LEASE_RELEASE);
    ck_assert(!action.leader);
    ck_assert(!leads(&e));
    ck_assert_str_eq(action.body.ptr,
                     "{\"metadata\":{\"resourceVersion\":\"8\"},\"spec\":{\"holderIdentity\":\"\","
                     "\"leaseDurationSeconds\":1,\"renewTime\":" WALL "}}");
    ck_assert_int_eq(step(&e, true).kind, PS_LEASE_NOTHING);
    /* A renewal that was on its way is answered late: leadership does not come back by it. */
    confirm(&e, OURS_LATER);
    ck_assert(!leads(&e));
    ck_assert_int_eq(step(&e, true).kind, PS_LEASE_RELEASE);
}

START_TEST(test_release)
{
    ps_in_arena(check_release, NULL);
}
END_TEST

/* What follows what was seen, and how soon. */
static void check_pace(struct ps_arena *arena, const void *row)
{
    struct election e = new_election(arena);
    (void)row;
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_READ);
    e.now.mono_ms += 5;
    see(&e, NULL);
    /* The namespace is missing, say: each attempt is refused, and there is nothing to read. */
    unsigned writes = 0;
    unsigned reads = 0;
    for (uint64_t i = 0; i < 10000; i += 5, e.now.mono_ms += 5) {
        enum ps_lease_action_kind kind = step(&e, false).kind;
        reads += kind == PS_LEASE_READ;
        writes += kind == PS_LEASE_CREATE;
        if (kind == PS_LEASE_READ) {
            see(&e, NULL);
        } else if (kind == PS_LEASE_CREATE) {
            const struct ps_lease_answer answer = {PS_LEASE_CONFLICT, NULL, e.now};
            ps_lease_wrote(&e.state, &e.timing, &identity, &answer, &e.now);
        }
    }
    ck_assert_uint_eq(writes, 10);
    ck_assert_uint_le(reads, 21);
    /* A watch shows that it is free: taken at once, but for the pace of writes. */
    e.now.mono_ms += 1000;
    see(&e, OURS_NOT);
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_NOTHING);
    e.now.mono_ms += 1;
    see(&e, FREE);
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_TAKE_OVER);
}

START_TEST(test_pace)
{
    ps_in_arena(check_pace, NULL);
}
END_TEST

/* Leases that no Kubernetes made. Without a version they are none: no write could be fenced off. */
static const struct odd_row {
    const char *lease;
    enum ps_lease_action_kind action;
} odd[] = {
    {"{}", PS_LEASE_READ},
    {"[]", PS_LEASE_READ},
    {"{\"spec\":null,\"metadata\":{}}", PS_LEASE_READ},
    {"{\"spec\":{\"holderIdentity\":7,\"leaseDurationSeconds\":\"x\"}}", PS_LEASE_READ},
    {"{\"metadata\":{\"resourceVersion\":3},\"spec\":{\"holderIdentity\":\"\"}}", PS_LEASE_READ},
    {"{\"metadata\":{\"resourceVersion\":\"not a number\"},\"spec\":{\"holderIdentity\":\"\","
     "\"leaseTransitions\":1.5}}",
     PS_LEASE_TAKE_OVER},
    {"{\"metadata\":{\"resourceVersion\":\"99999999999999999999999\"}}", PS_LEASE_TAKE_OVER},
};

static void check_odd(struct ps_arena *arena, const void *arg)
{
    const struct odd_row *row = arg;
    struct election e = new_election(arena);
    see(&e, row->lease);
    struct ps_lease_action action = step(&e, false);
    ck_assert_int_eq(action.kind, row->action);
    ck_assert(!action.leader);
}

/* A renewal that a proxy answered is not confirmed, and is not tried again at once. */
static void check_odd_answer(struct ps_arena *arena, const void *row)
{
    (void)row;
    struct election e = new_election(arena);
    struct ps_json *nonsense = NULL;
    see(&e, FREE);
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_TAKE_OVER);
    ck_assert(ps_ok(ps_json_parse(arena, PS_STR("[7]"), &nonsense, NULL)));
    const struct ps_lease_answer answer = {PS_LEASE_CONFIRMED, nonsense, e.now};
    ps_lease_wrote(&e.state, &e.timing, &identity, &answer, &e.now);
    ck_assert(!ps_lease_is_leader(&e.state, &e.now));
    ck_assert_int_eq(step(&e, false).kind, PS_LEASE_NOTHING);
}

START_TEST(test_odd_answer)
{
    ps_in_arena(check_odd_answer, NULL);
}
END_TEST

START_TEST(test_odd)
{
    ps_in_arena(check_odd, &odd[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("lease_bodies");
    TCase *tcase = tcase_create("lease_bodies");
    tcase_add_test(tcase, test_create);
    tcase_add_test(tcase, test_owner);
    tcase_add_test(tcase, test_take_over);
    tcase_add_test(tcase, test_release);
    tcase_add_test(tcase, test_pace);
    tcase_add_test(tcase, test_odd_answer);
    tcase_add_loop_test(tcase, test_odd, 0, PS_COUNT(odd));
    suite_add_tcase(suite, tcase);
    return suite;
}
