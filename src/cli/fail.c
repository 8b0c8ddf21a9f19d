/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/cli.h"

static void show(const struct ps_cli *cli, const char *command, const struct ps_error *err)
{
    ps_term_printf(&cli->err, PS_STYLE_RED, "portside%s%s:", command[0] == '\0' ? "" : " ",
                   command);
    ps_term_printf(&cli->err, PS_STYLE_PLAIN, " ");
    ps_term_text(&cli->err, PS_STYLE_PLAIN, ps_str_of(err->message));
    ps_term_printf(&cli->err, PS_STYLE_PLAIN, "\n");
}

int ps_cli_fail(const struct ps_cli *cli, const char *command, const struct ps_error *err)
{
    show(cli, command, err);
    return err->code == PS_CODE_INPUT ? PS_EXIT_INPUT : PS_EXIT_FAILED;
}

int ps_cli_misuse(const struct ps_cli *cli, const struct ps_command_line *line,
                  const struct ps_error *err)
{
    show(cli, line->command, err);
    ps_term_printf(&cli->err, PS_STYLE_PLAIN, "'portside help%s%s' shows what there is\n",
                   line->command[0] == '\0' ? "" : " ", line->command);
    return PS_EXIT_INPUT;
}

bool ps_cli_parse(const struct ps_cli_parse *parse, int *argc, char **argv, int *ret_code)
{
    struct ps_error err;
    bool help = false;
    if (!ps_ok(
            ps_options_parse(parse->line, argc, argv, parse->take, parse->target, &help, &err))) {
        *ret_code = ps_cli_misuse(parse->cli, parse->line, &err);
        return false;
    }
    if (help) {
        ps_options_help(parse->line, &parse->cli->out);
        *ret_code = PS_EXIT_OK;
    }
    return !help;
}
