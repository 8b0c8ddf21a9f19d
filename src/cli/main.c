/* SPDX-License-Identifier: Apache-2.0 */
/* `portside`: picks the command and gets out of the way. */
#include <string.h>

#include "portside/cli.h"
#include "portside/nearest.h"

struct command {
    const char *name;
    int (*run)(const struct ps_cli *cli, int argc, char **argv);
    const char *summary;
};

static int cmd_help(const struct ps_cli *cli, int argc, char **argv);
static int cmd_version(const struct ps_cli *cli, int argc, char **argv);

static const struct command commands[] = {
    {"serve", ps_cmd_serve, "answer the API server over HTTPS"},
    {"review", ps_cmd_review, "decide AdmissionReviews offline and show what would change"},
    {"check", ps_cmd_check, "show whether portside works in a cluster, and what to do"},
    {"cleanup", ps_cmd_cleanup, "remove what portside made in a cluster"},
    {"help", cmd_help, "show this text, or that of a command"},
    {"version", cmd_version, "show the version"},
};

static const char about[] =
    "portside makes Kafka brokers on Kubernetes reachable from outside the cluster. It is an "
    "admission webhook, which adds to each broker pod of a StatefulSet one more listener that "
    "advertises that broker's own external address, and a controller, which makes the Services and "
    "tells the brokers their addresses. Manifests and images stay as they are.\n\n"
    "A namespace opts in with the label portside.dev/inject=enabled.";

static const char examples[] =
    "  portside review review.json            what would change in this pod, and why\n"
    "  portside serve --tls-cert tls.crt --tls-key tls.key\n"
    "                                         answer the API server\n"
    "  portside check                         does it work in this cluster\n"
    "  portside cleanup --dry-run             what is left of portside in the cluster";

static const struct ps_command_line self = {
    .command = "",
    .usage = "COMMAND [OPTION…]",
    .about = about,
    .examples = examples,
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < PS_COUNT(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const struct ps_cli *cli, const char *name)
{
    const char *found = NULL;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, ps_str_of(name));
    for (size_t i = 0; i < PS_COUNT(commands); i++) {
        if (ps_nearest_try(&nearest, ps_str_of(commands[i].name))) {
            found = commands[i].name;
        }
    }
    struct ps_error err;
    struct ps_status status =
        found != NULL
            ? ps_fail(&err, PS_CODE_INPUT, "'%s' is not a command: did you mean '%s'?", name, found)
            : ps_fail(&err, PS_CODE_INPUT, "'%s' is not a command", name);
    (void)status; /* the message is all that is wanted */
    return ps_cli_misuse(cli, &self, &err);
}

static void show_overview(const struct ps_cli *cli)
{
    const struct ps_term *out = &cli->out;
    struct ps_command_line line = self;
    line.examples = NULL;
    ps_options_help(&line, out);
    ps_term_printf(out, PS_STYLE_BOLD, "\nCommands\n");
    for (size_t i = 0; i < PS_COUNT(commands); i++) {
        ps_term_printf(out, PS_STYLE_CYAN, "  %-10s", commands[i].name);
        ps_term_wrap(out, 12, 12, commands[i].summary);
    }
    ps_term_printf(out, PS_STYLE_BOLD, "\nExamples\n");
    ps_term_printf(out, PS_STYLE_PLAIN, "%s\n", examples);
    ps_term_wrap(out, 0, 0, "\n'portside help COMMAND' shows the options of a command.");
}

static int cmd_help(const struct ps_cli *cli, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        show_overview(cli);
        return PS_EXIT_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        return unknown_command(cli, argv[1]);
    }
    char help[] = "--help";
    char *args[] = {argv[1], help, NULL};
    return command->run(cli, 2, args);
}

static int cmd_version(const struct ps_cli *cli, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    ps_term_printf(&cli->out, PS_STYLE_PLAIN, "portside %s\n", PS_VERSION);
    return PS_EXIT_OK;
}

static int run(const struct ps_cli *cli, int argc, char **argv)
{
    if (argc < 2) {
        show_overview(&(struct ps_cli){.out = cli->err, .err = cli->err});
        return PS_EXIT_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        show_overview(cli);
        return PS_EXIT_OK;
    }
    if (strcmp(name, "--version") == 0) {
        return cmd_version(cli, 0, NULL);
    }
    const struct command *command = find_command(name);
    return command == NULL ? unknown_command(cli, name) : command->run(cli, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    struct ps_cli cli;
    ps_term_init(&cli.out, stdout);
    ps_term_init(&cli.err, stderr);
    int code = run(&cli, argc, argv);
    /* A full disk or a closed pipe must not look like success. */
    if (fflush(stdout) != 0 && code == PS_EXIT_OK) {
        struct ps_error err;
        struct ps_status status = ps_fail(&err, PS_CODE_IO, "standard output cannot be written");
        (void)status;
        return ps_cli_fail(&cli, "", &err);
    }
    return code;
}
