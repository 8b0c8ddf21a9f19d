/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checks of hazards look at: the broker's settings as its env states them, and how sure
 * it is that the broker gets them like that.
 */
#pragma once

#include "hazard_reference.h"
#include "listener_parse.h"
#include "portside/hazard.h"

/* Settings that a check asks for. The order is that of the suffix table in hazard_view.c. */
enum ps_hazard_key {
    PS_HAZARD_LISTENERS = 0,
    PS_HAZARD_ADVERTISED,
    PS_HAZARD_MAP,
    PS_HAZARD_CONTROLLER_NAMES,
    PS_HAZARD_INTER_BROKER_NAME,
    PS_HAZARD_INTER_BROKER_PROTOCOL,
    PS_HAZARD_ROLES,
    PS_HAZARD_NODE_ID,
    PS_HAZARD_BROKER_ID,
    PS_HAZARD_ZOOKEEPER,
    PS_HAZARD_OFFSETS_FACTOR,
    PS_HAZARD_QUORUM_VOTERS,
    PS_HAZARD_ADVERTISED_HOST,
    PS_HAZARD_KEY_COUNT,
};

struct ps_hazard_setting {
    struct ps_str variable;      /* the name it has in env, or would have */
    const struct ps_json *entry; /* NULL: absent */
    size_t index;                /* of the entry in env */
    bool literal;
    struct ps_str value; /* trimmed, of a literal one */
    /* What env says, or does not say, is what the broker gets: no script comes between. */
    bool sure;
};

/* Elements of a listener setting that can be read, $(…) of literal variables resolved. */
struct ps_hazard_endpoints {
    struct ps_endpoints parsed;
    struct ps_str raw[PS_LISTENERS_MAX]; /* as the user wrote it; only this may be printed */
    struct ps_str malformed;             /* the first that is surely none, so too; empty: none */
};

struct ps_hazard_view {
    const struct ps_hazard_facts *facts;
    struct ps_arena *arena;
    const struct ps_json *container;
    const struct ps_env *env;
    bool env_from;     /* variables come from ConfigMaps or Secrets unseen */
    bool image_starts; /* the image's own entry point runs, at once or at the end of a script */
    struct ps_hazard_setting settings[PS_HAZARD_KEY_COUNT];
    struct ps_hazard_endpoints listeners;
    struct ps_hazard_endpoints advertised;
    /* For ps_hazard_report(). */
    struct ps_warnings *warnings;
    const char *text;
};

/* What was found; a text names the members it needs in braces. */
struct ps_hazard_finding {
    struct ps_str variable;
    struct ps_str value;
    struct ps_str name;
    uint64_t number;
};

/* Reads facts once for all checks. */
void ps_hazard_view_read(struct ps_arena *arena, const struct ps_hazard_facts *facts,
                         struct ps_hazard_view *ret_view);

/* Warns with the text of the row whose check is running. */
void ps_hazard_report(struct ps_hazard_view *view, struct ps_hazard_finding finding);

/* True if the setting is there, literal, not empty, and sure. */
bool ps_hazard_is_set(const struct ps_hazard_view *view, enum ps_hazard_key key);
/* True if the setting surely is absent or empty. */
bool ps_hazard_is_unset(const struct ps_hazard_view *view, enum ps_hazard_key key);

/* True for a listener of the user's whose advertised address we are going to replace. */
bool ps_hazard_is_adopted(const struct ps_hazard_view *view, struct ps_str listener);
/* True for a name in the visible controller.listener.names. */
bool ps_hazard_is_controller(const struct ps_hazard_view *view, struct ps_str listener);

/*
 * True if a container reads variables that kubelet makes of Services, as KAFKA_SERVICE_HOST: then
 * enableServiceLinks must stay as it is.
 */
bool ps_mentions_service_links(const struct ps_json *spec);

/* True if the image's tag says so; major is 3 or more. Unknown versions are not before anything. */
bool ps_hazard_kafka_before(const struct ps_broker *broker, unsigned major, unsigned minor);

/* True if the broker is configured for ZooKeeper, as far as the object shows. */
bool ps_hazard_uses_zookeeper(const struct ps_hazard_view *view);
