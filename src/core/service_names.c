/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the objects of one StatefulSet. */
#include <inttypes.h>

#include "exposure_host.h"
#include "portside/service.h"
#include "service_plan.h"

#define NAME_BYTES_MAX 63

struct ps_str ps_service_broker_name(struct ps_arena *arena, struct ps_str exposure,
                                     struct ps_str statefulset, uint64_t ordinal)
{
    return ps_arena_printf(arena, "%.*s-%.*s-%" PRIu64, PS_FMT(exposure), PS_FMT(statefulset),
                           ordinal);
}

struct ps_str ps_service_bootstrap_name(struct ps_arena *arena, struct ps_str exposure,
                                        struct ps_str statefulset)
{
    return ps_arena_printf(arena, "%.*s-%.*s-bootstrap", PS_FMT(exposure), PS_FMT(statefulset));
}

struct ps_str ps_service_shared_name(struct ps_arena *arena, struct ps_str exposure,
                                     struct ps_str statefulset)
{
    return ps_arena_printf(arena, "%.*s-%.*s-shared", PS_FMT(exposure), PS_FMT(statefulset));
}

struct ps_str ps_service_record_name(struct ps_arena *arena, struct ps_str statefulset)
{
    return ps_arena_printf(arena, "%.*s.ports.portside.dev", PS_FMT(statefulset));
}

struct ps_str ps_service_policy_name(struct ps_arena *arena, struct ps_str statefulset)
{
    return ps_arena_printf(arena, "portside-%.*s", PS_FMT(statefulset));
}

struct ps_str ps_service_name_for(struct ps_arena *arena, const struct ps_exposure *exposure,
                                  struct ps_str statefulset, uint64_t ordinal)
{
    if (exposure->service.shared_port) {
        return ps_service_shared_name(arena, exposure->name, statefulset);
    }
    return ps_service_broker_name(arena, exposure->name, statefulset, ordinal);
}

struct ps_str ps_service_name_flaw(struct ps_arena *arena, struct ps_str name)
{
    if (name.len > NAME_BYTES_MAX) {
        return ps_arena_printf(arena, "the name has %zu characters, and at most %d are allowed",
                               name.len, NAME_BYTES_MAX);
    }
    if (!ps_host_is_label(name)) {
        return PS_STR("only lower-case letters, digits and '-' are allowed in its name");
    }
    return ps_is_digit(name.ptr[0]) ? PS_STR("its name must begin with a letter") : PS_STR("");
}
