# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# Shared by nodes-up, nodes-down, ci-nodes, enter, load-image, set-addresses and nodes/node: the network plan
# and who is who.
#
#   portside-cp      control plane, and the router between the others   198.18.0.1, 198.51.100.1
#   portside-nN      a node: InternalIP 198.18.0.1N, ExternalIP 203.0.113.1N
#                    pods 10.244.N.0/24; Services 10.96.0.0/16; DNS 169.254.20.10 on every node
#   portside-client  a client outside of the cluster, 198.51.100.100: has routes to the addresses of
#                    nodes and to nothing else
# shellcheck source=../lib.sh source-path=SCRIPTDIR disable=SC1091
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

E2E_STATE=$E2E_CACHE/nodes
# Says whose the namespaces of this machine are.
E2E_OWNER=/run/portside-e2e.nodes
export KUBECONFIG=$E2E_STATE/kubeconfig KUBECACHEDIR=$E2E_STATE/kubectl
PATH=$E2E_BIN:$PATH:/usr/sbin:/sbin

CONTROL_IP=198.18.0.1
ROUTER_IP=198.51.100.1
CLIENT_IP=198.51.100.100
DNS_IP=169.254.20.10

internal_ip() { echo "198.18.0.1${1#n}"; }
external_ip() { echo "203.0.113.1${1#n}"; }
pod_network() { echo "10.244.${1#n}.0/24"; }
zone() {
    local letters=(c a b)
    echo "zone-${letters[${1#n} % 3]}"
}

# netns NAME: the file of a network namespace of ours.
netns() { echo "/run/netns/portside-$1"; }

# The namespaces that are there were made with this state: names and addresses are fixed, so a
# machine carries one set of nodes at a time.
network_is_ours() {
    local made
    [[ -e $(netns cp) ]] && made=$(cat "$E2E_STATE/network" 2>/dev/null) &&
        [[ $made == "$(stat -Lc %i "$(netns cp)")" ]]
}

# remove_netns NAME…: those that are there
remove_netns() {
    local name
    for name in "$@"; do
        [[ ! -e $(netns "$name") ]] || ip netns del "portside-$name"
    done
}

need_root() {
    [[ $(id -u) == 0 ]] || die "must run as root: network namespaces, mounts, cgroups"
}

# why_unable: why this machine cannot have nodes, whatever is installed; nothing if it can.
why_unable() {
    local links='ip link add left0 type veth peer name right0 && ip link add wire0 type bridge'
    if [[ $(id -u) != 0 ]]; then
        echo "must run as root: network namespaces, mounts, cgroups"
    elif ! unshare --mount --net --pid --uts --ipc --fork true 2>/dev/null; then
        echo "no namespaces may be made here, which takes CAP_SYS_ADMIN"
    elif ! unshare --net sh -c "$links" 2>/dev/null; then
        echo "the kernel makes no veth or no bridge"
    elif [[ ! -w /sys/fs/cgroup/memory ]]; then
        echo "wants cgroup v1, writable; kernel option systemd.unified_cgroup_hierarchy=0"
    fi
}

# known_nodes: all nodes of this state, whether they run or not.
known_nodes() {
    find "$E2E_STATE" -maxdepth 1 -type d -name 'n[1-9]' -printf '%f\n' 2>/dev/null | sort
}

# init_of NODE: the pid of a running node's first process.
init_of() {
    local pid child
    alive "$1" || return 1
    read -r pid _ <"$E2E_STATE/pids/$1"
    read -r child _ <"/proc/$pid/task/$pid/children" || [[ -n $child ]]
    echo "$child"
}

# rule_of_silence -I|-D NODE: packets to, from and through it are lost, without a word.
rule_of_silence() {
    local chain
    for chain in PREROUTING OUTPUT; do
        nsenter --net="$(netns "$2")" iptables -w -t raw "$1" "$chain" -j DROP || return
    done
}

silence() { rule_of_silence -I "$1"; }

# end_silence NODE: whatever an earlier run has left.
end_silence() {
    while rule_of_silence -D "$1" 2>/dev/null; do :; done
}

# power_off NODE: all its processes die at once. What they had mounted goes with them.
power_off() {
    local pid
    if ! alive "$1"; then
        return
    fi
    read -r pid _ <"$E2E_STATE/pids/$1"
    kill -KILL "$(init_of "$1")" "$pid"
    while alive "$1"; do
        sleep 0.02
    done
    rm -f "$E2E_STATE/pids/$1"
}

# remove_cgroups NODE: what a dead node leaves. The kernel empties them a moment after the death.
remove_cgroups() {
    local group deadline=$((SECONDS + 5))
    [[ -f $E2E_STATE/$1/cgroups ]] || return 0
    while read -r group; do
        while [[ -d $group ]] &&
            ! find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do
            [[ $SECONDS -lt $deadline ]] || die "'$group' is not empty"
            sleep 0.05
        done
        rmdir "${group%/*}" 2>/dev/null || true
    done <"$E2E_STATE/$1/cgroups"
    rm "$E2E_STATE/$1/cgroups"
}

# on_node NODE COMMAND…: in all namespaces of the node
on_node() {
    local pid
    pid=$(init_of "$1") || die "node '$1' does not run"
    shift
    nsenter --target "$pid" --all "$@"
}
