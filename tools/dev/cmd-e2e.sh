# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev e2e [ARGUMENTS…]              against a real API server without nodes
# ./dev e2e controller [ARGUMENTS…]   the same with the controller on: all faults, many StatefulSets
# ./dev e2e nodes [ARGUMENTS…]        on three real nodes in network namespaces, with real Kafka
#                                     (root)
#
# Builds portside and the parts of Kubernetes that it needs (about six minutes the first time, ten
# with nodes) and runs the end-to-end tests; the arguments go to tests/e2e/run, run-controller or
# run-nodes.
#
#   --down   end the API server, or the nodes, that an earlier run has left running

suite=run
case ${1:-} in
controller | nodes)
    suite=run-$1
    shift
    ;;
esac
if [ "${1:-}" = --down ]; then
    [ $# -eq 1 ] || die "unknown argument '$2': ./dev e2e --help"
    [ "$suite" != run-nodes ] || exec "$root/tests/e2e/nodes-down"
    exec "$root/tests/e2e/down"
fi
need build test e2e
need_go
must "building release in build/release" build-release build_preset release
if [ "$suite" = run-nodes ]; then
    "$root/tests/e2e/build" nodes
else
    "$root/tests/e2e/build"
fi
[ "$suite" != run-controller ] || set -- --long "$@"
exec "$root/tests/e2e/$suite" --portside "$root/build/release/bin/portside" "$@"
