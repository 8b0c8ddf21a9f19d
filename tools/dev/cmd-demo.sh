# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo [--no-nodes] [--stop]
#
# Shows portside at work on this machine alone. It brings up Kubernetes with three real nodes in
# network namespaces, starts portside, creates an ordinary Kafka StatefulSet of three brokers, and
# moves a message through it from a client that has routes to the nodes and to nothing else. All that
# kubectl says is shown; everything stays up, and it says how to look around.
#
# Needs root, namespaces and cgroup v1. Without them, or with --no-nodes, a Kubernetes API server
# alone is brought up, and one pod is shown before and after: what the webhook does, but no broker
# runs.
#
# The first time Kubernetes is compiled: about $minutes_nodes minutes, without nodes $minutes_api_server. Then it
# takes a minute, and half of it while the nodes are still up. It writes build/, ~/.cache and the
# module cache of Go.
#
#   --no-nodes   the API server alone; needs no root
#   --stop       end all that a demo started (processes, namespaces, mounts, cgroups) and forget its
#                data; also ends the nodes that ./dev e2e nodes has left running, which are the same,
#                unless --no-nodes is given as well
#
# The demo without nodes keeps its data in $PORTSIDE_E2E_STATE, by default ~/.cache/portside/demo.

nodes=yes
stop=
while [ $# -gt 0 ]; do
    case $1 in
    --no-nodes) nodes= ;;
    --stop) stop=yes ;;
    *) die "unknown argument '$1': ./dev demo --help" ;;
    esac
    shift
done

if [ -n "$stop" ]; then
    state=${PORTSIDE_E2E_STATE:-${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}/demo}
    [ ! -d "$state" ] || "$root/tools/dev/demo.sh" --stop
    [ -z "$nodes" ] || [ "$(id -u)" -ne 0 ] || "$root/tools/dev/demo-nodes.sh" --stop
    exit 0
fi
need build test e2e
need_go
must "building release in build/release" build-release build_program
export PORTSIDE_BUILD=$root/build/release PORTSIDE_BIN=$root/build/release/bin/portside
if [ -n "$nodes" ]; then
    why=$("$root/tests/e2e/nodes-up" --why-not)
    if [ -n "$why" ]; then
        echo "${bold}==>${plain} no nodes on this machine: $why. The API server alone, then:"
        nodes=
    fi
fi
if [ -z "$nodes" ]; then
    exec "$root/tools/dev/demo.sh"
fi
"$root/tests/e2e/build" nodes
"$root/tests/e2e/kafka-image" >/dev/null
exec "$root/tools/dev/demo-nodes.sh"
