/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure_fit.h"

#include <inttypes.h>

#include "exposure_host.h"
#include "exposure_reader.h"
#include "exposure_template.h"
#include "label_select.h"
#include "portside/service.h"
#include "service_plan.h"

#define PORT_LAST 65535
#define LABEL_VALUE_MAX 63

static struct ps_str annotation(const struct ps_fit *fit, const struct ps_exposure *exposure,
                                enum ps_exposure_key_id id)
{
    return ps_exposure_annotation(fit->arena, exposure->name, id);
}

/* The broker with the highest ordinal has the longest names and the highest ports. */
static uint64_t last_ordinal(const struct ps_fit *fit)
{
    return fit->start + (fit->replicas > 0 ? fit->replicas - 1 : 0);
}

static struct ps_str service_flaw(const struct ps_fit *fit, struct ps_str name)
{
    struct ps_str flaw = ps_service_name_flaw(fit->arena, name);
    return flaw.len == 0 ? flaw
                         : ps_arena_printf(fit->arena,
                                           "no Service can be called '%.*s': %.*s: choose a "
                                           "shorter or simpler name",
                                           PS_FMT(name), PS_FMT(flaw));
}

/* A label that no pod can have would keep the pod from being made. */
static struct ps_str label_flaw(const struct ps_fit *fit)
{
    return fit->statefulset.len <= LABEL_VALUE_MAX
               ? PS_STR("")
               : ps_arena_printf(fit->arena,
                                 "the name '%.*s' has %zu characters, and a label has at most %d: "
                                 "choose a shorter one",
                                 PS_FMT(fit->statefulset), fit->statefulset.len, LABEL_VALUE_MAX);
}

static struct ps_str node_port_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure,
                                    uint64_t ordinal)
{
    uint64_t addend = exposure->service.shared_port ? 0 : ordinal;
    uint64_t last = fit->policy->node_port_max;
    if (exposure->node_port_base == 0 || !ps_exposure_has_node_ports(exposure) ||
        exposure->node_port_base + addend <= last) {
        return PS_STR("");
    }
    return ps_arena_printf(fit->arena,
                           "%.*s: '%u' is too high for ordinal %" PRIu64
                           ": the last node port is %" PRIu64,
                           PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_NODE_PORT_BASE)),
                           (unsigned)exposure->node_port_base, ordinal, last);
}

static struct ps_str advertised_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure,
                                     const struct ps_template_facts *facts)
{
    uint64_t number = 0;
    struct ps_str port = ps_template_expand(fit->arena, exposure->advertised_port, facts);
    struct ps_str host = ps_template_expand(fit->arena, exposure->advertised_host, facts);
    if (port.len > 0 && (!ps_str_to_uint(port, PORT_LAST, &number) || number == 0)) {
        return ps_arena_printf(
            fit->arena, "%.*s: '%.*s' gives '%.*s' for ordinal %" PRIu64 ", which is no port",
            PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_ADVERTISED_PORT)),
            PS_FMT(exposure->advertised_port), PS_FMT(port), facts->ordinal);
    }
    if (host.len > 0 && !ps_host_is_valid(host)) {
        return ps_arena_printf(
            fit->arena, "%.*s: '%.*s' gives '%.*s' for ordinal %" PRIu64 ", which is no host",
            PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_ADVERTISED_HOST)),
            PS_FMT(exposure->advertised_host), PS_FMT(host), facts->ordinal);
    }
    return PS_STR("");
}

static struct ps_str endpoint_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure,
                                   const struct ps_template_facts *facts)
{
    struct ps_str flaw = node_port_flaw(fit, exposure, facts->ordinal);
    if (flaw.len == 0) {
        flaw = advertised_flaw(fit, exposure, facts);
    }
    if (flaw.len == 0 && exposure->type != PS_EXPOSURE_NONE) {
        flaw = service_flaw(
            fit, ps_service_name_for(fit->arena, exposure, facts->statefulset, facts->ordinal));
    }
    return flaw;
}

struct ps_str ps_fit_broker(const struct ps_fit *fit, const struct ps_template_facts *facts)
{
    struct ps_str flaw = label_flaw(fit);
    for (size_t i = 0; i < fit->exposures->count && flaw.len == 0; i++) {
        flaw = endpoint_flaw(fit, &fit->exposures->list[i], facts);
    }
    return flaw;
}

