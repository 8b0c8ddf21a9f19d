# SPDX-License-Identifier: Apache-2.0
"""On real nodes: the other ways to reach brokers than a node port for each of them."""

import contextlib

from exposed import address, endpoint, node_port, service, wait_endpoints, wait_servers
from harness import check, wait_until
from nodes import CLIENT, NODES, create, dial, enter, init_state
from reach import BROKERS, answer_of, check_bootstrap, environment, ready, wait_answers

# Addresses of load balancers, which nobody else has here.
BALANCER = "203.0.113.10{}"
BOOTSTRAP_BALANCER = "203.0.113.109"
ROUTER = "198.51.100.1"
LISTENER_PORT = 9194


def annotated(annotations, replicas=3):
    """A change that puts portside.dev annotations on the StatefulSet."""

    def change(statefulset):
        statefulset["metadata"]["annotations"].update(annotations)
        statefulset["spec"].update(replicas=replicas)

    return change


def wait_exposed(context, namespace, exposure, brokers):
    """{pod: (host, port)} as the pods are told, once each is."""
    found = {}
    for name in brokers:
        host, port = wait_until(
            f"endpoint '{exposure}' of {name}",
            lambda pod=name: endpoint(context.cluster.pod(namespace, pod), exposure),
            30,
        )
        found[name] = (host, int(port))
    return found


def check_advertised(context, namespace, name, expected):
    """The listeners that portside added are advertised there: {listener: "host:port"}."""
    said = environment(context, namespace, name)["KAFKA_ADVERTISED_LISTENERS"].split(",")
    wanted = [f"PLAINTEXT://{name}.kafka:9092"] + [f"{key}://{at}" for key, at in expected.items()]
    check(said == wanted, f"{name} advertises {said}, not {wanted}")


def test_one_port_shared_by_all_brokers(context):
    """On each node it leads to the broker of that node and to no other."""
    namespace = context.namespace()
    create(context, namespace, "standin", annotated({"portside.dev/shared-port": "true"}, 2))
    endpoints = wait_exposed(context, namespace, "external", BROKERS[:2])
    pods = ready(context, namespace, 2)
    port = node_port(service(context, namespace, "external-kafka-shared"))
    on = {pod["spec"]["nodeName"]: name for name, pod in pods.items()}
    for node, name in on.items():
        expected = (address(context.cluster, node), port)
        check(endpoints[name] == expected, f"{name}: {endpoints[name]}, not {expected}")
        check_advertised(context, namespace, name, {"PORTSIDE": f"{expected[0]}:{port}"})
    wait_answers(
        {
            f"{address(context.cluster, node)}:{port}": (
                answer_of(on[node]) if node in on else "no-answer"
            )
            for node in NODES
        }
    )
    check_bootstrap(context, namespace, endpoints)


def test_two_exposures_of_one_statefulset(context):
    """Each with a listener, an address type and a ConfigMap of its own."""

    wishes = {
        "portside.dev/listeners": "external,vpn",
        "vpn.portside.dev/listener-name": "VPN",
        "vpn.portside.dev/listener-port": "9294",
        "vpn.portside.dev/address-types": "InternalIP",
    }
    namespace = context.namespace()
    create(context, namespace, "standin", annotated(wishes))
    external = wait_endpoints(context, namespace, BROKERS)
    ready(context, namespace)
    expected, vpn = {}, {}
    for name, (host, port) in external.items():
        node = context.cluster.pod(namespace, name)["spec"]["nodeName"]
        inside = address(context.cluster, node, ("InternalIP",))
        vpn[name] = (inside, node_port(service(context, namespace, f"vpn-{name}")))
        check_advertised(
            context,
            namespace,
            name,
            {"PORTSIDE": f"{host}:{port}", "VPN": f"{inside}:{vpn[name][1]}"},
        )
        expected[f"{host}:{port}"] = answer_of(name)
        expected[f"{inside}:{vpn[name][1]}"] = answer_of(name, 9294)
    wait_answers(expected)
    wait_servers(context, namespace, external)
    wait_servers(context, namespace, vpn, exposure="vpn")


def test_traffic_policy_cluster(context):
    """Every node answers for every broker; the price is the client's address."""
    namespace = context.namespace()
    policy = {"portside.dev/external-traffic-policy": "Cluster"}
    create(context, namespace, "standin", annotated(policy, 2))
    endpoints = wait_endpoints(context, namespace, BROKERS[:2])
    pods = ready(context, namespace, 2)
    asked = {
        f"{address(context.cluster, node)}:{port}": (name, node)
        for name, (_, port) in endpoints.items()
        for node in NODES
    }

    def answered():
        found = dial(asked)
        return found if all(found[at].startswith(f"pod={asked[at][0]} ") for at in asked) else None

    for at, said in wait_until("every node answers for every broker", answered).items():
        name, node = asked[at]
        kept = said.endswith(f"client={CLIENT}")
        check(
            kept <= (pods[name]["spec"]["nodeName"] == node),
            f"{at} on {node} for {name}, with another node's address kept: {said}",
        )


