/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Families: which kind of broker image this is, and how it takes its configuration. One table row
 * each; what an image's scripts do was read in their sources and tried.
 */
#pragma once

#include "portside/arena.h"
#include "portside/image.h"
#include "portside/str.h"

/* How variables of the container become properties. */
enum ps_env_rule {
    PS_ENV_RULE_NONE = 0, /* they do not */
    PS_ENV_RULE_KAFKA,    /* KAFKA_LISTENERS → listeners */
    PS_ENV_RULE_BITNAMI,  /* KAFKA_CFG_LISTENERS; the bare KAFKA_LISTENERS wins if both are set */
};

struct ps_family {
    const char *name;
    /* Last component of the image's path, and what the path must contain; NULL: anything. */
    const char *base;
    const char *path_part;
    enum ps_env_rule env_rule;
    bool has_bash;          /* the image's start scripts run in bash, so the hook is reached */
    bool drops_defaults;    /* the image forgets its own file once a KAFKA_ variable is set */
    bool needs_advertised;  /* the image exits without KAFKA_ADVERTISED_LISTENERS */
    bool kraft_only_latest; /* "latest" has no ZooKeeper mode any more */
    bool service_link_trap; /* KAFKA_PORT=tcp://… of a Service named kafka breaks the start */
    /* A file mounted under one of these makes the image ignore its variables; NULL-terminated. */
    const char *const *config_mounts;
};

/* The family of a name from the table ("cp-kafka"); NULL if there is none. */
const struct ps_family *ps_family_find(struct ps_str name);

/* The family of an image; the row "custom" if none is known. Never NULL. */
const struct ps_family *ps_family_of_image(const struct ps_image *image);

/* The names, separated by ", ", for messages. */
struct ps_str ps_family_names(struct ps_arena *arena);
