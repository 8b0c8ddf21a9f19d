/* SPDX-License-Identifier: Apache-2.0 */
#include "test_hazard_support.h"

#include <check.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "portside/jw.h"

/* Row text to JSON. */
static void put_quoted(struct ps_buf *buf, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        ps_buf_putc(buf, *text == '\'' ? '"' : *text == '~' ? '\'' : *text);
    }
}

static void put_reference(struct ps_jw *jw, const char *kind, const char *key, struct ps_str value)
{
    ps_jw_key(jw, "valueFrom");
    ps_jw_object(jw);
    ps_jw_key(jw, kind);
    ps_jw_object(jw);
    ps_jw_member(jw, key, value);
    ps_jw_object_end(jw);
    ps_jw_object_end(jw);
}

static void put_entry(struct ps_jw *jw, struct ps_str entry)
{
    size_t at = 0;
    while (at < entry.len && entry.ptr[at] != '=' && entry.ptr[at] != '<' && entry.ptr[at] != '^') {
        at++;
    }
    ck_assert_uint_lt(at, entry.len);
    struct ps_str value = ps_str_slice(entry, at + 1, entry.len);
    ps_jw_object(jw);
    ps_jw_member(jw, "name", ps_str_slice(entry, 0, at));
    if (entry.ptr[at] == '=') {
        ps_jw_member(jw, "value", value);
    } else if (entry.ptr[at] == '<') {
        put_reference(jw, "fieldRef", "fieldPath", value);
    } else {
        put_reference(jw, "secretKeyRef", "name", PS_STR("secret"));
    }
    ps_jw_object_end(jw);
}

static void put_env(struct ps_buf *buf, const char *entries)
{
    struct ps_jw jw;
    struct ps_str rest = ps_str_of(entries);
    struct ps_str entry;
    ps_jw_init(&jw, buf);
    ps_jw_array(&jw);
    while (rest.len > 0 && ps_str_split(&rest, '|', &entry)) {
        if (entry.len > 0) {
            put_entry(&jw, entry);
        }
    }
    ps_jw_array_end(&jw);
}

static struct ps_str template_of(struct ps_arena *arena, const struct hazard_case *row)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 1024);
    ps_buf_puts(&buf, "{\"metadata\":{");
    put_quoted(&buf, row->metadata);
    ps_buf_printf(&buf, "},\"spec\":{\"containers\":[{\"name\":\"kafka\",\"image\":\"%s\",\"env\":",
                  row->image == NULL ? "confluentinc/cp-kafka:7.6.0" : row->image);
    put_env(&buf, row->env);
    put_quoted(&buf, row->container);
    ps_buf_puts(&buf, "}");
    put_quoted(&buf, row->others);
    ps_buf_puts(&buf, "]");
    put_quoted(&buf, row->spec);
    ps_buf_puts(&buf, "}}");
    return ps_buf_view(&buf);
}

static struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_json_parse(arena, text, &root, &err);
    ck_assert_msg(ps_ok(status), "%s: %.*s", err.message, PS_FMT(text));
    return root;
}

static struct ps_exposures wishes_of(struct ps_arena *arena, const char *wishes)
{
    static const struct ps_policy no_limits;
    struct ps_exposures exposures;
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 64);
    ps_buf_puts(&buf, "{");
    put_quoted(&buf, wishes);
    ps_buf_puts(&buf, "}");
    bool ok = ps_exposures_parse(arena, &no_limits, parse(arena, ps_buf_view(&buf)), &exposures,
                                 &problem);
    ck_assert_msg(ok, "%.*s", PS_FMT(problem.message));
    return exposures;
}

void hazards_of(struct ps_arena *arena, struct ps_str template_json, const char *wishes,
                uint64_t replicas, bool env_read, struct ps_warnings *ret_warnings)
{
    struct ps_exposures exposures = wishes_of(arena, wishes);
    struct ps_broker_search search;
    const struct ps_json *root = parse(arena, template_json);
    const struct ps_json *metadata = ps_json_get(root, "metadata");
    const struct ps_json *spec = ps_json_get(root, "spec");
    ps_broker_find(arena, metadata, spec, &exposures, &search);
    *ret_warnings = (struct ps_warnings){.arena = arena};
    struct ps_hazard_facts facts = {
        .metadata = metadata,
        .spec = spec,
        .replicas = replicas,
        .broker = &search.broker,
        .exposures = &exposures,
        .delivery = PS_DELIVERY_HOOK,
        .env_read = env_read && search.broker.start == PS_START_IMAGE &&
                    ps_json_get(search.broker.container, "envFrom") == NULL &&
                    !ps_str_contains(template_json, "/bitnami/kafka/config"),
    };
    ps_hazards(&facts, ret_warnings);
}

void hazard_case_run(struct ps_arena *arena, const struct hazard_case *row,
                     struct ps_warnings *ret_warnings)
{
    hazards_of(arena, template_of(arena, row), row->wishes, row->replicas == 0 ? 1 : row->replicas,
               true, ret_warnings);
}

const char *warnings_text(struct ps_arena *arena, const struct ps_warnings *warnings)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    for (size_t i = 0; i < warnings->count; i++) {
        ps_buf_put(&buf, warnings->list[i]);
        ps_buf_putc(&buf, '\n');
    }
    return buf.ptr;
}

/* The text of the hazard up to its first placeholder; empty if it begins with one. */
static struct ps_str beginning_of(const char *name)
{
    for (size_t i = 0; ps_hazard_name(i) != NULL; i++) {
        struct ps_str text = ps_str_of(ps_hazard_text(i));
        if (ps_str_is(ps_str_of(ps_hazard_name(i)), name)) {
            return ps_str_slice(text, 0, ps_str_index(text, '{'));
        }
    }
    ck_assert_msg(ps_str_is(ps_str_of(name), "healthy"), "'%s' is no hazard", name);
    return PS_STR("");
}

static void check(struct ps_arena *arena, const void *arg)
{
    const struct hazard_case *row = arg;
    struct ps_warnings warnings;
    hazard_case_run(arena, row, &warnings);
    const char *all = warnings_text(arena, &warnings);
    size_t expected = row->says == NULL ? 0 : 1;
    struct ps_str beginning = beginning_of(row->name);
    ck_assert_msg(warnings.count == expected, "%s: %s has\n%s", row->name, row->env, all);
    if (expected == 1) {
        ck_assert_msg(ps_str_contains(warnings.list[0], row->says), "%s: not '%s' but\n%s",
                      row->name, row->says, all);
        ck_assert_msg(ps_str_starts(warnings.list[0], ps_arena_copy(arena, beginning).ptr),
                      "%s: %s", row->name, all);
        ck_assert_uint_le(warnings.list[0].len, PS_WARNING_BYTES_MAX);
    }
}

void hazard_case_check(const struct hazard_case *row)
{
    ps_in_arena(check, row);
}
