/* SPDX-License-Identifier: Apache-2.0 */
/* `portside cleanup`: removes what portside made and what uninstalling it leaves. */
#include "cmd_cleanup.h"

#include "cluster.h"

#include <string.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define NAME_BYTES_MAX 253U
#define WORD_BYTES 16

static const struct ps_option options[] = {
    {.name = "namespace",
     .letter = 'n',
     .argument = "NAME",
     .help = "Only in this namespace. Without it: in all of them."},
    {.name = "statefulset",
     .argument = "NAME",
     .help = "Only what was made for this StatefulSet, which need not exist any more. Wants "
             "--namespace."},
    {.name = "dry-run",
     .help =
         "Ask the API server for every deletion, but as a dry run: nothing is deleted, and what "
         "would be refused is told."},
    {.name = "yes", .letter = 'y', .help = "Do not ask before the deletion."},
    {.name = "force",
     .help = "Also delete what running brokers advertise, and what a running controller would make "
             "again. Outside clients of those brokers lose their connection."},
    PS_CLI_CLUSTER_OPTIONS,
};

static const struct ps_command_line line = {
    .command = "cleanup",
    .usage = "[OPTION…]",
    .about =
        "Deletes the Services, ConfigMaps (status and recorded node ports) and NetworkPolicies that "
        "portside made. Uninstalling portside leaves them on purpose, so that clients go on working "
        "until you say otherwise. Only objects with the labels app.kubernetes.io/managed-by=portside "
        "and portside.dev/role are looked at; each is deleted only if it is still as it was shown.\n\n"
        "Before the deletion you see what goes, and are asked. Without a terminal there is nobody to "
        "ask: then --yes or --dry-run is needed.\n\n"
        "Two things are kept unless --force is given. First, what injected brokers advertise that "
        "still run: restart them without portside before. Second, what a running controller would "
        "make again: in namespaces with the label portside.dev/inject=enabled, while portside "
        "renews its Lease. To see that can take ten seconds, if portside ended without a good-bye.\n\n"
        "With the record of node ports gone, brokers that are exposed again may get other ports. "
        "Pods, StatefulSets and their annotations are never changed.\n\n"
        "Exit code: 0 nothing is left (or would be, with --dry-run), 1 something was kept, refused or could not be deleted, "
        "2 bad options, no cluster, or nobody to ask. It can be run again at any time.",
    .options = options,
    .option_count = PS_COUNT(options),
    .examples =
        "  portside cleanup --dry-run                   what would go, and what is kept\n"
        "  portside cleanup -n kafka\n"
        "  portside cleanup -n kafka --statefulset broker --yes\n"
        "  portside cleanup --yes --output json | jq '.objects[] | select(.result == \"failed\")'",
};

/* What the command line says. */
struct request {
    struct ps_cli_cluster cluster;
    struct ps_cleanup cleanup;
    bool yes;
};

static struct ps_status take_option(void *target, const struct ps_option *option,
                                    struct ps_str value, struct ps_error *err)
{
    struct request *request = target;
    if (strcmp(option->name, "namespace") == 0) {
        request->cleanup.namespace_name = value;
    } else if (strcmp(option->name, "statefulset") == 0) {
        request->cleanup.statefulset = value;
    } else if (strcmp(option->name, "dry-run") == 0) {
        request->cleanup.dry_run = true;
    } else if (strcmp(option->name, "yes") == 0) {
        request->yes = true;
    } else if (strcmp(option->name, "force") == 0) {
        request->cleanup.force = true;
    } else {
        return ps_cli_cluster_take(&request->cluster, option, value, err);
    }
    return ps_success();
}

/* RFC 1123: also, nothing that would end the name within a selector. */
static bool is_object_name(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool inner = c == '-' || c == '.';
        bool plain = ps_is_digit(c) || (ps_is_alpha(c) && ps_to_lower(c) == c);
        if (!plain && (!inner || i == 0 || i + 1 == name.len)) {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

static struct ps_status check_name(const char *option, struct ps_str name, struct ps_error *err)
{
    if (name.ptr != NULL && !is_object_name(name)) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'--%s %.*s': names have lower-case letters, digits, '-' and '.' only",
                       option, PS_FMT(name));
    }
    return ps_success();
}

static struct ps_status check_options(const struct request *request, int operands, char **argv,
                                      struct ps_error *err)
{
    const struct ps_cleanup *cleanup = &request->cleanup;
    PS_TRY(check_name("namespace", cleanup->namespace_name, err));
    PS_TRY(check_name("statefulset", cleanup->statefulset, err));
    if (operands > 0) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' is no option: name a namespace with '-n %s'",
                       argv[0], argv[0]);
    }
    if (cleanup->statefulset.len > 0 && cleanup->namespace_name.len == 0) {
        return ps_fail(err, PS_CODE_INPUT, "'--statefulset' wants its namespace: add '-n NAME'");
    }
    if (request->yes || cleanup->dry_run) {
        return ps_success();
    }
    if (cleanup->json) {
        return ps_fail(
            err, PS_CODE_INPUT,
            "JSON is printed for programs, which cannot be asked: add '--yes' to delete, "
            "or '--dry-run' to look");
    }
    if (isatty(STDIN_FILENO) != 1 || !cleanup->cli->out.is_terminal) {
        return ps_fail(err, PS_CODE_INPUT,
                       "there is no terminal to ask on: add '--yes' to delete, or '--dry-run' to "
                       "look");
    }
    return ps_success();
}

static bool confirm(const struct ps_cli *cli, size_t count)
{
    char word[WORD_BYTES];
    ps_term_printf(&cli->out, PS_STYLE_BOLD, "Delete %s%zu object%s? [y/N] ",
                   count == 1 ? "this " : "these ", count, count == 1 ? "" : "s");
    (void)fflush(cli->out.file);
    if (fgets(word, sizeof(word), stdin) == NULL) {
        ps_term_printf(&cli->out, PS_STYLE_PLAIN, "\n");
        return false;
    }
    struct ps_str answer = ps_str_trim(ps_str_of(word));
    return ps_str_equal_nocase(answer, PS_STR("y")) || ps_str_equal_nocase(answer, PS_STR("yes"));
}

static int work(void *arg)
{
    struct request *request = arg;
    request->cleanup.kube = request->cluster.kube;
    request->cleanup.arena = request->cluster.arena;
    return ps_cleanup_run(&request->cleanup);
}

int ps_cmd_cleanup(const struct ps_cli *cli, int argc, char **argv)
{
    struct request request = {
        .cluster = {.cli = cli, .command = line.command, .arena_bytes = ARENA_BYTES},
        .cleanup = {.cli = cli},
    };
    struct ps_error err;
    int code = PS_EXIT_OK;
    if (!ps_cli_parse(&(struct ps_cli_parse){cli, &line, take_option, &request}, &argc, argv,
                      &code)) {
        return code;
    }
    request.cleanup.json = ps_cli_cluster_is_json(&request.cluster);
    if (!ps_ok(check_options(&request, argc, argv, &err))) {
        return ps_cli_misuse(cli, &line, &err);
    }
    bool asks = !request.yes && !request.cleanup.dry_run;
    request.cleanup.confirm = asks ? confirm : NULL;
    return ps_cli_cluster_run(&request.cluster, work, &request);
}
