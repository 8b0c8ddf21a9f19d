/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there a controller that would make everything again? The times in a Lease are those of another
 * clock; so it is looked at until it changes, or its holder's time is over. One that was given back
 * (an uninstalled portside ends with that) needs no second look.
 */
#include "cmd_cleanup.h"
#include "portside/controller.h"

#define LOOK_MS 500U
#define DURATION_MS 10000U
#define DURATION_MAX_MS 60000U
#define MS_PER_S 1000
#define LEASES_MAX 16U

static const struct ps_kube_resource leases = {"coordination.k8s.io/v1", "leases"};

/* A Lease that somebody holds. */
struct held {
    struct ps_str uid;
    struct ps_str version;
};

struct look {
    struct ps_cleanup *cleanup;
    const struct ps_json *page;
    bool first;
    size_t count;
    struct held held[LEASES_MAX];
    uint64_t duration_ms; /* the longest that a holder promised */
    bool failed;
    struct ps_error err;
};

static uint64_t duration_of(const struct ps_json *spec)
{
    int64_t seconds = 0;
    bool stated = ps_json_to_int(ps_json_get(spec, "leaseDurationSeconds"), &seconds);
    if (!stated || seconds <= 0) {
        return DURATION_MS;
    }
    return seconds > (int64_t)(DURATION_MAX_MS / MS_PER_S) ? DURATION_MAX_MS
                                                           : (uint64_t)seconds * MS_PER_S;
}

static void note(struct look *look, const struct ps_json *metadata, const struct ps_json *spec)
{
    struct ps_arena *arena = look->cleanup->arena;
    uint64_t duration_ms = duration_of(spec);
    if (look->count < LEASES_MAX) {
        look->held[look->count++] = (struct held){
            ps_arena_copy(arena, ps_json_get_text(metadata, "uid")),
            ps_arena_copy(arena, ps_json_get_text(metadata, "resourceVersion")),
        };
    }
    look->duration_ms = duration_ms > look->duration_ms ? duration_ms : look->duration_ms;
}

/* True if it was not so at the first look. */
static bool is_new(const struct look *look, const struct ps_json *metadata)
{
    for (size_t i = 0; i < look->count; i++) {
        if (ps_str_equal(look->held[i].uid, ps_json_get_text(metadata, "uid")) &&
            ps_str_equal(look->held[i].version, ps_json_get_text(metadata, "resourceVersion"))) {
            return false;
        }
    }
    return true;
}

static struct ps_status read_page(void *arg)
{
    struct look *look = arg;
    struct ps_cleanup *cleanup = look->cleanup;
    PS_JSON_EACH(lease, ps_json_get(look->page, "items"))
    {
        const struct ps_json *metadata = ps_json_get(lease, "metadata");
        const struct ps_json *spec = ps_json_get(lease, "spec");
        struct ps_str holder = ps_json_get_text(spec, "holderIdentity");
        if (holder.len == 0) {
            continue;
        }
        if (look->first) {
            note(look, metadata, spec);
        } else if (is_new(look, metadata)) {
            cleanup->life = PS_LIFE_RUNS;
            cleanup->life_holder = ps_arena_copy(cleanup->arena, holder);
            cleanup->life_namespace =
                ps_arena_copy(cleanup->arena, ps_json_get_text(metadata, "namespace"));
        }
    }
    return ps_success();
}

static void on_page(void *arg, const struct ps_kube_result *result)
{
    struct look *look = arg;
    look->page = result->object;
    look->failed = !ps_cleanup_is_list(result, leases.plural, &look->err) ||
                   !ps_ok(ps_arena_run(look->cleanup->arena, read_page, look, &look->err));
}

/* One look at all Leases of our name, wherever portside was installed. */
static struct ps_status look_once(struct look *look, struct ps_error *err)
{
    const struct ps_kube_request request = {
        .verb = PS_KUBE_LIST,
        .resource = &leases,
        .field_selector = PS_STR("metadata.name=" PS_CONTROLLER_LEASE),
        .on_done = on_page,
        .arg = look,
    };
    PS_TRY(ps_kube_send(look->cleanup->kube, &request, NULL, err));
    return ps_cleanup_wait(look->cleanup, err);
}

static struct ps_status pause_until(const struct ps_cleanup *cleanup, uint64_t until_ms,
                                    struct ps_error *err)
{
    uint64_t now_ms;
    while ((now_ms = ps_kube_now_ms(cleanup->kube)) < until_ms) {
        PS_TRY(ps_kube_turn(cleanup->kube, (int)(until_ms - now_ms), NULL, 0, err));
    }
    return ps_success();
}

static struct ps_status copy_problem(void *arg)
{
    struct look *look = arg;
    look->cleanup->life = PS_LIFE_UNKNOWN;
    look->cleanup->life_problem = ps_arena_copy(look->cleanup->arena, ps_str_of(look->err.message));
    return ps_success();
}

struct ps_status ps_cleanup_look(struct ps_cleanup *cleanup, struct ps_error *err)
{
    struct look look = {.cleanup = cleanup, .first = true};
    uint64_t begun_ms = ps_kube_now_ms(cleanup->kube);
    cleanup->life = PS_LIFE_NONE;
    PS_TRY(look_once(&look, err));
    look.first = false;
    while (!look.failed && look.count > 0 && cleanup->life == PS_LIFE_NONE &&
           ps_kube_now_ms(cleanup->kube) < begun_ms + look.duration_ms) {
        PS_TRY(pause_until(cleanup, ps_kube_now_ms(cleanup->kube) + LOOK_MS, err));
        PS_TRY(look_once(&look, err));
    }
    return look.failed ? ps_arena_run(cleanup->arena, copy_problem, &look, err) : ps_success();
}
