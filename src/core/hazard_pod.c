/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod around the broker does to it: links, mounts, nodes, meshes. */
#include "hazard_checks.h"

static const struct ps_json *containers_of(const struct ps_json *spec, bool init)
{
    return ps_json_get(spec, init ? "initContainers" : "containers");
}

/* As the variables are called that Kubernetes makes for a Service. */
static bool has_link_name(struct ps_str text)
{
    struct ps_str rest = ps_str_slice(text, ps_str_index(text, '_'), text.len);
    while (rest.len > 0) {
        if (ps_str_starts(rest, "_SERVICE_HOST") || ps_str_starts(rest, "_SERVICE_PORT") ||
            ps_str_starts(rest, "_PORT_")) {
            return true;
        }
        rest = ps_str_slice(rest, 1, rest.len);
        rest = ps_str_slice(rest, ps_str_index(rest, '_'), rest.len);
    }
    return false;
}

/* Depth is that of the document, which the parser bounds (PS_JSON_DEPTH_MAX). */
static bool mentions_links(const struct ps_json *node)
{
    if (ps_json_is_string(node)) {
        return has_link_name(ps_json_text(node));
    }
    PS_JSON_EACH(child, node)
    {
        if (mentions_links(child)) {
            return true;
        }
    }
    return false;
}

bool ps_mentions_service_links(const struct ps_json *spec)
{
    return mentions_links(containers_of(spec, false)) || mentions_links(containers_of(spec, true));
}

/* Otherwise the injection itself turns the links off. */
void ps_hazard_service_links(struct ps_hazard_view *view)
{
    const struct ps_json *spec = view->facts->spec;
    const struct ps_broker *broker = view->facts->broker;
    const struct ps_json *links = ps_json_get(spec, "enableServiceLinks");
    bool off = ps_json_type(links) == PS_JSON_BOOL && !ps_json_is_true(links);
    bool cured = off || ps_env_find(&broker->env, PS_STR("KAFKA_PORT")) != NULL ||
                 ps_str_contains(broker->command, "unset KAFKA_PORT");
    if (broker->family->service_link_trap && !cured && ps_mentions_service_links(spec)) {
        ps_hazard_report(view, (struct ps_hazard_finding){.number = 0});
    }
}

/* "a ConfigMap", if that is what stands behind the volume; NULL if it can be written to. */
static const char *read_only_source(const struct ps_json *spec, struct ps_str volume_name)
{
    PS_JSON_EACH(volume, ps_json_get(spec, "volumes"))
    {
        if (!ps_str_equal(ps_json_get_text(volume, "name"), volume_name)) {
            continue;
        }
        if (ps_json_type(ps_json_get(volume, "configMap")) == PS_JSON_OBJECT) {
            return "a ConfigMap";
        }
        if (ps_json_type(ps_json_get(volume, "secret")) == PS_JSON_OBJECT) {
            return "a Secret";
        }
    }
    return NULL;
}

/* With subPath the directory stays the image's own. */
void ps_hazard_config_mount(struct ps_hazard_view *view)
{
    if (!view->facts->broker->family->needs_advertised || !view->image_starts) {
        return;
    }
    PS_JSON_EACH(mount, ps_json_get(view->container, "volumeMounts"))
    {
        struct ps_str path = ps_json_get_text(mount, "mountPath");
        const char *source = read_only_source(view->facts->spec, ps_json_get_text(mount, "name"));
        bool whole = ps_json_get_text(mount, "subPath").len == 0 &&
                     ps_json_get_text(mount, "subPathExpr").len == 0;
        if (whole && source != NULL &&
            (ps_str_is(path, "/etc/kafka") || ps_str_is(path, "/etc/kafka/"))) {
            ps_hazard_report(view, (struct ps_hazard_finding){
                                       .value = ps_str_of(source),
                                       .name = ps_str_of(view->facts->broker->family->name)});
            return;
        }
    }
}

/* A zone holds whole nodes, so that it separates as well. */
static bool separates(const struct ps_json *term)
{
    struct ps_str key = ps_json_get_text(term, "topologyKey");
    return ps_str_is(key, "kubernetes.io/hostname") || ps_str_ends(key, "/zone");
}

static bool has_anti_affinity(const struct ps_json *spec)
{
    const struct ps_json *anti = ps_json_get2(spec, "affinity", "podAntiAffinity");
    PS_JSON_EACH(term, ps_json_get(anti, "requiredDuringSchedulingIgnoredDuringExecution"))
    {
        if (separates(term)) {
            return true;
        }
    }
    PS_JSON_EACH(weighted, ps_json_get(anti, "preferredDuringSchedulingIgnoredDuringExecution"))
    {
        if (separates(ps_json_get(weighted, "podAffinityTerm"))) {
            return true;
        }
    }
    return false;
}

/* Two pods with one host port, or on the host's network, never share a node. */
static bool has_host_port(const struct ps_hazard_view *view)
{
    int64_t port = 0;
    PS_JSON_EACH(entry, ps_json_get(view->container, "ports"))
    {
        if (ps_json_to_int(ps_json_get(entry, "hostPort"), &port) && port != 0) {
            return true;
        }
    }
    return ps_json_is_true(ps_json_get(view->facts->spec, "hostNetwork"));
}

