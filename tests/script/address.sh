# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# address.sh under each shell that an image may call sh.
# shellcheck disable=SC2016,SC2030,SC2031,SC2054,SC2154 # scripts and scratch come from run

good_hosts=(203.0.113.11 0.0.0.1 255.255.255.255 kafka-0 kafka-0.example.test. a_b.example.test
    1a.example.test 3.com ::1 2001:db8::7 fd00:1:2:3:4:5:6:7 '[2001:db8::7]' ::ffff:192.0.2.1
    1:2:3:4:5:6:192.0.2.1 1:: xn--bcher-kva.example)
bad_hosts=(0.0.0.0 :: '[::]' 1.2.3 1.2.3.256 1.2.3.4.5 01.2.3.4 1..2.3 -a a- a..b .a a.-b a-.b
    host:9092 'ho st' 'host;x' '$(id)' '`id`' "a'b" 'a"b' 'a\b' 'a/b' 'http://a' 'a,b' '[::1' '::1]'
    '[1.2.3.4]' '[a]' 1::2::3 :::1 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8::: :1:2:3:4:5:6:7
    12345::1 ::g ::1.2.3 1.2.3.4:: ' 1.2.3.4' '1.2.3.4 ' $'1.2.3.4\r' $'1.2.3.4\n\n' $'a\nb' $'a\tb'
    'ü' '*' '$PATH' '${PATH}' '%s' "$(printf '%0300d' 1)x")
# Of these also what the whole script says.
told_hosts=('$(id)' $'1.2.3.4\n\n' $'a\tb' 'ü' '`id`' "$(printf '%0300d' 1)x")
told_ports=(0 70000 $'1\n2')
good_ports=(1 9194 31000 65535)
bad_ports=(0 65536 70000 99999999999 -1 +1 01 1a 0x10 ' 1' '1 ' 1.0 1,2 $'1\n\n' $'1\n2' '$(id)' '*')

address_shells=()
for shell in dash 'busybox sh' bash mksh; do
    if command -v "${shell%% *}" >/dev/null; then
        address_shells+=("$shell")
    else
        skip "$shell is missing"
    fi
done

# address SHELL FOLDER [HOOK]: runs the script as the init container does.
address() {
    local words folder=$2
    read -ra words <<<"$1"
    shift 2
    PORTSIDE_ENDPOINT_DIR=$folder/endpoint PORTSIDE_VOLUME_DIR=$folder/volume \
        exec "${words[@]}" -c "$address_text" portside-address "$@"
}

# begin FOLDER HOST PORT: the two files, as the downward API would write them.
begin() {
    mkdir -p "$1/endpoint" "$1/volume"
    printf %s "$2" >"$1/endpoint/external.host"
    printf %s "$3" >"$1/endpoint/external.port"
}

address_text=$(<"$scripts/address.sh")
export PORTSIDE_WAIT='external.host external.port'

# judge FUNCTION VALUE…: yes or no for each, by the script's own function.
judge() {
    local words function=$1
    shift
    read -ra words <<<"$shell"
    "${words[@]}" -c "${address_text%%$'\nwaited='*}"'
        for judged; do
            '"$function"' "$judged" && printf "yes " || printf "no "
        done' portside-address "$@"
}

test_values() {
    local value out expected
    same "$shell: good hosts" "$(printf 'yes %.0s' "${good_hosts[@]}")" "$(judge is_host "${good_hosts[@]}")"
    same "$shell: good ports" "$(printf 'yes %.0s' "${good_ports[@]}")" "$(judge is_port "${good_ports[@]}")"
    for value in "${bad_hosts[@]}"; do
        same "$shell: bad host '$value'" 'no ' "$(judge is_host "$value")"
    done
    for value in "${bad_ports[@]}"; do
        same "$shell: bad port '$value'" 'no ' "$(judge is_port "$value")"
    done
    for value in kafka-0 203.0.113.11 ::1 '[::1]'; do
        begin "$folder" "$value" $'31000\n'
        expected="portside: external: $value:31000"
        [[ $value != *:* || $value == '['* ]] || expected="portside: external: [$value]:31000"
        out=$(address "$shell" "$folder" 2>&1)
        same "$shell: endpoint of '$value'" "$expected" "$out"
    done
}

