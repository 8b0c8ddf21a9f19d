/* SPDX-License-Identifier: Apache-2.0 */
/* Kubelet puts $(VAR) in, and only of variables above; no shell ever sees a value of env. */
#include "hazard_checks.h"

static const enum ps_hazard_key references_in[] = {PS_HAZARD_LISTENERS, PS_HAZARD_ADVERTISED,
                                                   PS_HAZARD_MAP, PS_HAZARD_NODE_ID,
                                                   PS_HAZARD_BROKER_ID};
static const enum ps_hazard_key listener_keys[] = {PS_HAZARD_LISTENERS, PS_HAZARD_ADVERTISED,
                                                   PS_HAZARD_MAP};
static const enum ps_hazard_key id_keys[] = {PS_HAZARD_NODE_ID, PS_HAZARD_BROKER_ID};

/* References beyond these are not looked at: a value with more is not a person's. */
#define REFERENCES_MAX 12

/* Where kubelet finds a variable that a value uses. */
enum standing {
    STANDS_ABOVE,
    STANDS_BELOW,
    STANDS_NOWHERE,
    STANDS_UNSEEN, /* a Service's variable, or one that portside puts in front */
};

static bool may_be_service_link(const struct ps_hazard_view *view, struct ps_str name)
{
    const struct ps_json *links = ps_json_get(view->facts->spec, "enableServiceLinks");
    bool off = ps_json_type(links) == PS_JSON_BOOL && !ps_json_is_true(links);
    bool looks_so = ps_str_contains(name, "_SERVICE_") || ps_str_contains(name, "_PORT");
    return looks_so && (!off || ps_str_starts(name, "KUBERNETES_"));
}

static enum standing standing_of(const struct ps_hazard_view *view, struct ps_str name,
                                 size_t index)
{
    size_t where = index;
    if (ps_reference_resolve(view->env, name, index, &where) != NULL) {
        return STANDS_ABOVE;
    }
    if (ps_str_starts(name, "PORTSIDE_") || may_be_service_link(view, name)) {
        return STANDS_UNSEEN;
    }
    /* A value that names itself finds nothing above either, but cannot be moved. */
    bool below = ps_reference_resolve(view->env, name, SIZE_MAX, &where) != NULL && where > index;
    return below ? STANDS_BELOW : STANDS_NOWHERE;
}

static void report_reference(struct ps_hazard_view *view, const struct ps_hazard_setting *setting,
                             const struct ps_reference *reference)
{
    ps_hazard_report(view, (struct ps_hazard_finding){.variable = setting->variable,
                                                      .value = reference->text,
                                                      .name = reference->name});
}

static bool is_hostname(struct ps_str name)
{
    return ps_str_is(name, "HOSTNAME") || ps_str_is(name, "hostname");
}

/* One report for each variable is enough: who mends the first sees the others. */
static void check_standing(struct ps_hazard_view *view, const struct ps_hazard_setting *setting,
                           enum standing wanted, bool hostname)
{
    struct ps_reference reference;
    size_t at = 0;
    if (setting->entry == NULL || !setting->literal || !setting->sure || view->env_from) {
        return;
    }
    for (size_t i = 0; i < REFERENCES_MAX; i++) {
        if (!ps_reference_next(setting->value, &at, &reference)) {
            return;
        }
        if (reference.kind == PS_REFERENCE_VARIABLE && is_hostname(reference.name) == hostname &&
            standing_of(view, reference.name, setting->index) == wanted) {
            report_reference(view, setting, &reference);
            return;
        }
    }
}

static void check_standings(struct ps_hazard_view *view, enum standing wanted, bool hostname)
{
    for (size_t i = 0; i < PS_COUNT(references_in); i++) {
        check_standing(view, &view->settings[references_in[i]], wanted, hostname);
    }
}

void ps_hazard_reference_order(struct ps_hazard_view *view)
{
    check_standings(view, STANDS_BELOW, false);
    check_standings(view, STANDS_BELOW, true);
}

void ps_hazard_reference_undefined(struct ps_hazard_view *view)
{
    check_standings(view, STANDS_NOWHERE, false);
}

void ps_hazard_reference_hostname(struct ps_hazard_view *view)
{
    check_standings(view, STANDS_NOWHERE, true);
}

static void check_shell(struct ps_hazard_view *view, const struct ps_hazard_setting *setting)
{
    struct ps_reference reference;
    size_t at = 0;
    if (setting->entry == NULL || !setting->literal || !setting->sure) {
        return;
    }
    while (ps_reference_next(setting->value, &at, &reference)) {
        if (reference.kind == PS_REFERENCE_SHELL) {
            report_reference(view, setting, &reference);
            return;
        }
    }
}

void ps_hazard_shell_syntax(struct ps_hazard_view *view)
{
    for (size_t i = 0; i < PS_COUNT(listener_keys); i++) {
        check_shell(view, &view->settings[listener_keys[i]]);
    }
}

void ps_hazard_shell_syntax_id(struct ps_hazard_view *view)
{
    for (size_t i = 0; i < PS_COUNT(id_keys); i++) {
        check_shell(view, &view->settings[id_keys[i]]);
    }
}

static bool has_byte(struct ps_str text, char byte)
{
    return ps_str_index(text, byte) < text.len;
}

static void check_byte(struct ps_hazard_view *view, char byte)
{
    for (size_t i = 0; i < PS_COUNT(listener_keys); i++) {
        const struct ps_hazard_setting *setting = &view->settings[listener_keys[i]];
        if (ps_hazard_is_set(view, listener_keys[i]) && has_byte(setting->value, byte)) {
            ps_hazard_report(view, (struct ps_hazard_finding){.variable = setting->variable});
        }
    }
}

void ps_hazard_line_break(struct ps_hazard_view *view)
{
    check_byte(view, '\n');
    check_byte(view, '\r');
}

void ps_hazard_backslash(struct ps_hazard_view *view)
{
    check_byte(view, '\\');
}

/* A line break or backslash, of which other rows speak, may be what tears a listener apart. */
static void check_malformed(struct ps_hazard_view *view, enum ps_hazard_key key,
                            struct ps_str malformed)
{
    struct ps_str value = view->settings[key].value;
    bool torn = has_byte(value, '\n') || has_byte(value, '\r') || has_byte(value, '\\');
    if (malformed.len > 0 && !torn) {
        ps_hazard_report(view, (struct ps_hazard_finding){.variable = view->settings[key].variable,
                                                          .value = malformed});
    }
}

void ps_hazard_malformed(struct ps_hazard_view *view)
{
    check_malformed(view, PS_HAZARD_LISTENERS, view->listeners.malformed);
    check_malformed(view, PS_HAZARD_ADVERTISED, view->advertised.malformed);
}
