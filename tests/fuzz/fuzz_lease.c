/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three candidates and one Lease, by a script of bytes: time passes, candidates look and write,
 * answers are lost or late, machines sleep. The server keeps the rule of resourceVersion. There are
 * never two leaders at one time, and none without a version to fence others off.
 */
#include "fuzz/fuzz.h"
#include "portside/lease.h"

#include <string.h>

#define CANDIDATES 3U
#define TEXT_BYTES 1024U

/* The API server's side. */
struct server {
    char lease[TEXT_BYTES]; /* empty: there is none */
    unsigned version;
};

struct candidate {
    struct ps_lease_state state;
    struct ps_lease_identity identity;
    uint64_t mono_offset_ms;
    int64_t wall_offset_us;
    bool late; /* an answer is under way */
    enum ps_lease_result result;
    char answer[TEXT_BYTES];
    struct ps_lease_now sent;
};

struct world {
    struct ps_arena *arena;
    struct ps_lease_timing timing;
    struct server server;
    struct candidate candidates[CANDIDATES];
    uint64_t now_ms;
    struct ps_str script;
    size_t at;
};

static struct ps_lease_now clocks(const struct world *world, const struct candidate *one)
{
    return (struct ps_lease_now){world->now_ms + one->mono_offset_ms,
                                 (int64_t)world->now_ms * 1000 + one->wall_offset_us};
}

static const struct ps_json *parse(struct world *world, const char *text)
{
    struct ps_json *root = NULL;
    if (text[0] != '\0') {
        FUZZ_CHECK(ps_ok(ps_json_parse(world->arena, ps_str_of(text), &root, NULL)));
    }
    return root;
}

/* Writes what the action wants, if the version is the one of the body. */
static enum ps_lease_result perform(struct world *world, const struct ps_lease_action *action)
{
    struct server *server = &world->server;
    struct ps_json *body = NULL;
    FUZZ_CHECK(ps_ok(ps_json_parse(world->arena, action->body, &body, NULL)));
    const struct ps_json *metadata = ps_json_get(body, "metadata");
    struct ps_str version = ps_json_get_text(metadata, "resourceVersion");
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", server->version);
    bool create = action->kind == PS_LEASE_CREATE;
    FUZZ_CHECK(create == (version.len == 0));
    if (create != (server->lease[0] == '\0') || (!create && !ps_str_is(version, text))) {
        return PS_LEASE_CONFLICT;
    }
    const struct ps_json *spec = ps_json_get(body, "spec");
    (void)snprintf(server->lease, sizeof(server->lease),
                   "{\"metadata\":{\"name\":\"portside\",\"resourceVersion\":\"%u\"},\"spec\":{"
                   "\"holderIdentity\":\"%.*s\",\"renewTime\":\"%.*s\",\"leaseDurationSeconds\":"
                   "10}}",
                   ++server->version, PS_FMT(ps_json_get_text(spec, "holderIdentity")),
                   PS_FMT(ps_json_get_text(spec, "renewTime")));
    return PS_LEASE_CONFIRMED;
}

static void hear(struct world *world, struct candidate *one)
{
    struct ps_lease_now now = clocks(world, one);
    const struct ps_lease_answer answer = {
        one->result, one->result == PS_LEASE_CONFIRMED ? parse(world, one->answer) : NULL,
        one->sent};
    one->late = false;
    ps_lease_wrote(&one->state, &world->timing, &one->identity, &answer, &now);
}

/* fate: 0 the answer is there at once, 1 late, 2 never, 3 neither was the request. */
static void act(struct world *world, struct candidate *one, unsigned fate, bool release)
{
    struct ps_lease_now now = clocks(world, one);
    if (one->late) {
        hear(world, one);
        return;
    }
    struct ps_lease_action action =
        ps_lease_step(world->arena, &one->state, &world->timing, &one->identity, &now, release);
    FUZZ_CHECK(!action.leader || ps_lease_is_leader(&one->state, &now));
    if (action.kind == PS_LEASE_NOTHING) {
        return;
    }
    one->sent = now;
    if (action.kind == PS_LEASE_READ) {
        ps_lease_observe(&one->state, &one->identity, parse(world, world->server.lease), &now);
        return;
    }
    one->result = fate == 3 ? PS_LEASE_FAILED : perform(world, &action);
    (void)snprintf(one->answer, sizeof(one->answer), "%s", world->server.lease);
    one->result = fate == 2 ? PS_LEASE_FAILED : one->result;
    one->late = fate == 1;
    if (!one->late) {
        hear(world, one);
    }
}

static void check_one_leader(const struct world *world)
{
    unsigned leaders = 0;
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct ps_lease_now now = clocks(world, &world->candidates[i]);
        leaders += ps_lease_is_leader(&world->candidates[i].state, &now);
    }
    FUZZ_CHECK(leaders <= 1);
}

/* A watch tells of the Lease as it is, or of nonsense. */
static void see(struct world *world, struct candidate *one, bool nonsense)
{
    struct ps_lease_now now = clocks(world, one);
    ps_lease_observe(&one->state, &one->identity,
                     parse(world, nonsense ? "{\"spec\":{}}" : world->server.lease), &now);
}

static void step(struct world *world, unsigned op, unsigned value)
{
    struct candidate *one = &world->candidates[value % CANDIDATES];
    unsigned rest = value / CANDIDATES;
    switch (op % 8) {
    case 0:
        world->now_ms += value;
        break;
    case 1:
        world->now_ms += (uint64_t)value * 64;
        break;
    case 2:
    case 3:
    case 4:
        act(world, one, rest % 4, false);
        break;
    case 5:
        see(world, one, rest % 8 == 0);
        break;
    case 6: /* its machine slept with its clock stopped: only the wall clock tells */
        one->wall_offset_us += (int64_t)rest * 1000000;
        break;
    case 7:
        if (rest % 16 == 0) {
            act(world, one, 0, true);
        }
        break;
    default:
        break;
    }
    check_one_leader(world);
}

static struct ps_status run(void *arg)
{
    struct world *world = arg;
    while (world->at + 1 < world->script.len) {
        unsigned op = (unsigned char)world->script.ptr[world->at];
        unsigned value = (unsigned char)world->script.ptr[world->at + 1];
        world->at += 2;
        step(world, op, value);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[CANDIDATES] = {"a", "b", "c"};
    struct world world = {.arena = fuzz_arena(),
                          .timing = ps_lease_timing_default(),
                          .now_ms = 1000000,
                          .script = fuzz_text(data, size)};
    for (size_t i = 0; i < CANDIDATES; i++) {
        world.candidates[i].identity = (struct ps_lease_identity){
            .holder = ps_str_of(names[i]),
            .name = PS_STR("portside"),
            .namespace_name = PS_STR("portside"),
        };
        world.candidates[i].mono_offset_ms = 7777777 * i;
        world.candidates[i].wall_offset_us = -3600000000 * (int64_t)i;
    }
    fuzz_run(world.arena, run, &world);
    return 0;
}