# One value after the other is put before one and the same run: it must go on waiting.
test_bad_values() {
    local value file out tries status=0 id before i=0
    begin "$folder" '' 31000
    : >"$folder/out"
    address "$shell" "$folder" >>"$folder/out" 2>&1 &
    id=$!
    for value in "${told_hosts[@]/#/host }" "${told_ports[@]/#/port }"; do
        file=external.${value%% *}
        before=$(<"$folder/out")
        # The other value is a new one each time, so that there is something to tell.
        i=$((i + 1))
        begin "$folder" "n/$i" "n$i"
        printf '%s' "${value#* }" >"$folder/endpoint/$file"
        for ((tries = 0; tries < 40; tries++)); do
            out=$(<"$folder/out")
            out=${out#"$before"}
            [[ $out != *"n"*"$i'"* || $out != *"$file is '"*"'; waiting for another value"* ]] || break
            sleep 0.1
        done
        has "$shell: says that $file '${value:5:40}' is malformed" "$file is '" "$out"
        holds "$shell: waits at $file '${value:5:40}'" kill -0 "$id"
        holds "$shell: says no more of '${value:5:40}' than it should" test "${#out}" -lt 500
        [[ ${out//$'\n'/} != *[^[:print:]]* ]] || fail "$shell: prints '${value:5:40}' raw" "$out"
    done
    kill -TERM "$id"
    wait "$id" || status=$?
    same "$shell: ends on SIGTERM" 143 "$status"
}

test_waiting() {
    local out began id status=0
    mkdir -p "$folder/endpoint"
    rm -f "$folder/endpoint/external.host"
    : >"$folder/endpoint/external.port"
    address "$shell" "$folder" >"$folder/out" 2>&1 &
    id=$!
    sleep 0.5
    same "$shell: says at once what it waits for" \
        'portside: waiting for external.host, external.port' "$(<"$folder/out")"
    printf 203.0.113.11 >"$folder/endpoint/external.host"
    sleep 0.3
    printf '31000\n' >"$folder/endpoint/external.port.new"
    mv "$folder/endpoint/external.port.new" "$folder/endpoint/external.port"
    began=${EPOCHREALTIME/./}
    wait "$id" || status=$?
    same "$shell: ends when all files stand" 0 "$status"
    holds "$shell: sees a change within a second" test $((${EPOCHREALTIME/./} - began)) -lt 1300000
    has "$shell: prints the endpoint" 'portside: external: 203.0.113.11:31000' "$(<"$folder/out")"
    rm -r "$folder/endpoint"
    address "$shell" "$folder" >"$folder/out" 2>&1 &
    id=$!
    sleep 0.4
    began=${EPOCHREALTIME/./}
    kill -TERM "$id"
    wait "$id" || status=$?
    same "$shell: SIGTERM while it waits" 143 "$status"
    holds "$shell: SIGTERM ends it at once" test $((${EPOCHREALTIME/./} - began)) -lt 500000
}

test_install() {
    local text=$'# a hook with $VAR, \\n, %s and "quotes"\nlast' status
    begin "$folder" kafka-0 31000
    rm -rf "$folder/volume"
    (umask 077 && address "$shell" "$folder" "$text" >/dev/null)
    same "$shell: hook text, byte by byte" "$text" "$(<"$folder/volume/hook/hook.bash")"
    same "$shell: modes" '755 644 700' \
        "$(stat -c %a "$folder/volume/hook" "$folder/volume/hook/hook.bash" "$folder/volume/run" | tr '\n' ' ' | sed 's/ $//')"
    (address "$shell" "$folder" 'second' >/dev/null)
    same "$shell: a second run replaces the hook" second "$(<"$folder/volume/hook/hook.bash")"
    same "$shell: leaves no other file" hook.bash "$(ls -A "$folder/volume/hook")"
    rm -rf "$folder/volume"
    (address "$shell" "$folder" >/dev/null)
    holds "$shell: no hook, no folder" test ! -e "$folder/volume/hook"
    : >"$folder/volume"
    status=0
    has "$shell: a volume that cannot be written" "check the volume named portside" \
        "$(address "$shell" "$folder" x 2>&1)"
    (address "$shell" "$folder" x >/dev/null 2>&1) || status=$?
    same "$shell: a volume that cannot be written is an error" 1 "$status"
    rm "$folder/volume"
}

test_parts() {
    local status=0
    begin "$folder" kafka-0 31000
    same "$shell: host known at admission" 'portside: vpn-a: [fd00::1]:31001' "$(
        export PORTSIDE_WAIT=vpn-a.port PORTSIDE_VPN_A_HOST=fd00::1
        printf 31001 >"$folder/endpoint/vpn-a.port"
        address "$shell" "$folder"
    )"
    same "$shell: two exposures" $'portside: external: kafka-0:31000\nportside: b2: [::1]:1' "$(
        export PORTSIDE_WAIT='external.port b2.host external.host b2.port'
        printf 1 >"$folder/endpoint/b2.port"
        printf '[::1]' >"$folder/endpoint/b2.host"
        address "$shell" "$folder"
    )"
    same "$shell: nothing to wait for" '' "$(PORTSIDE_WAIT='' && address "$shell" "$folder" 2>&1)"
    same "$shell: PORTSIDE_WAIT unset" '' "$(unset PORTSIDE_WAIT && address "$shell" "$folder" 2>&1)"
    for PORTSIDE_WAIT in external '../x.host' '*.host' 'a.b.host' 'external.hosts' '.host' racks rack.rack '../rack' \
        external.host= external.host=0 external.host=01 external.host=x external.host=1x external.host=-1 \
        external.host=100000 external.host=1=2 'external.host=$(id)' rack=; do
        status=0
        (address "$shell" "$folder" >/dev/null 2>&1) || status=$?
        same "$shell: PORTSIDE_WAIT='$PORTSIDE_WAIT' is refused" 1 "$status"
    done
    PORTSIDE_WAIT='external.host external.port'
}

good_labels=(a 0 zone-a eu-west-1a A.b_c-d "$(printf '%063d' 0)")
bad_labels=('' - -a a- .a a. _a a_ 'a b' 'a/b' 'a,b' 'a=b' a: '$(id)' '`id`' "a'b" 'a"b' 'a\b' 'ü' '*' $'a\n' $'a\nb' $'a\tb'
    ' a' 'a ' $'a\r' "$(printf '%064d' 0)")

test_rack() {
    local value id status=0
    same "$shell: good racks" "$(printf 'yes %.0s' "${good_labels[@]}")" "$(judge is_label "${good_labels[@]}")"
    for value in "${bad_labels[@]}"; do
        same "$shell: bad rack '$value'" 'no ' "$(judge is_label "$value")"
    done
    begin "$folder" kafka-0 31000
    printf 'zone-a\n' >"$folder/endpoint/rack"
    same "$shell: rack" $'portside: external: kafka-0:31000\nportside: rack: zone-a' "$(
        export PORTSIDE_WAIT='external.host external.port rack'
        address "$shell" "$folder" 2>&1
    )"
    same "$shell: rack alone" 'portside: rack: zone-a' "$(PORTSIDE_WAIT=rack && address "$shell" "$folder" 2>&1)"
    : >"$folder/endpoint/rack"
    PORTSIDE_WAIT='external.host rack' address "$shell" "$folder" >"$folder/out" 2>&1 &
    id=$!
    sleep 0.5
    same "$shell: an empty rack is waited for" 'portside: waiting for rack' "$(<"$folder/out")"
    printf '$(id)\n\nx' >"$folder/endpoint/rack"
    sleep 0.5
    has "$shell: a malformed rack is told" "not a usable endpoint: rack is '?" "$(<"$folder/out")"
    printf b >"$folder/endpoint/rack"
    wait "$id" || status=$?
    same "$shell: ends when the rack stands" 0 "$status"
    has "$shell: prints the rack that came" 'portside: rack: b' "$(<"$folder/out")"
    rm "$folder/endpoint/rack"
}

# With on-missing: start.
test_limit() {
    local out began id status=0
    begin "$folder" kafka-0 31000
    same "$shell: a limit is of no matter where all is there" 'portside: external: kafka-0:31000' "$(
        export PORTSIDE_WAIT='external.host=1 external.port=1'
        address "$shell" "$folder" 2>&1
    )"
    rm -f "$folder/endpoint/external.host" "$folder/endpoint/rack"
    began=${EPOCHREALTIME/./}
    out=$(
        export PORTSIDE_WAIT='external.host=1 external.port=1 rack=2'
        address "$shell" "$folder" 2>&1
    ) || status=$?
    same "$shell: waits no longer than it may, and ends well" 0 "$status"
    holds "$shell: waits for the longest limit" test $((${EPOCHREALTIME/./} - began)) -gt 1900000
    holds "$shell: waits not much longer" test $((${EPOCHREALTIME/./} - began)) -lt 8000000
    has "$shell: says that it goes on without" \
        'no external.host, rack after 2 s: the broker starts without its external listener (portside.dev/on-missing: start)' "$out"
    lacks "$shell: prints no half of an endpoint" '31000' "$out"
    # One that may be given up does not end the wait for another.
    PORTSIDE_WAIT='external.host=1 vpn.host' address "$shell" "$folder" >"$folder/out" 2>&1 &
    id=$!
    sleep 3
    holds "$shell: one exposure has no limit" kill -0 "$id"
    printf kafka-0 >"$folder/endpoint/vpn.host"
    status=0
    wait "$id" || status=$?
    same "$shell: ends when the other is there" 0 "$status"
    has "$shell: names what is missing" 'no external.host after ' "$(<"$folder/out")"
    rm -f "$folder/endpoint/vpn.host"
}

