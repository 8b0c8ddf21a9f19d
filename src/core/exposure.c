/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations in, exposures out. First every key under our prefix is sorted into its row or
 * refused (exposure_sort.c); then the rows of each exposure are read in their order, each from the
 * object, the installation or the table; then what only shows in several rows is checked
 * (exposure_check.c).
 */
#include "portside/exposure.h"

#include "exposure_reader.h"
#include "portside/buf.h"

/* The text of a row and where it is from; empty if nobody states it. */
static struct ps_str choose_text(const struct ps_exposure_reader *reader,
                                 enum ps_exposure_key_id id, enum ps_exposure_source *ret_source)
{
    const struct ps_str *defaults = reader->policy->annotation_defaults;
    *ret_source = PS_EXPOSURE_OF_OBJECT;
    if (reader->stated[reader->index][id].len > 0) {
        return reader->stated[reader->index][id];
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

/* Two exposures cannot share a listener, so only the first one's has a default. */
static bool must_be_stated(const struct ps_exposure_reader *reader, enum ps_exposure_key_id id)
{
    return (id == PS_EXPOSURE_KEY_LISTENER_NAME || id == PS_EXPOSURE_KEY_LISTENER_PORT) &&
           !ps_str_is(reader->names[reader->index], "external") &&
           reader->stated[reader->index][id].len == 0;
}

static bool read_row(struct ps_exposure_reader *reader, enum ps_exposure_key_id id)
{
    const struct ps_exposure_key *key = ps_exposure_key_get(id);
    struct ps_str text = choose_text(reader, id, &reader->source);
    reader->key = id;
    if (must_be_stated(reader, id)) {
        reader->source = PS_EXPOSURE_OF_OBJECT;
        return ps_exposure_refuse(reader, PS_STR("is missing: state it for each exposure but "
                                                 "'external'"));
    }
    if (text.len == 0) {
        return true;
    }
    if (!ps_exposure_row_get(id)->read(reader, text)) {
        return false;
    }
    /* A value that equals the default changes nothing, so it needs no support. */
    return key->supported || ps_str_is(text, key->fallback) || refuse_without_effect(reader, text);
}

/* "PORTSIDE_MY_VPN" of "my-vpn". */
static struct ps_str env_prefix(struct ps_arena *arena, struct ps_str name)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, name.len + sizeof("PORTSIDE_"));
    ps_buf_puts(&buf, "PORTSIDE_");
    for (size_t i = 0; i < name.len; i++) {
        ps_buf_putc(&buf, name.ptr[i] == '-' ? '_' : ps_to_upper(name.ptr[i]));
    }
    return ps_buf_view(&buf);
}

static bool read_exposure(struct ps_exposure_reader *reader)
{
    reader->exposure = &reader->exposures->list[reader->index];
    reader->exposure->name = reader->names[reader->index];
    reader->exposure->env_prefix = env_prefix(reader->arena, reader->exposure->name);
    reader->exposure->key_prefix =
        ps_str_is(reader->exposure->name, "external")
            ? PS_STR("")
            : ps_arena_printf(reader->arena, "%.*s.", PS_FMT(reader->exposure->name));
    for (size_t i = 0; i < PS_EXPOSURE_KEY_COUNT; i++) {
        enum ps_exposure_key_id id = (enum ps_exposure_key_id)i;
        if (reader->index > 0 && !ps_exposure_key_get(id)->per_exposure) {
            continue;
        }
        if (!read_row(reader, id)) {
            return false;
        }
        if (reader->exposures->opted_out) {
            return true;
        }
    }
    return ps_exposure_check_together(reader) && ps_exposure_check_others(reader);
}

static bool read_exposures(struct ps_exposure_reader *reader)
{
    for (reader->index = 0; reader->index < reader->name_count; reader->index++) {
        if (!read_exposure(reader)) {
            return false;
        }
        if (reader->exposures->opted_out) {
            reader->exposures->count = 0;
            return true;
        }
    }
    reader->exposures->count = reader->name_count;
    return true;
}

/* The names come first, because all other annotations are sorted by them. */
static bool read_names(struct ps_exposure_reader *reader, const struct ps_json *annotations)
{
    const struct ps_json *listeners = ps_json_get(annotations, PS_ANNOTATION_PREFIX "listeners");
    struct ps_str stated = ps_str_trim(ps_json_text(listeners));
    reader->names[0] = PS_STR("external");
    reader->name_count = 1;
    if (stated.len > PS_EXPOSURE_VALUE_MAX) {
        return true;
    }
    reader->key = PS_EXPOSURE_KEY_LISTENERS;
    reader->stated[0][reader->key] = stated;
    struct ps_str text = choose_text(reader, reader->key, &reader->source);
    return ps_exposure_read_listeners(reader, text);
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
    if (object_opts_out(annotations)) {
        exposures = (struct ps_exposures){.opted_out = true};
    } else if (!read_names(&reader, annotations) || !ps_exposure_sort(&reader, annotations) ||
               !read_exposures(&reader)) {
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

bool ps_exposure_has_node_ports(const struct ps_exposure *exposure)
{
    switch (exposure->type) {
    case PS_EXPOSURE_NODE_PORT:
        return true;
    case PS_EXPOSURE_LOAD_BALANCER:
        return !exposure->service.no_node_ports;
    case PS_EXPOSURE_CLUSTER_IP:
    case PS_EXPOSURE_NONE:
        return false;
    }
    return false;
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

const struct ps_exposure *ps_exposures_find(const struct ps_exposures *exposures,
                                            struct ps_str name)
{
    for (size_t i = 0; i < exposures->count; i++) {
        if (ps_str_equal(exposures->list[i].name, name)) {
            return &exposures->list[i];
        }
    }
    return NULL;
}
