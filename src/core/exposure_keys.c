/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure_keys.h"

#include <assert.h>

#include "exposure_reader.h"
#include "portside/nearest.h"

static const struct ps_exposure_key keys[] = {
#define KEY_ROW(id, key_name, key_fallback, what, key_values, key_help, each, pod, effect, reader) \
    [PS_EXPOSURE_KEY_##id] = {.name = (key_name),                                                  \
                              .fallback = (key_fallback),                                          \
                              .values = (key_values),                                              \
                              .help = (key_help),                                                  \
                              .per_exposure = (each),                                              \
                              .with_pod = (pod),                                                   \
                              .supported = (effect)},
    PS_EXPOSURE_KEYS(KEY_ROW)
#undef KEY_ROW
};

static const struct ps_exposure_row rows[] = {
#define PRIVATE_ROW(id, name, fallback, row_what, values, help, each, pod, effect, reader)         \
    [PS_EXPOSURE_KEY_##id] = {.what = (row_what), .read = ps_exposure_read_##reader},
    PS_EXPOSURE_KEYS(PRIVATE_ROW)
#undef PRIVATE_ROW
};

static_assert(PS_COUNT(keys) == PS_EXPOSURE_KEY_COUNT, "a row for each key");
static_assert(PS_COUNT(rows) == PS_EXPOSURE_KEY_COUNT, "a row for each key");
static_assert(PS_EXPOSURE_KEY_COUNT <= PS_CONFIG_DEFAULTS_MAX, "room for each default");

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

const char *ps_exposure_key_nearest(struct ps_str name)
{
    const char *found = NULL;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, name);
    for (size_t i = 0; i < PS_COUNT(keys); i++) {
        if (ps_nearest_try(&nearest, ps_str_of(keys[i].name))) {
            found = keys[i].name;
        }
    }
    return found;
}
