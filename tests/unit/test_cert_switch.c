/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From another mode of certificates to the managed one, in a single rollout: two replicas serve a
 * certificate that portside did not make, and one of them leads; they are replaced one by one, the
 * next when the one before is ready. In the small world of cert_world.h; no review may fail.
 */
#include <stdlib.h>

#include "cert_world.h"
#include "support/runner.h"

#define DAY INT64_C(86400)
#define START INT64_C(1795276800)
#define READY_MS 120000U
#define DRAIN_MS 12000U
#define OLD 2U
#define SEEDS 6

enum left {
    NOTHING,
    LEAF,
    OLD_LEAF,
    NO_KEY,
    LEFTS
};
/* Who looks after the caBundle until helm and the rollout are through. */
enum keeper {
    NOBODY,
    OLD_LEADER,
    INJECTOR,
    MERGING_INJECTOR,
    KEEPERS
};
enum shown {
    THEIRS,
    BOTH,
    SHOWNS
};

struct scene {
    struct world world;
    enum keeper keeper;
    uint64_t kept_until_ms;
    unsigned foreign_ca;
};

static struct ps_cert_span span(int64_t from_days, int64_t days)
{
    return (struct ps_cert_span){START + from_days * DAY, START + (from_days + days) * DAY};
}

/* A Secret of ours from an earlier time. */
static void leave_secret(struct world *world, enum left left)
{
    int64_t made_days = left == OLD_LEAF ? -30 : -1;
    struct ps_cert_span ca_span = span(-40, 3652);
    struct ps_cert_span leaf_span = span(made_days, 7);
    struct secret secret = {.present = left != NOTHING, .ca_key = left != NO_KEY, .leaf_key = true};
    secret.ca = make_cert(world, 0, &ca_span);
    secret.leaf = make_cert(world, secret.ca, &leaf_span);
    put_secret(world, left == NOTHING ? &(struct secret){.present = false} : &secret);
}

static struct scene *scene_new(unsigned row)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    ck_assert_ptr_nonnull(scene);
    struct world *world = &scene->world;
    unsigned seed = row / (LEFTS * KEEPERS * SHOWNS);
    world->random = (row + 1) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    world->wall_s = START;
    world->mono_ms = MS;
    struct ps_cert_span ca_span = span(-40, 3652);
    struct ps_cert_span leaf_span = span(-10, 90);
    scene->foreign_ca = make_cert(world, 0, &ca_span);
    unsigned leaf = make_cert(world, scene->foreign_ca, &leaf_span);
    leave_secret(world, (enum left)(row % LEFTS));
    scene->keeper = (enum keeper)(row / LEFTS % KEEPERS);
    scene->kept_until_ms = world->mono_ms + dice(world, 90) * MS;
    struct config config = {.present = true, .ours = true, .list = {scene->foreign_ca}, .count = 1};
    bool both = row / (LEFTS * KEEPERS) % SHOWNS == BOTH && scene->keeper != INJECTOR;
    if (both && world->secret.present) {
        config.list[config.count++] = world->secret.ca;
    }
    put_config(world, &config);
    for (size_t i = 0; i < SERVERS; i++) {
        world->seen[i] = world->config;
    }
    for (size_t i = 0; i < OLD; i++) {
        world->replicas[i].served = leaf;
        world->replicas[i].mode = scene->keeper == OLD_LEADER ? FILES_AND_CA : FILES;
    }
    world->replicas[OLD].mode = FILES; /* it is not there yet */
    world->leader = seed % OLD;
    return scene;
}

/* cert-manager's, as long as the registration asks for it. */
static void inject(struct scene *scene)
{
    struct world *world = &scene->world;
    struct config config = world->config;
    bool merging = scene->keeper == MERGING_INJECTOR;
    bool has = is_in(config.list, config.count, scene->foreign_ca);
    if (scene->keeper < INJECTOR || world->mono_ms > scene->kept_until_ms || dice(world, 3) != 0 ||
        (has && (merging || config.count == 1))) {
        return;
    }
    config.count = merging ? config.count : 0;
    config.list[config.count++] = scene->foreign_ca;
    put_config(world, &config);
}

