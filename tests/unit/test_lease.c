/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leader election as a time table: a small world of one Lease and two candidates, in which each
 * row says what happens when, and who may write at what time.
 */
#include "portside/lease.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "in_arena.h"
#include "portside/jw.h"
#include "support/runner.h"

#define WALL_US INT64_C(1795269987123456) /* 2026-11-21T14:06:27.123456Z */

static const struct {
    int64_t us;
    const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000000Z"},
    {WALL_US, "2026-11-21T14:06:27.123456Z"},
    {-1, "1969-12-31T23:59:59.999999Z"},
    {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
    {INT64_C(4107542399999999), "2100-02-28T23:59:59.999999Z"},
    {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
    {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z"},
    {INT64_C(253402300799000001), "9999-12-31T23:59:59.000001Z"},
    {INT64_MAX, "9999-12-31T23:59:59.775807Z"},
    {INT64_MIN, "0000-01-01T00:00:00.224192Z"},
};

START_TEST(test_micro_time)
{
    char text[PS_MICRO_TIME_BYTES];
    ps_micro_time_format(times[_i].us, text);
    ck_assert_str_eq(text, times[_i].text);
}
END_TEST

/* The API server's side: one Lease with optimistic locking. */
struct world {
    struct ps_arena *arena;
    const struct ps_json *lease;
    uint64_t version;
    struct ps_lease_timing timing;
};

struct candidate {
    struct ps_lease_identity identity;
    struct ps_lease_state state;
    bool dead;
    bool cut_off; /* its requests get no answer */
    bool deaf;    /* its writes take effect, but the answer is lost */
    int64_t wall_offset_us;
    unsigned writes;
};

static struct candidate new_candidate(const char *holder)
{
    return (struct candidate){.identity = {.holder = ps_str_of(holder),
                                           .name = PS_STR("portside"),
                                           .namespace_name = PS_STR("portside-system")}};
}

static const struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    ck_assert_msg(ps_ok(ps_json_parse(arena, text, &root, &err)), "%s: %.*s", err.message,
                  PS_FMT(text));
    return root;
}

/* Merges the spec of a body into the Lease and gives it a new version. */
static void store(struct world *world, const struct ps_json *body)
{
    const struct ps_json *spec = ps_json_get(body, "spec");
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, world->arena, 512);
    ps_jw_init(&jw, &buf);
    world->version++;
    ps_jw_object(&jw);
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "resourceVersion", ps_arena_printf(world->arena, "%" PRIu64, world->version));
    ps_jw_object_end(&jw);
    ps_jw_key(&jw, "spec");
    ps_jw_object(&jw);
    PS_JSON_EACH(old, ps_json_get(world->lease, "spec"))
    {
        if (ps_json_get_str(spec, ps_json_key(old)) == NULL) {
            ps_jw_key_str(&jw, ps_json_key(old));
            ps_jw_copy(&jw, old);
        }
    }
    PS_JSON_EACH(new, spec)
    {
        ps_jw_key_str(&jw, ps_json_key(new));
        ps_jw_copy(&jw, new);
    }
    ps_jw_object_end(&jw);
    ps_jw_object_end(&jw);
    world->lease = parse(world->arena, ps_buf_view(&buf));
}

/* Performs a write as the API server would. */
static enum ps_lease_result write_lease(struct world *world, const struct ps_lease_action *action)
{
    const struct ps_json *body = parse(world->arena, action->body);
    struct ps_str version = ps_json_get_text(ps_json_get(body, "metadata"), "resourceVersion");
    struct ps_str present =
        ps_json_get_text(ps_json_get(world->lease, "metadata"), "resourceVersion");
    if (action->kind == PS_LEASE_CREATE ? world->lease != NULL
                                        : !ps_str_equal(version, present) || present.len == 0) {
        return PS_LEASE_CONFLICT;
    }
    store(world, body);
    return PS_LEASE_CONFIRMED;
}