# Only in shells that look for sleep in PATH.
test_reminder() {
    local bin=$folder/bin id tries
    mkdir -p "$bin" "$folder/endpoint"
    rm -f "$folder"/endpoint/*
    printf bad: >"$folder/endpoint/external.port"
    printf '#!/bin/sh\ncase $1 in *.*) exit 1 ;; esac\nexec %s 0.002\n' "$(command -v sleep)" >"$bin/sleep"
    chmod +x "$bin/sleep"
    (PATH=$bin:$PATH && address "$shell" "$folder" >"$folder/out" 2>&1) &
    id=$!
    for ((tries = 0; tries < 100; tries++)); do
        sleep 0.2
        [[ $(<"$folder/out") != *'after 60 s'* ]] || break
    done
    kill -TERM "$id"
    wait "$id" || :
    has "$shell: reminds after 30 s" "still waiting for external.host, external.port (external.port is 'bad:') after 30 s; check the log of the portside controller" "$(<"$folder/out")"
    has "$shell: reminds every 30 s" 'after 60 s' "$(<"$folder/out")"
    lacks "$shell: does not repeat itself" 'after 31 s' "$(<"$folder/out")"
    same "$shell: a malformed value is told once" 1 "$(grep -c 'not a usable' "$folder/out")"
}

# sh of an image with next to nothing in it. printf is a builtin of all but mksh.
declare -A printf_of=([mksh]=printf)
test_bare() {
    local bin=$folder/bare tool path
    path=$(command -v "${shell%% *}")
    mkdir -p "$bin"
    for tool in sleep mkdir mv chmod ${printf_of[$shell]-}; do
        ln -sf "$(type -P "$tool")" "$bin/$tool"
    done
    begin "$folder" kafka-0 31000
    same "$shell: needs sleep, mkdir, mv and chmod only" 'portside: external: kafka-0:31000' \
        "$(PATH=$bin && address "$path${shell#"${shell%% *}"}" "$folder" hook 2>&1)"
}

test_shell() {
    local shell=$1
    local folder=$scratch/address-${shell// /-}
    passed=0 failed=0
    # Whatever ends this early leaves no script behind that waits for ever.
    trap 'jobs -p | xargs -r kill 2>/dev/null || :' EXIT
    test_values
    test_bad_values
    test_waiting
    test_install
    test_parts
    test_rack
    test_limit
    test_bare
    case $shell in
    dash | bash) test_reminder ;;
    esac
    printf '%d %d\n' "$passed" "$failed" >"$folder.count"
}

for shell in "${address_shells[@]}"; do
    test_shell "$shell" &
done
wait
for shell in "${address_shells[@]}"; do
    if read -r count_passed count_failed <"$scratch/address-${shell// /-}.count"; then
        passed=$((passed + count_passed)) failed=$((failed + count_failed))
    else
        fail "$shell: the tests ended early"
    fi
done
unset PORTSIDE_WAIT
