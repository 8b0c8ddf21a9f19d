/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints all settings of `portside serve` as JSON, from the tables that the program reads by: the
 * configuration's rows, and the annotations that have a default for the whole installation.
 * tools/docs/chart makes docs/configuration.md and the schema of the chart's values from it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "portside/config.h"
#include "portside/exposure.h"

/* The texts of the tables hold no control characters. */
static void print_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar(*text);
    }
    putchar('"');
}

static const char *kind_name(enum ps_config_kind kind)
{
    switch (kind) {
    case PS_CONFIG_KIND_TEXT:
        return "text";
    case PS_CONFIG_KIND_ADDRESS:
        return "address";
    case PS_CONFIG_KIND_NUMBER:
        return "number";
    case PS_CONFIG_KIND_WORD:
        return "word";
    case PS_CONFIG_KIND_LIST:
        return "list";
    case PS_CONFIG_KIND_PORT_RANGE:
        return "range";
    }
    return "text";
}

static void print_key(const struct ps_config_key *key)
{
    fputs("    {", stdout);
    print_text("name", key->name);
    fputs(", ", stdout);
    print_text("argument", key->argument);
    fputs(", ", stdout);
    print_text("fallback", key->fallback);
    fputs(", ", stdout);
    print_text("group", key->group);
    fputs(", ", stdout);
    print_text("kind", kind_name(key->kind));
    fputs(", ", stdout);
    print_text("choices", key->choices == NULL ? "" : key->choices);
    printf(", \"min\": %" PRIu64 ", \"max\": %" PRIu64 ",\n     ", key->min, key->max);
    print_text("help", key->help);
    fputs("}", stdout);
}

int main(void)
{
    size_t count;
    const struct ps_config_key *keys = ps_config_keys(&count);
    fputs("{\"keys\": [\n", stdout);
    for (size_t i = 0; i < count; i++) {
        print_key(&keys[i]);
        fputs(i + 1 < count ? ",\n" : "\n", stdout);
    }
    const struct ps_exposure_key *annotations = ps_exposure_keys(&count);
    fputs("], \"annotations\": [\n", stdout);
    for (size_t i = 0; i < count; i++) {
        fputs("    {", stdout);
        print_text("name", annotations[i].name);
        fputs(", ", stdout);
        print_text("fallback", annotations[i].fallback);
        fputs(", ", stdout);
        print_text("values", annotations[i].values);
        printf(", \"supported\": %s}%s\n", annotations[i].supported ? "true" : "false",
               i + 1 < count ? "," : "");
    }
    fputs("]}\n", stdout);
    return ferror(stdout) != 0;
}
