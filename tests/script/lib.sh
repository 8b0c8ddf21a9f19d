# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counting and comparing, for the pieces that run sources.

passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }

# fail NAME WHAT…
fail() {
    failed=$((failed + 1))
    printf 'FAIL %s\n' "$1"
    shift
    printf '     %s\n' "$@"
}

skip() {
    skipped=$((skipped + 1))
    printf 'skip %s\n' "$1"
}

# same NAME EXPECTED ACTUAL
same() {
    if [[ $2 == "$3" ]]; then
        pass
    else
        fail "$1" 'expected (<) and got (>):'
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | cut -c1-300 || :
    fi
}

# has NAME PART TEXT
has() {
    if [[ $3 == *"$2"* ]]; then
        pass
    else
        fail "$1" "expected to find: $2" "in: ${3//$'\n'/ | }"
    fi
}

# lacks NAME PART TEXT
lacks() {
    if [[ $3 != *"$2"* ]]; then
        pass
    else
        fail "$1" "must not hold: $2" "in: ${3//$'\n'/ | }"
    fi
}

# holds NAME COMMAND…
holds() {
    local name=$1
    shift
    if "$@"; then
        pass
    else
        fail "$name" "false: $*"
    fi
}
