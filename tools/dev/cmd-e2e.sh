# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev e2e [ARGUMENTS…]              against a real API server without nodes
# ./dev e2e controller [ARGUMENTS…]   the same with the controller on: all faults, many StatefulSets
# ./dev e2e nodes [ARGUMENTS…]        on three real nodes in network namespaces, with real Kafka
#                                     (root)
# ./dev e2e rollouts [ARGUMENTS…]     on the same: the chart and the image, upgraded, drained and
#                                     killed while Kafka pods are created; --rounds N: each event
#                                     so many times
#
# Builds portside and the parts of Kubernetes that it needs (about $minutes_api_server minutes the first time,
# $minutes_nodes with nodes) and runs the end-to-end tests; the arguments go to tests/e2e/run,
# run-controller, run-nodes or run-rollouts.
#
#   --down   end the API server, or the nodes, that an earlier run has left running

suite=run
case ${1:-} in
controller | nodes | rollouts)
    suite=run-$1
    shift
    ;;
esac
if [ "${1:-}" = --down ]; then
    [ $# -eq 1 ] || die "unknown argument '$2': ./dev e2e --help"
    [[ $suite != run-nodes && $suite != run-rollouts ]] || exec "$root/tests/e2e/nodes-down"
    exec "$root/tests/e2e/down"
fi
need build test e2e
need_go
program=$root/build/release/bin/portside
if [ "$suite" = run-rollouts ]; then
    need image
    program=$root/build/image/bin/portside
    must "compiling for the image in build/image" build-image "$root/tools/image/compile" \
        "$root/build/image"
else
    must "building release in build/release" build-release build_program
fi
case $suite in
run-nodes) "$root/tests/e2e/build" nodes ;;
run-rollouts) "$root/tests/e2e/build" nodes certmanager ;;
*) "$root/tests/e2e/build" ;;
esac
case $suite in run-controller | run-rollouts) set -- --long "$@" ;; esac
exec "$root/tests/e2e/$suite" --portside "$program" "$@"
