/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations as tables, and what became of them as text. */
#pragma once

#include "portside/exposure.h"

struct annotation {
    const char *key;
    const char *value;
};

struct outcome {
    bool accepted;
    struct ps_exposures exposures;
    struct ps_exposure_problem problem;
};

/* Checked fixture: an arena for one test. */
void set_up(void);
void tear_down(void);

struct ps_arena *test_arena(void);

/* Parses count annotations under policy (NULL: one that limits nothing). */
struct outcome parse(const struct ps_policy *policy, const struct annotation *list, size_t count);

/* As above, from JSON text. */
struct outcome parse_json(const struct ps_policy *policy, struct ps_str json);

/* One annotation of the default exposure: name is what stands behind the prefix. */
struct outcome parse_one(const struct ps_policy *policy, const char *name, const char *value);

/* All fields in one line: "type=NodePort name=PORTSIDE port=9194 …". */
const char *render(const struct ps_exposures *exposures);

/* The line of what was accepted, or the message of what was not. */
const char *describe(const struct outcome *outcome);
