/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd_cleanup.h"
#include "portside/jw.h"

#define GAP 2

static const char *fate_word(const struct ps_cleanup *cleanup, enum ps_left_fate fate)
{
    switch (fate) {
    case PS_LEFT_FOUND:
        return "delete";
    case PS_LEFT_KEPT:
        return "keep";
    case PS_LEFT_DELETED:
        return cleanup->dry_run ? "would be deleted" : "deleted";
    case PS_LEFT_FAILED:
        return "failed";
    }
    return "";
}

struct widths {
    size_t namespace_name;
    size_t statefulset;
};

static void widen(size_t *width, size_t len)
{
    *width = len > *width ? len : *width;
}

static struct widths widths_of(const struct ps_cleanup *cleanup)
{
    struct widths widths = {strlen("NAMESPACE"), strlen("STATEFULSET")};
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        if (set->first != NULL) {
            widen(&widths.namespace_name, set->namespace_name.len);
            widen(&widths.statefulset, set->name.len);
        }
    }
    return widths;
}

static void put_cell(const struct ps_term *term, struct ps_str text, size_t width)
{
    ps_term_text(term, PS_STYLE_PLAIN, text);
    size_t rest = width > text.len ? width - text.len : 0;
    ps_term_printf(term, PS_STYLE_PLAIN, "%*s", (int)(rest + GAP), "");
}

static void show_row(const struct ps_cleanup *cleanup, const struct ps_term *term,
                     const struct widths *widths, const struct ps_left_set *set,
                     const struct ps_leftover *one)
{
    bool kept = one->fate == PS_LEFT_KEPT;
    ps_term_printf(term, kept ? PS_STYLE_YELLOW : PS_STYLE_RED, "%-8s",
                   fate_word(cleanup, one->fate));
    put_cell(term, set->namespace_name, widths->namespace_name);
    put_cell(term, set->name, widths->statefulset);
    put_cell(term, ps_str_of(ps_left_kind_name(one->kind)), strlen("NetworkPolicy"));
    ps_term_text(term, PS_STYLE_PLAIN, one->name);
    ps_term_printf(term, PS_STYLE_PLAIN, "\n");
}

void ps_cleanup_show(const struct ps_cleanup *cleanup, const struct ps_term *term)
{
    struct widths widths = widths_of(cleanup);
    ps_term_printf(term, PS_STYLE_BOLD, "%-8s%-*s%-*s%-15s%s\n", "",
                   (int)widths.namespace_name + GAP, "NAMESPACE", (int)widths.statefulset + GAP,
                   "STATEFULSET", "KIND", "NAME");
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
            show_row(cleanup, term, &widths, set, one);
        }
    }
}

static void put_name(const struct ps_term *term, enum ps_style style, const struct ps_left_set *set)
{
    ps_term_text(term, style, set->namespace_name);
    ps_term_printf(term, style, "/");
    ps_term_text(term, style, set->name);
}

static void explain_brokers(const struct ps_term *term, const struct ps_left_set *set)
{
    bool one = set->broker_count == 1;
    put_name(term, PS_STYLE_BOLD, set);
    ps_term_printf(term, PS_STYLE_PLAIN, ": kept, as %zu injected %s (", set->broker_count,
                   one ? "broker runs" : "brokers run");
    ps_term_text(term, PS_STYLE_PLAIN, set->broker);
    ps_term_printf(term, PS_STYLE_PLAIN, "%s) and their outside clients would be cut off.\n",
                   one ? "" : ", …");
    ps_term_printf(term, PS_STYLE_PLAIN, "  %s, without portside:\n",
                   set->served
                       ? "Remove the namespace's label portside.dev/inject, then restart them"
                       : "Restart them");
    ps_term_printf(term, PS_STYLE_CYAN, "    kubectl rollout restart statefulset/");
    ps_term_text(term, PS_STYLE_CYAN, set->name);
    ps_term_printf(term, PS_STYLE_CYAN, " -n ");
    ps_term_text(term, PS_STYLE_CYAN, set->namespace_name);
    ps_term_printf(term, PS_STYLE_PLAIN, "\n");
}

static bool keeps(const struct ps_cleanup *cleanup, enum ps_keep keep)
{
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        if (set->first != NULL && set->keep == keep) {
            return true;
        }
    }
    return false;
}

static void explain_controller(const struct ps_cleanup *cleanup, const struct ps_term *term)
{
    ps_term_printf(term, PS_STYLE_BOLD, "A controller runs");
    ps_term_printf(term, PS_STYLE_PLAIN, " (");
    ps_term_text(term, PS_STYLE_PLAIN, cleanup->life_holder);
    ps_term_printf(term, PS_STYLE_PLAIN, " renews the Lease in namespace ");
    ps_term_text(term, PS_STYLE_PLAIN, cleanup->life_namespace);
    ps_term_printf(term, PS_STYLE_PLAIN, "):\n");
    ps_term_wrap(term, 0, 2,
                 "in namespaces with the label portside.dev/inject=enabled it would make "
                 "everything again. Remove the label, or uninstall portside, or stop it:");
    ps_term_printf(term, PS_STYLE_CYAN, "    kubectl scale deployment/portside --replicas=0 -n ");
    ps_term_text(term, PS_STYLE_CYAN, cleanup->life_namespace);
    ps_term_printf(term, PS_STYLE_PLAIN, "\n");
}

