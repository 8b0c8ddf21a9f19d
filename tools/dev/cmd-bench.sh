# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev bench
#
# Measurements. They come with a later issue; until bench/run exists this command says so.

if [ ! -x "$root/bench/run" ]; then
    die "there are no benchmarks yet: they come with a later issue"
fi
need build
must "building release in build/release" build-release build_preset release
PORTSIDE_BUILD=$root/build/release PORTSIDE_BIN=$root/build/release/bin/portside \
    exec "$root/bench/run" "$@"
