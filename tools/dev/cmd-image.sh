# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev image [--platform PLATFORM[,PLATFORM]] [--name NAME:TAG]
#
# Builds the container image, without a container engine: build/image/portside.tar, and its bill of
# materials build/image/portside.spdx.json (SPDX). Load it where a cluster finds it:
#
#   ctr --namespace k8s.io images import build/image/portside.tar     (on each node)
#   docker load --input build/image/portside.tar
#
#   --platform   linux/amd64, linux/arm64 or both with a comma between (default: this machine's).
#                Another one than this machine's is cross-compiled; its libraries are Debian packages
#                too, unpacked in ~/.cache/portside, and the machine's apt is left as it is. Both make
#                one image that each node takes its half of, with a bill for each:
#                portside.amd64.spdx.json, portside.arm64.spdx.json
#   --name       what it is called (default: localhost/portside:VERSION)
#
# To push an image for both: ctr images import --all-platforms, then ctr images push; or
# skopeo copy --all oci-archive:build/image/portside.tar docker://NAME:TAG. docker load takes it where
# Docker keeps its images in containerd; other Dockers want one platform at a time.
#
# The same sources and Debian packages give the same digest. charts/portside installs it.

native=$(dpkg --print-architecture 2>/dev/null) || die "Debian's packages are what the image is made of, and there is no dpkg"
platforms=linux/$native
name=()
while [ $# -gt 0 ]; do
    case $1 in
    --platform=* | --name=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
    --platform | --name)
        [ -n "${2:-}" ] || die "$1 wants a value: ./dev image --help"
        if [ "$1" = --name ]; then name=(--name "$2"); else platforms=$2; fi
        shift
        ;;
    *) die "unknown argument '$1': ./dev image --help" ;;
    esac
    shift
done

architectures=()
for platform in $(tr , '\n' <<<"$platforms"); do
    case $platform in
    linux/amd64) architectures+=(amd64) ;;
    linux/arm64 | linux/arm64/v8) architectures+=(arm64) ;;
    *) die "no image for platform '$platform': choose from linux/amd64 and linux/arm64, as in --platform linux/amd64,linux/arm64" ;;
    esac
done

[ ${#architectures[@]} -gt 0 ] || die "--platform names none: ./dev image --help"

programs=()
for architecture in $(printf '%s\n' "${architectures[@]}" | sort -u); do
    folder=$root/build/image
    [ "$architecture" = "$native" ] || folder+=-$architecture
    programs+=("$folder/bin/portside")
    need build image
    [ "$architecture" = "$native" ] || need "$architecture"
    must "compiling for the image in ${folder#"$root"/}" "build-${folder##*/}" \
        "$root/tools/image/compile" "$folder" "$architecture"
done
"$root/tools/image/build" "${programs[@]}" "$root/build/image" "${name[@]}"
