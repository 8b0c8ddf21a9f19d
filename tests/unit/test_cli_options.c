/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "portside/cli.h"
#include "support/runner.h"

#define WORDS_MAX 8

static const struct ps_option options[] = {
    {.name = "output", .letter = 'o', .argument = "text|json", .help = "form"},
    {.name = "full", .help = "all of it"},
    {.name = "config", .letter = 'c', .argument = "FILE", .help = "file"},
};

static const struct ps_command_line line = {
    .command = "test",
    .usage = "",
    .about = "",
    .options = options,
    .option_count = PS_COUNT(options),
};

/* What was taken, as "output=json full " and so on. */
struct taken {
    char text[256];
};

static struct ps_status take(void *target, const struct ps_option *option, struct ps_str value,
                             struct ps_error *err)
{
    struct taken *taken = target;
    size_t used = strlen(taken->text);
    if (option->argument != NULL && strcmp(option->name, "output") == 0) {
        PS_TRY(ps_option_choice(option, value, err));
    }
    (void)snprintf(taken->text + used, sizeof(taken->text) - used, "%s%s%.*s ", option->name,
                   option->argument == NULL ? "" : "=", PS_FMT(value));
    return ps_success();
}

static const struct row {
    const char *words[WORDS_MAX]; /* behind the command's name */
    const char *taken;
    const char *operands; /* each followed by a blank */
    const char *error;    /* NULL: success */
    bool help;
} rows[] = {
    {{NULL}, "", "", NULL, false},
    {{"a", "b"}, "", "a b ", NULL, false},
    {{"--output", "json", "a"}, "output=json ", "a ", NULL, false},
    {{"--output=json", "a"}, "output=json ", "a ", NULL, false},
    {{"a", "-o", "text", "b"}, "output=text ", "a b ", NULL, false},
    {{"-otext"}, "output=text ", "", NULL, false},
    {{"--full", "--config="}, "full config= ", "", NULL, false},
    {{"--config", "--full"}, "config=--full ", "", NULL, false},
    {{"--config", "-"}, "config=- ", "", NULL, false},
    {{"-", "--full"}, "full ", "- ", NULL, false},
    {{"--full", "--", "--full", "-x", "--"}, "full ", "--full -x -- ", NULL, false},
    {{"--help", "--nonsense"}, "", "", NULL, true},
    {{"-h"}, "", "", NULL, true},
    {{"a", "--full", "-h"}, "full ", "a ", NULL, true},
    {{"--ouput", "json"}, "", "", "unknown option '--ouput': did you mean '--output'?", false},
    {{"--zebra"}, "", "", "unknown option '--zebra'", false},
    {{"--full=1"}, "", "", "option '--full' takes no value", false},
    {{"--config"}, "", "", "option '--config' needs a value: FILE", false},
    {{"-c"}, "", "", "option '--config' needs a value: FILE", false},
    {{"-x"}, "", "", "unknown option '-x'", false},
    {{"-fc"}, "", "", "unknown option '-fc'", false},
    {{"--output=yaml"}, "", "", "'yaml' is not a value of '--output': use one of text|json", false},
    {{"--output="}, "", "", "'' is not a value of '--output': use one of text|json", false},
    {{"--=x"}, "", "", "unknown option '--'", false},
};

/* Copies the words behind a name of a command; returns their count. */
static int fill(const struct row *row, char buffers[WORDS_MAX + 1][32], char *argv[WORDS_MAX + 2])
{
    int count = 0;
    argv[count] = buffers[count];
    (void)snprintf(buffers[count++], sizeof(buffers[0]), "test");
    for (size_t i = 0; i < WORDS_MAX && row->words[i] != NULL; i++) {
        argv[count] = buffers[count];
        (void)snprintf(buffers[count++], sizeof(buffers[0]), "%s", row->words[i]);
    }
    argv[count] = NULL;
    return count;
}

START_TEST(test_parse)
{
    const struct row *row = &rows[_i];
    char buffers[WORDS_MAX + 1][32];
    char *argv[WORDS_MAX + 2];
    int argc = fill(row, buffers, argv);
    struct taken taken = {""};
    struct ps_error err = {0};
    bool help = false;
    struct ps_status status = ps_options_parse(&line, &argc, argv, take, &taken, &help, &err);
    if (row->error != NULL) {
        ck_assert_int_eq(status.code, PS_CODE_INPUT);
        ck_assert_str_eq(err.message, row->error);
        return;
    }
    ck_assert_msg(ps_ok(status), "row %d: %s", _i, err.message);
    ck_assert_str_eq(taken.text, row->taken);
    ck_assert_int_eq(help, row->help);
    char operands[256] = "";
    for (int i = 0; i < argc; i++) {
        size_t used = strlen(operands);
        (void)snprintf(operands + used, sizeof(operands) - used, "%s ", argv[i]);
    }
    ck_assert_str_eq(operands, row->operands);
}
END_TEST

START_TEST(test_colour_is_for_terminals_that_want_it)
{
    ck_assert(ps_term_wants_colour(true, NULL, "xterm"));
    ck_assert(ps_term_wants_colour(true, "", "xterm")); /* no-color.org: an empty value is none */
    ck_assert(!ps_term_wants_colour(true, "1", "xterm"));
    ck_assert(!ps_term_wants_colour(false, NULL, "xterm"));
    ck_assert(!ps_term_wants_colour(true, NULL, "dumb"));
    ck_assert(!ps_term_wants_colour(true, NULL, NULL));
}
END_TEST

/* What print writes to a terminal of so many columns without colours. */
static void print_to(char *buffer, size_t size, size_t columns,
                     void (*print)(const struct ps_term *term))
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    const struct ps_term term = {.file = file, .columns = columns};
    print(&term);
    rewind(file);
    size_t got = fread(buffer, 1, size - 1, file);
    buffer[got] = '\0';
    (void)fclose(file);
}

static void print_wrapped(const struct ps_term *term)
{
    ps_term_wrap(term, 0, 2, "one two three four\n\nfive six");
}

START_TEST(test_wrap)
{
    char text[256];
    print_to(text, sizeof(text), 12, print_wrapped);
    ck_assert_str_eq(text, "  one two\n  three four\n\n  five six\n");
}
END_TEST

static void print_hostile(const struct ps_term *term)
{
    ps_term_text(term, PS_STYLE_RED,
                 PS_STR("a\033[31m\x7f\xc2\x9b"
                        "b\xc3\xa4\tc\nd"));
}

/* An object in a review must not be able to write to the terminal of who looks at it. */
START_TEST(test_control_characters_are_shown)
{
    char text[256];
    print_to(text, sizeof(text), 80, print_hostile);
    ck_assert_str_eq(text, "a\\u001b[31m\\u007f\\u009bb\xc3\xa4\tc\nd");
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cli_options");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_parse, 0, (int)PS_COUNT(rows));
    tcase_add_test(tcase, test_colour_is_for_terminals_that_want_it);
    tcase_add_test(tcase, test_wrap);
    tcase_add_test(tcase, test_control_characters_are_shown);
    suite_add_tcase(suite, tcase);
    return suite;
}
