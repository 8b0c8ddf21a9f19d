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
    "- What has no effect with the chosen `type`, or contradicts another annotation, is refused as "
    "well; the message says which of the two to change.\n"
    "- The administrator may set defaults for the whole installation, and limits: types and node "
    "ports that may be used, and annotations of Services (none, if nothing is said).\n"
    "- These shape Services alone and take effect at once: ";

static const char rollout[] =
    ". All others take effect with the next rollout, which is yours to start. Until its pod is made "
    "anew, a broker keeps the Service type, ports and endpoint that it was made with.\n";

static const char templates[] =
    "\n"
    "## Templates\n"
    "\n"
    "`advertised-host`, `advertised-port`, and the values of `service-annotations` and `env` are "
    "filled in for each broker:\n"
    "\n"
    "| placeholder | example | where |\n"
    "|---|---|---|\n"
    "| `{ordinal}` | `2` | host, port, annotation, variable |\n"
    "| `{ordinal + 9000}` | `9002` | port, variable; any number up to 65535 |\n"
    "| `{pod}` | `kafka-2` | host, annotation, variable |\n"
    "| `{statefulset}` | `kafka` | host, annotation, variable |\n"
    "| `{namespace}` | `streams` | host, annotation, variable |\n"
    "\n"
    "The values of `bootstrap-annotations` are of one Service for all brokers, so only "
    "`{statefulset}` and `{namespace}` are filled in there. An IPv6 address may be written with or without brackets.\n";

static const char examples[] =
    "\n"
    "## Examples\n"
    "\n"
    "A load balancer for each broker, and names that external-dns keeps for them, which the "
    "administrator must have allowed: `policy-service-annotations: "
    "external-dns.alpha.kubernetes.io/`. The broker waits for nothing but its Service:\n"
    "\n"
    "```yaml\n"
    "portside.dev/type: LoadBalancer\n"
    "portside.dev/advertised-host: \"b{ordinal}.kafka.example.com\"\n"
    "portside.dev/service-annotations: |\n"
    "  external-dns.alpha.kubernetes.io/hostname: b{ordinal}.kafka.example.com\n"
    "portside.dev/bootstrap-annotations: |\n"
    "  external-dns.alpha.kubernetes.io/hostname: kafka.example.com\n"
    "```\n"
    "\n"
    "One firewall rule for all brokers: the same node port on every node. No two brokers may be on "
    "one node, which required `podAntiAffinity` must ensure:\n"
    "\n"
    "```yaml\n"
    "portside.dev/shared-port: \"true\"\n"
    "portside.dev/node-port-base: \"31090\"\n"
    "```\n"
    "\n"
    "A TCP proxy with one address and a port for each broker, which it forwards to the Services "
    "`external-<statefulset>-0`, `-1`, … on the listener's port:\n"
    "\n"
    "```yaml\n"
    "portside.dev/type: ClusterIP\n"
    "portside.dev/advertised-host: kafka.example.com\n"
    "portside.dev/advertised-port: \"{ordinal + 9200}\"\n"
    "```\n"
    "\n"
    "Two exposures, one for the company's network and one for the world, each with a listener, "
    "Services and a ConfigMap `<exposure>-<statefulset>` of its own:\n"
    "\n"
    "```yaml\n"
    "portside.dev/listeners: external,office\n"
    "portside.dev/type: LoadBalancer\n"
    "office.portside.dev/listener-name: OFFICE\n"
    "office.portside.dev/listener-port: \"9195\"\n"
    "office.portside.dev/address-types: InternalIP\n"
    "office.portside.dev/allow-from: 10.0.0.0/8\n"
    "```\n";

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
    "this broker |\n"
    "| `portside.dev/rack`, `portside.dev/stale` | on a pod: the rack of its node; what the running "
    "broker advertises, if that has changed since it started |\n";

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

static void print_at_once(void)
{
    size_t count = 0;
    const char *before = "";
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].with_pod && keys[i].supported) {
            printf("%s`%s`", before, keys[i].name);
            before = ", ";
        }
    }
}

int main(void)
{
    fputs(head, stdout);
    print_at_once();
    fputs(rollout, stdout);
    fputs("\n## In this version\n", stdout);
    print_rows(true);
    fputs(templates, stdout);
    fputs(examples, stdout);
    fputs("\n## Not supported by this version yet\n\n"
          "Known and checked, but refused by name unless the value is the default: nothing is "
          "silently ignored.\n",
          stdout);
    print_rows(false);
    fputs(written, stdout);
    return ferror(stdout) != 0;
}
