# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev coverage [FILE…]
#
# Which lines and branches of the pure layers, src/base and src/core, do the unit tests, the goldens
# and the corpora of the fuzz targets reach? Builds preset coverage, runs all three, and prints the
# files that are furthest from the goal: 95 % of the lines, 90 % of the branches. A branch is one way
# out of a condition, and each part of a && or || is a condition. Ends with 1 if a goal is missed.
#
#   ./dev coverage                     figures of both layers and their weakest files
#   ./dev coverage src/core/lease.c    runs nothing: which lines and branches of it were not reached?

build=$root/build/coverage
if [ $# -gt 0 ]; then
    [ -d "$build" ] || die "nothing was measured yet: run ./dev coverage first"
    exec python3 "$root/tools/dev/coverage.py" "$build" "$@"
fi

# measure: what the three suites reach, from nothing.
measure() {
    find "$build" -name '*.gcda' -delete
    export CK_TIMEOUT_MULTIPLIER=10
    ctest --test-dir "$build" --label-regex '^(unit|fuzz)$' --parallel "$jobs" --output-on-failure &&
        "$build/bin/portside" review "$root/tests/golden"
}

need build test
must "building coverage in build/coverage" build-coverage build_preset coverage
must "running unit tests, goldens and corpora" coverage measure
exec python3 "$root/tools/dev/coverage.py" "$build"
