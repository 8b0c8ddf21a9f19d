# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev lint [--fix | LINT…]
#
# Runs the lints of tools/lint, or only those named:
#
#   includes.py   lower layers never include or link higher ones
#   banned.py     functions the project does not call
#   text.py       licence line, file length, nothing of one machine
#   functions.py  no function over 80 lines; prints the median, p95 and the longest
#   docs.py       pages explain what the program says, and their links lead somewhere
#   purity        the core needs no clock, file, heap or environment
#   format        C as clang-format writes it
#   scripts       shellcheck
#   selftest      each of these can fail
#   counting      ./dev test counts what fails
#
# --fix formats the code instead.

need build test lint
if [ "${1:-}" = --fix ]; then
    exec "$root/tools/lint/format" "$root" --fix
fi
if [ $# -eq 0 ] || [ "$1" = purity ]; then
    must "building dev for the purity lint" build-dev build_preset dev
fi
PORTSIDE_BUILD=$root/build/dev exec "$root/tools/lint/run" "$@"
