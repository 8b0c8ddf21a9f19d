/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure_keys.h"

#include <assert.h>

#include "exposure_reader.h"

static const struct ps_exposure_key keys[] = {
#define KEY_ROW(id, key_name, key_fallback, what, key_values, key_help, each, effect, reader)      \
    [PS_EXPOSURE_KEY_##id] = {.name = (key_name),                                                  \
                              .fallback = (key_fallback),                                          \
                              .values = (key_values),                                              \
                              .help = (key_help),                                                  \
                              .per_exposure = (each),                                              \
                              .supported = (effect)},
    PS_EXPOSURE_KEYS(KEY_ROW)
#undef KEY_ROW
};

static const struct ps_exposure_row rows[] = {
#define PRIVATE_ROW(id, name, fallback, row_what, values, help, each, effect, reader)              \
    [PS_EXPOSURE_KEY_##id] = {.what = (row_what), .read = ps_exposure_read_##reader},
    PS_EXPOSURE_KEYS(PRIVATE_ROW)
#undef PRIVATE_ROW
};

static_assert(PS_COUNT(keys) == PS_EXPOSURE_KEY_COUNT, "a row for each key");
static_assert(PS_COUNT(rows) == PS_EXPOSURE_KEY_COUNT, "a row for each key");

const struct ps_exposure_key *ps_exposure_keys(size_t *ret_count)
{
    *ret_count = PS_COUNT(keys);
    return keys;
}

const struct ps_exposure_key *ps_exposure_key_get(enum ps_exposure_key_id id)
{
    return &keys[id];
}

const struct ps_exposure_row *ps_exposure_row_get(enum ps_exposure_key_id id)
{
    return &rows[id];
}

enum ps_exposure_key_id ps_exposure_key_find(struct ps_str name)
{
    for (size_t i = 0; i < PS_COUNT(keys); i++) {
        if (ps_str_is(name, keys[i].name)) {
            return (enum ps_exposure_key_id)i;
        }
    }
    return PS_EXPOSURE_KEY_COUNT;
}

#define NEAREST_BYTES_MAX 40

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance without regard to case; b has at most NEAREST_BYTES_MAX bytes. */
static size_t distance(struct ps_str a, struct ps_str b)
{
    size_t row[NEAREST_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            bool same = ps_to_lower(a.ptr[i]) == ps_to_lower(b.ptr[j]);
            size_t changed = diagonal + (same ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = smallest(row[j] + 1, diagonal + 1, changed);
        }
    }
    return row[b.len];
}

/* A third of the letters may differ: enough for a slip or a wrong dash, too few for a guess. */
const char *ps_exposure_key_nearest(struct ps_str name)
{
    const char *nearest = NULL;
    size_t least = 1 + (name.len < 6 ? 2 : name.len / 3);
    if (name.len == 0 || name.len > NEAREST_BYTES_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < PS_COUNT(keys); i++) {
        size_t steps = distance(ps_str_of(keys[i].name), name);
        if (steps < least) {
            least = steps;
            nearest = keys[i].name;
        }
    }
    return nearest;
}
