# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev clean [--cache]
#
# Removes build/. With --cache also ~/.cache/portside, where the built Kubernetes is (about
# $minutes_api_server minutes to build again, $minutes_nodes with nodes).

case ${1:-} in
'' | --cache) ;;
*) die "unknown argument '$1': ./dev clean --help" ;;
esac
if [ -x "$root/tests/e2e/down" ]; then
    "$root/tests/e2e/down" >/dev/null 2>&1 || true
fi
rm -rf "$root/build"
if [ "${1:-}" = --cache ]; then
    # What runs from the cache ends first.
    "$root/tools/dev/demo.sh" --stop >/dev/null 2>&1 || true
    cache=${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}
    # Modules of Go are read-only.
    [ ! -d "$cache" ] || chmod -R u+w "$cache"
    rm -rf "$cache"
fi
