# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# Shared by build, up and down: where things are, and processes that are ended by their pid only.
set -euo pipefail

E2E_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
E2E_CACHE=${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}/e2e
E2E_BIN=$E2E_CACHE/bin
E2E_IMAGES=$E2E_CACHE/images
E2E_STATE=${PORTSIDE_E2E_STATE:-$E2E_CACHE/state}

die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# help_of SCRIPT: the comment block at its head is its help.
help_of() {
    awk 'NR > 3 && !/^#/ { exit } NR > 3 { sub(/^# ?/, ""); print }' "$1"
}

# since MICROSECONDS: seconds that passed since then, as 1.2
since() {
    local spent=$((${EPOCHREALTIME/[.,]/} - $1))
    printf '%d.%d' $((spent / 1000000)) $((spent % 1000000 / 100000))
}

now() {
    echo "${EPOCHREALTIME/[.,]/}"
}

# alive NAME: the process whose pid was kept runs and is still that one. A pid alone is no proof:
# the kernel gives it to somebody else later.
alive() {
    local pid start
    read -r pid start 2>/dev/null <"$E2E_STATE/pids/$1" || return 1
    [[ $(start_time "$pid") == "$start" ]]
}

# start_time PID: when it started, in ticks since boot (field 22 of stat); empty if it does not run.
start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    stat=${stat##*) }
    [[ ${stat:0:1} != Z ]] || return 0
    awk '{ print $20 }' <<<"$stat"
}

# launch NAME PROGRAM ARGUMENT…: in the background, with log and pid kept; a no-op if it runs.
launch() {
    local name=$1 pid
    shift
    if alive "$name"; then
        return
    fi
    mkdir -p "$E2E_STATE/pids" "$E2E_STATE/log"
    # Descriptors above 2 are closed: a daemon would keep a lock or a pipe of its caller.
    (cd "$E2E_STATE" && exec setsid "$@") </dev/null >>"$E2E_STATE/log/$name.log" 2>&1 \
        3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    pid=$!
    echo "$pid $(start_time "$pid")" >"$E2E_STATE/pids/$name"
    disown "$pid"
}

# end NAME…: asks each to leave, waits five seconds, then insists.
end() {
    local name pid _ deadline=$((SECONDS + 5))
    for name in "$@"; do
        if alive "$name"; then
            read -r pid _ <"$E2E_STATE/pids/$name"
            kill -TERM "$pid"
        fi
    done
    for name in "$@"; do
        while alive "$name"; do
            if [[ $SECONDS -ge $deadline ]]; then
                read -r pid _ <"$E2E_STATE/pids/$name"
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
        rm -f "$E2E_STATE/pids/$name"
    done
}

# wait_for SECONDS WHAT COMMAND…: polls until the command succeeds.
wait_for() {
    local limit=$1 what=$2 deadline=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [[ $SECONDS -ge $deadline ]]; then
            die "$what not ready after $limit s, see $E2E_STATE/log"
        fi
        sleep 0.1
    done
}
