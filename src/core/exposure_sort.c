/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts every key under our prefix into its exposure and row, or refuses it. */
#include "exposure_reader.h"
#include "portside/resolve.h"

#define DOMAIN "portside.dev"

/* "vpn.portside.dev/type" in its parts. */
struct key_parts {
    bool further; /* an exposure is named */
    struct ps_str exposure;
    struct ps_str name;
};

/*
 * False unless key is under our domain. Case does not count here, because Kubernetes takes
 * "Portside.dev/type" for a valid key, and its author means us.
 */
static bool split_key(struct ps_str key, struct key_parts *ret_parts)
{
    size_t slash = ps_str_index(key, '/');
    struct ps_str prefix = ps_str_slice(key, 0, slash);
    struct ps_str domain = PS_STR(DOMAIN);
    if (slash == key.len || prefix.len < domain.len) {
        return false;
    }
    size_t begin = prefix.len - domain.len;
    if (!ps_str_equal_nocase(ps_str_slice(prefix, begin, prefix.len), domain) ||
        (begin > 0 && prefix.ptr[begin - 1] != '.')) {
        return false;
    }
    ret_parts->further = begin > 0;
    ret_parts->exposure = ps_str_slice(prefix, 0, begin > 0 ? begin - 1 : 0);
    ret_parts->name = ps_str_slice(key, slash + 1, key.len);
    return true;
}

/* True if the domain of key is spelled as it should be. */
static bool is_lower(struct ps_str key)
{
    for (size_t i = 0; i < key.len && key.ptr[i] != '/'; i++) {
        if (key.ptr[i] != ps_to_lower(key.ptr[i])) {
            return false;
        }
    }
    return true;
}

static bool is_endpoint_key(struct ps_str key)
{
    struct key_parts parts;
    return split_key(key, &parts) && is_lower(key) && ps_exposure_is_name(parts.exposure) &&
           (ps_str_is(parts.name, "host") || ps_str_is(parts.name, "port"));
}

bool ps_exposure_is_controller_key(struct ps_str key)
{
    return ps_str_is(key, PS_ANNOTATION_STALE) || ps_str_is(key, PS_ANNOTATION_RACK) ||
           is_endpoint_key(key);
}

bool ps_exposure_is_own_key(struct ps_str key)
{
    return ps_str_is(key, PS_ANNOTATION_STATUS) || ps_str_is(key, PS_ANNOTATION_COPIED) ||
           ps_exposure_is_controller_key(key);
}

bool ps_exposure_is_user_key(struct ps_str key)
{
    struct key_parts parts;
    return split_key(key, &parts) && !ps_exposure_is_own_key(key);
}

bool ps_exposure_is_with_pod(struct ps_str key)
{
    struct key_parts parts;
    if (!split_key(key, &parts) || ps_exposure_is_own_key(key)) {
        return false;
    }
    enum ps_exposure_key_id id = ps_exposure_key_find(parts.name);
    return id == PS_EXPOSURE_KEY_COUNT || ps_exposure_key_get(id)->with_pod;
}

/* Fills the problem in for a key that has no row; returns false. */
static bool refuse_key(struct ps_exposure_reader *reader, struct ps_str key, struct ps_str text)
{
    reader->problem->unsupported = false;
    reader->problem->message = ps_arena_printf(
        reader->arena, "%.*s: %.*s", PS_FMT(ps_exposure_show(reader->arena, key)), PS_FMT(text));
    return false;
}

static bool refuse_unknown(struct ps_exposure_reader *reader, struct ps_str key,
                           const struct key_parts *parts)
{
    const char *nearest = ps_exposure_key_nearest(parts->name);
    struct ps_str prefix = ps_str_slice(key, 0, key.len - parts->name.len);
    if (nearest == NULL) {
        return refuse_key(reader, key, PS_STR("no such annotation: remove it"));
    }
    return refuse_key(reader, key,
                      ps_arena_printf(reader->arena, "no such annotation: did you mean '%.*s%s'?",
                                      PS_FMT(ps_exposure_show(reader->arena, prefix)), nearest));
}

size_t ps_exposure_find_name(const struct ps_exposure_reader *reader, struct ps_str name)
{
    size_t i = 0;
    while (i < reader->name_count && !ps_str_equal(reader->names[i], name)) {
        i++;
    }
    return i;
}

