/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the reference of annotations as Markdown, from the table that the parser reads by. The
 * result is kept as docs/annotations.md; a test compares the two.
 */
#include <stdio.h>

#include "portside/exposure.h"

static const char head[] =
    "# Annotations\n"
    "\n"
    "<!-- Generated from src/core/exposure_keys.h by tools/docs/annotations.c: edit there. -->\n"
    "\n"
    "Put these on the StatefulSet, under `metadata.annotations`. All are optional: without any, "
    "each broker gets a listener `PORTSIDE` on port 9194, meant for a node port.\n"
    "\n"
    "```yaml\n"
    "metadata:\n"
    "  annotations:\n"
    "    portside.dev/listener-name: OUTSIDE\n"
    "    portside.dev/advertised-host: \"{pod}.kafka.example.com\"\n"
    "    portside.dev/advertised-port: \"{ordinal + 31090}\"\n"
    "```\n"
    "\n"
    "- A value is text: numbers, `true` and `false` need quotes in YAML. White space at both ends "
    "does not count; an empty value is refused, and so is one of more than 4096 bytes.\n"
    "- What is wrong is refused when the StatefulSet is created or changed, with the annotation, "
    "its value and what is allowed. A key that is not in this list is refused too.\n"
    "- The administrator may set defaults for the whole installation, and limits: types and node "
    "ports that may be used.\n";

static const char templates[] =
    "\n"
    "## Templates\n"
    "\n"
    "`advertised-host` and `advertised-port` are filled in for each broker:\n"
    "\n"
    "| placeholder | example | where |\n"
    "|---|---|---|\n"
    "| `{ordinal}` | `2` | host, port |\n"
    "| `{ordinal + 9000}` | `9002` | port; any number up to 65535 |\n"
    "| `{pod}` | `kafka-2` | host |\n"
    "| `{statefulset}` | `kafka` | host |\n"
    "| `{namespace}` | `streams` | host |\n"
    "\n"
    "An IPv6 address may be written with or without brackets.\n";

static const char written[] =
    "\n"
    "## Written by portside\n"
    "\n"
    "Never set these yourself.\n"
    "\n"
    "| annotation | meaning |\n"
    "|---|---|\n"
    "| `portside.dev/status` | on a pod: what was injected |\n"
    "| `portside.dev/copied` | on a pod template: which annotations were copied to it |\n"
    "| `<exposure>.portside.dev/host`, `<exposure>.portside.dev/port` | on a pod: the endpoint of "
    "this broker |\n";

static void print_default(const struct ps_exposure_key *key)
{
    if (key->fallback[0] == '\0') {
        fputs("none", stdout);
        return;
    }
    printf("`%s`", key->fallback);
}

static void print_rows(bool supported)
{
    size_t count = 0;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    fputs("\n| `portside.dev/…` | default | values | meaning |\n|---|---|---|---|\n", stdout);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].supported != supported) {
            continue;
        }
        printf("| `%s` | ", keys[i].name);
        print_default(&keys[i]);
        printf(" | %s | %s |\n", keys[i].values, keys[i].help);
    }
}

int main(void)
{
    fputs(head, stdout);
    fputs("\n## In this version\n", stdout);
    print_rows(true);
    fputs(templates, stdout);
    fputs("\n## Not supported by this version yet\n\n"
          "Known and checked, but refused by name unless the value is the default: nothing is "
          "silently ignored. The same holds for a further exposure, such as "
          "`vpn.portside.dev/listener-port`.\n",
          stdout);
    print_rows(false);
    fputs(written, stdout);
    return ferror(stdout) != 0;
}
