/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of annotations of the whole StatefulSet, and of those that fit nowhere else. */
#include "exposure_host.h"
#include "exposure_reader.h"
#include "portside/family.h"

#define EXPOSURE_NAME_MAX 40
#define SECRET_NAME_MAX 253
#define DURATION_S_MAX (24 * 3600)

/* One of the words in the row's values: "true or false", "a, b or c". */
bool ps_exposure_read_word(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_str rest = ps_str_of(ps_exposure_key_get(reader->key)->values);
    struct ps_str word;
    while (ps_str_split(&rest, ' ', &word)) {
        if (ps_str_is(word, "or")) {
            continue;
        }
        if (ps_str_ends(word, ",")) {
            word = ps_str_slice(word, 0, word.len - 1);
        }
        if (ps_str_equal(value, word)) {
            return true;
        }
    }
    return ps_exposure_refuse_value(reader, value);
}

bool ps_exposure_is_name(struct ps_str name)
{
    return name.len <= EXPOSURE_NAME_MAX && ps_host_is_label(name);
}

/* Kubernetes gives containers variables for each Service; images read those that begin so. */
static bool is_service_prefix(struct ps_str name)
{
    return ps_is_alpha(name.ptr[0]) && !ps_str_starts(name, "kafka");
}

/* Each name once, and no more than there is room for. */
bool ps_exposure_read_listeners(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_str rest = value;
    struct ps_str element;
    reader->name_count = 0;
    while (ps_str_split(&rest, ',', &element)) {
        struct ps_str name = ps_str_trim(element);
        if (!ps_exposure_is_name(name)) {
            return ps_exposure_refuse_value(reader, value);
        }
        if (!is_service_prefix(name)) {
            return ps_exposure_refuse(
                reader,
                ps_arena_printf(reader->arena,
                                "'%.*s' begins the names of Services, so it must begin with a "
                                "letter, and not with 'kafka', as variables of such Services "
                                "(KAFKA_…_PORT) would be read by brokers: use another name",
                                PS_FMT(name)));
        }
        if (ps_exposure_find_name(reader, name) < reader->name_count) {
            return ps_exposure_refuse(reader, ps_arena_printf(reader->arena,
                                                              "'%.*s' is named twice: name it once",
                                                              PS_FMT(name)));
        }
        if (reader->name_count == PS_EXPOSURES_MAX) {
            return ps_exposure_refuse(reader, ps_arena_printf(reader->arena,
                                                              "has more than %d names: use fewer",
                                                              PS_EXPOSURES_MAX));
        }
        reader->names[reader->name_count++] = name;
    }
    return true;
}

/* A DNS subdomain in lower case, as the names of most objects. */
bool ps_exposure_read_secret(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_str rest = value;
    struct ps_str label;
    while (ps_str_split(&rest, '.', &label)) {
        if (value.len > SECRET_NAME_MAX || !ps_host_is_label(label)) {
            return ps_exposure_refuse_value(reader, value);
        }
    }
    return true;
}

/* Seconds of one unit; 0 if c is none. */
static uint64_t unit_s(char c)
{
    switch (c) {
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
        return 1;
    default:
        return 0;
    }
}

/* "10m", "1m30s": at least a second and at most a day. */
bool ps_exposure_read_duration(struct ps_exposure_reader *reader, struct ps_str value)
{
    uint64_t total = 0;
    size_t begin = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint64_t count = 0;
        if (ps_is_digit(value.ptr[i])) {
            continue;
        }
        if (unit_s(value.ptr[i]) == 0 ||
            !ps_str_to_uint(ps_str_slice(value, begin, i), DURATION_S_MAX, &count)) {
            return ps_exposure_refuse_value(reader, value);
        }
        total += count * unit_s(value.ptr[i]);
        begin = i + 1;
    }
    if (begin < value.len || total == 0 || total > DURATION_S_MAX) {
        return ps_exposure_refuse_value(reader, value);
    }
    reader->exposure->wait_timeout_s = total;
    return true;
}

bool ps_exposure_read_container(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (!ps_host_is_label(value)) {
        return ps_exposure_refuse_value(reader, value);
    }
    reader->exposures->container = value;
    return true;
}

bool ps_exposure_read_family(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (ps_family_find(value) == NULL) {
        return ps_exposure_refuse_value(reader, value);
    }
    reader->exposures->family = value;
    return true;
}

bool ps_exposure_read_delivery(struct ps_exposure_reader *reader, struct ps_str value)
{
    if (!ps_exposure_read_word(reader, value)) {
        return false;
    }
    reader->exposures->delivery = ps_str_is(value, "env") ? PS_DELIVERY_ENV : PS_DELIVERY_HOOK;
    return true;
}
