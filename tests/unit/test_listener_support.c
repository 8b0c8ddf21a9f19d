/* SPDX-License-Identifier: Apache-2.0 */
#include "test_listener_support.h"

#include <check.h>

static struct ps_setting setting(const char *text)
{
    return (struct ps_setting){.set = text != NULL, .value = ps_str_of(text)};
}

static struct ps_listener_settings settings_of(const struct row *row)
{
    return (struct ps_listener_settings){
        .listeners = setting(row->listeners),
        .advertised = setting(row->advertised),
        .protocol_map = setting(row->map),
        .controller_names = setting(row->controllers),
        .roles = setting(row->roles),
        .inter_broker_name = setting(row->inter_broker),
        .inter_broker_protocol = setting(row->inter_protocol),
        .before_3_0 = row->before_3_0,
        .host_name = setting(row->legacy[0]),
        .port = setting(row->legacy[1]),
        .advertised_host_name = setting(row->legacy[2]),
        .advertised_port = setting(row->legacy[3]),
    };
}

void plan(struct ps_arena *arena, const struct row *row, struct ps_listener_plan *ret_plan)
{
    struct ps_listener_settings settings = settings_of(row);
    struct ps_listener_wish wishes[] = {
        {.name = ps_str_of(row->name == NULL ? "PORTSIDE" : row->name),
         .port = 9194,
         .protocol = row->protocol,
         .endpoint = ps_str_of(row->endpoint == NULL ? NODE : row->endpoint)},
        {.name = PS_STR("VPN"), .port = 9195, .endpoint = PS_STR("vpn:1")},
    };
    ps_listener_plan(arena, &settings, wishes, row->second ? 2 : 1, ret_plan);
}

void check_values(const struct row *row, const struct ps_listener_plan *made)
{
    enum ps_protocol speaks = row->speaks == 0 ? PS_PROTOCOL_PLAINTEXT : row->speaks;
    const struct ps_listener_result *result = &made->results[0];
    ck_assert_msg(ps_str_is(made->listeners, row->to_listeners), "'%.*s'", PS_FMT(made->listeners));
    ck_assert_msg(ps_str_is(made->advertised, row->to_advertised), "'%.*s'",
                  PS_FMT(made->advertised));
    ck_assert_msg(ps_str_is(made->protocol_map, row->to_map), "'%.*s'", PS_FMT(made->protocol_map));
    ck_assert_int_eq(result->adopted, row->adopted);
    if (made->outcome == PS_LISTENER_CHANGED || row->adopted) {
        ck_assert_str_eq(ps_protocol_name(result->protocol), ps_protocol_name(speaks));
    }
    ck_assert_msg(ps_str_is(result->mirrored, row->mirrored == NULL ? "" : row->mirrored), "'%.*s'",
                  PS_FMT(result->mirrored));
}
