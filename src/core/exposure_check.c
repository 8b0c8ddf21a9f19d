/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the annotations of an exposure say one by one is right, but not together. What has no effect
 * is refused only where the object itself states it: defaults of the installation are for all
 * exposures, of whatever type. What contradicts itself is refused wherever it comes from.
 */
#include "exposure_reader.h"
#include "exposure_template.h"

#define BIT(type) (1U << (unsigned)(type))
#define NODE_PORT BIT(PS_EXPOSURE_NODE_PORT)
#define LOAD_BALANCER BIT(PS_EXPOSURE_LOAD_BALANCER)
#define CLUSTER_IP BIT(PS_EXPOSURE_CLUSTER_IP)
#define NONE BIT(PS_EXPOSURE_NONE)

/*
 * The types with which a row has effect. For the fields of Services it is the API server's rule
 * (ValidateService): they are invalid, or dropped, with other types.
 */
static const struct {
    enum ps_exposure_key_id key;
    unsigned types;
    const char *names;
} effects[] = {
    {PS_EXPOSURE_KEY_NODE_PORT_BASE, NODE_PORT | LOAD_BALANCER, "NodePort or LoadBalancer"},
    {PS_EXPOSURE_KEY_BOOTSTRAP_NODE_PORT, NODE_PORT | LOAD_BALANCER, "NodePort or LoadBalancer"},
    {PS_EXPOSURE_KEY_ADDRESS_TYPES, NODE_PORT | NONE, "NodePort or None"},
    {PS_EXPOSURE_KEY_EXTERNAL_TRAFFIC_POLICY, NODE_PORT | LOAD_BALANCER,
     "NodePort or LoadBalancer"},
    {PS_EXPOSURE_KEY_SERVICE_ANNOTATIONS, NODE_PORT | LOAD_BALANCER | CLUSTER_IP,
     "NodePort, LoadBalancer or ClusterIP"},
    {PS_EXPOSURE_KEY_BOOTSTRAP_ANNOTATIONS, NODE_PORT | LOAD_BALANCER | CLUSTER_IP,
     "NodePort, LoadBalancer or ClusterIP"},
    {PS_EXPOSURE_KEY_LOAD_BALANCER_CLASS, LOAD_BALANCER, "LoadBalancer"},
    {PS_EXPOSURE_KEY_LOAD_BALANCER_IPS, LOAD_BALANCER, "LoadBalancer"},
    {PS_EXPOSURE_KEY_ALLOCATE_NODE_PORTS, LOAD_BALANCER, "LoadBalancer"},
    {PS_EXPOSURE_KEY_ALLOW_FROM, NODE_PORT | LOAD_BALANCER, "NodePort or LoadBalancer"},
    {PS_EXPOSURE_KEY_IP_FAMILY_POLICY, NODE_PORT | LOAD_BALANCER | CLUSTER_IP,
     "NodePort, LoadBalancer or ClusterIP"},
    {PS_EXPOSURE_KEY_SHARED_PORT, NODE_PORT, "NodePort"},
};

bool ps_exposure_is_stated(const struct ps_exposure_reader *reader, enum ps_exposure_key_id id)
{
    struct ps_str text = reader->stated[reader->index][id];
    return text.len > 0 && !ps_str_is(text, ps_exposure_key_get(id)->fallback);
}

static bool refuse(struct ps_exposure_reader *reader, enum ps_exposure_key_id key, const char *text)
{
    reader->key = key;
    return ps_exposure_refuse(reader, ps_str_of(text));
}

static bool check_type(struct ps_exposure_reader *reader)
{
    enum ps_exposure_type type = reader->exposure->type;
    for (size_t i = 0; i < PS_COUNT(effects); i++) {
        if (ps_exposure_is_stated(reader, effects[i].key) && (effects[i].types & BIT(type)) == 0) {
            return refuse(reader, effects[i].key,
                          ps_arena_printf(reader->arena,
                                          "has no effect with type '%s': remove it or use type %s",
                                          ps_exposure_type_name(type), effects[i].names)
                              .ptr);
        }
    }
    if (type == PS_EXPOSURE_CLUSTER_IP && reader->exposure->advertised_host.len == 0) {
        return refuse(reader, PS_EXPOSURE_KEY_ADVERTISED_HOST,
                      "is missing: with type 'ClusterIP' state the host of the proxy in front, "
                      "which no one else knows");
    }
    return true;
}