static struct ps_lease_now clocks(const struct candidate *who, uint64_t at_ms)
{
    return (struct ps_lease_now){
        .mono_ms = at_ms,
        .wall_us = WALL_US + (int64_t)at_ms * 1000 + who->wall_offset_us,
    };
}

/* Lets one candidate do all that is due at this time. */
static void act(struct world *world, struct candidate *who, uint64_t at_ms, bool release)
{
    struct ps_lease_now now = clocks(who, at_ms);
    for (int i = 0; i < 4 && !who->dead; i++) {
        struct ps_lease_action action =
            ps_lease_step(world->arena, &who->state, &world->timing, &who->identity, &now, release);
        ck_assert_uint_gt(action.deadline_mono_ms, at_ms);
        if (action.kind == PS_LEASE_NOTHING) {
            return;
        }
        if (who->cut_off) {
            const struct ps_lease_answer none = {PS_LEASE_FAILED, NULL, now};
            ps_lease_wrote(&who->state, &world->timing, &who->identity, &none, &now);
        } else if (action.kind == PS_LEASE_READ) {
            ps_lease_observe(&who->state, &who->identity, world->lease, &now);
        } else {
            who->writes++;
            enum ps_lease_result result = write_lease(world, &action);
            result = who->deaf ? PS_LEASE_FAILED : result;
            const struct ps_lease_answer answer = {result, world->lease, now};
            ps_lease_wrote(&who->state, &world->timing, &who->identity, &answer, &now);
        }
    }
}

static bool leads(const struct candidate *who, uint64_t at_ms)
{
    struct ps_lease_now now = clocks(who, at_ms);
    return !who->dead && ps_lease_is_leader(&who->state, &now);
}

enum fault {
    FAULT_NONE = 0,
    FAULT_KILL,    /* kill -9 */
    FAULT_RELEASE, /* SIGTERM */
    FAULT_CUT_OFF, /* the first loses the API server for good */
    FAULT_DEAF,    /* answers to its writes get lost for a while */
    FAULT_AHEAD,   /* its wall clock jumps ahead */
    FAULT_BACK,    /* its wall clock jumps back an hour */
    FAULT_DELETE,  /* somebody deletes the Lease */
    FAULT_STEAL,   /* somebody else writes himself into it */
    FAULT_EDIT,    /* somebody labels it */
    FAULT_AWAY,    /* the API server is away for both for 60 s */
};

#define FAULT_AT 20500

static void strike(struct world *world, struct candidate *first, struct candidate *second,
                   enum fault fault, uint64_t at_ms)
{
    bool now = at_ms == FAULT_AT;
    switch (fault) {
    case FAULT_NONE:
    case FAULT_RELEASE:
        return;
    case FAULT_KILL:
        first->dead = first->dead || now;
        return;
    case FAULT_CUT_OFF:
        first->cut_off = first->cut_off || now;
        return;
    case FAULT_DEAF:
        first->deaf = at_ms >= FAULT_AT && at_ms < FAULT_AT + 4000;
        return;
    case FAULT_AHEAD:
        first->wall_offset_us += now ? INT64_C(3600000000) : 0;
        return;
    case FAULT_BACK:
        first->wall_offset_us -= now ? INT64_C(3600000000) : 0;
        return;
    case FAULT_DELETE:
        world->lease = now ? NULL : world->lease;
        return;
    case FAULT_STEAL:
        if (now) {
            store(world, parse(world->arena, PS_STR("{\"spec\":{\"holderIdentity\":\"c\","
                                                    "\"renewTime\":\"x\"}}")));
        }
        return;
    case FAULT_EDIT:
        if (now) {
            store(world, parse(world->arena, PS_STR("{\"spec\":{}}")));
        }
        return;
    case FAULT_AWAY:
        first->cut_off = at_ms >= FAULT_AT && at_ms < FAULT_AT + 60000;
        second->cut_off = first->cut_off;
        return;
    }
}

