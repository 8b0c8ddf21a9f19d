# shellcheck shell=bash disable=SC2154,SC2034
# SPDX-License-Identifier: Apache-2.0
#
# The stages of ./dev test. Each is a program whose last line is "N passed, N failed, N skipped";
# it finds the build in PORTSIDE_BUILD and the executable in PORTSIDE_BIN.

all_stages='unit lint golden script judge contract unit-asan golden-asan contract-asan fuzz-replay bench image chart e2e controller installed corpus nodes'

# The one that is run on request only (--all or --only): it needs root and much time.
large_stages='nodes'

# Seconds after which a stage is ended: far above what it takes on two slow cores.
declare -A limit=([lint]=600 [judge]=1800 [image]=1500 [chart]=1800 [e2e]=2400 [controller]=1200 [installed]=1200 [corpus]=1200 [nodes]=2400)

table=()
sum_passed=0 sum_failed=0 sum_skipped=0
# The stages of this run, and the one that runs just now: a process group of its own, so that all of
# it can be ended.
asked=
stage_group=

# groups_of STAGE…: package groups they need.
groups_of() {
    local stage
    echo build test
    for stage in "$@"; do
        case $stage in
        lint | script) echo lint ;;
        judge) echo judge ;;
        fuzz-replay) echo fuzz ;;
        image) echo image image_test "$(other_architecture)" ;;
        chart | bench) echo go ;;
        nodes) echo go e2e image ;;
        golden* | e2e | controller | installed | corpus) echo go e2e ;;
        esac
    done
}

# note STAGE RESULT PASSED FAILED SKIPPED SECONDS: one row of the table.
note() {
    table+=("$(printf '  %-17s %-8s %7s %7s %8s %8s' "$@")")
    sum_passed=$((sum_passed + $3))
    sum_failed=$((sum_failed + $4))
    sum_skipped=$((sum_skipped + $5))
}

# wants_api_server STAGE…: true if one of them runs on a real one.
wants_api_server() {
    local stage
    for stage in "$@"; do
        case $stage in e2e | controller | installed | corpus | nodes) return 0 ;; esac
    done
    return 1
}

# prepare_stages STAGE…: packages and builds. Without them there is nothing to count.
prepare_stages() {
    asked=$*
    # A step sends its output elsewhere, and there the trap finds itself.
    exec {console}>&1
    trap 'stopped_early' EXIT
    trap 'interrupted 130' INT
    trap 'interrupted 143' TERM HUP
    # shellcheck disable=SC2046
    need $(groups_of "$@")
    if [[ " $* " == *" golden"* || " $* " == *" chart "* || " $* " == *" bench "* ]] || wants_api_server "$@"; then
        need_go
    fi
    prepare_build dev "$@"
    [[ " $* " != *-asan* && " $* " != *" fuzz-replay "* ]] || prepare_build asan "$@"
    # Replaying needs the inputs only; that clang and libFuzzer still take the targets is seen here.
    [[ " $* " != *" fuzz-replay "* ]] || prepare_build fuzz "$@"
    if wants_api_server "$@" && [ -x "$root/tests/e2e/build" ]; then
        prepare_cluster "the Kubernetes API server (about $minutes_api_server minutes the first time)" e2e \
            "$root/tests/e2e/build"
    fi
    if [[ " $* " == *" nodes "* ]]; then
        prepare_cluster "what nodes need (about $((minutes_nodes - minutes_api_server)) minutes the first time)" nodes \
            "$root/tests/e2e/build" nodes
        prepare_cluster "the image of Kafka" kafka "$root/tests/e2e/kafka-image"
    fi
    if [[ " $* " == *" installed "* ]]; then
        prepare_cluster "cert-manager (about $minutes_cert_manager minutes the first time)" certmanager \
            "$root/tests/e2e/build" certmanager
    fi
}

# prepare_cluster WHAT NAME COMMAND…: without it the stages fail one by one, each with its reason.
prepare_cluster() {
    local what=$1 name=$2 start=$SECONDS
    shift 2
    if step "building $what" "build-$name" "$@"; then
        note "build-$name" ok 0 0 0 $((SECONDS - start))
    else
        show_log "build-$name"
        note "build-$name" FAILED 0 1 0 $((SECONDS - start))
    fi
}

prepare_build() {
    local start=$SECONDS
    if step "building $1 in build/$1" "build-$1" build_preset "$1"; then
        note "build-$1" ok 0 0 0 $((SECONDS - start))
    else
        show_log "build-$1"
        note "build-$1" FAILED 0 1 0 $((SECONDS - start))
        finish_stages
    fi
}

# The closing line is the last line even if installing failed.
stopped_early() {
    local status=$?
    [ "$status" -ne 0 ] || return 0
    leave_nothing
    echo "$sum_passed passed, $((sum_failed + 1)) failed, $sum_skipped skipped"
}

# interrupted STATUS: by Ctrl-C or by whoever runs this; stopped_early does the rest.
interrupted() {
    trap '' INT TERM HUP
    exec >&"$console"
    [ -z "${ticker:-}" ] || kill "$ticker" 2>/dev/null || true
    end_stage
    echo
    echo "interrupted"
    exit "$1"
}

