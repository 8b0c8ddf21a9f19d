/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from the text of a file. */
#include "portside/config.h"

#define KEYS_MAX 64U /* keys whose line is remembered; the table is checked to be shorter */

/* A key and its value, which is a part of the text. */
struct entry {
    size_t line; /* where it begins; 0: there is none */
    struct ps_str key;
    struct ps_str value;
};

struct reader {
    struct ps_config *config;
    struct entry entry; /* not set yet, as the next line may go on with it */
    size_t line;
    size_t lines[KEYS_MAX]; /* where each key was set, 0: not yet */
};

/* Refuses a key that the file has set before: which one was meant cannot be known. */
static struct ps_status once(struct reader *reader, const struct entry *entry, struct ps_error *err)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    for (size_t i = 0; i < count && i < KEYS_MAX; i++) {
        if (!ps_str_is(entry->key, rows[i].name)) {
            continue;
        }
        if (reader->lines[i] != 0) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' was set before, in line %zu", rows[i].name,
                           reader->lines[i]);
        }
        reader->lines[i] = entry->line;
    }
    return ps_success();
}

/* Sets what the lines so far say, if they say anything. */
static struct ps_status set_entry(struct reader *reader, struct ps_error *err)
{
    struct entry entry = reader->entry;
    reader->entry = (struct entry){0};
    if (entry.line == 0) {
        return ps_success();
    }
    if (!ps_ok(once(reader, &entry, err)) ||
        !ps_ok(ps_config_set(reader->config, entry.key, entry.value, err))) {
        return ps_wrap(err, "line %zu", entry.line);
    }
    return ps_success();
}

/*
 * True if the line goes on with the value above: an indented one below the default of an
 * annotation, whose value may have several.
 */
static bool continues(const struct reader *reader, struct ps_str line)
{
    return line.len > 0 && ps_is_space(line.ptr[0]) &&
           ps_str_starts(reader->entry.key, PS_CONFIG_DEFAULT);
}

static struct ps_status begin_entry(struct reader *reader, struct ps_str line, struct ps_error *err)
{
    size_t equals = ps_str_index(line, '=');
    if (equals == line.len) {
        return ps_fail(err, PS_CODE_INPUT, "'%.*s' is not of the form 'key = value'", PS_FMT(line));
    }
    reader->entry = (struct entry){
        .line = reader->line,
        .key = ps_str_trim(ps_str_slice(line, 0, equals)),
        .value = ps_str_trim(ps_str_slice(line, equals + 1, line.len)),
    };
    return ps_success();
}

static struct ps_status read_line(struct reader *reader, struct ps_str line, struct ps_error *err)
{
    struct entry *entry = &reader->entry;
    struct ps_str text = ps_str_trim(line);
    if (text.len == 0 || text.ptr[0] == '#') {
        return ps_success();
    }
    if (continues(reader, line)) {
        entry->value.len = (size_t)(text.ptr + text.len - entry->value.ptr);
        return ps_success();
    }
    PS_TRY(set_entry(reader, err));
    if (!ps_ok(begin_entry(reader, text, err))) {
        return ps_wrap(err, "line %zu", reader->line);
    }
    return ps_success();
}

struct ps_status ps_config_parse(struct ps_config *config, struct ps_str text, struct ps_error *err)
{
    struct reader reader = {.config = config};
    struct ps_str rest = text;
    struct ps_str line;
    while (ps_str_split(&rest, '\n', &line)) {
        reader.line++;
        PS_TRY(read_line(&reader, line, err));
    }
    return set_entry(&reader, err);
}
