#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo [--stop]
#
# Shows portside at work, on this machine alone: brings up a real Kubernetes API server on loopback,
# starts portside as its admission webhook, creates a Kafka StatefulSet as anybody would write it,
# and shows what came back: the warnings at kubectl, portside's log line, one pod before and after.
#
# Everything stays up when it ends, so that you can look around; it says how. There are no nodes, so
# the pods stay Pending: admission needs none.
#
#   --stop      end what it started and forget its data
#   -h, --help  this text
#
# The program is $PORTSIDE_BIN (./dev sets it to what it built). All data lies in
# $PORTSIDE_CACHE/demo (~/.cache/portside/demo). Running it again starts portside anew.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}
export PORTSIDE_E2E_STATE=$cache/demo
# shellcheck source=../../tests/e2e/lib.sh disable=SC1091
. "$root/tests/e2e/lib.sh"

manifest=tests/e2e/manifests/apache-env.yaml
namespace=kafka
program=${PORTSIDE_BIN:-$root/build/dev/bin/portside}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' yellow=$'\e[33m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' yellow='' dim='' plain=''
fi

case ${1:-} in
    '') ;;
    --stop) exec "$root/tests/e2e/down" ;;
    -h | --help)
        awk 'NR > 3 && !/^#/ { exit } NR > 3 { sub(/^# ?/, ""); print }' "$0"
        exit 0
        ;;
    *) die "unknown argument '$1', see ./dev demo --help" ;;
esac

# step TEXT COMMAND…: runs it and says how long it took.
step() {
    local text=$1 begun
    shift
    begun=$(now)
    printf '%s==>%s %s ' "$bold" "$plain" "$text"
    "$@"
    printf '%s(%s s)%s\n' "$dim" "$(since "$begun")" "$plain"
}

# heading TEXT
heading() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

kubectl() {
    "$E2E_BIN/kubectl" --kubeconfig "$E2E_STATE/kubeconfig" "$@"
}

# shown ARGUMENT…: a kubectl command as a person would type it, and what kubectl says.
shown() {
    printf '%s$ kubectl %s%s\n' "$bold" "$*" "$plain"
    kubectl "$@" 2>&1 | sed "s/^Warning:.*/$yellow&$plain/"
}

start_portside() {
    local ports
    end portside
    "$root/certs/dev-ca.sh" --dir "$E2E_STATE/certs" --san 127.0.0.1 >/dev/null
    read -ra ports < <(python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[s.getsockname()[1] for s in held])')
    url=https://127.0.0.1:${ports[0]}/mutate
    plain_url=http://127.0.0.1:${ports[1]}
    rm -f "$E2E_STATE/log/portside.log"
    launch portside "$program" serve \
        --listen "127.0.0.1:${ports[0]}" --plain-listen "127.0.0.1:${ports[1]}" \
        --tls-cert "$E2E_STATE/certs/portside.crt" --tls-key "$E2E_STATE/certs/portside.key" \
        --log-format json --drain-seconds 0
    wait_for 10 portside curl -fs "$plain_url/readyz"
}

# clear_namespace: a demo that is run again begins with an empty namespace.
clear_namespace() {
    kubectl delete namespace "$namespace" --ignore-not-found --timeout 60s >/dev/null
}

wait_pods() {
    wait_for 30 'pod kafka-2' kubectl get pod kafka-2 -n "$namespace"
}

# log_line POD: the record of the first time that portside was asked about it.
log_line() {
    grep -m1 "\"namespace\":\"$namespace\",\"name\":\"$1\"" "$E2E_STATE/log/portside.log"
}

look_around() {
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

  curl -s $plain_url/metrics
  tail -f $E2E_STATE/log/portside.log

  Try a manifest of your own: kubectl create -n $namespace -f FILE
  Stop: ./dev demo --stop
EOT
}

[[ -x $program ]] || die "'$program' is missing, run: ./dev build"
"$root/tests/e2e/build"
step 'control plane: etcd, kube-apiserver, kube-controller-manager' "$root/tests/e2e/up" -q
step 'portside serve' start_portside
step 'webhook registered as tests/e2e/webhook.yaml says' \
    "$root/tests/e2e/register" "$url" "$E2E_STATE/certs/ca.crt"
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
