/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hazards: mistakes that are visible in a StatefulSet before it runs, each with its cure in words.
 * One table row each. They become warnings at kubectl; nothing is refused for them.
 */
#pragma once

#include "portside/broker.h"
#include "portside/listener.h"

#define PS_WARNINGS_MAX 24
/* Longer texts are cut; the API server shortens warnings when they come to more than 4 KiB. */
#define PS_WARNING_BYTES_MAX 256

/* Warnings under construction: at most PS_WARNINGS_MAX, no text twice. */
struct ps_warnings {
    struct ps_arena *arena;
    size_t count;
    struct ps_str list[PS_WARNINGS_MAX];
};

/*
 * Appends text, unless it is empty. Aim at 120 characters, which the API server advises. Control
 * characters and broken UTF-8, which a warning header cannot carry, become blanks and question
 * marks.
 */
void ps_warn_text(struct ps_warnings *warnings, struct ps_str text);

/* The same with a format and its values. A macro, as core has no vsnprintf of its own. */
#define ps_warn(warnings, ...)                                                                     \
    ps_warn_text((warnings), ps_arena_printf((warnings)->arena, __VA_ARGS__))

struct ps_hazard_facts {
    const struct ps_json *metadata; /* of the pod template */
    const struct ps_json *spec;     /* of the pod template */
    uint64_t replicas;
    const struct ps_broker *broker;
    const struct ps_exposures *exposures;
    enum ps_delivery delivery;
    bool env_read; /* the container's env decides the listeners: image entry point, no envFrom */
};

/* Looks for every hazard of the table, in its order. */
void ps_hazards(const struct ps_hazard_facts *facts, struct ps_warnings *warnings);

/*
 * Name and text of a row, by its number from 0 on; NULL behind the last one. {variable}, {value},
 * {name} and {number} in the text stand for what was found.
 */
const char *ps_hazard_name(size_t index);
const char *ps_hazard_text(size_t index);
