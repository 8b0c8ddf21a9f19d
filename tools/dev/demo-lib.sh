# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Shared by the two demos: how they look, and what both do. Sourced after tests/e2e/lib.sh, which
# knows where things are; $root is the tree.

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' yellow=$'\e[33m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' yellow='' dim='' plain=''
fi
namespace=kafka
program=${PORTSIDE_BIN:-$root/build/dev/bin/portside}
# What portside serve is told besides its ports and certificates.
serve_options=()

# alive_dots: a dot each five seconds, until it is ended or its script is gone.
alive_dots() {
    local silence
    exec {silence}<> <(:)
    until read -rt 5 -u "$silence" || ! kill -0 $$ 2>/dev/null; do
        printf .
    done
}

# step TEXT COMMAND…: runs it and says how long it took. What it prints is shown if it fails.
step() {
    local text=$1 begun dots status=0 said
    shift
    begun=$(now)
    said=$(mktemp)
    printf '%s==>%s %s ' "$bold" "$plain" "$text"
    alive_dots &
    dots=$!
    set +e
    (
        set -e
        "$@"
    ) >"$said" 2>&1 </dev/null
    status=$?
    set -e
    kill "$dots" 2>/dev/null || true
    wait "$dots" 2>/dev/null || true
    if [[ $status -ne 0 ]]; then
        printf 'failed\n'
        cat "$said" >&2
        rm -f "$said"
        die "the demo ends here; to end what it started: ./dev demo --stop"
    fi
    rm -f "$said"
    printf '%s(%s s)%s\n' "$dim" "$(since "$begun")" "$plain"
}

# heading TEXT
heading() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

kubectl() {
    "$E2E_BIN/kubectl" --kubeconfig "$E2E_STATE/kubeconfig" "$@"
}

# shown ARGUMENT…: a kubectl command as a person would type it, and what kubectl says.
shown() {
    printf '%s$ kubectl%s%s\n' "$bold" "$(quoted "$@")" "$plain"
    kubectl "$@" 2>&1 | sed "s/^Warning:.*/$yellow&$plain/"
}

# quoted ARGUMENT…: as it must be typed, with a space before each
quoted() {
    local word
    for word in "$@"; do
        if [[ $word == *[!a-zA-Z0-9_./:=,+-]* ]]; then
            printf " '%s'" "$word"
        else
            printf ' %s' "$word"
        fi
    done
}

# start_portside ARGUMENT…: its webhook and its probes on free ports of loopback; ARGUMENT… is what
# stands before the program (as nsenter does).
start_portside() {
    local ports
    end portside
    "$root/certs/dev-ca.sh" --dir "$E2E_STATE/certs/demo" --san 127.0.0.1
    read -ra ports < <("$@" "$root/tests/support/ports.py" 2)
    echo "${ports[@]}" >"$E2E_STATE/portside.ports"
    rm -f "$E2E_STATE/log/portside.log"
    launch portside "$@" "$program" serve "${serve_options[@]}" \
        --listen "127.0.0.1:${ports[0]}" --plain-listen "127.0.0.1:${ports[1]}" \
        --tls-cert "$E2E_STATE/certs/demo/portside.crt" \
        --tls-key "$E2E_STATE/certs/demo/portside.key" --log-format json --drain-seconds 0
    wait_for 10 portside "$@" curl -fs "http://127.0.0.1:${ports[1]}/readyz"
}

# register_portside: with the ports that it has now
register_portside() {
    read -ra ports <"$E2E_STATE/portside.ports"
    "$root/tests/e2e/register" "https://127.0.0.1:${ports[0]}/mutate" \
        "$E2E_STATE/certs/demo/ca.crt"
}

# clear_namespace: a demo that is run again begins with an empty namespace.
clear_namespace() {
    kubectl delete namespace "$namespace" --ignore-not-found --wait=false
    kubectl delete pods -n "$namespace" --all --force --grace-period=0
    kubectl wait --for delete "namespace/$namespace" --timeout 60s
}

# log_line POD: the record of the first time that portside was asked about it.
log_line() {
    grep -m1 "\"namespace\":\"$namespace\",\"name\":\"$1\"" "$E2E_STATE/log/portside.log"
}
