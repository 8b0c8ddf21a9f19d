/* SPDX-License-Identifier: Apache-2.0 */
#include "announce.h"

#include "endpoint.h"
#include "env_extra.h"
#include "plaintext.h"

struct announcement {
    const struct ps_policy *policy;
    const struct ps_json *spec;
    const struct ps_exposures *exposures;
    const struct ps_injection *injection;
    struct ps_warnings *warnings;
};

static void announce_rack(const struct announcement *a)
{
    struct ps_str own = ps_env_stated_rack(a->exposures, &a->injection->broker, NULL);
    if (a->exposures->rack_label.len > 0 && own.len > 0) {
        ps_warn(a->warnings,
                "portside.dev/rack-label: the broker's own rack stays, which %.*s sets",
                PS_FMT(own));
    }
}

static void announce_listener(const struct announcement *a, size_t index)
{
    const struct ps_exposure *exposure = &a->exposures->list[index];
    struct ps_warnings *warnings = a->warnings;
    bool env = a->injection->delivery == PS_DELIVERY_ENV;
    if (env && a->injection->plan.results[index].adopted) {
        ps_warn(warnings,
                "portside: listener %.*s of the brokers is adopted: its advertised address is "
                "replaced",
                PS_FMT(exposure->listener_name));
        if (exposure->listener_port_stated) {
            ps_warn(warnings,
                    "%.*sportside.dev/listener-port has no effect: %.*s keeps its own port",
                    PS_FMT(exposure->key_prefix), PS_FMT(exposure->listener_name));
        }
        return;
    }
    ps_warn(warnings, "portside: each broker gets the listener %.*s on port %u, by %s",
            PS_FMT(exposure->listener_name), (unsigned)exposure->listener_port,
            env ? "its environment" : "a hook in its start script");
    if (!env && exposure->listener_name_stated && !exposure->listener_port_stated) {
        ps_warn(warnings,
                "if a broker has a listener %.*s already, state its port with "
                "portside.dev/listener-port",
                PS_FMT(exposure->listener_name));
    }
    if (ps_json_is_true(ps_json_get(a->spec, "hostNetwork"))) {
        ps_warn(warnings, "hostNetwork: port %u is bound on the node itself",
                (unsigned)exposure->listener_port);
    }
}

/* How clients get there, where it is not each broker's own node port. */
static void announce_way(const struct announcement *a, const struct ps_exposure *exposure)
{
    switch (exposure->type) {
    case PS_EXPOSURE_NODE_PORT:
        if (exposure->service.shared_port) {
            ps_warn(a->warnings,
                    "portside: %.*s: one node port for all brokers, each on the node it runs on",
                    PS_FMT(exposure->listener_name));
        }
        return;
    case PS_EXPOSURE_LOAD_BALANCER:
        ps_warn(a->warnings, "portside: %.*s: a load balancer for each broker%s",
                PS_FMT(exposure->listener_name),
                exposure->service.no_bootstrap ? "" : ", and one for bootstrap");
        return;
    case PS_EXPOSURE_CLUSTER_IP:
        ps_warn(a->warnings,
                "portside: %.*s: your proxy must forward each broker's endpoint to its Service",
                PS_FMT(exposure->listener_name));
        return;
    case PS_EXPOSURE_NONE:
        return;
    }
}

static bool has_host_port(const struct announcement *a, uint16_t port)
{
    PS_JSON_EACH(entry, ps_json_get(a->injection->broker.container, "ports"))
    {
        int64_t container_port = 0;
        int64_t host_port = 0;
        if (ps_json_to_int(ps_json_get(entry, "containerPort"), &container_port) &&
            ps_json_to_int(ps_json_get(entry, "hostPort"), &host_port) && container_port == port) {
            return true;
        }
    }
    return false;
}

/* Without a Service, the node's address leads to the broker only by its network or a hostPort. */
static void warn_unreachable(const struct announcement *a, const struct ps_exposure *exposure)
{
    bool on_node = ps_json_is_true(ps_json_get(a->spec, "hostNetwork")) ||
                   has_host_port(a, exposure->listener_port);
    if (exposure->type == PS_EXPOSURE_NONE && exposure->advertised_host.len == 0 && !on_node) {
        ps_warn(a->warnings,
                "type None: nothing leads from port %u of a node to the broker: set hostPort, "
                "hostNetwork or advertised-host",
                (unsigned)exposure->listener_port);
    }
}

/* What looks like a lock is none where nobody enforces it. */
static void announce_guard(const struct announcement *a, const struct ps_exposure *exposure)
{
    if (exposure->type == PS_EXPOSURE_NODE_PORT && exposure->service.allow_from.count > 0) {
        ps_warn(a->warnings,
                "%.*sportside.dev/allow-from is a NetworkPolicy: be sure that your network plugin "
                "enforces it",
                PS_FMT(exposure->key_prefix));
    }
    /* loadBalancerSourceRanges are about the load balancer's address alone. */
    if (exposure->type == PS_EXPOSURE_LOAD_BALANCER && exposure->service.allow_from.count > 0 &&
        !exposure->service.no_node_ports) {
        ps_warn(a->warnings,
                "%.*sportside.dev/allow-from leaves load balancers' node ports open: set "
                "allocate-node-ports 'false'",
                PS_FMT(exposure->key_prefix));
    }
}

static void warn_plaintext(const struct announcement *a)
{
    switch (ps_plaintext_of(a->exposures, a->injection)) {
    case PS_PLAINTEXT_NO:
        return;
    case PS_PLAINTEXT_YES:
        ps_warn(a->warnings,
                "the external listener is PLAINTEXT: everyone who reaches the port can read and "
                "write");
        return;
    case PS_PLAINTEXT_UNKNOWN:
        ps_warn(a->warnings,
                "if the brokers speak PLAINTEXT, everyone who reaches the new port can read and "
                "write");
        return;
    }
}

static bool waits_for_endpoint(const struct announcement *a)
{
    if (a->exposures->rack_label.len > 0) {
        return true;
    }
    for (size_t i = 0; i < a->exposures->count; i++) {
        if (ps_endpoint_is_awaited(a->warnings->arena, &a->exposures->list[i])) {
            return true;
        }
    }
    return false;
}

/* With on-missing: start for every exposure. */
static bool gives_up(const struct announcement *a)
{
    bool all = a->injection->delivery == PS_DELIVERY_HOOK;
    for (size_t i = 0; i < a->exposures->count; i++) {
        all = all && a->exposures->list[i].start_when_missing;
    }
    return all;
}

void ps_announce(const struct ps_policy *policy, const struct ps_json *spec,
                 const struct ps_exposures *exposures, const struct ps_injection *injection,
                 struct ps_warnings *warnings)
{
    const struct announcement announcement = {policy, spec, exposures, injection, warnings};
    const struct announcement *a = &announcement;
    for (size_t i = 0; i < a->exposures->count; i++) {
        announce_listener(a, i);
        announce_way(a, &a->exposures->list[i]);
        announce_guard(a, &a->exposures->list[i]);
        warn_unreachable(a, &a->exposures->list[i]);
    }
    announce_rack(a);
    if (a->policy->plaintext != PS_CHOICE_ALLOW) {
        warn_plaintext(a);
    }
    if (waits_for_endpoint(a) && gives_up(a)) {
        ps_warn(a->warnings,
                "each pod waits for its endpoint as long as wait-timeout says, then its broker "
                "starts without");
    } else if (waits_for_endpoint(a)) {
        ps_warn(a->warnings,
                "each pod waits until the portside controller has written its endpoint on it");
    }
}