static struct ps_str bootstrap_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure)
{
    bool wanted = exposure->type != PS_EXPOSURE_NONE && !exposure->service.no_bootstrap;
    return wanted ? service_flaw(fit, ps_service_bootstrap_name(fit->arena, exposure->name,
                                                                fit->statefulset))
                  : PS_STR("");
}

/*
 * Two brokers with one endpoint start without a word (KRaft does not compare them), and clients
 * time out.
 */
static struct ps_str distinct_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure)
{
    bool one_host = exposure->advertised_host.len > 0 &&
                    !ps_template_varies_by_broker(exposure->advertised_host);
    bool one_port = exposure->advertised_port.len > 0
                        ? !ps_template_varies_by_broker(exposure->advertised_port)
                        : exposure->type != PS_EXPOSURE_NODE_PORT || exposure->service.shared_port;
    if (fit->replicas < 2 || !one_host || !one_port) {
        return PS_STR("");
    }
    return ps_arena_printf(fit->arena,
                           "%.*s: '%.*s' and one port for all %" PRIu64 " brokers: put {ordinal} "
                           "into the host or into %s",
                           PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_ADVERTISED_HOST)),
                           PS_FMT(exposure->advertised_host), fit->replicas,
                           ps_exposure_key_get(PS_EXPOSURE_KEY_ADVERTISED_PORT)->name);
}

static struct ps_str addresses_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure)
{
    size_t count = exposure->service.load_balancer_ips.count;
    if (exposure->type != PS_EXPOSURE_LOAD_BALANCER || count == 0 || count >= fit->replicas) {
        return PS_STR("");
    }
    return ps_arena_printf(
        fit->arena, "%.*s: fewer addresses (%zu) than brokers (%" PRIu64 "): state one for each",
        PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_LOAD_BALANCER_IPS)), count, fit->replicas);
}

/* The node's own network is not subject to NetworkPolicies. */
static struct ps_str host_network_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure)
{
    if (exposure->type != PS_EXPOSURE_NODE_PORT || exposure->service.allow_from.count == 0 ||
        !ps_json_is_true(ps_json_get(fit->spec, "hostNetwork"))) {
        return PS_STR("");
    }
    return ps_arena_printf(fit->arena,
                           "%.*s: cannot be kept with hostNetwork, to which no NetworkPolicy "
                           "applies: remove one of the two",
                           PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_ALLOW_FROM)));
}

/* Labels that differ from pod to pod of one StatefulSet: a selector by them may let two meet. */
static bool is_of_one_pod(struct ps_str label)
{
    return ps_str_is(label, "statefulset.kubernetes.io/pod-name") ||
           ps_str_is(label, "apps.kubernetes.io/pod-index") ||
           ps_str_is(label, "controller-revision-hash");
}

static bool names_one_pod(const struct ps_json *selector)
{
    PS_JSON_EACH(requirement, ps_json_get(selector, "matchExpressions"))
    {
        if (is_of_one_pod(ps_json_get_text(requirement, "key"))) {
            return true;
        }
    }
    return false;
}

/* PodAffinityTerm: no namespaces mean the pod's own; an empty namespaceSelector means all. */
static bool looks_here(const struct ps_fit *fit, const struct ps_json *term)
{
    const struct ps_json *listed = ps_json_get(term, "namespaces");
    const struct ps_json *selector = ps_json_get(term, "namespaceSelector");
    bool selected = ps_json_type(selector) == PS_JSON_OBJECT;
    return ps_label_is_listed(fit->namespace_name, listed) ||
           (selected ? ps_json_count(selector) == 0 : ps_json_count(listed) == 0);
}

/* True if the term keeps any two pods of the StatefulSet on different nodes. */
static bool keeps_apart(const struct ps_fit *fit, const struct ps_json *term)
{
    const struct ps_pod_labels labels = {ps_json_get(fit->metadata, "labels"), fit->statefulset};
    const struct ps_json *selector = ps_json_get(term, "labelSelector");
    return ps_str_is(ps_json_get_text(term, "topologyKey"), "kubernetes.io/hostname") &&
           ps_json_type(selector) == PS_JSON_OBJECT && looks_here(fit, term) &&
           ps_json_count(ps_json_get(term, "matchLabelKeys")) == 0 &&
           ps_json_count(ps_json_get(term, "mismatchLabelKeys")) == 0 && !names_one_pod(selector) &&
           ps_label_selects(selector, &labels);
}