/* Each of these is switched off by another row, which the object may not even state. */
static bool check_switches(struct ps_exposure_reader *reader)
{
    static const enum ps_exposure_key_id node_ports[] = {PS_EXPOSURE_KEY_NODE_PORT_BASE,
                                                         PS_EXPOSURE_KEY_BOOTSTRAP_NODE_PORT};
    static const enum ps_exposure_key_id bootstrap[] = {PS_EXPOSURE_KEY_BOOTSTRAP_NODE_PORT,
                                                        PS_EXPOSURE_KEY_BOOTSTRAP_ANNOTATIONS};
    const struct ps_service_options *options = &reader->exposure->service;
    for (size_t i = 0; i < PS_COUNT(bootstrap); i++) {
        if (options->no_bootstrap && ps_exposure_is_stated(reader, bootstrap[i])) {
            return refuse(reader, bootstrap[i],
                          "has no effect with bootstrap 'false': remove one of the two");
        }
    }
    for (size_t i = 0; i < PS_COUNT(node_ports); i++) {
        if (reader->exposure->type == PS_EXPOSURE_LOAD_BALANCER && options->no_node_ports &&
            ps_exposure_is_stated(reader, node_ports[i])) {
            return refuse(reader, node_ports[i],
                          "has no effect with allocate-node-ports 'false': remove one of the two");
        }
    }
    return true;
}

/* The API server's own rule (ValidateServiceClusterIPsRelatedFields). */
static bool check_families(struct ps_exposure_reader *reader)
{
    const struct ps_service_options *options = &reader->exposure->service;
    return options->ip_family_count < 2 ||
           options->ip_family_policy != PS_IP_FAMILY_POLICY_SINGLE ||
           refuse(reader, PS_EXPOSURE_KEY_IP_FAMILIES,
                  "names two families, but ip-family-policy is 'SingleStack': name one, or use "
                  "PreferDualStack or RequireDualStack");
}

/* With policy Cluster kube-proxy puts the node's address in place of the client's. */
static bool check_allow_from(struct ps_exposure_reader *reader)
{
    const struct ps_exposure *exposure = reader->exposure;
    return exposure->type != PS_EXPOSURE_NODE_PORT || exposure->service.allow_from.count == 0 ||
           !exposure->service.cluster_policy ||
           refuse(reader, PS_EXPOSURE_KEY_ALLOW_FROM,
                  "cannot be kept with external-traffic-policy 'Cluster', which hides the client's "
                  "address: use Local");
}

/* All brokers have one Service, one port, and their nodes to tell them apart. */
static bool check_shared_port(struct ps_exposure_reader *reader)
{
    const struct ps_exposure *exposure = reader->exposure;
    const struct ps_exposure_pairs *annotations = &exposure->service.annotations;
    if (exposure->service.cluster_policy) {
        return refuse(reader, PS_EXPOSURE_KEY_SHARED_PORT,
                      "needs external-traffic-policy 'Local': with 'Cluster' a node would hand "
                      "clients to any broker");
    }
    if (ps_template_varies_by_broker(exposure->advertised_port)) {
        return refuse(reader, PS_EXPOSURE_KEY_ADVERTISED_PORT,
                      "differs from broker to broker, but with shared-port all have one: remove "
                      "one of the two");
    }
    for (size_t i = 0; i < annotations->count; i++) {
        if (ps_template_varies_by_broker(annotations->list[i].value)) {
            return refuse(reader, PS_EXPOSURE_KEY_SERVICE_ANNOTATIONS,
                          "names one broker, but with shared-port the Service is of all: use "
                          "{statefulset} and {namespace} alone");
        }
    }
    return true;
}

static bool check_timeout(struct ps_exposure_reader *reader)
{
    return reader->exposure->start_when_missing ||
           !ps_exposure_is_stated(reader, PS_EXPOSURE_KEY_WAIT_TIMEOUT) ||
           refuse(reader, PS_EXPOSURE_KEY_WAIT_TIMEOUT,
                  "has no effect with on-missing 'wait': remove it or use on-missing 'start'");
}

bool ps_exposure_check_together(struct ps_exposure_reader *reader)
{
    struct ps_exposure *exposure = reader->exposure;
    reader->source = PS_EXPOSURE_OF_OBJECT;
    if (!check_type(reader) || !check_switches(reader) || !check_families(reader) ||
        !check_allow_from(reader) || !check_timeout(reader)) {
        return false;
    }
    /* Only a default of the installation can be left over here. */
    exposure->service.shared_port &= exposure->type == PS_EXPOSURE_NODE_PORT;
    return !exposure->service.shared_port || check_shared_port(reader);
}

static bool refuse_shared(struct ps_exposure_reader *reader, enum ps_exposure_key_id key,
                          const struct ps_exposure *other)
{
    reader->key = key;
    return ps_exposure_refuse(reader, ps_arena_printf(reader->arena,
                                                      "is that of exposure '%.*s' too: use another",
                                                      PS_FMT(other->name)));
}

bool ps_exposure_check_others(struct ps_exposure_reader *reader)
{
    const struct ps_exposure *ours = reader->exposure;
    for (size_t i = 0; i < reader->index; i++) {
        const struct ps_exposure *other = &reader->exposures->list[i];
        if (ps_str_equal_nocase(ours->listener_name, other->listener_name)) {
            return refuse_shared(reader, PS_EXPOSURE_KEY_LISTENER_NAME, other);
        }
        if (ours->listener_port == other->listener_port) {
            return refuse_shared(reader, PS_EXPOSURE_KEY_LISTENER_PORT, other);
        }
    }
    return true;
}
