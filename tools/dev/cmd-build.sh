# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev build [PRESET…]
#
# Configures and builds in build/PRESET; without a name: dev.
#
#   dev       gcc, debug, warnings are errors
#   clang     the same with clang
#   release   optimised, hardening flags of the OpenSSF guide
#   asan      AddressSanitizer and UndefinedBehaviorSanitizer
#   tsan      ThreadSanitizer
#   coverage  counters for gcov
#   fuzz      clang with libFuzzer
#
# The program is build/PRESET/bin/portside.

for preset in "${@:-dev}"; do
    is_preset "$preset" || die "no preset '$preset': ./dev build --help lists them"
done
for preset in "${@:-dev}"; do
    # shellcheck disable=SC2046
    need $(packages_of_preset "$preset")
    must "building $preset in build/$preset" "build-$preset" build_preset "$preset"
done
