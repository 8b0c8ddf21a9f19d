/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/injected.h"

#include "portside/exposure.h"

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
        injected.defaults = ps_json_get(root, "defaults");
    }
    *ret_injected = injected;
}

bool ps_injected_carries(const struct ps_injected *injected, struct ps_str exposure)
{
    return !injected->served || ps_json_get_str(injected->listeners, exposure) != NULL;
}

/* The installation's default of a row that has effect with the pod; empty: the table's own. */
static struct ps_str default_of(const struct ps_policy *policy, const struct ps_exposure_key *key,
                                size_t index)
{
    struct ps_str text = PS_STR("");
    if (key->with_pod && policy->annotation_defaults != NULL) {
        text = ps_str_trim(policy->annotation_defaults[index]);
    }
    return ps_str_is(text, key->fallback) ? PS_STR("") : text;
}

void ps_injected_put_defaults(struct ps_jw *jw, const struct ps_policy *policy)
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    ps_jw_object(jw);
    for (size_t i = 0; i < count; i++) {
        struct ps_str text = default_of(policy, &keys[i], i);
        if (text.len > 0) {
            ps_jw_member(jw, keys[i].name, text);
        }
    }
    ps_jw_object_end(jw);
}

void ps_injected_defaults(const struct ps_injected *injected,
                          struct ps_str ret_defaults[PS_CONFIG_DEFAULTS_MAX])
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    for (size_t i = 0; i < PS_CONFIG_DEFAULTS_MAX; i++) {
        bool known = i < count && keys[i].with_pod;
        ret_defaults[i] = known ? ps_json_get_text(injected->defaults, keys[i].name) : PS_STR("");
    }
}

bool ps_injected_defaults_differ(const struct ps_injected *injected, const struct ps_policy *policy)
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    struct ps_str defaults[PS_CONFIG_DEFAULTS_MAX];
    ps_injected_defaults(injected, defaults);
    for (size_t i = 0; i < count && injected->defaults != NULL; i++) {
        if (!ps_str_equal(defaults[i], default_of(policy, &keys[i], i))) {
            return true;
        }
    }
    return false;
}
