/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listener planner: from a broker's effective settings to settings with our listeners in them.
 *
 * Pure text to text, by Kafka's rules (kafka.server.KafkaConfig, org.apache.kafka.common.Endpoint).
 * src/core/scripts/hook.bash decides the same thing at run time; one table of cases goes through
 * both, and Kafka's own parser judges what comes out (tests/judge).
 *
 * All or nothing: either all wishes are fulfilled in all three settings, or nothing changes.
 */
#pragma once

#include "portside/arena.h"
#include "portside/kafka.h"
#include "portside/str.h"
#include "portside/verdict.h"

/* A property's value. Not set differs from set to nothing. */
struct ps_setting {
    bool set;
    struct ps_str value;
};

/* Effective broker properties: the file with overrides applied, or what the image makes of env. */
struct ps_listener_settings {
    struct ps_setting listeners;             /* listeners */
    struct ps_setting advertised;            /* advertised.listeners */
    struct ps_setting protocol_map;          /* listener.security.protocol.map */
    struct ps_setting controller_names;      /* controller.listener.names */
    struct ps_setting roles;                 /* process.roles */
    struct ps_setting inter_broker_name;     /* inter.broker.listener.name */
    struct ps_setting inter_broker_protocol; /* security.inter.broker.protocol */
    /* Read only by Kafka before 3.0 (KAFKA-12945). */
    bool before_3_0;
    struct ps_setting host_name;
    struct ps_setting port;
    struct ps_setting advertised_host_name;
    struct ps_setting advertised_port;
};

/* One listener that is wanted. host and port of the endpoint are put in as they are. */
struct ps_listener_wish {
    struct ps_str name;
    uint16_t port; /* that the broker binds, unless the name is adopted */
    enum ps_protocol protocol;
    struct ps_str key_prefix; /* of its annotations, for messages: "vpn.", or empty */
    struct ps_str endpoint;   /* "HOST:PORT", or "$(PORTSIDE_EXTERNAL_HOST):$(…)" */
};

enum ps_listener_outcome {
    PS_LISTENER_UNCHANGED = 0, /* all wishes are fulfilled already, or the role has no listeners */
    PS_LISTENER_CHANGED,
    PS_LISTENER_REFUSED,
};

/* What became of one wish. */
struct ps_listener_result {
    bool adopted; /* the broker had a listener of that name */
    enum ps_protocol protocol;
    struct ps_str mirrored; /* the listener whose settings are taken over; empty if adopted */
};

struct ps_listener_plan {
    enum ps_listener_outcome outcome;
    enum ps_reason reason; /* of a refusal; CONTROLLER_ONLY if there is nothing to do for that */
    struct ps_str message; /* of a refusal: names the setting, its value, the cure */
    size_t refused;        /* the wish that was refused; 0 if it is not for one of them */
    struct ps_str listeners;
    struct ps_str advertised;
    struct ps_str protocol_map;
    struct ps_listener_result *results; /* one for each wish */
};

void ps_listener_plan(struct ps_arena *arena, const struct ps_listener_settings *settings,
                      const struct ps_listener_wish *wishes, size_t count,
                      struct ps_listener_plan *ret_plan);
