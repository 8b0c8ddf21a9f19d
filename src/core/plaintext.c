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

struct ps_str ps_plaintext_refusal(const struct ps_policy *policy,
                                   const struct ps_exposures *exposures,
                                   const struct ps_injection *injection)
{
    if (policy->plaintext != PS_CHOICE_DENY) {
        return PS_STR("");
    }
    switch (ps_plaintext_of(exposures, injection)) {
    case PS_PLAINTEXT_NO:
        return PS_STR("");
    case PS_PLAINTEXT_YES:
        return PS_STR("this installation forbids PLAINTEXT external listeners: set "
                      "portside.dev/protocol to SSL or SASL_SSL");
    case PS_PLAINTEXT_UNKNOWN:
        return PS_STR("PLAINTEXT is forbidden here and the broker's protocol is not visible: state "
                      "portside.dev/protocol");
    }
    return PS_STR("");
}
