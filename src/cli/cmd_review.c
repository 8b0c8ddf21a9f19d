/* SPDX-License-Identifier: Apache-2.0 */
/* `portside review`: the product on files instead of HTTPS. */
#include "cmd_review.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "review_expected.h"

#define MIB ((size_t)1024 * 1024)
/* Names of inputs; files with everything that is compared. */
#define NAMES_BYTES_MAX (64 * MIB)
#define ARENA_BYTES_MAX (1024 * MIB)

static const struct ps_option options[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "text|json",
     .fallback = "text",
     .help = "What is printed: for people, or one JSON document on a line for each review."},
    {.name = "response",
     .help = "Print only the bytes that the API server would get. Takes one review."},
    {.name = "full", .help = "Show long scripts line by line instead of their length."},
    {.name = "config",
     .argument = "FILE",
     .help = "Decide by the policy of this file, as 'portside serve --config' would."},
    {.name = "update",
     .help = "Write the expected files of golden cases. Only with PORTSIDE_GOLDEN_UPDATE=1 in the "
             "environment, and never where CI is set."},
};

static const struct ps_command_line line = {
    .command = "review",
    .usage = "[OPTION…] [FILE|FOLDER|-]…",
    .about =
        "Decides AdmissionReviews as the webhook would, without a server and without a cluster: "
        "the verdict, its reason, the warnings as kubectl shows them, and every change.\n\n"
        "A folder with a request.json is a golden case: the answer is compared with the "
        "expected.json, expected.patch.json and expected.object.json beside it, and must be "
        "the same when asked twice, and empty when asked for its own result. A folder of such "
        "folders is all of them. Without an operand, or with '-', one review is read from "
        "standard input.\n\n"
        "Exit code: 0 all as expected, 1 differences or an internal error, 2 bad input.",
    .options = options,
    .option_count = PS_COUNT(options),
    .examples = "  portside review review.json\n"
                "  portside review --output json - <review.json\n"
                "  portside review tests/golden",
};

/* What one input needs while it is worked on. */
struct job {
    struct ps_session *session;
    const struct ps_input *input;
    struct ps_error err;
};

static struct ps_status take_option(void *target, const struct ps_option *option,
                                    struct ps_str value, struct ps_error *err)
{
    struct ps_session *session = target;
    if (strcmp(option->name, "output") == 0) {
        PS_TRY(ps_option_choice(option, value, err));
        session->json = ps_str_is(value, "json");
    } else if (strcmp(option->name, "response") == 0) {
        session->response = true;
    } else if (strcmp(option->name, "full") == 0) {
        session->full = true;
    } else if (strcmp(option->name, "update") == 0) {
        session->update = true;
    } else {
        session->config_path = value.ptr;
    }
    return ps_success();
}

static struct ps_status check_options(const struct ps_session *session, int operands,
                                      struct ps_error *err)
{
    const char *allowed = getenv("PORTSIDE_GOLDEN_UPDATE");
    const char *ci = getenv("CI");
    if (session->update && (allowed == NULL || strcmp(allowed, "1") != 0)) {
        return ps_fail(
            err, PS_CODE_INPUT,
            "'--update' overwrites expected files: set PORTSIDE_GOLDEN_UPDATE=1 to mean it");
    }
    if (session->update && ci != NULL && ci[0] != '\0') {
        return ps_fail(err, PS_CODE_INPUT, "'--update' is refused because CI is set");
    }
    if (session->response && operands > 1) {
        return ps_fail(err, PS_CODE_INPUT, "'--response' takes one review, not %d", operands);
    }
    if (session->response && session->json) {
        return ps_fail(err, PS_CODE_INPUT, "'--response' and '--output' cannot both be given");
    }
    if (operands == 0 && isatty(STDIN_FILENO) == 1) {
        return ps_fail(err, PS_CODE_INPUT, "no review was named: give a file, a folder or '-'");
    }
    return ps_success();
}

static struct ps_status read_config(struct ps_arena *arena, const char *path,
                                    struct ps_config *config, struct ps_str *ret_text,
                                    struct ps_error *err)
{
    PS_TRY(ps_cli_read(arena, path, ret_text, err));
    if (!ps_ok(ps_config_parse(config, *ret_text, err)) ||
        !ps_ok(ps_config_check_policy(config, err))) {
        return ps_wrap(err, "%s", path);
    }
    return ps_success();
}

