/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/injected.h"

/* N - 1, but the first contract has none before it. */
#define OLDEST_SERVED (PS_CONTRACT_VERSION > 1 ? PS_CONTRACT_VERSION - 1 : 1)

void ps_injected_read(struct ps_arena *arena, struct ps_str status,
                      struct ps_injected *ret_injected)
{
    struct ps_injected injected = {.delivery = PS_STR("")};
    struct ps_json *root = NULL;
    if (status.len > 0 && ps_ok(ps_json_parse(arena, status, &root, NULL))) {
        (void)ps_json_to_int(ps_json_get(root, "contract"), &injected.contract);
        injected.served =
            injected.contract >= OLDEST_SERVED && injected.contract <= PS_CONTRACT_VERSION;
        injected.delivery = ps_json_get_text(root, "delivery");
        injected.listeners = ps_json_get(root, "listeners");
    }
    *ret_injected = injected;
}

bool ps_injected_carries(const struct ps_injected *injected, struct ps_str exposure)
{
    return !injected->served || ps_json_get_str(injected->listeners, exposure) != NULL;
}
