# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev image [--name NAME:TAG]
#
# Builds the container image, without a container engine: build/image/portside.tar, and its bill of
# materials build/image/portside.spdx.json (SPDX). Load it where a cluster finds it:
#
#   ctr --namespace k8s.io images import build/image/portside.tar     (on each node)
#   docker load --input build/image/portside.tar
#
# The same sources and Debian packages give the same digest. charts/portside installs it.

need build image
must "compiling for the image in build/image" build-image "$root/tools/image/compile" "$root/build/image"
"$root/tools/image/build" "$root/build/image/bin/portside" "$root/build/image" "$@"
