/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

static const char *const kinds[] = {
    [PS_EVENT_ADDED] = "ADDED",     [PS_EVENT_MODIFIED] = "MODIFIED",
    [PS_EVENT_DELETED] = "DELETED", [PS_EVENT_BOOKMARK] = "BOOKMARK",
    [PS_EVENT_ERROR] = "ERROR",
};

struct job {
    struct ps_arena *arena;
    struct ps_str line;
    struct ps_json *root;
    struct ps_error *err;
};

static struct ps_status parse(void *arg)
{
    struct job *job = arg;
    return ps_json_parse(job->arena, job->line, &job->root, job->err);
}

static bool find_kind(struct ps_str type, enum ps_event_kind *ret_kind)
{
    for (size_t i = PS_EVENT_ADDED; i < PS_COUNT(kinds); i++) {
        if (ps_str_is(type, kinds[i])) {
            *ret_kind = (enum ps_event_kind)i;
            return true;
        }
    }
    return false;
}

struct ps_status ps_event_decode(struct ps_arena *arena, struct ps_str line,
                                 struct ps_event *ret_event, struct ps_error *err)
{
    struct job job = {arena, line, NULL, err};
    PS_TRY(ps_arena_run(arena, parse, &job, err));
    struct ps_event event = {.object = ps_json_get(job.root, "object")};
    struct ps_str type = ps_json_get_text(job.root, "type");
    if (!find_kind(type, &event.kind)) {
        return ps_fail(err, PS_CODE_INPUT, "the type '%.*s' is none of a watch event",
                       PS_FMT(ps_str_slice(type, 0, 40)));
    }
    if (ps_json_type(event.object) != PS_JSON_OBJECT) {
        return ps_fail(err, PS_CODE_INPUT, "a watch event has no object");
    }
    if (event.kind == PS_EVENT_ERROR) {
        (void)ps_json_to_int(ps_json_get(event.object, "code"), &event.code); /* 0 without one */
    } else {
        event.version = ps_json_get_text(ps_json_get(event.object, "metadata"), "resourceVersion");
    }
    *ret_event = event;
    return ps_success();
}

bool ps_event_looks_real(struct ps_str line)
{
    return ps_str_starts(line, "{\"type\":\"") && ps_str_ends(ps_str_trim(line), "}");
}
