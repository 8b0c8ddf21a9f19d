#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo --no-nodes
#
# Shows what portside does at admission, without root: brings up a real Kubernetes API server on
# loopback, starts portside as its webhook, creates a Kafka StatefulSet as anybody would write it,
# and shows what came back: the warnings at kubectl, portside's log line, one pod before and after.
#
# Everything stays up when it ends, so that you can look around; it says how. There are no nodes, so
# the pods stay Pending: admission needs none.
#
#   --stop      end what it started and forget its data
#   -h, --help  this text
#
# The program is $PORTSIDE_BIN (./dev sets it to what it built). All data lies in
# $PORTSIDE_E2E_STATE, by default $PORTSIDE_CACHE/demo (~/.cache/portside/demo). Running it again
# starts portside anew.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}
export PORTSIDE_E2E_STATE=${PORTSIDE_E2E_STATE:-$cache/demo}
# shellcheck source=../../tests/e2e/lib.sh disable=SC1091
. "$root/tests/e2e/lib.sh"

# shellcheck source=demo-lib.sh source-path=SCRIPTDIR disable=SC1091
. "$root/tools/dev/demo-lib.sh"

manifest=tests/e2e/manifests/apache-env.yaml

case ${1:-} in
    '') ;;
    --stop) exec "$root/tests/e2e/down" ;;
    -h | --help)
        awk 'NR > 3 && !/^#/ { exit } NR > 3 { sub(/^# ?/, ""); print }' "$0"
        exit 0
        ;;
    *) die "unknown argument '$1', see ./dev demo --help" ;;
esac

wait_pods() {
    wait_for 30 'pod kafka-2' kubectl get pod kafka-2 -n "$namespace"
}

look_around() {
    read -ra ports <"$E2E_STATE/portside.ports"
    local stop=
    [[ $E2E_STATE == "$cache/demo" ]] || stop="PORTSIDE_E2E_STATE=$E2E_STATE "
    heading 'Look around'
    cat <<EOT
  export KUBECONFIG=$E2E_STATE/kubeconfig PATH=$E2E_BIN:\$PATH
  kubectl get pod kafka-0 -n $namespace -o yaml

  # metadata only: no rollout, but a warning that names the next step
  kubectl annotate statefulset kafka -n $namespace portside.dev/listener-port=9294
  # refused, with the reason
  kubectl annotate statefulset kafka -n $namespace portside.dev/type=Ingress
  # new pods are injected, too
  kubectl scale statefulset kafka -n $namespace --replicas=5

  curl -s http://127.0.0.1:${ports[1]}/metrics
  tail -f $E2E_STATE/log/portside.log

  Try a manifest of your own: kubectl create -n $namespace -f FILE
  Stop: $stop./dev demo --no-nodes --stop
EOT
}

[[ -x $program ]] || die "'$program' is missing, run: ./dev build"
"$root/tests/e2e/build"
step 'control plane: etcd, kube-apiserver, kube-controller-manager' "$root/tests/e2e/up" -q
step 'portside serve' start_portside
step 'webhook registered as tests/e2e/webhook.yaml says' register_portside
step "namespace '$namespace' emptied" clear_namespace

heading "A Kafka of three brokers, as anybody would write it: $manifest"
cd "$root"
shown create namespace "$namespace"
shown label namespace "$namespace" portside.dev/inject=enabled
shown create -n "$namespace" -f "$manifest"
step 'three pods created' wait_pods
heading "What portside logged about kafka-0"
log_line kafka-0
heading "kafka-0: the StatefulSet's template (-) and the pod (+)"
"$root/tests/e2e/show-pod" "$namespace" kafka-0
look_around
