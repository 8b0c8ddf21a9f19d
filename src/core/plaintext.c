/* SPDX-License-Identifier: Apache-2.0 */
#include "plaintext.h"

static enum ps_plaintext plaintext_of_one(const struct ps_exposure *exposure,
                                          const struct ps_injection *injection, size_t index)
{
    enum ps_protocol protocol = exposure->protocol;
    if (injection->delivery == PS_DELIVERY_ENV) {
        protocol = injection->plan.results[index].protocol;
    }
    if (protocol == PS_PROTOCOL_MIRROR) {
        return PS_PLAINTEXT_UNKNOWN;
    }
    return protocol == PS_PROTOCOL_PLAINTEXT ? PS_PLAINTEXT_YES : PS_PLAINTEXT_NO;
}

enum ps_plaintext ps_plaintext_of(const struct ps_exposures *exposures,
                                  const struct ps_injection *injection)
{
    enum ps_plaintext worst = PS_PLAINTEXT_NO;
    for (size_t i = 0; i < exposures->count; i++) {
        enum ps_plaintext one = plaintext_of_one(&exposures->list[i], injection, i);
        if (one == PS_PLAINTEXT_YES) {
            return one;
        }
        worst = one == PS_PLAINTEXT_UNKNOWN ? one : worst;
    }
    return worst;
}

/* Why one exposure is forbidden; empty if it is not. */
static struct ps_str refusal_of(struct ps_arena *arena, const struct ps_exposure *exposure,
                                enum ps_plaintext plaintext)
{
    switch (plaintext) {
    case PS_PLAINTEXT_NO:
        return PS_STR("");
    case PS_PLAINTEXT_YES:
        return ps_arena_printf(arena,
                               "this installation forbids PLAINTEXT external listeners: set "
                               "%.*sportside.dev/protocol to SSL or SASL_SSL",
                               PS_FMT(exposure->key_prefix));
    case PS_PLAINTEXT_UNKNOWN:
        return ps_arena_printf(arena,
                               "PLAINTEXT is forbidden here and the broker's protocol is not "
                               "visible: state %.*sportside.dev/protocol",
                               PS_FMT(exposure->key_prefix));
    }
    return PS_STR("");
}

struct ps_str ps_plaintext_refusal(struct ps_arena *arena, const struct ps_policy *policy,
                                   const struct ps_exposures *exposures,
                                   const struct ps_injection *injection)
{
    struct ps_str refusal = PS_STR("");
    for (size_t i = 0; i < exposures->count && policy->plaintext == PS_CHOICE_DENY; i++) {
        const struct ps_exposure *exposure = &exposures->list[i];
        if (refusal.len == 0) {
            refusal = refusal_of(arena, exposure, plaintext_of_one(exposure, injection, i));
        }
    }
    return refusal;
}
