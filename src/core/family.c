/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/family.h"

#include "portside/buf.h"

static const char *const bitnami_mounts[] = {
    "/opt/bitnami/kafka/config",
    "/bitnami/kafka/config",
    NULL,
};

/* The first row that fits counts; "custom" fits everything and stands last. */
static const struct ps_family families[] = {
    {.name = "apache-native",
     .base = "kafka-native",
     .env_rule = PS_ENV_RULE_KAFKA,
     .drops_defaults = true},
    {.name = "apache",
     .base = "kafka",
     .path_part = "apache/kafka",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .drops_defaults = true,
     .kraft_only_latest = true},
    {.name = "cp-kafka",
     .base = "cp-kafka",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .needs_advertised = true,
     .kraft_only_latest = true,
     .service_link_trap = true},
    {.name = "cp-kafka",
     .base = "cp-enterprise-kafka",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .needs_advertised = true,
     .service_link_trap = true},
    {.name = "cp-kafka",
     .base = "cp-server",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .needs_advertised = true,
     .kraft_only_latest = true,
     .service_link_trap = true},
    {.name = "cp-kafka",
     .base = "confluent-local",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .service_link_trap = true},
    {.name = "bitnami",
     .base = "kafka",
     .path_part = "bitnami",
     .env_rule = PS_ENV_RULE_BITNAMI,
     .has_bash = true,
     .kraft_only_latest = true,
     .config_mounts = bitnami_mounts},
    {.name = "wurstmeister",
     .base = "kafka",
     .path_part = "wurstmeister/",
     .env_rule = PS_ENV_RULE_KAFKA,
     .has_bash = true,
     .service_link_trap = true},
    {.name = "solsson", .base = "kafka", .path_part = "solsson/", .has_bash = true},
    {.name = "solsson", .base = "kafka", .path_part = "yolean/", .has_bash = true},
    {.name = "k8skafka", .base = "k8skafka", .has_bash = true},
    {.name = "k8skafka", .base = "kubernetes-kafka", .has_bash = true},
    {.name = "engapa", .base = "kafka", .path_part = "engapa/", .has_bash = true},
    {.name = "kafkakraft", .base = "kafkakraft", .has_bash = true},
    {.name = "kafkakraft", .base = "kafka-kraft", .path_part = "doughgle/", .has_bash = true},
    {.name = "custom"},
};

const struct ps_family *ps_family_find(struct ps_str name)
{
    for (size_t i = 0; i < PS_COUNT(families); i++) {
        if (ps_str_is(name, families[i].name)) {
            return &families[i];
        }
    }
    return NULL;
}

static bool fits(const struct ps_family *family, const struct ps_image *image)
{
    return (family->base == NULL || ps_str_is(image->base, family->base)) &&
           (family->path_part == NULL || ps_str_contains(image->path, family->path_part));
}

const struct ps_family *ps_family_of_image(const struct ps_image *image)
{
    size_t i = 0;
    while (i + 1 < PS_COUNT(families) && !fits(&families[i], image)) {
        i++;
    }
    return &families[i];
}

struct ps_str ps_family_names(struct ps_arena *arena)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 160);
    for (size_t i = 0; i < PS_COUNT(families); i++) {
        if (ps_family_find(ps_str_of(families[i].name)) == &families[i]) {
            ps_buf_printf(&buf, "%s%s", i == 0 ? "" : ", ", families[i].name);
        }
    }
    return ps_buf_view(&buf);
}
