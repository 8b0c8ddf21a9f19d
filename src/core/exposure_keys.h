/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of annotations: one row for each key, private to the exposure parser.
 *
 * Columns: enumerator · name · default ("" if there is none) · what a value is, for "is not …" ·
 * what is allowed, for ": use …" and the reference · help · per exposure · with the pod, not at
 * once · has effect in this version · reader. The reference and the messages are made of the same
 * words, so they agree.
 * Rows are read in this order, so the first problem of an object does not depend on the order of
 * its annotations.
 */
#pragma once

#include "portside/exposure.h"

struct ps_exposure_reader;

/* clang-format off */
#define PS_EXPOSURE_KEYS(X) \
    X(INJECT, "inject", "true", "a switch", "true or false", \
      "`\"false\"` opts a StatefulSet or a pod out: portside then leaves it alone and reads no " \
      "other annotation of it.", \
      false, true, true, inject) \
    X(LISTENERS, "listeners", "external", "a list of exposures", \
      "a comma-separated list of names in lower-case letters, digits and '-'", \
      "The exposures of this StatefulSet, each with a listener and Services of its own. " \
      "`portside.dev/…` speaks of `external`, `<exposure>.portside.dev/…` of any other one, which " \
      "must state its `listener-name` and `listener-port`.", \
      false, true, true, listeners) \
    X(TYPE, "type", "NodePort", "a type", "NodePort, LoadBalancer, ClusterIP or None", \
      "How clients reach the brokers. `NodePort`: a port of the node on which the broker runs. " \
      "`LoadBalancer`: a load balancer for each broker, whose host name or address is advertised. " \
      "`ClusterIP`: a TCP proxy of your own, which forwards to the Service of each broker; needs " \
      "`advertised-host`. `None`: the listener alone, for brokers with `hostNetwork` or a " \
      "`hostPort`.", \
      true, true, true, type) \
    X(LISTENER_NAME, "listener-name", "PORTSIDE", "a listener name", \
      "2 to 63 letters, digits, '_', '-' or '.' that begin with a letter, best in upper case", \
      "Name of the listener. One that the broker already has is adopted: its port stays, only " \
      "its advertised address is set.", \
      true, true, true, listener_name) \
    X(LISTENER_PORT, "listener-port", "9194", "a port", "a number from 1 to 65535", \
      "Port that the broker binds for the listener.", \
      true, true, true, listener_port) \
    X(PROTOCOL, "protocol", "", "a security protocol", \
      "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL", \
      "Security protocol of the listener. If not set, that of the listener in-cluster clients " \
      "use; of several, the strongest.", \
      true, true, true, protocol) \
    X(NODE_PORT_BASE, "node-port-base", "", "a node port", \
      "a number in the node port range of the installation", \
      "Node port of the broker with ordinal 0; the next ones follow. With `shared-port` it is the " \
      "port of all brokers. If not set, Kubernetes chooses. Move it by at least the number of " \
      "brokers: by less, one may advertise its neighbour's port until the rollout ends.", \
      true, true, true, node_port_base) \
    X(BOOTSTRAP_NODE_PORT, "bootstrap-node-port", "", "a node port", \
      "a number in the node port range of the installation", \
      "Node port of the bootstrap Service, outside of the brokers' own. If not set, Kubernetes " \
      "chooses.", \
      true, false, true, node_port) \
    X(ADDRESS_TYPES, "address-types", "ExternalDNS,ExternalIP,InternalDNS,InternalIP,Hostname", \
      "an address type", \
      "a comma-separated list of ExternalDNS, ExternalIP, InternalDNS, InternalIP and Hostname, " \
      "each at most once", \
      "Order in which the addresses of a node are tried; a type that is not named is not used.", \
      true, true, true, address_types) \
    X(ADVERTISED_HOST, "advertised-host", "", "a host", \
      "a DNS name or an IP address without scheme and port, in which {ordinal}, {pod}, " \
      "{statefulset} and {namespace} are filled in", \
      "Host that clients are told. If not set, the address of the node or load balancer.", \
      true, true, true, advertised_host) \
    X(ADVERTISED_PORT, "advertised-port", "", "a port", \
      "a number from 1 to 65535, or digits with {ordinal} or {ordinal + 9000}", \
      "Port that clients are told. If not set, the port of the Service.", \
      true, true, true, advertised_port) \
    X(EXTERNAL_TRAFFIC_POLICY, "external-traffic-policy", "Local", "a traffic policy", \
      "Local or Cluster", \
      "`externalTrafficPolicy` of the broker Services. `Local`: only the node of the broker " \
      "answers, and the broker sees the client's own address. `Cluster`: every node answers and " \
      "forwards, which costs a hop and hides the client's address.", \
      true, false, true, traffic_policy) \
    X(BOOTSTRAP, "bootstrap", "true", "a switch", "true or false", \
      "Whether there is a Service `<exposure>-<statefulset>-bootstrap`, which leads to any broker " \
      "that is ready: one address from which clients learn all others.", \
      true, false, true, bootstrap) \
    X(SERVICE_ANNOTATIONS, "service-annotations", "", "a map", "lines 'name: value'", \
      "Annotations of the broker Services, one for each line, with the templates of " \
      "`advertised-host`: for external-dns, or the options of a cloud's load balancers. Only " \
      "those whose prefix the installation allows (`policy-service-annotations`).", \
      true, false, true, service_annotations) \
    X(BOOTSTRAP_ANNOTATIONS, "bootstrap-annotations", "", "a map", "lines 'name: value'", \
      "Annotations of the bootstrap Service, as `service-annotations`, but without {ordinal} and " \
      "{pod}.", \
      true, false, true, bootstrap_annotations) \
    X(LOAD_BALANCER_CLASS, "load-balancer-class", "", "a load balancer class", \
      "a name as in the Service API, such as example.com/internal", \
      "`loadBalancerClass` of the Services: which implementation makes the load balancers. If not " \
      "set, the cluster's default. Kubernetes never lets it be changed afterwards.", \
      true, false, true, class) \
    X(LOAD_BALANCER_IPS, "load-balancer-ips", "", "a list of addresses", \
      "a comma-separated list of IP addresses, each once", \
      "`loadBalancerIP` of the broker Services, one for each broker in the order of ordinals.", \
      true, false, true, addresses) \
    X(ALLOCATE_NODE_PORTS, "allocate-node-ports", "true", "a switch", "true or false", \
      "`allocateLoadBalancerNodePorts` of the Services: `\"false\"` saves the node ports where the " \
      "load balancers reach pods without them. A Service that has one already keeps it.", \
      true, false, true, allocate) \
    X(ALLOW_FROM, "allow-from", "", "a list of address ranges", \
      "a comma-separated list of ranges such as 192.0.2.0/24", \
      "Who may connect to the listener. Load balancers get `loadBalancerSourceRanges`; for node " \
      "ports there is a NetworkPolicy that restricts the listener's port alone, which needs a " \
      "network plugin that enforces it. If not set, anyone.", \
      true, false, true, ranges) \
    X(IP_FAMILIES, "ip-families", "", "a list of IP families", "IPv4, IPv6 or both with a comma", \
      "`ipFamilies` of the Services; also, node addresses of another family are not advertised. " \
      "If not set, those of the cluster.", \
      true, false, true, ip_families) \
    X(IP_FAMILY_POLICY, "ip-family-policy", "", "an IP family policy", \
      "SingleStack, PreferDualStack or RequireDualStack", \
      "`ipFamilyPolicy` of the Services. If not set, that of the cluster.", \
      true, false, true, ip_family_policy) \
    X(RACK_LABEL, "rack-label", "", "a label", "the name of a node label", \
      "Node label whose value becomes `broker.rack`, as `topology.kubernetes.io/zone`. A broker " \
      "waits until its node has the label; one that sets its rack itself keeps it.", \
      false, true, true, label) \
    X(TLS_SECRET, "tls-secret", "", "the name of a Secret", \
      "lower-case letters, digits, '-' and '.'", \
      "Secret of type `kubernetes.io/tls` with the certificate of the listener.", \
      true, true, false, secret) \
    X(CLIENT_AUTH, "client-auth", "none", "a kind of client authentication", \
      "none or required", \
      "`required` asks clients for a certificate.", \
      true, true, false, word) \
    X(SHARED_PORT, "shared-port", "false", "a switch", "true or false", \
      "One NodePort Service for all brokers: the same port on every node leads to the broker on " \
      "that node. Needs required `podAntiAffinity` by `kubernetes.io/hostname`, so that no node " \
      "has two brokers.", \
      true, true, true, shared_port) \
    X(ENV, "env", "", "a list of variables", "lines 'NAME=template'", \
      "Further variables of the broker container, one for each line, with the placeholders of " \
      "`advertised-host` and `{ordinal + 9000}`: `KAFKA_NODE_ID={ordinal}`. One that the " \
      "container sets itself is refused.", \
      false, true, true, env) \
    X(ON_MISSING, "on-missing", "wait", "an action", "wait or start", \
      "What happens while no endpoint is known: `wait` goes on waiting, `start` starts the " \
      "broker unchanged after `wait-timeout`, with hook delivery only. Of several exposures, " \
      "none is added then; delete the pod once its endpoint is known.", \
      true, true, true, on_missing) \
    X(WAIT_TIMEOUT, "wait-timeout", "10m", "a duration", \
      "numbers with h, m or s, such as 10m or 1m30s", \
      "How long `on-missing: start` waits.", \
      true, true, true, duration) \
    X(CONTAINER, "container", "", "the name of a container", \
      "at most 63 lower-case letters, digits and '-'", \
      "Container that runs the broker. If not set, it is detected.", \
      false, true, true, container) \
    X(FAMILY, "family", "", "an image family", \
      "apache, apache-native, cp-kafka, bitnami, wurstmeister, solsson, k8skafka, engapa, " \
      "kafkakraft or custom", \
      "How the image takes its configuration. If not set, it is detected.", \
      false, true, true, family) \
    X(DELIVERY, "delivery", "", "a delivery", "env or hook", \
      "How the listener settings reach the broker: variables of the container, or a hook in its " \
      "start script. If not set, it is chosen.", \
      false, true, true, delivery)
