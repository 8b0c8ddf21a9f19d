# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev setup [GROUP…]
#
# Installs the packages of these groups, or of all: build, test, lint, judge, go, e2e, image,
# image_test, fuzz. The other commands do this by themselves; tools/dev/packages.sh has the lists.

if [ $# -eq 0 ]; then
    # shellcheck disable=SC2086
    set -- $package_groups "$(other_architecture)"
fi
need "$@"
[[ " $* " != *" go "* ]] || need_go
echo "all packages of these groups are installed: $*"
