/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "portside/cli.h"
#include "portside/nearest.h"

#define HELP_COLUMN 4U

static const struct ps_option help_option = {
    .name = "help",
    .letter = 'h',
    .help = "Show this text.",
};

/* The words of the command line that are not read yet, and the operands found so far. */
struct reader {
    const struct ps_command_line *line;
    int count;
    char **words;
    int at;
    int operands;
    ps_option_take take;
    void *target;
};

static const struct ps_option *find_long(const struct ps_command_line *line, struct ps_str name)
{
    for (size_t i = 0; i < line->option_count; i++) {
        if (ps_str_is(name, line->options[i].name)) {
            return &line->options[i];
        }
    }
    return ps_str_is(name, help_option.name) ? &help_option : NULL;
}

static const struct ps_option *find_letter(const struct ps_command_line *line, char letter)
{
    for (size_t i = 0; i < line->option_count; i++) {
        if (line->options[i].letter == letter) {
            return &line->options[i];
        }
    }
    return letter == help_option.letter ? &help_option : NULL;
}

static struct ps_status unknown_option(const struct ps_command_line *line, struct ps_str name,
                                       struct ps_error *err)
{
    const char *found = NULL;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, name);
    for (size_t i = 0; i < line->option_count; i++) {
        if (ps_nearest_try(&nearest, ps_str_of(line->options[i].name))) {
            found = line->options[i].name;
        }
    }
    if (found == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "unknown option '--%.*s'", PS_FMT(name));
    }
    return ps_fail(err, PS_CODE_INPUT, "unknown option '--%.*s': did you mean '--%s'?",
                   PS_FMT(name), found);
}

struct ps_status ps_option_choice(const struct ps_option *option, struct ps_str value,
                                  struct ps_error *err)
{
    struct ps_str rest = ps_str_of(option->argument);
    struct ps_str choice;
    while (ps_str_split(&rest, '|', &choice)) {
        if (ps_str_equal(choice, value)) {
            return ps_success();
        }
    }
    return ps_fail(err, PS_CODE_INPUT, "'%.*s' is not a value of '--%s': use one of %s",
                   PS_FMT(value), option->name, option->argument);
}

/* Hands over an option; its value stands in the same word (stated) or in the next one. */
static struct ps_status take_option(struct reader *reader, const struct ps_option *option,
                                    bool stated, struct ps_str value, struct ps_error *err)
{
    if (option->argument == NULL) {
        if (stated) {
            return ps_fail(err, PS_CODE_INPUT, "option '--%s' takes no value", option->name);
        }
        return reader->take(reader->target, option, (struct ps_str){NULL, 0}, err);
    }
    if (!stated) {
        if (reader->at >= reader->count) {
            return ps_fail(err, PS_CODE_INPUT, "option '--%s' needs a value: %s", option->name,
                           option->argument);
        }
        value = ps_str_of(reader->words[reader->at++]);
    }
    return reader->take(reader->target, option, value, err);
}

static struct ps_status read_long(struct reader *reader, struct ps_str word, bool *ret_help,
                                  struct ps_error *err)
{
    size_t equals = ps_str_index(word, '=');
    struct ps_str name = ps_str_slice(word, 0, equals);
    const struct ps_option *option = find_long(reader->line, name);
    if (option == NULL) {
        return unknown_option(reader->line, name, err);
    }
    if (option == &help_option) {
        *ret_help = true;
        return ps_success();
    }
    return take_option(reader, option, equals < word.len, ps_str_slice(word, equals + 1, word.len),
                       err);
}

/* One letter a word: "-o json" or "-ojson"; switches are not bundled. */
static struct ps_status read_short(struct reader *reader, struct ps_str word, bool *ret_help,
                                   struct ps_error *err)
{
    const struct ps_option *option = find_letter(reader->line, word.ptr[0]);
    if (option == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "unknown option '-%.*s'", PS_FMT(word));
    }
    if (option == &help_option) {
        *ret_help = true;
        return ps_success();
    }
    return take_option(reader, option, word.len > 1, ps_str_slice(word, 1, word.len), err);
}

static void keep_operands(struct reader *reader)
{
    while (reader->at < reader->count) {
        reader->words[reader->operands++] = reader->words[reader->at++];
    }
}

static struct ps_status read_word(struct reader *reader, bool *ret_help, struct ps_error *err)
{
    char *text = reader->words[reader->at++];
    struct ps_str word = ps_str_of(text);
    if (ps_str_is(word, "--")) {
        keep_operands(reader);
        return ps_success();
    }
    if (ps_str_starts(word, "--")) {
        return read_long(reader, ps_str_slice(word, 2, word.len), ret_help, err);
    }
    if (word.len > 1 && word.ptr[0] == '-') {
        return read_short(reader, ps_str_slice(word, 1, word.len), ret_help, err);
    }
    reader->words[reader->operands++] = text;
    return ps_success();
}

struct ps_status ps_options_parse(const struct ps_command_line *line, int *argc, char **argv,
                                  ps_option_take take, void *target, bool *ret_help,
                                  struct ps_error *err)
{
    struct reader reader = {
        .line = line, .count = *argc, .words = argv, .at = 1, .take = take, .target = target};
    bool help = false;
    while (reader.at < reader.count && !help) {
        PS_TRY(read_word(&reader, &help, err));
    }
    *argc = reader.operands;
    *ret_help = help;
    return ps_success();
}

/* "-o, --output text|json" */
static void show_option(const struct ps_option *option, const struct ps_term *term)
{
    char letter[] = {'-', option->letter, ',', ' ', '\0'};
    ps_term_printf(term, PS_STYLE_CYAN, "  %s--%s", option->letter == '\0' ? "" : letter,
                   option->name);
    ps_term_printf(term, PS_STYLE_PLAIN, "%s%s\n", option->argument == NULL ? "" : " ",
                   option->argument == NULL ? "" : option->argument);
    char text[512];
    bool has_default = option->fallback != NULL && option->fallback[0] != '\0';
    (void)snprintf(text, sizeof(text), has_default ? "%s (default %s)" : "%s", option->help,
                   option->fallback);
    ps_term_wrap(term, 0, HELP_COLUMN + 2, text);
}

static const char *group_of(const struct ps_option *option)
{
    return option->group == NULL ? "Options" : option->group;
}

static void show_options(const struct ps_command_line *line, const struct ps_term *term)
{
    const char *group = "";
    for (size_t i = 0; i < line->option_count; i++) {
        const struct ps_option *option = &line->options[i];
        if (strcmp(group, group_of(option)) != 0) {
            group = group_of(option);
            ps_term_printf(term, PS_STYLE_BOLD, "\n%s\n", group);
        }
        show_option(option, term);
    }
    if (strcmp(group, "Options") != 0) {
        ps_term_printf(term, PS_STYLE_BOLD, "\nOptions\n");
    }
    show_option(&help_option, term);
}

void ps_options_help(const struct ps_command_line *line, const struct ps_term *term)
{
    const char *gap = line->command[0] == '\0' ? "" : " ";
    ps_term_printf(term, PS_STYLE_BOLD, "portside%s%s", gap, line->command);
    ps_term_printf(term, PS_STYLE_PLAIN, " %s\n\n", line->usage);
    ps_term_wrap(term, 0, 0, line->about);
    if (line->option_count > 0) {
        show_options(line, term);
    }
    if (line->examples != NULL) {
        ps_term_printf(term, PS_STYLE_BOLD, "\nExamples\n");
        ps_term_printf(term, PS_STYLE_PLAIN, "%s\n", line->examples);
    }
}
