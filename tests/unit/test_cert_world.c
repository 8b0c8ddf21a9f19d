/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate step through months of virtual time, in a small world with random faults: three
 * replicas that lead in turn and see the API server late, two API servers that go by a caBundle
 * late, writes whose answer is lost, writes of a former leader that arrive late, people who delete,
 * garble and restore. At each tick each leaf in service must verify against each caBundle that an
 * API server goes by, unless a person wrote that one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cert_world.h"
#include "portside/attr.h"
#include "support/runner.h"

#define DAY INT64_C(86400)
#define START INT64_C(1795276800)
#define SETTLE_MS 180000U

/*
 * Some time after the last fault all is as it should be. (Check writes to a pipe for each
 * assertion, so there are none where all goes well.)
 */
static void check_calm(const struct world *world)
{
    if (world->leader == REPLICAS || world->mono_ms < world->calm_ms + SETTLE_MS) {
        return;
    }
    const struct secret *secret = &world->secret;
    const struct config *config = &world->config;
    bool right = secret->present && secret->ca_key && secret->leaf_key;
    bool published = !config->present || world_is_published(world);
    if (!right || !published) {
        ck_abort_msg("%s, %" PRIu64 " ms", right ? "caBundle" : "Secret", world->mono_ms);
    }
    for (size_t i = 0; i < REPLICAS; i++) {
        unsigned served = world->replicas[i].served;
        if (served != secret->leaf || world->certs[served].span.not_after_s <= world->wall_s) {
            ck_abort_msg("replica %zu serves %u, %" PRIu64 " ms", i, served, world->mono_ms);
        }
    }
}

static void delete_secret(struct world *world)
{
    put_secret(world, &(struct secret){0});
}

static void garble_ca(struct world *world)
{
    struct secret secret = world->secret;
    secret.ca = 0;
    secret.ca_key = false;
    put_secret(world, &secret);
}

static void garble_ca_key(struct world *world)
{
    struct secret secret = world->secret;
    secret.ca_key = false;
    put_secret(world, &secret);
}

static void garble_leaf(struct world *world)
{
    struct secret secret = world->secret;
    secret.leaf_key = false;
    put_secret(world, &secret);
}

static void garble_until(struct world *world)
{
    struct secret secret = world->secret;
    secret.until_s = dice(world, 2) == 0 ? 0 : INT64_MAX;
    put_secret(world, &secret);
}

static void restore_secret(struct world *world)
{
    put_secret(world, &world->copy);
}

static void edit_bundle(struct world *world)
{
    struct config config = world->config;
    config.ours = false;
    config.count = dice(world, 2);
    config.list[0] = 1;
    put_config(world, &config);
}

static void restore_bundle(struct world *world)
{
    struct config config = world->history[dice(world, HISTORY)];
    config.ours = false;
    put_config(world, &config);
}

static void delete_config(struct world *world)
{
    put_config(world, &(struct config){.present = false});
}

static void create_config(struct world *world)
{
    put_config(world, &(struct config){.present = true});
}

static void kill_one(struct world *world)
{
    world->replicas[dice(world, REPLICAS)] = (struct replica){0};
}

static void leader_gone(struct world *world)
{
    world->leader = REPLICAS;
}

static void leader_moves(struct world *world)
{
    world->leader = dice(world, REPLICAS);
}

static void deafen(struct world *world)
{
    world->replicas[dice(world, REPLICAS)].deaf_until_ms = world->mono_ms + dice(world, 100000);
}

/* All machines were suspended. */
static void jump(struct world *world)
{
    world->wall_s += (int64_t)dice(world, 12 * 86400);
}

static void (*const faults[])(struct world *) = {
    delete_secret, garble_ca,      garble_ca_key, garble_leaf,   garble_until, restore_secret,
    edit_bundle,   restore_bundle, delete_config, create_config, kill_one,     leader_gone,
    leader_moves,  leader_moves,   deafen,        jump,
};

static void hurt(struct world *world)
{
    world->calm_ms = world->mono_ms;
    world->faults++;
    faults[dice(world, PS_COUNT(faults))](world);
    if (world->leader == REPLICAS && dice(world, 2) == 0) {
        leader_moves(world);
    }
    if (dice(world, 4) == 0 && world->secret.present) {
        world->copy = world->secret;
    }
}

/* Seconds while something is going on, hours while nothing is. */
static void pass_time(struct world *world)
{
    uint64_t ms = MS + dice(world, MS);
    if (world->mono_ms > world->calm_ms + SETTLE_MS) {
        ms = dice(world, 3600) * MS;
    }
    for (size_t i = 0; ms > 60 * MS && i < REPLICAS; i++) {
        world->replicas[i].flights[0].used = world->replicas[i].flights[1].used = false;
    }
    world->mono_ms += ms;
    world->wall_s += (int64_t)(ms / MS);
}

static void tick(struct world *world)
{
    world_act(world);
    world_check(world);
    check_calm(world);
}

static struct world *world_new(uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    ck_assert_ptr_nonnull(world);
    world->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    world->wall_s = START;
    world->mono_ms = MS;
    world->secret.version = 1;
    put_config(world, &(struct config){.present = true});
    return world;
}

START_TEST(months_with_faults)
{
    struct world *world = world_new((uint64_t)_i + 1);
    while (world->wall_s < START + 120 * DAY) {
        pass_time(world);
        uint64_t quiet_ms = world->mono_ms - world->calm_ms;
        uint64_t sides = quiet_ms > SETTLE_MS ? 40 : 300; /* some come while others are mended */
        if (dice(world, sides) == 0) {
            hurt(world);
        }
        tick(world);
    }
    ck_assert_uint_gt(world->checks, 0);
    ck_assert_uint_gt(world->rotations, 5);
    ck_assert_uint_lt(world->secret.version + world->config.version, 8 * world->faults + 200);
    ck_assert_uint_gt(world->renewals, 20);
    free(world);
}
END_TEST

START_TEST(years_without_faults)
{
    struct world *world = world_new((uint64_t)_i + 1001);
    while (world->wall_s < START + 20 * 365 * DAY) {
        pass_time(world);
        tick(world);
    }
    ck_assert_uint_ge(world->rotations, 3); /* every 6.67 years */
    ck_assert_uint_le(world->rotations, 12);
    ck_assert_uint_ge(world->renewals, 20 * 365 / 7);
    free(world);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cert_world");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, months_with_faults, 0, 40);
    tcase_add_loop_test(all, years_without_faults, 0, 2);
    suite_add_tcase(suite, all);
    return suite;
}
