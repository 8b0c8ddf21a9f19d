/* SPDX-License-Identifier: Apache-2.0 */
/* A watch of the one object of a name. */
#include "certs.h"

static void on_object(void *arg, enum ps_kube_change change, const struct ps_json *object)
{
    struct ps_certs_watch *one = arg;
    one->seen = true;
    one->observe(one->arg, change == PS_KUBE_DELETED ? NULL : object);
}

static void on_sync(void *arg, enum ps_kube_sync sync)
{
    struct ps_certs_watch *one = arg;
    if (sync == PS_KUBE_SYNC_BEGIN) {
        one->seen = false;
    } else if (!one->seen) {
        one->observe(one->arg, NULL);
    }
}

static void on_trouble(void *arg, const struct ps_error *error)
{
    const struct ps_certs_watch *one = arg;
    ps_certs_tell(one->certs, one->problem, error->message);
}

struct ps_status ps_certs_watch_start(struct ps_certs_watch *one,
                                      const struct ps_kube_resource *resource,
                                      struct ps_str namespace_name, const char *name,
                                      struct ps_error *err)
{
    char selector[320];
    (void)snprintf(selector, sizeof(selector), "metadata.name=%s", name);
    const struct ps_kube_watch_options options = {
        .resource = resource,
        .namespace = namespace_name,
        .field_selector = ps_str_of(selector),
        .on_sync = on_sync,
        .on_object = on_object,
        .on_trouble = on_trouble,
        .arg = one,
    };
    return ps_kube_watch_start(one->certs->controller->kube, &options, &one->watch, err);
}

void ps_certs_watch_stop(struct ps_certs_watch *one)
{
    ps_kube_watch_stop(one->watch);
    one->watch = NULL;
}
