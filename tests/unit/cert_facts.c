/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_facts.h"

struct ps_cert_id cert_id(unsigned char number)
{
    struct ps_cert_id id = {{0}};
    id.bytes[31] = number;
    return id;
}

struct ps_cert_set cert_set(const char *numbers)
{
    struct ps_cert_set set = {.count = 0};
    for (const char *at = numbers; *at != '\0'; at++) {
        struct ps_cert_id id = cert_id((unsigned char)(*at - '0'));
        (void)ps_cert_set_add(&set, &id);
    }
    return set;
}

struct ps_cert_leaf cert_leaf(unsigned char number, unsigned char issuer, int64_t age_days)
{
    int64_t made_s = NOW - age_days * DAY;
    return (struct ps_cert_leaf){
        .usable = true,
        .covers = true,
        .id = cert_id(number),
        .issuer = cert_id(issuer),
        .span = {made_s - 3600, made_s + 7 * DAY},
    };
}

struct ps_cert_bundle cert_bundle(const char *numbers)
{
    return (struct ps_cert_bundle){.known = true,
                                   .present = true,
                                   .neat = true,
                                   .common = cert_set(numbers),
                                   .any = cert_set(numbers),
                                   .seen_mono_ms = MONO_MS - 1000};
}

struct ps_cert_facts cert_facts(void)
{
    return (struct ps_cert_facts){
        .leader = true,
        .secret = {.known = true,
                   .present = true,
                   .ca_usable = true,
                   .ca = cert_id(1),
                   .ca_span = {NOW - 100 * DAY, NOW + 3550 * DAY},
                   .leaf = cert_leaf(2, 1, 1),
                   .read_mono_ms = MONO_MS},
        .served = cert_leaf(2, 1, 1),
        .bundles = {cert_bundle("1")},
        .bundle_count = 1,
        .mono_ms = MONO_MS,
        .wall_s = NOW,
    };
}

struct ps_cert_state cert_state(void)
{
    struct ps_cert_state state = {.started = true, .published_count = 1, .bundles_seen = true};
    state.published[0].id = cert_id(1);
    return state;
}
