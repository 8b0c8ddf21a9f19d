/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_world.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

#define API_LAG_MAX_MS 20000U
#define VIEW_LAG_MS 3000U

uint64_t dice(struct world *world, uint64_t sides)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % sides;
}

static struct ps_cert_id id_of(unsigned number)
{
    struct ps_cert_id id = {{0}};
    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static unsigned number_of(const struct ps_cert_id *id)
{
    unsigned number = 0;
    memcpy(&number, id->bytes, sizeof(number));
    return number;
}

unsigned make_cert(struct world *world, unsigned issuer, const struct ps_cert_span *span)
{
    ck_assert_uint_lt(world->cert_count + 1, CERTS_MAX);
    unsigned number = ++world->cert_count;
    world->certs[number] = (struct cert){issuer == 0 ? number : issuer, *span};
    return number;
}

bool is_in(const unsigned *list, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

void put_config(struct world *world, const struct config *config)
{
    world->calm_ms = world->mono_ms;
    unsigned version = world->config.version + 1;
    world->config = *config;
    world->config.version = version;
    world->config.at_ms = world->mono_ms;
    world->history[++world->changes % HISTORY] = world->config;
}

void put_secret(struct world *world, const struct secret *secret)
{
    world->calm_ms = world->mono_ms;
    unsigned version = world->secret.version + 1;
    world->secret = *secret;
    world->secret.version = version;
}

static struct ps_cert_leaf leaf_of(const struct world *world, unsigned number, bool key)
{
    const struct cert *cert = &world->certs[number];
    return (struct ps_cert_leaf){
        .usable = number != 0 && key,
        .covers = number % 5 != 0, /* a name more was configured after some were made */
        .id = id_of(number),
        .issuer = id_of(cert->issuer),
        .span = cert->span,
    };
}

static void show_secret(const struct world *world, const struct replica *replica,
                        struct ps_cert_secret *ret_facts)
{
    const struct secret *secret = &replica->secret;
    *ret_facts = (struct ps_cert_secret){
        .known = secret->version > 0, .present = secret->present, .read_mono_ms = replica->read_ms};
    if (!secret->present) {
        return;
    }
    ret_facts->ca_usable = secret->ca != 0 && secret->ca_key;
    ret_facts->ca = id_of(secret->ca);
    ret_facts->ca_span = world->certs[secret->ca].span;
    ret_facts->previous_until_s = secret->until_s;
    for (size_t i = 0; i < secret->previous_count; i++) {
        struct ps_cert_id id = id_of(secret->previous[i]);
        (void)ps_cert_set_add(&ret_facts->previous, &id);
    }
    ret_facts->leaf = leaf_of(world, secret->leaf, secret->leaf_key);
    unsigned issuer = world->certs[secret->leaf].issuer;
    if (issuer != secret->ca && !is_in(secret->previous, secret->previous_count, issuer)) {
        ret_facts->leaf.usable = false;
    }
}

static void show_config(const struct replica *replica, struct ps_cert_bundle *ret_bundle)
{
    const struct config *config = &replica->config;
    *ret_bundle = (struct ps_cert_bundle){.known = config->version > 0,
                                          .present = config->present,
                                          .neat = true,
                                          .seen_mono_ms = replica->seen_ms};
    for (size_t i = 0; config->present && i < config->count; i++) {
        struct ps_cert_id id = id_of(config->list[i]);
        (void)ps_cert_set_add(&ret_bundle->common, &id);
    }
    ret_bundle->any = ret_bundle->common;
}

/* Writes land late, or never, and their answers may be lost. */
static void launch(struct world *world, struct replica *replica, const struct flight *flight)
{
    struct flight *slot = &replica->flights[flight->is_secret ? 0 : 1];
    if (slot->used) {
        return;
    }
    *slot = *flight;
    world->calm_ms = world->mono_ms;
    slot->used = dice(world, 20) != 0;
    slot->lands_ms = world->mono_ms + dice(world, 10) * (dice(world, 10) == 0 ? 300 : 10);
}

static void land(struct world *world, struct replica *replica, struct flight *flight)
{
    if (!flight->used || flight->lands_ms > world->mono_ms) {
        return;
    }
    flight->used = false;
    if (flight->is_secret && flight->version == world->secret.version) {
        put_secret(world, &flight->secret);
        if (dice(world, 10) != 0) {
            replica->secret = world->secret;
            replica->read_ms = world->mono_ms;
        }
    } else if (!flight->is_secret && flight->version == world->config.version) {
        put_config(world, &flight->config);
    }
}

static void perform_secret(struct world *world, struct replica *replica,
                           const struct ps_cert_plan *plan)
{
    struct flight flight = {.is_secret = true, .version = replica->secret.version};
    struct secret *made = &flight.secret;
    *made = replica->secret;
    made->present = true;
    if (plan->new_ca) {
        made->ca = make_cert(world, 0, &plan->ca_span);
        made->ca_key = true;
        world->rotations++;
    }
    if (plan->leaf == PS_CERT_LEAF_NEW) {
        made->leaf = make_cert(world, made->ca, &plan->leaf_span);
        made->leaf_key = true;
        world->renewals++;
    }
    if (plan->leaf == PS_CERT_LEAF_RESTORE) {
        made->leaf = replica->served;
        made->leaf_key = true;
    }
    if (plan->leaf == PS_CERT_LEAF_DROP) {
        made->leaf = 0;
        made->leaf_key = false;
    }
    made->previous_count = plan->previous.count;
    for (size_t i = 0; i < plan->previous.count; i++) {
        made->previous[i] = number_of(&plan->previous.ids[i]);
    }
    made->until_s = plan->previous_until_s;
    launch(world, replica, &flight);
}

static void perform_bundle(struct world *world, struct replica *replica,
                           const struct ps_cert_plan *plan)
{
    struct flight flight = {.version = replica->config.version};
    flight.config = (struct config){.present = true, .ours = true, .count = plan->bundle.count};
    for (size_t i = 0; i < plan->bundle.count; i++) {
        flight.config.list[i] = number_of(&plan->bundle.ids[i]);
    }
    launch(world, replica, &flight);
}

static void step(struct world *world, size_t index)
{
    struct replica *replica = &world->replicas[index];
    const struct ps_cert_timing timing = ps_cert_timing_default();
    struct ps_cert_set given = {.count = 0};
    struct ps_cert_id issuer = id_of(world->certs[replica->served].issuer);
    (void)ps_cert_set_add(&given, &issuer);
    if (replica->mode == FILES) {
        return;
    }
    struct ps_cert_facts facts = {
        .leader = world->leader == index,
        .given = replica->mode == FILES_AND_CA ? &given : NULL,
        .served = leaf_of(world, replica->mode == MANAGED ? replica->served : 0, true),
        .bundle_count = 1,
        .mono_ms = world->mono_ms,
        .wall_s = world->wall_s,
    };
    show_secret(world, replica, &facts.secret);
    show_config(replica, &facts.bundles[0]);
    struct ps_cert_plan plan = ps_cert_step(&replica->state, &timing, &facts);
    if (plan.deadline_mono_ms > world->mono_ms + 60000) {
        ck_abort_msg("no step for more than a minute");
    }
    if (plan.serve) {
        replica->served = replica->secret.leaf;
        replica->hasty = !is_in(replica->config.list, replica->config.count,
                                world->certs[replica->served].issuer);
    }
    if (plan.secret != PS_CERT_WRITE_NONE) {
        perform_secret(world, replica, &plan);
    }
    if (plan.read_secret) {
        replica->secret = world->secret;
        replica->read_ms = world->mono_ms;
    }
    if (plan.write_bundle[0]) {
        perform_bundle(world, replica, &plan);
    }
}

static void look(struct world *world, struct replica *replica)
{
    if (world->mono_ms < replica->deaf_until_ms || dice(world, VIEW_LAG_MS / MS) == 0) {
        return;
    }
    replica->secret = world->secret;
    if (replica->config.version != world->config.version) {
        replica->config = world->config;
        replica->seen_ms = world->mono_ms;
    }
}

/* An API server goes by the newest state that is old enough, or by one a little newer. */
static void follow(struct world *world, struct config *seen)
{
    unsigned oldest = world->changes < HISTORY ? 1 : world->changes - HISTORY + 1;
    for (unsigned i = world->changes; i >= oldest && i > 0; i--) {
        const struct config *one = &world->history[i % HISTORY];
        bool must = one->at_ms + API_LAG_MAX_MS <= world->mono_ms;
        if (one->version <= seen->version) {
            return;
        }
        if (must || dice(world, 8) == 0) {
            *seen = *one;
            return;
        }
    }
}

void world_act(struct world *world)
{
    for (size_t i = 0; i < REPLICAS; i++) {
        struct replica *replica = &world->replicas[i];
        land(world, replica, &replica->flights[0]);
        land(world, replica, &replica->flights[1]);
        look(world, replica);
        step(world, i);
    }
    for (size_t i = 0; i < SERVERS; i++) {
        follow(world, &world->seen[i]);
    }
}

void world_check(struct world *world)
{
    for (size_t i = 0; i < REPLICAS; i++) {
        const struct replica *replica = &world->replicas[i];
        const struct cert *leaf = &world->certs[replica->served];
        bool expired = leaf->span.not_after_s <= world->wall_s; /* after a jump of the clock */
        if (replica->served == 0 || replica->hasty || expired) {
            continue;
        }
        for (size_t j = 0; j < SERVERS; j++) {
            const struct config *seen = &world->seen[j];
            if (!seen->present || !seen->ours) {
                continue;
            }
            world->checks++;
            if (is_in(seen->list, seen->count, leaf->issuer)) {
                continue;
            }
            ck_abort_msg("replica %zu serves %u of CA %u, API server %zu goes by version %u; "
                         "%" PRIu64 " ms",
                         i, replica->served, leaf->issuer, j, seen->version, world->mono_ms);
        }
    }
}

bool world_is_published(const struct world *world)
{
    const struct secret *secret = &world->secret;
    const struct config *config = &world->config;
    bool all = config->count == secret->previous_count + 1 &&
               is_in(config->list, config->count, secret->ca);
    for (size_t i = 0; i < secret->previous_count; i++) {
        all = all && is_in(config->list, config->count, secret->previous[i]);
    }
    return all;
}
