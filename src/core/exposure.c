/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations in, exposures out. First every key under our prefix is sorted into its row or
 * refused; then the rows are read in their order, each from the object, the installation or the
 * table; then what only shows in several rows is checked.
 */
#include "portside/exposure.h"

#include "exposure_reader.h"

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

bool ps_exposure_is_endpoint_key(struct ps_str key)
{
    struct key_parts parts;
    return split_key(key, &parts) && is_lower(key) && ps_exposure_is_name(parts.exposure) &&
           (ps_str_is(parts.name, "host") || ps_str_is(parts.name, "port"));
}

static bool is_own_key(struct ps_str key)
{
    return ps_str_is(key, PS_ANNOTATION_STATUS) || ps_str_is(key, PS_ANNOTATION_COPIED) ||
           ps_exposure_is_endpoint_key(key);
}

bool ps_exposure_is_user_key(struct ps_str key)
{
    struct key_parts parts;
    return split_key(key, &parts) && !is_own_key(key);
}

/* Fills the problem in for a key that has no row; returns false. */
static bool refuse_key(struct ps_exposure_reader *reader, struct ps_str key, bool unsupported,
                       struct ps_str text)
{
    reader->problem->unsupported = unsupported;
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
        return refuse_key(reader, key, false, PS_STR("no such annotation: remove it"));
    }
    return refuse_key(reader, key, false,
                      ps_arena_printf(reader->arena, "no such annotation: did you mean '%.*s%s'?",
                                      PS_FMT(ps_exposure_show(reader->arena, prefix)), nearest));
}

/* `vpn.portside.dev/…`: nothing of it has effect yet, but what is wrong is said to be wrong. */
static bool refuse_further(struct ps_exposure_reader *reader, struct ps_str key,
                           const struct key_parts *parts)
{
    struct ps_arena *arena = reader->arena;
    struct ps_str exposure = ps_exposure_show(arena, parts->exposure);
    enum ps_exposure_key_id id = ps_exposure_key_find(parts->name);
    if (!ps_exposure_is_name(parts->exposure)) {
        return refuse_key(reader, key, false,
                          ps_arena_printf(arena,
                                          "'%.*s' is not a name of an exposure: use at most 40 "
                                          "lower-case letters, digits and '-'",
                                          PS_FMT(exposure)));
    }
    if (id == PS_EXPOSURE_KEY_COUNT) {
        return refuse_unknown(reader, key, parts);
    }
    if (ps_str_is(parts->exposure, "external") || !ps_exposure_key_get(id)->per_exposure) {
        return refuse_key(reader, key, false,
                          ps_arena_printf(arena, "write '" PS_ANNOTATION_PREFIX "%s'",
                                          ps_exposure_key_get(id)->name));
    }
    return refuse_key(reader, key, true,
                      ps_arena_printf(arena,
                                      "a further exposure, '%.*s', is not supported by this "
                                      "version yet: remove it",
                                      PS_FMT(exposure)));
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
    reader->stated[reader->key] = text;
    return true;
}

static bool sort_annotation(struct ps_exposure_reader *reader, const struct ps_json *annotation)
{
    struct ps_str key = ps_json_key(annotation);
    struct key_parts parts;
    if (is_own_key(key) || !split_key(key, &parts)) {
        return true;
    }
    if (!is_lower(key)) {
        return refuse_key(reader, key, false,
                          PS_STR("write the part before the '/' in lower case"));
    }
    if (parts.further) {
        return refuse_further(reader, key, &parts);
    }
    reader->key = ps_exposure_key_find(parts.name);
    if (reader->key == PS_EXPOSURE_KEY_COUNT) {
        return refuse_unknown(reader, key, &parts);
    }
    return state_value(reader, annotation);
}