def lead(balancer, node):
    """What announces a load balancer's address does: traffic to it goes to that node."""
    via = address_inside(node)
    enter("cp", "ip", "route", "replace", f"{balancer}/32", "via", via)
    enter("client", "ip", "route", "replace", f"{balancer}/32", "via", ROUTER)


def address_inside(node):
    return f"198.18.0.1{node.removeprefix('n')}"


@contextlib.contextmanager
def balancers(*listed):
    try:
        yield
    finally:
        for balancer in listed:
            for where in ("cp", "client"):
                enter(where, "ip", "route", "delete", f"{balancer}/32", expect=None)


def give_address(context, namespace, name, balancer):
    """The Service's load balancer is there, as a cloud's controller says it."""
    status, body, _ = context.cluster.request(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/services/{name}/status",
        {"status": {"loadBalancer": {"ingress": [{"ip": balancer}]}}},
        "application/merge-patch+json",
    )
    check(status == 200, f"status of {name}: {body}")


def balanced(context, namespace, brokers):
    """Each broker has waited for the address of its load balancer, and has it now."""
    endpoints = {}
    for name in brokers:
        wait_until(
            f"Service of {name}",
            lambda service_name=f"external-{name}": service(context, namespace, service_name),
        )
        pod = wait_until(
            f"{name} waits",
            lambda pod_name=name: (
                (pod := context.cluster.pod(namespace, pod_name))
                and init_state(pod)[0] == "running"
                and pod
            ),
            30,
        )
        check(endpoint(pod) is None, f"{name} has an endpoint before its load balancer has one")
        balancer = BALANCER.format(name[-1])
        give_address(context, namespace, f"external-{name}", balancer)
        lead(balancer, pod["spec"]["nodeName"])
        endpoints[name] = (balancer, LISTENER_PORT)
    found = wait_exposed(context, namespace, "external", brokers)
    check(found == endpoints, f"endpoints {found}, not {endpoints}")
    return endpoints


def test_load_balancers(context):
    """Their addresses are given by hand and served by kube-proxy; source ranges are enforced by it,
    so whoever is not in allow-from gets no answer."""
    names = BROKERS[:2]
    wishes = {"portside.dev/type": "LoadBalancer", "portside.dev/allow-from": f"{CLIENT}/32"}
    namespace = context.namespace()
    create(context, namespace, "standin", annotated(wishes, 2))
    with balancers(BOOTSTRAP_BALANCER, *(BALANCER.format(name[-1]) for name in names)):
        endpoints = balanced(context, namespace, names)
        pods = ready(context, namespace, 2)
        for name, (host, port) in endpoints.items():
            check_advertised(context, namespace, name, {"PORTSIDE": f"{host}:{port}"})
        wait_answers({f"{h}:{p}": answer_of(name) for name, (h, p) in endpoints.items()})
        wait_servers(context, namespace, endpoints)
        give_address(context, namespace, "external-kafka-bootstrap", BOOTSTRAP_BALANCER)
        free = next(n for n in NODES if n not in {p["spec"]["nodeName"] for p in pods.values()})
        lead(BOOTSTRAP_BALANCER, free)
        at = f"{BOOTSTRAP_BALANCER}:{LISTENER_PORT}"
        wait_until("bootstrap", lambda: f" port={LISTENER_PORT} " in dial([at])[at])
        strangers = dial([f"{h}:{p}" for h, p in endpoints.values()] + [at], where="cp")
        check(
            set(strangers.values()) == {"no-answer"}, f"one who is not in allow-from: {strangers}"
        )


def test_load_balancers_open_to_anyone(context):
    """The counterpart: without allow-from the same stranger is answered."""
    namespace = context.namespace()
    wishes = {"portside.dev/type": "LoadBalancer"}
    create(context, namespace, "standin", annotated(wishes, 1))
    with balancers(BALANCER.format(0)):
        endpoints = balanced(context, namespace, BROKERS[:1])
        ready(context, namespace, 1)
        at = "{}:{}".format(*endpoints["kafka-0"])
        wait_until("an answer", lambda: dial([at], "cp")[at].startswith("pod=kafka-0 "))
        wait_answers({at: answer_of("kafka-0")})
