/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from the text of a file. */
#include "portside/config.h"

#define KEYS_MAX 64U /* keys whose line is remembered; the table is checked to be shorter */

struct reader {
    struct ps_config *config;
    size_t line;
    size_t lines[KEYS_MAX]; /* where each key was set, 0: not yet */
};

/* Refuses a key that the file has set before: which one was meant cannot be known. */
static struct ps_status once(struct reader *reader, struct ps_str key, struct ps_error *err)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    for (size_t i = 0; i < count && i < KEYS_MAX; i++) {
        if (!ps_str_is(key, rows[i].name)) {
            continue;
        }
        if (reader->lines[i] != 0) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' was set before, in line %zu", rows[i].name,
                           reader->lines[i]);
        }
        reader->lines[i] = reader->line;
    }
    return ps_success();
}

static struct ps_status read_line(struct reader *reader, struct ps_str line, struct ps_error *err)
{
    if (line.len == 0 || line.ptr[0] == '#') {
        return ps_success();
    }
    size_t equals = ps_str_index(line, '=');
    if (equals == line.len) {
        return ps_fail(err, PS_CODE_INPUT, "'%.*s' is not of the form 'key = value'", PS_FMT(line));
    }
    struct ps_str key = ps_str_trim(ps_str_slice(line, 0, equals));
    struct ps_str value = ps_str_trim(ps_str_slice(line, equals + 1, line.len));
    PS_TRY(once(reader, key, err));
    return ps_config_set(reader->config, key, value, err);
}

struct ps_status ps_config_parse(struct ps_config *config, struct ps_str text, struct ps_error *err)
{
    struct reader reader = {.config = config};
    struct ps_str rest = text;
    struct ps_str line;
    while (ps_str_split(&rest, '\n', &line)) {
        reader.line++;
        if (!ps_ok(read_line(&reader, ps_str_trim(line), err))) {
            return ps_wrap(err, "line %zu", reader.line);
        }
    }
    return ps_success();
}
