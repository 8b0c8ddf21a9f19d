/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml has memory of its own, so its parser and the event under way are held outside of
 * ps_arena_run() and given back behind it.
 */
#include "kubeyaml.h"

#include "portside/buf.h"
#include "portside/jw.h"

#include <yaml.h>

#define DEPTH_MAX 32U
#define FIRST_BYTES 4096U

struct job {
    struct ps_arena *arena;
    struct ps_str text;
    yaml_parser_t parser;
    yaml_event_t event;
    struct ps_jw jw;
    bool mapping[DEPTH_MAX]; /* what is open */
    bool value[DEPTH_MAX];   /* a mapping: the key has been written */
    unsigned depth;
    struct ps_json *root;
    struct ps_error *err;
};

static struct ps_status refuse(const struct job *job, const char *what)
{
    return ps_fail(job->err, PS_CODE_INPUT, "line %zu: %s", job->event.start_mark.line + 1, what);
}

static struct ps_status next(struct job *job)
{
    yaml_event_delete(&job->event);
    if (yaml_parser_parse(&job->parser, &job->event) == 0) {
        return ps_fail(job->err, PS_CODE_INPUT, "line %zu: %s", job->parser.problem_mark.line + 1,
                       job->parser.problem == NULL ? "no YAML" : job->parser.problem);
    }
    return ps_success();
}

static bool is_key(const struct job *job)
{
    return job->depth > 0 && job->mapping[job->depth - 1] && !job->value[job->depth - 1];
}

/* A value is through: in a mapping the next scalar is a key. */
static void value_done(struct job *job)
{
    if (job->depth > 0) {
        job->value[job->depth - 1] = false;
    }
}

static struct ps_status open_nested(struct job *job, bool mapping)
{
    if (is_key(job)) {
        return refuse(job, "a key must be a text");
    }
    if (job->depth == DEPTH_MAX) {
        return refuse(job, "nested too deep");
    }
    job->mapping[job->depth] = mapping;
    job->value[job->depth] = false;
    job->depth++;
    if (mapping) {
        ps_jw_object(&job->jw);
    } else {
        ps_jw_array(&job->jw);
    }
    return ps_success();
}

static void close_nested(struct job *job)
{
    bool mapping = job->mapping[--job->depth];
    if (mapping) {
        ps_jw_object_end(&job->jw);
    } else {
        ps_jw_array_end(&job->jw);
    }
    value_done(job);
}

static void put_plain(struct ps_jw *jw, struct ps_str text)
{
    if (text.len == 0 || ps_str_is(text, "null") || ps_str_is(text, "~")) {
        ps_jw_null(jw);
    } else if (ps_str_is(text, "true") || ps_str_is(text, "false")) {
        ps_jw_bool(jw, ps_str_is(text, "true"));
    } else {
        ps_jw_str(jw, text);
    }
}

static struct ps_status put_scalar(struct job *job)
{
    struct ps_str text = {(const char *)job->event.data.scalar.value,
                          job->event.data.scalar.length};
    bool plain = job->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (job->event.data.scalar.anchor != NULL) {
        return refuse(job, "anchors are not supported");
    }
    if (is_key(job)) {
        ps_jw_key_str(&job->jw, text);
        job->value[job->depth - 1] = true;
        return ps_success();
    }
    if (plain) {
        put_plain(&job->jw, text);
    } else {
        ps_jw_str(&job->jw, text);
    }
    value_done(job);
    return ps_success();
}

static struct ps_status take(struct job *job)
{
    switch (job->event.type) {
    case YAML_SCALAR_EVENT:
        return put_scalar(job);
    case YAML_MAPPING_START_EVENT:
        return open_nested(job, true);
    case YAML_SEQUENCE_START_EVENT:
        return open_nested(job, false);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        close_nested(job);
        return ps_success();
    case YAML_ALIAS_EVENT:
        return refuse(job, "aliases are not supported");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return ps_success();
}

static struct ps_status convert(void *arg)
{
    struct job *job = arg;
    struct ps_buf buf;
    unsigned documents = 0;
    ps_buf_init(&buf, job->arena, FIRST_BYTES);
    ps_jw_init(&job->jw, &buf);
    do {
        PS_TRY(next(job));
        documents += job->event.type == YAML_DOCUMENT_START_EVENT ? 1 : 0;
        if (documents > 1) {
            return refuse(job, "more than one document");
        }
        PS_TRY(take(job));
    } while (job->event.type != YAML_STREAM_END_EVENT);
    if (documents == 0) {
        return ps_fail(job->err, PS_CODE_INPUT, "it is empty");
    }
    return ps_json_parse(job->arena, ps_buf_view(&buf), &job->root, job->err);
}

static struct ps_status parse_json(void *arg)
{
    struct job *job = arg;
    return ps_json_parse(job->arena, job->text, &job->root, job->err);
}

static struct ps_status parse_yaml(struct job *job)
{
    if (yaml_parser_initialize(&job->parser) == 0) {
        return ps_fail(job->err, PS_CODE_IO, "no memory for a YAML parser");
    }
    yaml_parser_set_input_string(&job->parser, (const unsigned char *)job->text.ptr, job->text.len);
    struct ps_status status = ps_arena_run(job->arena, convert, job, job->err);
    yaml_event_delete(&job->event);
    yaml_parser_delete(&job->parser);
    return status;
}

struct ps_status ps_yaml_parse(struct ps_arena *arena, struct ps_str text,
                               struct ps_json **ret_root, struct ps_error *err)
{
    struct job job = {.arena = arena, .text = text, .err = err};
    struct ps_str body = ps_str_trim(text);
    bool json =
        body.len > 0 && body.ptr[0] == '{' && ps_ok(ps_arena_run(arena, parse_json, &job, NULL));
    if (!json) {
        job.root = NULL;
        PS_TRY(parse_yaml(&job));
    }
    *ret_root = job.root;
    return ps_success();
}