void ps_cleanup_explain(const struct ps_cleanup *cleanup, const struct ps_term *term)
{
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        if (set->first != NULL && set->keep == PS_KEEP_BROKERS) {
            explain_brokers(term, set);
        }
    }
    if (keeps(cleanup, PS_KEEP_CONTROLLER)) {
        explain_controller(cleanup, term);
    }
    if (keeps(cleanup, PS_KEEP_UNKNOWN)) {
        ps_term_printf(term, PS_STYLE_BOLD, "It cannot be told whether a controller runs:\n  ");
        ps_term_text(term, PS_STYLE_PLAIN, cleanup->life_problem);
        ps_term_printf(term, PS_STYLE_PLAIN, "\n");
        ps_term_wrap(term, 0, 2, "What it might make again is kept.");
    }
    if (ps_cleanup_count(cleanup).kept > 0) {
        ps_term_printf(term, PS_STYLE_PLAIN, "--force deletes what is kept all the same.\n");
    }
}

static void show_failure(const struct ps_term *term, const struct ps_left_set *set,
                         const struct ps_leftover *one)
{
    ps_term_printf(term, PS_STYLE_RED, "not deleted: ");
    ps_term_printf(term, PS_STYLE_PLAIN, "%s ", ps_left_kind_name(one->kind));
    ps_term_text(term, PS_STYLE_PLAIN, set->namespace_name);
    ps_term_printf(term, PS_STYLE_PLAIN, "/");
    ps_term_text(term, PS_STYLE_PLAIN, one->name);
    ps_term_printf(term, PS_STYLE_PLAIN, ": ");
    ps_term_text(term, PS_STYLE_PLAIN, one->problem);
    ps_term_printf(term, PS_STYLE_PLAIN, "\n");
}

void ps_cleanup_show_end(const struct ps_cleanup *cleanup, const struct ps_term *term)
{
    struct ps_left_sum sum = ps_cleanup_count(cleanup);
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
            if (one->fate == PS_LEFT_FAILED) {
                show_failure(term, set, one);
            }
        }
    }
    ps_term_printf(term, PS_STYLE_BOLD, "%zu %s, %zu kept, %zu failed\n", sum.deleted,
                   fate_word(cleanup, PS_LEFT_DELETED), sum.kept, sum.failed);
}

static const char *keep_word(enum ps_keep keep)
{
    switch (keep) {
    case PS_KEEP_NOTHING:
        return "";
    case PS_KEEP_BROKERS:
        return "BrokersRunning";
    case PS_KEEP_CONTROLLER:
        return "ControllerRunning";
    case PS_KEEP_UNKNOWN:
        return "ControllerUnknown";
    }
    return "";
}

static void put_object(struct ps_jw *jw, const struct ps_cleanup *cleanup,
                       const struct ps_left_set *set, const struct ps_leftover *one)
{
    ps_jw_object(jw);
    ps_jw_member(jw, "kind", ps_str_of(ps_left_kind_name(one->kind)));
    ps_jw_member(jw, "namespace", set->namespace_name);
    ps_jw_member(jw, "name", one->name);
    ps_jw_member(jw, "role", one->role);
    ps_jw_member(jw, "statefulset", set->name);
    ps_jw_member(jw, "result",
                 ps_str_of(one->fate == PS_LEFT_KEPT ? "kept" : fate_word(cleanup, one->fate)));
    if (one->fate == PS_LEFT_KEPT) {
        ps_jw_member(jw, "reason", ps_str_of(keep_word(set->keep)));
    }
    if (one->fate == PS_LEFT_FAILED) {
        ps_jw_member(jw, "reason", one->problem);
    }
    ps_jw_object_end(jw);
}

struct ps_str ps_cleanup_json(const struct ps_cleanup *cleanup)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_left_sum sum = ps_cleanup_count(cleanup);
    ps_buf_init(&buf, cleanup->arena, 4096);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member_bool(&jw, "dryRun", cleanup->dry_run);
    ps_jw_key(&jw, "objects");
    ps_jw_array(&jw);
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
            put_object(&jw, cleanup, set, one);
        }
    }
    ps_jw_array_end(&jw);
    ps_jw_member_int(&jw, "deleted", (int64_t)sum.deleted);
    ps_jw_member_int(&jw, "kept", (int64_t)sum.kept);
    ps_jw_member_int(&jw, "failed", (int64_t)sum.failed);
    ps_jw_object_end(&jw);
    ps_buf_putc(&buf, '\n');
    return ps_buf_view(&buf);
}