/* The defaults, then the file of --config, then that of the case. */
static struct ps_status make_config(const struct job *job, struct ps_config *config,
                                    struct ps_error *err)
{
    struct ps_arena *arena = job->session->arena;
    struct ps_str text;
    ps_config_init(config);
    PS_TRY(ps_config_parse(config, job->session->config_text, err));
    if (!job->input->is_case || !ps_inputs_has(job->input->path, PS_CASE_CONFIG)) {
        return ps_success();
    }
    return read_config(arena, ps_path_join(arena, job->input->path, PS_CASE_CONFIG), config, &text,
                       err);
}

static void raise_exit(struct ps_session *session, int code)
{
    session->exit_code = code > session->exit_code ? code : session->exit_code;
}

static void show_differences(const struct ps_session *session, const struct job *job,
                             const struct ps_admission *admission,
                             const struct ps_differences *differences)
{
    const struct ps_term *out = &session->cli->out;
    bool passed = differences->count == 0;
    ps_term_printf(out, passed ? PS_STYLE_GREEN : PS_STYLE_RED, "%-6s ", passed ? "ok" : "FAILED");
    ps_term_text(out, PS_STYLE_PLAIN, ps_str_of(job->input->path));
    ps_term_printf(out, PS_STYLE_DIM, "  %s", ps_verdict_name(admission->verdict));
    if (admission->reason != PS_REASON_NONE) {
        ps_term_printf(out, PS_STYLE_DIM, ", %s", ps_reason_name(admission->reason));
    }
    if (admission->delivery.len > 0) {
        ps_term_printf(out, PS_STYLE_DIM, ", delivery %.*s", PS_FMT(admission->delivery));
    }
    ps_term_printf(out, PS_STYLE_DIM, "\n");
    for (size_t i = 0; i < differences->count; i++) {
        ps_term_printf(out, PS_STYLE_BOLD, "  %s\n", differences->list[i].title);
        ps_show_marked(out, '\0', differences->list[i].text);
    }
}

static struct ps_status finish_case(struct job *job, const struct ps_policy *policy,
                                    struct ps_str request, const struct ps_admission *admission,
                                    const struct ps_reply *reply)
{
    struct ps_session *session = job->session;
    struct ps_differences differences = {0};
    PS_TRY(ps_case_check(session, job->input->path, policy, request, admission, reply, &differences,
                         &job->err));
    bool passed = differences.count == 0;
    session->passed += passed;
    session->failed += !passed;
    raise_exit(session, passed ? PS_EXIT_OK : PS_EXIT_FAILED);
    if (session->json) {
        ps_show_json(session, job->input->path, admission, reply, &differences);
        return ps_success();
    }
    if (job->input->is_named) {
        ps_show_review(session, job->input->path, request, admission, reply);
    }
    show_differences(session, job, admission, &differences);
    return ps_success();
}

static struct ps_status finish_file(struct job *job, struct ps_str request,
                                    const struct ps_admission *admission,
                                    const struct ps_reply *reply)
{
    struct ps_session *session = job->session;
    const char *label = strcmp(job->input->path, "-") == 0 ? "standard input" : job->input->path;
    if (session->response) {
        (void)fwrite(admission->body.ptr, 1, admission->body.len, session->cli->out.file);
    } else if (session->json) {
        ps_show_json(session, label, admission, reply, NULL);
    } else if (admission->http_status == 200) {
        ps_show_review(session, label, request, admission, reply);
    }
    if (admission->http_status == 200) {
        return ps_success();
    }
    enum ps_code code = admission->http_status < 500 ? PS_CODE_INPUT : PS_CODE_INTERNAL;
    return ps_fail(&job->err, code, "'%s': HTTP %d: %.*s", label, admission->http_status,
                   PS_FMT(reply->message));
}

