/* SPDX-License-Identifier: Apache-2.0 */
#include "test_world.h"

#include "portside/heap.h"
#include "portside/jw.h"
#include "portside/kube.h"
#include "test_world_private.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define START_WALL_MS 1780000000000
#define TURN_MS 1000
#define TURNS_MAX 200000U

static uint64_t now_ms(void *arg)
{
    return ((struct ps_world *)arg)->now_ms;
}

static int64_t wall_ms(void *arg)
{
    return ((struct ps_world *)arg)->wall_ms;
}

static uint64_t no_jitter(void *arg)
{
    (void)arg;
    return 0;
}

uint64_t ps_world_now_ms(const struct ps_world *world)
{
    return world->now_ms - START_MS - world->jumped_ms;
}

struct ps_world *ps_world_begin(const struct ps_fault *faults, const struct ps_step *steps,
                                const struct ps_step *more_steps)
{
    static const struct ps_fault none[1];
    struct ps_world *world = ps_heap_new(1, sizeof(*world));
    struct ps_kube *kube = NULL;
    struct ps_error err;
    ck_assert_ptr_nonnull(world);
    world->base.ops = &ps_world_ops;
    world->faults = faults == NULL ? none : faults;
    world->steps[0] = steps;
    world->steps[1] = more_steps;
    world->now_ms = START_MS;
    world->wall_ms = START_WALL_MS;
    world->objects.arena = ps_arena_new((size_t)64 * 1024 * 1024);
    ps_config_init(&world->config);
    world->config.identity = PS_STR("me");
    const struct ps_kube_options options = {
        .now_ms = now_ms, .wall_ms = wall_ms, .random = no_jitter, .arg = world};
    ck_assert(ps_ok(ps_kube_new(&world->base, &options, &kube, &err)));
    ck_assert_msg(
        ps_ok(ps_controller_on(&world->config, kube, "portside", &world->controller, &err)), "%s",
        err.message);
    return world;
}

struct putting {
    struct ps_world *world;
    const char *path;
    const char *text;
};

static struct ps_status put(void *arg)
{
    const struct putting *putting = arg;
    struct outcome outcome = objects_write(&putting->world->objects, putting->path,
                                           ps_str_of(putting->text), false, true);
    ck_assert_int_eq(outcome.status, 200);
    return ps_success();
}

static struct ps_status drop(void *arg)
{
    const struct putting *putting = arg;
    (void)objects_delete(&putting->world->objects, putting->path, PS_STR(""));
    return ps_success();
}

static void edit(struct ps_world *world, struct ps_status (*work)(void *arg), const char *path,
                 const char *text)
{
    struct putting putting = {world, path, text};
    ck_assert(ps_ok(ps_arena_run(world->objects.arena, work, &putting, NULL)));
    ps_arena_reset(world->objects.arena);
}

void ps_world_put(struct ps_world *world, const char *path, const char *text)
{
    edit(world, put, path, text);
}

void ps_world_delete(struct ps_world *world, const char *path)
{
    edit(world, drop, path, NULL);
}

void ps_world_replace(struct ps_world *world, const char *path, const char *text)
{
    ps_world_delete(world, path);
    ps_world_put(world, path, text);
}

const char *ps_world_get(const struct ps_world *world, const char *path)
{
    for (size_t i = 0; i < world->objects.count; i++) {
        if (strcmp(world->objects.list[i].place.path, path) == 0) {
            return world->objects.list[i].text;
        }
    }
    return NULL;
}

void ps_world_compact(struct ps_world *world)
{
    world->objects.compacted = world->objects.change_count + 1;
}

void ps_world_jump(struct ps_world *world, uint64_t mono_ms, int64_t wall_jump_ms)
{
    world->now_ms += mono_ms;
    world->jumped_ms += mono_ms;
    world->wall_ms += wall_jump_ms;
}

void ps_world_forbid_writes(struct ps_world *world, bool on)
{
    world->forbidden = on;
}

void ps_world_run(struct ps_world *world, uint64_t until_ms)
{
    unsigned turns = 0;
    while (ps_world_now_ms(world) < until_ms) {
        ck_assert(ps_controller_turn(world->controller, TURN_MS));
        ck_assert_msg(++turns < TURNS_MAX, "the controller turns without an end");
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The different lines, sorted, one after the other; lines are freed if they are ours to free. */
static char *join(char **lines, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    qsort(lines, count, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0) {
            (void)fprintf(out, "%s\n", lines[i]);
        }
    }
    (void)fclose(out);
    return text;
}

char *ps_world_writes(const struct ps_world *world)
{
    char *lines[WRITES_MAX];
    memcpy(lines, world->writes, sizeof(lines));
    return join(lines, world->write_count);
}

struct dumping {
    struct objects *objects;
    char *lines[OBJECTS_MAX];
    size_t count;
};

static struct ps_status dump(void *arg)
{
    struct dumping *dumping = arg;
    for (size_t i = 0; i < dumping->objects->count; i++) {
        const struct object *object = &dumping->objects->list[i];
        bool told = strcmp(object->place.plural, "leases") != 0 &&
                    strcmp(object->place.plural, "events") != 0 &&
                    strncmp(object->place.name, "x-", 2) != 0;
        if (told) {
            dumping->lines[dumping->count++] = objects_normal(dumping->objects, object->text);
        }
    }
    return ps_success();
}

char *ps_world_dump(const struct ps_world *world)
{
    struct objects objects = world->objects;
    struct dumping dumping = {.objects = &objects};
    ck_assert(ps_ok(ps_arena_run(objects.arena, dump, &dumping, NULL)));
    ps_arena_reset(objects.arena);
    char *text = join(dumping.lines, dumping.count);
    for (size_t i = 0; i < dumping.count; i++) {
        ps_heap_free(dumping.lines[i]);
    }
    return text;
}

unsigned ps_world_met(const struct ps_world *world, size_t fault)
{
    return world->met[fault];
}

long ps_world_metric(const struct ps_world *world, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    char line[128];
    FILE *out = open_memstream(&text, &size);
    ps_controller_write_metrics(world->controller, out);
    (void)fclose(out);
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(text, line);
    long value = at == NULL ? -1 : strtol(at + strlen(line), NULL, 10);
    ps_heap_free(text);
    return value;
}

size_t ps_world_requests(const struct ps_world *world)
{
    return world->requests;
}

void ps_world_end(struct ps_world *world)
{
    ps_controller_free(world->controller);
    for (size_t i = 0; i < world->objects.count; i++) {
        ps_heap_free(world->objects.list[i].text);
    }
    for (size_t i = 0; i < world->objects.change_count; i++) {
        ps_heap_free(world->objects.changes[i].before);
        ps_heap_free(world->objects.changes[i].after);
    }
    for (size_t i = 0; i < world->write_count; i++) {
        ps_heap_free(world->writes[i]);
    }
    ps_arena_free(world->objects.arena);
    ps_heap_free(world);
}
