/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch applier as a filter, for patch_oracle.py: each line of standard input is the array
 * [document, patch]; each line of standard output the patched document, or "!" and a message.
 */
#include <stdio.h>
#include <stdlib.h>

#include "portside/patch.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

struct job {
    struct ps_arena *arena;
    struct ps_str line;
    struct ps_error *err;
};

static struct ps_status apply(void *arg)
{
    const struct job *job = arg;
    struct ps_json *pair = NULL;
    struct ps_buf buf;
    struct ps_jw jw;
    PS_TRY(ps_json_parse(job->arena, job->line, &pair, job->err));
    struct ps_json *doc = ps_json_copy(job->arena, ps_json_at(pair, 0));
    PS_TRY(ps_patch_apply(job->arena, &doc, ps_json_at(pair, 1), job->err));
    if (!ps_jw_can_copy(doc)) {
        return ps_fail(job->err, PS_CODE_INPUT, "only whole numbers can be printed");
    }
    ps_buf_init(&buf, job->arena, job->line.len);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, doc);
    (void)puts(buf.ptr); /* a broken pipe is the reader's to notice */
    return ps_success();
}

int main(void)
{
    struct ps_arena *arena = ps_arena_new(ARENA_BYTES);
    char *line = NULL;
    size_t size = 0;
    ssize_t len = 0;
    while (arena != NULL && (len = getline(&line, &size, stdin)) > 0) {
        struct ps_error err = {.message = ""};
        struct job job = {arena, {line, (size_t)len}, &err};
        if (!ps_ok(ps_arena_run(arena, apply, &job, &err))) {
            (void)printf("!%s\n", err.message);
        }
        ps_arena_reset(arena);
    }
    free(line);
    ps_arena_free(arena);
    return arena == NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}
