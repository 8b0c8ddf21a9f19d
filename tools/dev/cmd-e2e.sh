# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev e2e [ARGUMENTS…]
#
# Builds portside and the real Kubernetes API server (about six minutes the first time) and runs the
# end-to-end tests; the arguments go to tests/e2e/run.

need build test e2e
need_go
must "building release in build/release" build-release build_preset release
[ -x "$root/tests/e2e/run" ] || die "tests/e2e/run is not there yet"
"$root/tests/e2e/build"
exec "$root/tests/e2e/run" --portside "$root/build/release/bin/portside" "$@"