# end_stage: asks all processes of the running stage to leave, and insists after half a minute.
end_stage() {
    local patience
    [ -n "$stage_group" ] || return 0
    kill -TERM -- "-$stage_group" 2>/dev/null || true
    for ((patience = 0; patience < 300; patience++)); do
        kill -0 -- "-$stage_group" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$stage_group" 2>/dev/null || true
}

# leave_nothing: ends the control planes that stages leave running for each other.
leave_nothing() {
    # shellcheck disable=SC2086
    wants_api_server $asked || return 0
    "$root/tests/e2e/down" >/dev/null 2>&1 </dev/null || true
    [[ " $asked " != *" nodes "* ]] || "$root/tests/e2e/nodes-down" >/dev/null 2>&1 </dev/null || true
}

# program_of STAGE: what to run, below the root.
program_of() {
    case $1 in
    unit | unit-asan) echo tools/dev/run-unit ;;
    fuzz-replay) echo tools/dev/run-replay ;;
    bench) echo tools/dev/run-bench ;;
    lint) echo tools/lint/run ;;
    golden-asan) echo tests/golden/run ;;
    contract-asan) echo tests/contract/run ;;
    controller) echo tests/e2e/run-controller ;;
    installed) echo tests/e2e/run-chart ;;
    corpus) echo tests/e2e/corpus ;;
    nodes) echo tests/e2e/ci-nodes ;;
    *) echo "tests/$1/run" ;;
    esac
}

# in_build PRESET COMMAND…: with the environment of a stage, in a process group of its own. Waiting
# for it can be interrupted, which a command in the foreground cannot.
in_build() {
    local preset=$1 status=0
    shift
    export PORTSIDE_BUILD=$root/build/$preset PORTSIDE_BIN=$root/build/$preset/bin/portside
    if [ "$preset" = asan ]; then
        export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1
        export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
        export CK_TIMEOUT_MULTIPLIER=5
    fi
    # With --verbose this is a subshell, which has lost the traps.
    [ "$BASH_SUBSHELL" -eq 0 ] || trap 'end_stage; exit 130' INT TERM HUP
    set -m
    "$@" &
    stage_group=$!
    set +m
    wait "$stage_group" || status=$?
    stage_group=
    return "$status"
}

# run_stage STAGE: runs it, reads its last line, adds a row.
run_stage() {
    local stage=$1 program preset=dev start=$SECONDS status=0 counts guard=(timeout --kill-after=30)
    program=$(program_of "$stage")
    if [ ! -x "$root/$program" ]; then
        echo "${red}==> $stage: $program is not there${plain}"
        note "$stage" MISSING 0 1 0 0
        return 0
    fi
    [[ $stage != *-asan && $stage != fuzz-replay ]] || preset=asan
    guard+=("${limit[$stage]:-900}")
    local arguments=()
    [[ $program != tests/e2e/* && $program != tests/contract/* ]] || arguments=(--portside "$root/build/$preset/bin/portside")
    step "$stage" "test-$stage" in_build "$preset" "${guard[@]}" "$root/$program" \
        "${arguments[@]+"${arguments[@]}"}" || status=$?
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log_dir/test-$stage.log" | tail -n 1 || true)
    judge_stage "$stage" "$status" $((SECONDS - start)) "${counts//[!0-9 ]/}"
}

# judge_stage STAGE STATUS SECONDS "PASSED FAILED SKIPPED": what the counts and the status mean.
judge_stage() {
    local stage=$1 status=$2 seconds=$3 passed failed skipped result=ok why=
    read -r passed failed skipped <<<"${4:-0 0 0}"
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        why="ended after ${limit[$stage]:-900} s"
    elif [ -z "$4" ]; then
        why="did not print its closing line (status $status)"
    elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        why="ended with status $status"
    elif [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ] && [[ $stage != corpus && $stage != nodes ]]; then
        why="ran no test"
    fi
    [ -z "$why" ] || failed=$((failed + 1))
    if [ "$failed" -gt 0 ]; then
        result=FAILED
        [ -z "$why" ] || echo "    ${red}$stage $why${plain}"
        show_failures "test-$stage"
        echo "    again: ./dev test --only $stage"
    elif [ "$passed" -eq 0 ]; then
        result=skipped
    elif grep -q '^failed once' "$log_dir/test-$stage.log"; then
        show_failures "test-$stage"
    fi
    note "$stage" "$result" "$passed" "$failed" "$skipped" "$seconds"
}

# finish_stages: the table, the sum, the exit status.
finish_stages() {
    trap - EXIT
    leave_nothing
    printf '\n%s  %-17s %-8s %7s %7s %8s %8s%s\n' "$bold" stage result passed failed skipped seconds "$plain"
    printf '%s\n' "${table[@]}"
    echo
    echo "$sum_passed passed, $sum_failed failed, $sum_skipped skipped"
    [ "$sum_failed" -eq 0 ] || exit 1
    exit 0
}