static const struct row {
    const char *name;
    enum fault fault;
    bool first_leads_later;  /* at the end */
    uint64_t gap_max_ms;     /* without any leader */
    uint64_t second_from_ms; /* the earliest time after the fault at which the second may lead */
} rows[] = {
    {"nothing", FAULT_NONE, true, 0, 0},
    {"killed", FAULT_KILL, false, 11500, 7000},
    {"released", FAULT_RELEASE, false, 1500, 0},
    {"cut off", FAULT_CUT_OFF, false, 6000, 7000},
    {"answers lost", FAULT_DEAF, true, 1000, 0},
    {"clock ahead", FAULT_AHEAD, true, 200, 0},
    {"clock back", FAULT_BACK, true, 0, 0},
    {"Lease deleted", FAULT_DELETE, true, 3000, 0},
    {"stolen", FAULT_STEAL, false, 15000, 0},
    {"edited", FAULT_EDIT, true, 0, 0},
    {"API server away", FAULT_AWAY, true, 65000, 0},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct world world = {arena, NULL, 1, ps_lease_timing_default()};
    struct candidate first = new_candidate("a");
    struct candidate second = new_candidate("b");
    uint64_t gap = 0;
    uint64_t worst = 0;
    for (uint64_t at = 100; at <= 120000; at += 100) {
        strike(&world, &first, &second, row->fault, at);
        bool was = leads(&second, at);
        act(&world, &first, at, row->fault == FAULT_RELEASE && at >= FAULT_AT);
        act(&world, &second, at, false);
        ck_assert_msg(!leads(&first, at) || !leads(&second, at), "%s: two leaders at %" PRIu64,
                      row->name, at);
        ck_assert_msg(was || !leads(&second, at) || at >= FAULT_AT + row->second_from_ms,
                      "%s: the second leads at %" PRIu64, row->name, at);
        gap = leads(&first, at) || leads(&second, at) ? 0 : gap + 100;
        worst = gap > worst ? gap : worst;
    }
    printf("%s: at most %" PRIu64 " ms without a leader\n", row->name, worst);
    ck_assert_msg(worst <= row->gap_max_ms, "%s: %" PRIu64 " ms without a leader", row->name,
                  worst);
    if (row->fault != FAULT_AWAY && row->fault != FAULT_DELETE && row->fault != FAULT_STEAL) {
        ck_assert_msg(leads(&first, 120000) == row->first_leads_later, "%s", row->name);
    }
    ck_assert_msg(leads(&first, 120000) || leads(&second, 120000), "%s: nobody leads", row->name);
    ck_assert_uint_le(first.writes + second.writes, 80);
}

START_TEST(test_world)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

/* Nobody else may take over while one still believes to lead, whatever the two clocks do. */
static void check_suspend(struct ps_arena *arena, const void *row)
{
    struct world world = {arena, NULL, 1, ps_lease_timing_default()};
    struct candidate first = new_candidate("a");
    (void)row;
    act(&world, &first, 1000, false);
    ck_assert(leads(&first, 1000));
    /* The machine slept for a minute: the monotonic clock did not notice. */
    first.wall_offset_us = 60000000;
    ck_assert(!leads(&first, 1001));
    /* Meanwhile somebody else took over; it learns so when its renewal is refused. */
    store(&world, parse(arena, PS_STR("{\"spec\":{\"holderIdentity\":\"b\"}}")));
    act(&world, &first, 3001, false);
    ck_assert(!leads(&first, 3001));
    ck_assert(!first.state.mine);
}

START_TEST(test_suspend)
{
    ps_in_arena(check_suspend, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("lease");
    TCase *tcase = tcase_create("lease");
    tcase_add_loop_test(tcase, test_micro_time, 0, PS_COUNT(times));
    tcase_add_loop_test(tcase, test_world, 0, PS_COUNT(rows));
    tcase_add_test(tcase, test_suspend);
    suite_add_tcase(suite, tcase);
    return suite;
}