/* Finds the row and the exposure of `vpn.portside.dev/…`; what is wrong is said to be wrong. */
static bool find_further(struct ps_exposure_reader *reader, struct ps_str key,
                         const struct key_parts *parts)
{
    struct ps_arena *arena = reader->arena;
    struct ps_str exposure = ps_exposure_show(arena, parts->exposure);
    enum ps_exposure_key_id id = ps_exposure_key_find(parts->name);
    if (!ps_exposure_is_name(parts->exposure)) {
        return refuse_key(reader, key,
                          ps_arena_printf(arena,
                                          "'%.*s' is not a name of an exposure: use at most 40 "
                                          "lower-case letters, digits and '-'",
                                          PS_FMT(exposure)));
    }
    if (id == PS_EXPOSURE_KEY_COUNT) {
        return refuse_unknown(reader, key, parts);
    }
    if (ps_str_is(parts->exposure, "external") || !ps_exposure_key_get(id)->per_exposure) {
        return refuse_key(reader, key,
                          ps_arena_printf(arena, "write '" PS_ANNOTATION_PREFIX "%s'",
                                          ps_exposure_key_get(id)->name));
    }
    reader->key = id;
    reader->index = ps_exposure_find_name(reader, parts->exposure);
    return reader->index < reader->name_count ||
           refuse_key(reader, key,
                      ps_arena_printf(arena,
                                      "'%.*s' is not in '" PS_ANNOTATION_PREFIX
                                      "listeners': add it there or remove this one",
                                      PS_FMT(exposure)));
}

/* Finds the row of `portside.dev/…`, which speaks of `external`, or of all brokers. */
static bool find_own(struct ps_exposure_reader *reader, struct ps_str key,
                     const struct key_parts *parts)
{
    reader->key = ps_exposure_key_find(parts->name);
    reader->index = 0;
    if (reader->key == PS_EXPOSURE_KEY_COUNT) {
        return refuse_unknown(reader, key, parts);
    }
    if (!ps_exposure_key_get(reader->key)->per_exposure) {
        return true;
    }
    reader->index = ps_exposure_find_name(reader, PS_STR("external"));
    return reader->index < reader->name_count ||
           refuse_key(reader, key,
                      PS_STR("'external' is not in '" PS_ANNOTATION_PREFIX
                             "listeners': add it there or remove this one"));
}

/* Puts the value of one annotation into its row. */
static bool state_value(struct ps_exposure_reader *reader, const struct ps_json *value)
{
    if (!ps_json_is_string(value)) {
        return ps_exposure_refuse(
            reader, ps_arena_printf(reader->arena,
                                    "the value is of type %s: put it in quotes, as Kubernetes "
                                    "wants all values of annotations",
                                    ps_json_type_name(value)));
    }
    struct ps_str text = ps_str_trim(ps_json_text(value));
    if (text.len == 0) {
        return ps_exposure_refuse(
            reader,
            ps_arena_printf(reader->arena, "the value is empty: remove the annotation or use %s",
                            ps_exposure_key_get(reader->key)->values));
    }
    if (text.len > PS_EXPOSURE_VALUE_MAX) {
        return ps_exposure_refuse(reader, ps_arena_printf(reader->arena,
                                                          "the value has %zu bytes: use at most %d",
                                                          text.len, PS_EXPOSURE_VALUE_MAX));
    }
    reader->stated[reader->index][reader->key] = text;
    return true;
}

static bool sort_annotation(struct ps_exposure_reader *reader, const struct ps_json *annotation)
{
    struct ps_str key = ps_json_key(annotation);
    struct key_parts parts;
    if (ps_exposure_is_own_key(key) || !split_key(key, &parts)) {
        return true;
    }
    if (!is_lower(key)) {
        return refuse_key(reader, key, PS_STR("write the part before the '/' in lower case"));
    }
    bool found = parts.further ? find_further(reader, key, &parts) : find_own(reader, key, &parts);
    return found && state_value(reader, annotation);
}

bool ps_exposure_sort(struct ps_exposure_reader *reader, const struct ps_json *annotations)
{
    size_t total = 0;
    reader->source = PS_EXPOSURE_OF_OBJECT;
    PS_JSON_EACH(annotation, annotations)
    {
        if (!sort_annotation(reader, annotation)) {
            return false;
        }
    }
    for (size_t i = 0; i < PS_COUNT(reader->stated) * PS_EXPOSURE_KEY_COUNT; i++) {
        reader->index = i / PS_EXPOSURE_KEY_COUNT;
        reader->key = (enum ps_exposure_key_id)(i % PS_EXPOSURE_KEY_COUNT);
        total += reader->stated[reader->index][reader->key].len;
        if (total > PS_EXPOSURE_TOTAL_MAX) {
            return ps_exposure_refuse(
                reader, ps_arena_printf(reader->arena,
                                        "with it the annotations of portside have more than %d "
                                        "bytes: shorten them",
                                        PS_EXPOSURE_TOTAL_MAX));
        }
    }
    return true;
}
