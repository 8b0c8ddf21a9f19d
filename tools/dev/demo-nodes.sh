#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo
#
# Shows portside at work, on this machine alone: brings up a real Kubernetes cluster of three nodes
# in network namespaces, starts portside, creates a Kafka of three brokers as anybody would write it,
# and moves a message through it from a client that has routes to the nodes and to nothing else.
#
# Everything stays up when it ends, so that you can look around; it says how.
#
#   --stop      end all of it: processes, namespaces, mounts, cgroups, data
#   -h, --help  this text
#
# The program is $PORTSIDE_BIN (./dev sets it to what it built). The nodes are those of
# tests/e2e/nodes-up and stay for the next run. Running it again starts portside and Kafka anew.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../../tests/e2e/nodes/lib.sh disable=SC1091
. "$root/tests/e2e/nodes/lib.sh"
# shellcheck source=demo-lib.sh source-path=SCRIPTDIR disable=SC1091
. "$root/tools/dev/demo-lib.sh"
export PORTSIDE_E2E_STATE=$E2E_STATE

manifest=tools/dev/demo.yaml
version=4.1.0
serve_options=(--controller on --kubeconfig "$E2E_STATE/kubeconfig")
topic=greetings

case ${1:-} in
    '') ;;
    --stop) exec "$root/tests/e2e/nodes-down" ;;
    -h | --help)
        help_of "$0"
        exit 0
        ;;
    *) die "unknown argument '$1', see ./dev demo --help" ;;
esac

# claim_nodes: not while tests run on them
claim_nodes() {
    mkdir -p "$E2E_STATE"
    # One of those that daemons are started without: see launch.
    exec 8>>"$E2E_STATE/tests.lock"
    flock -n 8 || die "tests run on the nodes just now (tests/e2e/run-nodes), try again later"
}

# load_kafka: under the name that manifests say. There is no registry here: what a node has is not
# pulled.
load_kafka() {
    local node file
    file=$("$root/tests/e2e/kafka-image" "$version")
    if ! on_node n3 ctr -n k8s.io images list -q | grep -qx "localhost/apache-kafka:$version"; then
        "$root/tests/e2e/load-image" "$file"
    fi
    for node in $(known_nodes); do
        on_node "$node" ctr -n k8s.io images tag --force "localhost/apache-kafka:$version" \
            "docker.io/apache/kafka:$version"
    done
}

serve_beside_the_api_server() {
    kubectl create namespace portside --dry-run=client -o yaml | kubectl apply -f -
    start_portside nsenter --net="$(netns cp)"
}

all_ready() {
    kubectl wait -n "$namespace" --for condition=Ready --timeout 1s \
        pod/kafka-0 pod/kafka-1 pod/kafka-2
}

wait_brokers() {
    wait_for 120 'three brokers' all_ready
    wait_for 30 'bootstrap.servers' has_servers
}

servers() {
    kubectl get configmap external-kafka -n "$namespace" -o 'jsonpath={.data.bootstrap\.servers}'
}

has_servers() {
    [[ $(servers) == *,*,* ]]
}

# outside ARGUMENT…: kcat as the client outside, shown as a person would type it
outside() {
    # shellcheck disable=SC2016
    printf '%s$ %stests/e2e/enter client kcat -b $servers%s%s\n' "$bold" \
        "${said:+echo$(quoted "$said") | }" "$(quoted "$@")" "$plain"
    "$root/tests/e2e/enter" client kcat -b "$servers" "$@"
}

show_brokers() {
    local host='.metadata.annotations.external\.portside\.dev/host'
    local port='.metadata.annotations.external\.portside\.dev/port'
    heading 'One Service for each broker, and one to begin with'
    shown get services -n "$namespace"
    heading 'Where each broker is reached: its node, known only once it was scheduled'
    shown get pods -n "$namespace" -o \
        "custom-columns=POD:.metadata.name,NODE:.spec.nodeName,HOST:$host,PORT:$port"
    heading 'What clients are given'
    shown get configmap external-kafka -n "$namespace" -o 'jsonpath={.data.bootstrap\.servers}{"\n"}'
}

show_client() {
    local servers said=
    servers=$(servers)
    heading 'A client outside: it has routes to the addresses of nodes and to nothing else'
    printf '%s$ servers=%s%s\n' "$bold" "$servers" "$plain"
    outside -L
    heading 'A message out and back'
    said='hello from outside'
    outside -P -t "$topic" <<<"$said"
    said=
    outside -C -t "$topic" -o beginning -e -q
}

look_around() {
    local ports
    read -ra ports <"$E2E_STATE/portside.ports"
    heading 'Look around'
    cat <<EOT
  export KUBECONFIG=$E2E_STATE/kubeconfig PATH=$E2E_BIN:\$PATH
  export PORTSIDE_E2E_STATE=$E2E_STATE
  kubectl get pods -n $namespace -o wide
  kubectl describe pod kafka-0 -n $namespace
  kubectl logs kafka-0 -n $namespace -c portside-address
  tests/e2e/show-pod $namespace kafka-0        # what was added to the pod
  tests/e2e/enter client bash             # a shell of the client outside, with kcat
  tests/e2e/enter n2 iptables-save        # a node: what kube-proxy made of the Services

  # a broker that is made anew keeps its port
  kubectl delete pod kafka-1 -n $namespace
  # metadata only: no rollout, but a warning that names the next step
  kubectl annotate statefulset kafka -n $namespace portside.dev/listener-port=9294
  # refused, with the reason
  kubectl annotate statefulset kafka -n $namespace portside.dev/type=Ingress

  tests/e2e/enter cp curl -s http://127.0.0.1:${ports[1]}/metrics
  tail -f $E2E_STATE/log/portside.log

  Stop: ./dev demo --stop
EOT
}

[[ -x $program ]] || die "'$program' is missing, run: ./dev build"
claim_nodes
step 'control plane, three nodes and a client outside of the cluster' "$root/tests/e2e/nodes-up" -q
step "Kafka $version on every node" load_kafka
step "namespace '$namespace' emptied" clear_namespace
step 'portside serve, webhook and controller' serve_beside_the_api_server
step 'webhook registered as tests/e2e/webhook.yaml says' register_portside

heading "A Kafka of three brokers, as anybody would write it: $manifest"
echo "There is no registry here: the nodes have an image of that name, made of Kafka's own jars."
cd "$root"
shown create namespace "$namespace"
shown label namespace "$namespace" portside.dev/inject=enabled
shown create -n "$namespace" -f "$manifest"
step 'three brokers ready' wait_brokers
show_brokers
show_client
look_around