static void tick(struct scene *scene)
{
    struct world *world = &scene->world;
    uint64_t ms = MS / 2 + dice(world, MS);
    world->mono_ms += ms;
    world->wall_s = START + (int64_t)(world->mono_ms / MS);
    inject(scene);
    world_act(world);
    world_check(world);
}

static void pass(struct scene *scene, uint64_t ms)
{
    uint64_t until_ms = scene->world.mono_ms + ms;
    while (scene->world.mono_ms < until_ms) {
        tick(scene);
    }
}

/* A new pod in that place, until it is ready; how long it took. */
static uint64_t replace(struct scene *scene, size_t index)
{
    struct world *world = &scene->world;
    uint64_t from_ms = world->mono_ms;
    world->replicas[index] = (struct replica){.mode = MANAGED};
    while (world->replicas[index].served == 0) {
        tick(scene);
        ck_assert_msg(world->mono_ms < from_ms + READY_MS + scene->kept_until_ms,
                      "replica %zu is not ready", index);
    }
    ck_assert_msg(!world->replicas[index].hasty, "replica %zu is ready too early", index);
    return world->mono_ms - from_ms;
}

/* A pod that ends gives the lead back at once, and answers for a while. */
static void end(struct scene *scene, size_t index)
{
    struct world *world = &scene->world;
    if (world->leader == index) {
        world->leader = (index + 1 + dice(world, REPLICAS - 1)) % REPLICAS;
    }
    pass(scene, DRAIN_MS);
}

START_TEST(one_rollout_is_enough)
{
    struct scene *scene = scene_new((unsigned)_i);
    struct world *world = &scene->world;
    pass(scene, 20 * MS);
    (void)replace(scene, OLD);
    end(scene, 0);
    (void)replace(scene, 0);
    end(scene, 1);
    (void)replace(scene, 1);
    pass(scene, 180 * MS);
    ck_assert(world->leader < REPLICAS);
    ck_assert_msg(world->secret.present && world_is_published(world), "the caBundle");
    ck_assert_msg(is_in(world->config.list, world->config.count, scene->foreign_ca),
                  "its certificates may be in service");
    while (world->wall_s < START + 12 * DAY) {
        world->mono_ms += 3600 * MS;
        tick(scene);
    }
    ck_assert_msg(world_is_published(world) && world->config.count <= 2, "the caBundle, later");
    ck_assert_msg(!is_in(world->config.list, world->config.count, scene->foreign_ca),
                  "it is trusted for ever");
    ck_assert_uint_gt(world->checks, 0);
    free(scene);
}
END_TEST

/* More replicas are asked for in the same moment: one finds what the other has made so far. */
START_TEST(two_that_begin_beside_each_other)
{
    struct scene *scene = scene_new((unsigned)_i);
    struct world *world = &scene->world;
    world->leader = 0;
    for (size_t i = 1; i < REPLICAS; i++) {
        world->replicas[i] = (struct replica){.mode = MANAGED};
        pass(scene, dice(world, 60) * MS);
    }
    pass(scene, READY_MS + scene->kept_until_ms);
    for (size_t i = 1; i < REPLICAS; i++) {
        ck_assert_msg(world->replicas[i].served != 0, "replica %zu is not ready", i);
    }
    free(scene);
}
END_TEST

/* The registration is still cert-manager's, as helm broke off: the old ones serve on. */
START_TEST(one_that_is_undone_is_not_ready)
{
    struct scene *scene = scene_new((unsigned)_i);
    struct world *world = &scene->world;
    scene->keeper = INJECTOR;
    scene->kept_until_ms = UINT64_MAX;
    pass(scene, 20 * MS);
    world->replicas[OLD] = (struct replica){.mode = MANAGED};
    pass(scene, 300 * MS);
    ck_assert_uint_gt(world->checks, 0);
    free(scene);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cert_switch");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, one_rollout_is_enough, 0, LEFTS * KEEPERS * SHOWNS * SEEDS);
    tcase_add_loop_test(all, two_that_begin_beside_each_other, 0, LEFTS * KEEPERS * SHOWNS * SEEDS);
    tcase_add_loop_test(all, one_that_is_undone_is_not_ready, 0, LEFTS);
    suite_add_tcase(suite, all);
    return suite;
}
