/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line: what the commands of `portside` share.
 *
 * A command is a row of the table in main.c and one file cmd_<name>.c that owns its options, its
 * help and its exit codes. Options are rows too: parsing, "did you mean" and help are made from
 * them. Whether colours are shown and how wide a line is, is decided in term.c only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "portside/arena.h"
#include "portside/attr.h"
#include "portside/error.h"
#include "portside/str.h"

enum ps_exit {
    PS_EXIT_OK = 0,
    PS_EXIT_FAILED = 1, /* the work itself: differences, a port that is taken */
    PS_EXIT_INPUT = 2,  /* what was asked for: options, files, configuration */
};

/* One output stream and how it may be used. Colours only on a terminal and without NO_COLOR. */
struct ps_term {
    FILE *file;
    bool is_terminal;
    bool colour;
    size_t columns; /* width to wrap text at */
};

enum ps_style {
    PS_STYLE_PLAIN = 0,
    PS_STYLE_BOLD,
    PS_STYLE_DIM,
    PS_STYLE_RED,
    PS_STYLE_GREEN,
    PS_STYLE_YELLOW,
    PS_STYLE_CYAN,
};

void ps_term_init(struct ps_term *term, FILE *file);

/* The name of the variable is the contract of no-color.org; value as from getenv(). */
bool ps_term_wants_colour(bool is_terminal, const char *no_color, const char *term_name);

/* Formatted text in a style; written as it is, so only for text of our own. */
void ps_term_printf(const struct ps_term *term, enum ps_style style, const char *format, ...)
    PS_PRINTF(3, 4);

/* Text of somebody else's: control characters but line breaks and tabs are shown as \u00XX. */
void ps_term_text(const struct ps_term *term, enum ps_style style, struct ps_str text);

/*
 * Paragraphs of our own text, wrapped at the width of term; every line begins with indent spaces.
 * The first line is taken to stand at column already.
 */
void ps_term_wrap(const struct ps_term *term, size_t column, size_t indent, const char *text);

/* One option: `--name`, `--name VALUE` or `--name=VALUE`, and `-l` if it has a letter. */
struct ps_option {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or '\0' */
    const char *argument; /* "FILE", or choices "text|json"; NULL: a switch */
    const char *fallback; /* default as text, for help; NULL or "": none */
    const char *help;     /* one sentence */
    const char *group;    /* heading in help; NULL: "Options" */
};

/* All that help and parsing of one command need. */
struct ps_command_line {
    const char *command; /* "review"; "" for portside itself */
    const char *usage;   /* what follows the command, as in "[OPTION…] FILE" */
    const char *about;   /* paragraphs, separated by an empty line */
    const struct ps_option *options;
    size_t option_count;
    const char *examples; /* lines as they are shown; NULL: none */
};

/* Takes one option as it is met; value is the empty view for a switch. */
typedef struct ps_status (*ps_option_take)(void *target, const struct ps_option *option,
                                           struct ps_str value, struct ps_error *err);

/*
 * Reads argv[1] and on. "--" ends the options, "-" is an operand, operands and options may be
 * mixed. On success the operands stand at argv[0] to argv[*argc - 1]. `--help` and `-h` are always
 * known and end the parse: *ret_help is set and nothing else is meaningful. Fails with
 * PS_CODE_INPUT; the message names the option, and the nearest known one.
 */
struct ps_status ps_options_parse(const struct ps_command_line *line, int *argc, char **argv,
                                  ps_option_take take, void *target, bool *ret_help,
                                  struct ps_error *err) PS_MUST_USE;

/* PS_CODE_INPUT unless value is one of the choices of option->argument, as in "text|json". */
struct ps_status ps_option_choice(const struct ps_option *option, struct ps_str value,
                                  struct ps_error *err) PS_MUST_USE;

/* Usage, what it is about, options by group, examples. */
void ps_options_help(const struct ps_command_line *line, const struct ps_term *term);

/* What a command is given. */
struct ps_cli {
    struct ps_term out;
    struct ps_term err;
};

/* Prints "portside <command>: <message>" to err; returns the exit code that fits err's code. */
int ps_cli_fail(const struct ps_cli *cli, const char *command, const struct ps_error *err);

/* The same for a slip in the options: adds where help is; returns PS_EXIT_INPUT. */
int ps_cli_misuse(const struct ps_cli *cli, const struct ps_command_line *line,
                  const struct ps_error *err);

/* How a command reads its options, see ps_options_parse(). */
struct ps_cli_parse {
    const struct ps_cli *cli;
    const struct ps_command_line *line;
    ps_option_take take;
    void *target;
};

/* False: the command ends with *ret_code, as it has shown its help, or told of a slip. */
bool ps_cli_parse(const struct ps_cli_parse *parse, int *argc, char **argv, int *ret_code);

/*
 * Reads a whole file, or standard input if path is "-", into arena (inside ps_arena_run() only).
 * Fails with PS_CODE_IO; the message names the path and the cause.
 */
struct ps_status ps_cli_read(struct ps_arena *arena, const char *path, struct ps_str *ret_text,
                             struct ps_error *err) PS_MUST_USE;

/* The commands. argv[0] is the name of the command; the result is the exit code. */
int ps_cmd_serve(const struct ps_cli *cli, int argc, char **argv);
int ps_cmd_check(const struct ps_cli *cli, int argc, char **argv);
int ps_cmd_cleanup(const struct ps_cli *cli, int argc, char **argv);
int ps_cmd_review(const struct ps_cli *cli, int argc, char **argv);
