/* SPDX-License-Identifier: Apache-2.0 */
/* `portside check`: does it work, and if not, what is to be done. */
#include "cmd_check.h"

#include "cluster.h"
#include "portside/heap.h"

#include <string.h>

#define ARENA_BYTES ((size_t)4 * 1024 * 1024)

static const struct ps_option options[] = {
    {.name = "namespace",
     .letter = 'n',
     .argument = "NAME",
     .help = "Look at this namespace and try there. Without it: all that are labelled, and the "
             "trial in the first of them."},
    {.name = "portside-namespace",
     .argument = "NAME",
     .help = "Where portside runs. Without it: as its registration says."},
    {.name = "registration",
     .argument = "NAME",
     .fallback = "portside",
     .help = "The MutatingWebhookConfiguration of portside."},
    {.name = "secret",
     .argument = "NAME",
     .fallback = "portside-certificates",
     .help = "The Secret with its certificate. The private key in it is not looked at."},
    PS_CLI_CLUSTER_OPTIONS,
};

static const struct ps_command_line line = {
    .command = "check",
    .usage = "[OPTION…]",
    .about =
        "Shows whether API server, Service, TLS and portside work together, a row each: ok, failed "
        "with what to do, or unknown if you may not see it.\n\n"
        "The proof is the row 'trial': a StatefulSet with the annotation portside.dev/inject=maybe "
        "is created as a dry run in a labelled namespace. Only portside refuses that value, so its "
        "words in the answer mean that it was asked and that it answered. Nothing is ever "
        "written.\n\n"
        "The other rows: the version of the API server; the registration and its caBundle; the "
        "certificate; who holds the Lease and whether it is renewed (looking takes a few seconds); "
        "which namespaces are labelled; and what the controller found in the last 15 minutes, such "
        "as brokers that run without injection or do not listen.\n\n"
        "Rights: create on statefulsets in the namespace of the trial; get on the registration, the "
        "Lease and the Secret; list on namespaces and events; get on pods. Without one of them but "
        "the first, its row is 'unknown'.\n\n"
        "Exit code: 0 no row failed, 1 one did, 2 bad options or no cluster.",
    .options = options,
    .option_count = PS_COUNT(options),
    .examples =
        "  portside check\n"
        "  portside check -n kafka\n"
        "  portside check -o json | jq -r '.rows[] | select(.result == \"failed\") | .says'",
};

/* What the command line says. */
struct request {
    struct ps_cli_cluster cluster;
    struct ps_checkup *check;
};

static struct ps_status take_option(void *target, const struct ps_option *option,
                                    struct ps_str value, struct ps_error *err)
{
    struct request *request = target;
    struct ps_checkup *check = request->check;
    if (strcmp(option->name, "namespace") == 0) {
        check->space = value;
    } else if (strcmp(option->name, "portside-namespace") == 0) {
        check->home = value;
    } else if (strcmp(option->name, "registration") == 0) {
        check->registration = value;
    } else if (strcmp(option->name, "secret") == 0) {
        check->secret = value;
    } else {
        return ps_cli_cluster_take(&request->cluster, option, value, err);
    }
    return ps_success();
}

static struct ps_status check_options(const struct ps_checkup *check, int operands, char **argv,
                                      struct ps_error *err)
{
    if (operands > 0) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' is no option: name a namespace with '-n %s'",
                       argv[0], argv[0]);
    }
    if (check->registration.len == 0 || check->secret.len == 0) {
        return ps_fail(err, PS_CODE_INPUT, "'--%s' needs a name",
                       check->registration.len == 0 ? "registration" : "secret");
    }
    return ps_success();
}

static int work(void *arg)
{
    const struct request *request = arg;
    struct ps_checkup *check = request->check;
    check->kube = request->cluster.kube;
    check->arena = request->cluster.arena;
    check->server = request->cluster.server;
    return ps_checkup_run(check);
}

static int parse_and_run(struct request *request, int argc, char **argv)
{
    const struct ps_cli *cli = request->cluster.cli;
    struct ps_error err;
    int code = PS_EXIT_OK;
    if (!ps_cli_parse(&(struct ps_cli_parse){cli, &line, take_option, request}, &argc, argv,
                      &code)) {
        return code;
    }
    if (!ps_ok(check_options(request->check, argc, argv, &err))) {
        return ps_cli_misuse(cli, &line, &err);
    }
    request->check->json = ps_cli_cluster_is_json(&request->cluster);
    return ps_cli_cluster_run(&request->cluster, work, request);
}

int ps_cmd_check(const struct ps_cli *cli, int argc, char **argv)
{
    struct ps_error err;
    struct ps_checkup *check = ps_heap_new(1, sizeof(*check));
    if (check == NULL) {
        return ps_ok(ps_fail(&err, PS_CODE_IO, "the system has no memory"))
                   ? PS_EXIT_OK
                   : ps_cli_fail(cli, line.command, &err);
    }
    check->cli = cli;
    check->registration = PS_STR("portside");
    check->secret = PS_STR("portside-certificates");
    struct request request = {
        .cluster = {.cli = cli, .command = line.command, .arena_bytes = ARENA_BYTES},
        .check = check,
    };
    int code = parse_and_run(&request, argc, argv);
    ps_heap_free(check);
    return code;
}