static bool sort_annotations(struct ps_exposure_reader *reader, const struct ps_json *annotations)
{
    size_t total = 0;
    reader->source = PS_EXPOSURE_OF_OBJECT;
    PS_JSON_EACH(annotation, annotations)
    {
        if (!sort_annotation(reader, annotation)) {
            return false;
        }
    }
    for (size_t i = 0; i < PS_EXPOSURE_KEY_COUNT; i++) {
        total += reader->stated[i].len;
        reader->key = (enum ps_exposure_key_id)i;
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

/* The text of a row and where it is from; empty if nobody states it. */
static struct ps_str choose_text(const struct ps_exposure_reader *reader,
                                 enum ps_exposure_key_id id, enum ps_exposure_source *ret_source)
{
    const struct ps_str *defaults = reader->policy->annotation_defaults;
    *ret_source = PS_EXPOSURE_OF_OBJECT;
    if (reader->stated[id].len > 0) {
        return reader->stated[id];
    }
    struct ps_str text = defaults == NULL ? PS_STR("") : ps_str_trim(defaults[id]);
    *ret_source = PS_EXPOSURE_OF_INSTALLATION;
    if (text.len > 0) {
        return text;
    }
    *ret_source = PS_EXPOSURE_OF_TABLE;
    return ps_str_of(ps_exposure_key_get(id)->fallback);
}

static bool refuse_without_effect(struct ps_exposure_reader *reader, struct ps_str text)
{
    const char *fallback = ps_exposure_key_get(reader->key)->fallback;
    if (fallback[0] == '\0') {
        return ps_exposure_refuse_unsupported(
            reader, PS_STR("not supported by this version yet: remove it"));
    }
    struct ps_str shown = ps_exposure_show(reader->arena, text);
    return ps_exposure_refuse_unsupported(
        reader, ps_arena_printf(reader->arena,
                                "'%.*s' is not supported by this version yet: remove it or use "
                                "'%s'",
                                PS_FMT(shown), fallback));
}

static bool read_row(struct ps_exposure_reader *reader, enum ps_exposure_key_id id)
{
    const struct ps_exposure_key *key = ps_exposure_key_get(id);
    struct ps_str text = choose_text(reader, id, &reader->source);
    reader->key = id;
    if (text.len == 0) {
        return true;
    }
    if (!ps_exposure_row_get(id)->read(reader, text)) {
        return false;
    }
    /* A value that equals the default changes nothing, so it needs no support. */
    return key->supported || ps_str_is(text, key->fallback) || refuse_without_effect(reader, text);
}

/* What the rows say one by one is right, but not together. */
static bool check_together(struct ps_exposure_reader *reader)
{
    reader->source = PS_EXPOSURE_OF_OBJECT;
    reader->key = PS_EXPOSURE_KEY_NODE_PORT_BASE;
    if (reader->exposure->type == PS_EXPOSURE_NONE && reader->stated[reader->key].len > 0) {
        return ps_exposure_refuse(reader, PS_STR("has no effect with type 'None': remove one of "
                                                 "the two"));
    }
    return true;
}

static bool read_rows(struct ps_exposure_reader *reader)
{
    for (size_t i = 0; i < PS_EXPOSURE_KEY_COUNT; i++) {
        if (!read_row(reader, (enum ps_exposure_key_id)i)) {
            return false;
        }
        if (reader->exposures->opted_out) {
            reader->exposures->count = 0;
            return true;
        }
    }
    return check_together(reader);
}

/* The way out is open whatever else stands there: nothing but this one annotation is read. */
static bool object_opts_out(const struct ps_json *annotations)
{
    const struct ps_json *inject = ps_json_get(annotations, PS_ANNOTATION_PREFIX "inject");
    return ps_str_is(ps_str_trim(ps_json_text(inject)), "false");
}

bool ps_exposures_parse(struct ps_arena *arena, const struct ps_policy *policy,
                        const struct ps_json *annotations, struct ps_exposures *ret_exposures,
                        struct ps_exposure_problem *ret_problem)
{
    struct ps_exposures exposures = {.count = 1};
    struct ps_exposure_reader reader = {
        .arena = arena,
        .policy = policy,
        .exposures = &exposures,
        .exposure = &exposures.list[0],
        .problem = ret_problem,
    };
    exposures.list[0].name = PS_STR("external");
    exposures.list[0].env_prefix = PS_STR("PORTSIDE_EXTERNAL");
    if (object_opts_out(annotations)) {
        exposures = (struct ps_exposures){.opted_out = true};
    } else if (!sort_annotations(&reader, annotations) || !read_rows(&reader)) {
        return false;
    }
    *ret_exposures = exposures;
    return true;
}

const char *ps_exposure_type_name(enum ps_exposure_type type)
{
    switch (type) {
    case PS_EXPOSURE_NODE_PORT:
        return "NodePort";
    case PS_EXPOSURE_LOAD_BALANCER:
        return "LoadBalancer";
    case PS_EXPOSURE_CLUSTER_IP:
        return "ClusterIP";
    case PS_EXPOSURE_NONE:
        return "None";
    }
    return "";
}

const char *ps_delivery_name(enum ps_delivery delivery)
{
    switch (delivery) {
    case PS_DELIVERY_DETECT:
        return "detect";
    case PS_DELIVERY_ENV:
        return "env";
    case PS_DELIVERY_HOOK:
        return "hook";
    }
    return "";
}