/* clang-format on */

enum ps_exposure_key_id {
#define PS_EXPOSURE_KEY_ENUM(id, ...) PS_EXPOSURE_KEY_##id,
    PS_EXPOSURE_KEYS(PS_EXPOSURE_KEY_ENUM)
#undef PS_EXPOSURE_KEY_ENUM
    PS_EXPOSURE_KEY_COUNT,
};

/* Reads value into the exposures under construction; false with the problem filled in. */
typedef bool ps_exposure_read(struct ps_exposure_reader *reader, struct ps_str value);

/* The private columns of a row. */
struct ps_exposure_row {
    const char *what;
    ps_exposure_read *read;
};

/* The public columns of the row id. */
const struct ps_exposure_key *ps_exposure_key_get(enum ps_exposure_key_id id);
const struct ps_exposure_row *ps_exposure_row_get(enum ps_exposure_key_id id);

/* "portside.dev/type", or "vpn.portside.dev/type" where the row is the exposure's own. */
struct ps_str ps_exposure_annotation(struct ps_arena *arena, struct ps_str exposure,
                                     enum ps_exposure_key_id id);

/* Index of the row called name; PS_EXPOSURE_KEY_COUNT if there is none. */
enum ps_exposure_key_id ps_exposure_key_find(struct ps_str name);

/* Name of the row that name was probably meant to be; NULL if nothing is near. */
const char *ps_exposure_key_nearest(struct ps_str name);
