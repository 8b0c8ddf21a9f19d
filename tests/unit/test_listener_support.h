/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, wishes and what must come of them, in a row. */
#pragma once

#include "portside/listener.h"

#define MAP4 "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL"
#define NODE "node:31000"
#define OURS "PORTSIDE://" NODE
#define BIND ",PORTSIDE://:9194"

/* Settings that are NULL are not set. */
struct row {
    const char *listeners;
    const char *advertised;
    const char *map;
    const char *controllers;
    const char *roles;
    const char *inter_broker;
    const char *inter_protocol;
    const char *legacy[4]; /* before 3.0: host.name, port, advertised.host.name, advertised.port */
    bool before_3_0;
    /* The wish; a second one is VPN on 9195. */
    const char *name;     /* NULL: PORTSIDE */
    const char *endpoint; /* NULL: node:31000 */
    enum ps_protocol protocol;
    bool second;
    /* What must come of it. */
    const char *to_listeners;
    const char *to_advertised;
    const char *to_map;
    const char *mirrored;
    enum ps_protocol speaks; /* 0: PLAINTEXT */
    bool adopted;
    enum ps_reason reason;
    const char *says;
};

#define ZK(list) .listeners = list
#define PLAIN .listeners = "PLAINTEXT://:9092", .mirrored = "PLAINTEXT"
#define COMBINED                                                                                   \
    .roles = "broker,controller", .controllers = "CONTROLLER",                                     \
    .listeners = "PLAINTEXT://:9092,CONTROLLER://:9093", .mirrored = "PLAINTEXT",                  \
    .to_listeners = "PLAINTEXT://:9092,CONTROLLER://:9093" BIND

/* Plans what the row wishes. */
void plan(struct ps_arena *arena, const struct row *row, struct ps_listener_plan *ret_plan);

/* Asserts the three values and what became of the first wish. */
void check_values(const struct row *row, const struct ps_listener_plan *made);
