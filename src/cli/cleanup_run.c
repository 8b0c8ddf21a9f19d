/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of `portside cleanup`, once there is a client. */
#include "cmd_cleanup.h"

#define COMMAND "cleanup"

static struct ps_status print_json(void *arg)
{
    const struct ps_cleanup *cleanup = arg;
    struct ps_str text = ps_cleanup_json(cleanup);
    (void)fwrite(text.ptr, 1, text.len, cleanup->cli->out.file);
    return ps_success();
}

static int end(struct ps_cleanup *cleanup)
{
    struct ps_left_sum sum = ps_cleanup_count(cleanup);
    struct ps_error err;
    if (!cleanup->json) {
        ps_cleanup_show_end(cleanup, &cleanup->cli->out);
    } else if (!ps_ok(ps_arena_run(cleanup->arena, print_json, cleanup, &err))) {
        return ps_cli_fail(cleanup->cli, COMMAND, &err);
    }
    return sum.kept + sum.failed + sum.found > 0 ? PS_EXIT_FAILED : PS_EXIT_OK;
}

static struct ps_status find(struct ps_cleanup *cleanup, struct ps_error *err)
{
    PS_TRY(ps_cleanup_find(cleanup, err));
    if (ps_cleanup_cares(cleanup)) {
        if (cleanup->cli->err.is_terminal) {
            ps_term_printf(&cleanup->cli->err, PS_STYLE_DIM,
                           "looking whether a controller runs …\n");
        }
        PS_TRY(ps_cleanup_look(cleanup, err));
    }
    ps_cleanup_decide(cleanup);
    return ps_success();
}

/* False if the person said no. */
static bool show_and_ask(const struct ps_cleanup *cleanup)
{
    struct ps_left_sum sum = ps_cleanup_count(cleanup);
    const struct ps_term *out = &cleanup->cli->out;
    if (sum.found + sum.kept == 0) {
        ps_term_printf(out, PS_STYLE_PLAIN, "nothing of portside is left%s\n",
                       cleanup->namespace_name.len > 0 ? " here" : "");
        return true;
    }
    ps_cleanup_show(cleanup, out);
    ps_cleanup_explain(cleanup, out);
    if (sum.found == 0 || cleanup->confirm == NULL || cleanup->confirm(cleanup->cli, sum.found)) {
        return true;
    }
    ps_term_printf(out, PS_STYLE_PLAIN, "nothing was deleted\n");
    return false;
}

int ps_cleanup_run(struct ps_cleanup *cleanup)
{
    struct ps_error err;
    if (!ps_ok(find(cleanup, &err))) {
        return ps_cli_fail(cleanup->cli, COMMAND, &err);
    }
    if (!cleanup->json && !show_and_ask(cleanup)) {
        return PS_EXIT_FAILED;
    }
    struct ps_status status = ps_cleanup_delete(cleanup, &err);
    int code = end(cleanup);
    return ps_ok(status) ? code : ps_cli_fail(cleanup->cli, COMMAND, &err);
}
