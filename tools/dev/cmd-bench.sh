# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev bench [OPTIONS…]
#
# Measures portside beside three Go webhooks that do the same work, and beside a bare loop of OpenSSL
# that does none: reviews a second, latency, processor time, memory. Wants two processors and a quiet
# machine; about eight minutes, and two more to build the peers the first time.
#
#   ./dev bench --smoke                  no figures: are all answers right, does each scenario work?
#   ./dev bench --only pod-16,rate       some of the scenarios
#   ./dev bench --rounds 9 --json FILE   more rounds, with all figures in a file
#   bench/run --help                     all options, the scenarios, and how to read the table

need build test go
need_go
must "building release in build/release" build-release build_program
PORTSIDE_BUILD=$root/build/release PORTSIDE_BIN=$root/build/release/bin/portside \
    exec "$root/bench/run" "$@"