/* Two brokers on one node would share its port, and clients reach either of them. */
static struct ps_str shared_flaw(const struct ps_fit *fit, const struct ps_exposure *exposure)
{
    const struct ps_json *anti = ps_json_get2(fit->spec, "affinity", "podAntiAffinity");
    if (!exposure->service.shared_port) {
        return PS_STR("");
    }
    PS_JSON_EACH(term, ps_json_get(anti, "requiredDuringSchedulingIgnoredDuringExecution"))
    {
        if (keeps_apart(fit, term)) {
            return PS_STR("");
        }
    }
    return ps_arena_printf(
        fit->arena,
        "%.*s: 'true' needs brokers that never share a node: give the pod template "
        "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution with topologyKey "
        "kubernetes.io/hostname and a labelSelector that selects the brokers themselves",
        PS_FMT(annotation(fit, exposure, PS_EXPOSURE_KEY_SHARED_PORT)));
}

/* The first and last node port that an annotation asks for. */
struct node_ports {
    struct ps_str annotation;
    uint64_t first;
    uint64_t last;
};

/* Adds what one exposure asks for to list; returns how much. */
static size_t add_ports(const struct ps_fit *fit, const struct ps_exposure *exposure,
                        struct node_ports *list)
{
    size_t count = 0;
    bool shared = exposure->service.shared_port;
    uint64_t base = exposure->node_port_base;
    /* Three brokers are Kafka's usual least, however few there are today. */
    uint64_t plausible = fit->start + PS_EXPOSURE_ORDINAL_PLAUSIBLE;
    uint64_t last = last_ordinal(fit) > plausible ? last_ordinal(fit) : plausible;
    if (!ps_exposure_has_node_ports(exposure)) {
        return 0;
    }
    if (base > 0) {
        list[count++] = (struct node_ports){
            .annotation = annotation(fit, exposure, PS_EXPOSURE_KEY_NODE_PORT_BASE),
            .first = shared ? base : base + fit->start,
            .last = shared ? base : base + last,
        };
    }
    if (exposure->service.bootstrap_node_port > 0 && !exposure->service.no_bootstrap) {
        list[count++] = (struct node_ports){
            .annotation = annotation(fit, exposure, PS_EXPOSURE_KEY_BOOTSTRAP_NODE_PORT),
            .first = exposure->service.bootstrap_node_port,
            .last = exposure->service.bootstrap_node_port,
        };
    }
    return count;
}

/* A node port is one Service's alone: the second one would never be made. */
static struct ps_str clash_flaw(const struct ps_fit *fit)
{
    struct node_ports list[2 * PS_EXPOSURES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < fit->exposures->count; i++) {
        count += add_ports(fit, &fit->exposures->list[i], &list[count]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (list[i].first <= list[j].last && list[j].first <= list[i].last) {
                return ps_arena_printf(fit->arena,
                                       "%.*s: its node ports %" PRIu64 " to %" PRIu64
                                       " meet those of %.*s, %" PRIu64 " to %" PRIu64
                                       ": use others",
                                       PS_FMT(list[i].annotation), list[i].first, list[i].last,
                                       PS_FMT(list[j].annotation), list[j].first, list[j].last);
            }
        }
    }
    return PS_STR("");
}

struct ps_str ps_fit_set(const struct ps_fit *fit)
{
    static struct ps_str (*const checks[])(const struct ps_fit *, const struct ps_exposure *) = {
        bootstrap_flaw, distinct_flaw, addresses_flaw, host_network_flaw, shared_flaw};
    const struct ps_template_facts last = {
        .ordinal = last_ordinal(fit),
        .pod = ps_arena_printf(fit->arena, "%.*s-%" PRIu64, PS_FMT(fit->statefulset),
                               last_ordinal(fit)),
        .statefulset = fit->statefulset,
        .namespace_name = fit->namespace_name,
    };
    struct ps_str flaw = ps_fit_broker(fit, &last);
    for (size_t i = 0; i < fit->exposures->count; i++) {
        for (size_t j = 0; j < PS_COUNT(checks) && flaw.len == 0; j++) {
            flaw = checks[j](fit, &fit->exposures->list[i]);
        }
    }
    return flaw.len > 0 ? flaw : clash_flaw(fit);
}