void ps_hazard_same_node(struct ps_hazard_view *view)
{
    const struct ps_json *spec = view->facts->spec;
    if (view->facts->replicas > 1 && !has_anti_affinity(spec) && !has_host_port(view) &&
        ps_json_count(ps_json_get(spec, "topologySpreadConstraints")) == 0) {
        ps_hazard_report(view, (struct ps_hazard_finding){.number = view->facts->replicas});
    }
}

/* One way in which a mesh takes hold of a pod. */
struct mesh {
    const char *name;
    const char *key;       /* label or annotation of the template; NULL: only the container */
    const char *value;     /* that it must have; NULL: any */
    const char *container; /* of its sidecar; NULL: the key alone */
    const char *exclude;   /* annotation that takes a port out of the mesh */
};

#define ISTIO_EXCLUDE "traffic.sidecar.istio.io/excludeInboundPorts"
#define LINKERD_EXCLUDE "config.linkerd.io/skip-inbound-ports"
#define CONSUL_EXCLUDE "consul.hashicorp.com/transparent-proxy-exclude-inbound-ports"
#define KUMA_EXCLUDE "traffic.kuma.io/exclude-inbound-ports"

static const struct mesh meshes[] = {
    {"istio", "sidecar.istio.io/inject", "true", "istio-proxy", ISTIO_EXCLUDE},
    {"istio", "sidecar.istio.io/status", NULL, NULL, ISTIO_EXCLUDE},
    {"linkerd", "linkerd.io/inject", "enabled", "linkerd-proxy", LINKERD_EXCLUDE},
    {"linkerd", "linkerd.io/inject", "ingress", NULL, LINKERD_EXCLUDE},
    {"consul", "consul.hashicorp.com/connect-inject", "true", "consul-dataplane", CONSUL_EXCLUDE},
    {"kuma", "kuma.io/sidecar-injection", "enabled", "kuma-sidecar", KUMA_EXCLUDE},
};

static bool is_marked(const struct ps_json *metadata, const char *key, const char *value)
{
    static const char *const kinds[] = {"labels", "annotations"};
    for (size_t i = 0; i < PS_COUNT(kinds); i++) {
        const struct ps_json *mark = ps_json_get2(metadata, kinds[i], key);
        if (ps_json_is_string(mark) && (value == NULL || ps_str_is(ps_json_text(mark), value))) {
            return true;
        }
    }
    return false;
}

static bool has_container(const struct ps_json *spec, const char *name)
{
    for (int init = 0; init < 2 && name != NULL; init++) {
        PS_JSON_EACH(container, containers_of(spec, init == 1))
        {
            if (ps_str_is(ps_json_get_text(container, "name"), name)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_in(const struct ps_hazard_view *view, const struct mesh *mesh)
{
    return is_marked(view->facts->metadata, mesh->key, mesh->value) ||
           has_container(view->facts->spec, mesh->container);
}

/* "9092,9194", "4000-5000" or "*" */
static bool list_has_port(struct ps_str list, uint64_t port)
{
    struct ps_str element;
    while (ps_str_split(&list, ',', &element)) {
        uint64_t first = 0;
        uint64_t last = 0;
        element = ps_str_trim(element);
        size_t dash = ps_str_index(element, '-');
        struct ps_str end =
            dash == element.len ? element : ps_str_slice(element, dash + 1, element.len);
        bool range = ps_str_to_uint(ps_str_slice(element, 0, dash), 65535, &first) &&
                     ps_str_to_uint(end, 65535, &last);
        if (ps_str_is(element, "*") || (range && first <= port && port <= last)) {
            return true;
        }
    }
    return false;
}

/* An adopted listener keeps the port that the broker gave it; if unknown, the wish's port. */
static uint64_t port_of(struct ps_hazard_view *view, const struct ps_exposure *exposure)
{
    const struct ps_endpoint *listener =
        ps_endpoints_find(&view->listeners.parsed, exposure->listener_name);
    return listener != NULL && listener->port_known ? listener->port : exposure->listener_port;
}

void ps_hazard_mesh(struct ps_hazard_view *view)
{
    const struct ps_exposures *exposures = view->facts->exposures;
    const struct ps_json *annotations = ps_json_get(view->facts->metadata, "annotations");
    for (size_t i = 0; i < PS_COUNT(meshes); i++) {
        struct ps_str excluded = ps_json_get_text(annotations, meshes[i].exclude);
        if (!is_in(view, &meshes[i])) {
            continue;
        }
        for (size_t j = 0; j < exposures->count; j++) {
            uint64_t port = port_of(view, &exposures->list[j]);
            if (!list_has_port(excluded, port)) {
                ps_hazard_report(view,
                                 (struct ps_hazard_finding){.value = ps_str_of(meshes[i].name),
                                                            .name = ps_str_of(meshes[i].exclude),
                                                            .number = port});
            }
        }
    }
}

/* ztunnel has no list of ports to leave out. */
void ps_hazard_mesh_ambient(struct ps_hazard_view *view)
{
    const struct ps_exposures *exposures = view->facts->exposures;
    for (size_t i = 0; i < exposures->count &&
                       is_marked(view->facts->metadata, "istio.io/dataplane-mode", "ambient");
         i++) {
        ps_hazard_report(view,
                         (struct ps_hazard_finding){.number = port_of(view, &exposures->list[i])});
    }
}
