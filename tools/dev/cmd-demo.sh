# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev demo [--stop]
#
# Brings up etcd, kube-apiserver and kube-controller-manager on loopback, with portside as their
# webhook, creates a Kafka StatefulSet and shows one of its pods before and after. It says how to
# look around and how to stop it. The first time takes about ten minutes, mostly to compile
# Kubernetes; then seconds. It writes build/, ~/.cache and the module cache of Go.
#
#   --stop   end what a demo started and forget its data

case ${1:-} in
'') ;;
--stop)
    [ $# -eq 1 ] || die "unknown argument '$2': ./dev demo --help"
    exec "$root/tools/dev/demo.sh" --stop
    ;;
*) die "unknown argument '$1': ./dev demo --help" ;;
esac
need build test e2e
need_go
must "building release in build/release" build-release build_preset release
[ -x "$root/tools/dev/demo.sh" ] || die "tools/dev/demo.sh is not there yet"
"$root/tests/e2e/build"
export PORTSIDE_BUILD=$root/build/release PORTSIDE_BIN=$root/build/release/bin/portside
exec "$root/tools/dev/demo.sh" "$@"
