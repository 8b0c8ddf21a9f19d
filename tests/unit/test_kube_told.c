/* SPDX-License-Identifier: Apache-2.0 */
#include "test_kube_told.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct ps_kube_resource pods = {"v1", "pods"};

static void note(struct told *told, const char *mark, struct ps_str what)
{
    size_t len = strlen(told->text);
    (void)snprintf(told->text + len, sizeof(told->text) - len, "%s%s%.*s", len > 0 ? " " : "", mark,
                   PS_FMT(ps_str_slice(what, 0, 200)));
}

static void take_sync(void *arg, enum ps_kube_sync sync)
{
    note(arg, sync == PS_KUBE_SYNC_BEGIN ? "BEGIN" : "END", PS_STR(""));
}

static void take_object(void *arg, enum ps_kube_change change, const struct ps_json *object)
{
    static const char *const marks[] = {"?", "+", "~", "-"};
    struct told *told = arg;
    note(told, marks[change], ps_json_get_text(ps_json_get(object, "metadata"), "name"));
    ps_kube_watch_stop(told->stops);
    told->stops = NULL;
}

static void take_trouble(void *arg, const struct ps_error *error)
{
    struct told *told = arg;
    note(told, "!", ps_str_of(error->message));
}

struct ps_kube_watch *ps_told_start(struct ps_script *script, struct told *told)
{
    struct ps_kube_watch *watch = NULL;
    struct ps_error err = {.message = ""};
    struct ps_kube_watch_options options = {
        .resource = &pods,
        .namespace = PS_STR("kafka"),
        .on_sync = take_sync,
        .on_object = take_object,
        .on_trouble = take_trouble,
        .arg = told,
    };
    struct ps_status status = ps_kube_watch_start(ps_script_kube(script), &options, &watch, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
    return watch;
}