static struct ps_status work(void *arg)
{
    struct job *job = arg;
    struct ps_session *session = job->session;
    struct ps_config config;
    struct ps_str request;
    struct ps_admission admission;
    struct ps_reply reply;
    const char *path = job->input->is_case
                           ? ps_path_join(session->arena, job->input->path, PS_CASE_REQUEST)
                           : job->input->path;
    PS_TRY(make_config(job, &config, &job->err));
    PS_TRY(ps_cli_read(session->arena, path, &request, &job->err));
    ps_session_decide(session, &config.policy, request, &admission);
    PS_TRY(ps_reply_read(session->arena, &admission, &reply, &job->err));
    if (job->input->is_case && !session->response) {
        return finish_case(job, &config.policy, request, &admission, &reply);
    }
    return finish_file(job, request, &admission, &reply);
}

static void review_all(struct ps_session *session, const struct ps_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        struct job job = {.session = session, .input = &inputs->list[i]};
        ps_arena_reset(session->arena);
        if (!ps_ok(ps_arena_run(session->arena, work, &job, &job.err))) {
            (void)ps_cli_fail(session->cli, line.command, &job.err);
            /* A file that cannot be read is bad input as well. */
            bool ours = job.err.code == PS_CODE_INTERNAL;
            raise_exit(session, ours ? PS_EXIT_FAILED : PS_EXIT_INPUT);
        }
    }
    if (session->passed + session->failed > 0 && !session->json) {
        ps_term_printf(&session->cli->out, PS_STYLE_BOLD, "%zu passed, %zu failed, %zu skipped\n",
                       session->passed, session->failed, session->skipped);
    }
}

/* The operands, as work for the arena of names. */
struct start {
    struct ps_session *session;
    int count;
    char **operands;
    struct ps_inputs inputs;
    struct ps_error err;
};

static struct ps_status begin(void *arg)
{
    struct start *start = arg;
    struct ps_session *session = start->session;
    static char standard_input[] = "-";
    char *only[] = {standard_input};
    bool none = start->count == 0;
    ps_config_init(&session->config);
    if (session->config_path != NULL) {
        PS_TRY(read_config(session->names, session->config_path, &session->config,
                           &session->config_text, &start->err));
    }
    PS_TRY(ps_inputs_find(session->names, none ? 1 : start->count, none ? only : start->operands,
                          &start->inputs, &start->err));
    if (session->response && start->inputs.count != 1) {
        return ps_fail(&start->err, PS_CODE_INPUT, "'--response' takes one review, not %zu",
                       start->inputs.count);
    }
    return ps_success();
}

static int no_memory(const struct ps_cli *cli)
{
    struct ps_error err;
    struct ps_status status = ps_fail(&err, PS_CODE_IO, "the system has no memory");
    (void)status; /* the message is all that is wanted */
    return ps_cli_fail(cli, line.command, &err);
}

static int run(struct ps_session *session, int count, char **operands)
{
    struct start start = {.session = session, .count = count, .operands = operands};
    if (!ps_ok(ps_arena_run(session->names, begin, &start, &start.err))) {
        (void)ps_cli_fail(session->cli, line.command, &start.err); /* whatever it was: bad input */
        return PS_EXIT_INPUT;
    }
    session->admits =
        ps_arena_new((size_t)session->config.body_max_bytes * PS_ADMIT_ARENA_PER_BYTE);
    if (session->admits == NULL) {
        return no_memory(session->cli);
    }
    review_all(session, &start.inputs);
    ps_arena_free(session->admits);
    return session->exit_code;
}

static int run_with_arenas(struct ps_session *session, int count, char **operands)
{
    session->names = ps_arena_new(NAMES_BYTES_MAX);
    session->arena = ps_arena_new(ARENA_BYTES_MAX);
    bool complete = session->names != NULL && session->arena != NULL;
    int code = complete ? run(session, count, operands) : no_memory(session->cli);
    ps_arena_free(session->arena);
    ps_arena_free(session->names);
    return code;
}

int ps_cmd_review(const struct ps_cli *cli, int argc, char **argv)
{
    struct ps_session session = {.cli = cli};
    struct ps_error err;
    int code = PS_EXIT_OK;
    if (!ps_cli_parse(&(struct ps_cli_parse){cli, &line, take_option, &session}, &argc, argv,
                      &code)) {
        return code;
    }
    if (!ps_ok(check_options(&session, argc, &err))) {
        return ps_cli_misuse(cli, &line, &err);
    }
    return run_with_arenas(&session, argc, argv);
}
