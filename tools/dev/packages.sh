# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# What ./dev installs on Debian 12, in groups. An entry is a package, or package=command where a
# command of that name on PATH, whoever put it there, is as good as the package.

# What the program is compiled with, for whatever architecture.
packages_target='libc6-dev libcjson-dev libssl-dev libcurl4-openssl-dev libyaml-dev
    libmicrohttpd-dev'

packages_build="gcc=gcc cmake=cmake ninja-build=ninja pkg-config=pkg-config $packages_target
    ca-certificates git=git"

packages_test='check dash=dash busybox=busybox mksh=mksh curl=curl openssl=openssl jq=jq
    python3 python3-jsonpatch python3-yaml python3-prometheus-client procps=ps
    faketime=faketime'

packages_lint='binutils=nm clang-format-14=clang-format-14 shellcheck=shellcheck
    universal-ctags=ctags python3'

packages_judge='openjdk-17-jdk-headless=javac maven=mvn'

# The Go of Debian 12 is too old for Kubernetes, but new enough to fetch a newer one as a module: see
# need_go in lib.sh.
packages_go='golang-go=go ca-certificates'

# From containerd on: for real nodes (tests/e2e/nodes-up) and the Kafka image that runs there.
packages_e2e='ca-certificates curl=curl openssl=openssl jq=jq python3
    python3-yaml procps=ps faketime=faketime
    containerd runc containernetworking-plugins iptables=iptables conntrack=conntrack
    iproute2=ip util-linux kcat=kcat busybox-static openjdk-17-jdk-headless=javac maven=mvn'

packages_image='binutils=strip python3 python3-pip=pip3 openssl=openssl'

# For the image of the architecture that this machine is not of.
packages_amd64='gcc-x86-64-linux-gnu=x86_64-linux-gnu-gcc'
packages_arm64='gcc-aarch64-linux-gnu=aarch64-linux-gnu-gcc'

# To run that one, and to see that containerd takes both.
packages_image_test='qemu-user-static=qemu-aarch64-static containerd=containerd'

packages_fuzz='clang-14=clang-14 libclang-rt-14-dev llvm-14=llvm-symbolizer-14'

package_groups='build test lint judge go e2e image image_test fuzz'
