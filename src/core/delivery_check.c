/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery_check.h"

#include "env_extra.h"

struct ps_str ps_delivery_refused_start(struct ps_arena *arena,
                                        const struct ps_exposures *exposures,
                                        const struct ps_injection *injection)
{
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *exposure = &exposures->list[i];
        bool first = ps_str_is(exposure->name, "external");
        if (exposure->start_stated && injection->delivery == PS_DELIVERY_ENV) {
            return ps_arena_printf(arena, "%.*s%s" PS_ANNOTATION_PREFIX "on-missing",
                                   PS_FMT(first ? PS_STR("") : exposure->name), first ? "" : ".");
        }
    }
    return PS_STR("");
}

struct ps_str ps_delivery_problem(struct ps_arena *arena, const struct ps_exposures *exposures,
                                  const struct ps_injection *injection)
{
    const struct ps_broker *broker = &injection->broker;
    const struct ps_env env = ps_env_stated(broker);
    for (size_t i = 0; i < exposures->env.count; i++) {
        struct ps_str name = exposures->env.list[i].name;
        if (ps_env_find(&env, name) != NULL) {
            return ps_arena_printf(
                arena,
                "portside.dev/env: container '%.*s' sets %.*s itself: remove it there or here",
                PS_FMT(broker->container_name), PS_FMT(name));
        }
    }
    struct ps_str start = ps_delivery_refused_start(arena, exposures, injection);
    return start.len == 0
               ? start
               : ps_arena_printf(
                     arena,
                     "%.*s: 'start' needs the hook: set portside.dev/delivery: hook, or remove it",
                     PS_FMT(start));
}
