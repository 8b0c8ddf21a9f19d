# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The hook in a bash that starts no broker: nothing may differ from a bash without it.
# shellcheck disable=SC2001,SC2016,SC2154 # hook, here and scratch come from run

# state BASH_ENV ENV-ASSIGNMENT… -- ARGUMENT…
state() {
    local env_file=$1
    local -a assignments=()
    shift
    while [[ $1 != -- ]]; do
        assignments+=("$1")
        shift
    done
    shift
    env BASH_ENV="$env_file" PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror \
        PORTSIDE_EXTERNAL_HOST=203.0.113.11 PORTSIDE_EXTERNAL_PORT=31000 \
        ${assignments[@]+"${assignments[@]}"} bash "$here/state.sh" "$@" 2>&1
}

# $_ cannot stay where a file was read or a broker looked for; elsewhere it must.
without_last() { sed 's/ last .*//' <<<"$1"; }

# neutral NAME ENV-ASSIGNMENT… -- ARGUMENT…
neutral() {
    local name=$1
    shift
    same "neutral: $name" "$(state /dev/null "$@")" "$(state "$hook" "$@")"
}

# like NAME EXPECTED GOT: the same but for $_.
like() { same "$1" "$(without_last "$2")" "$(without_last "$3")"; }

# neutral_but_last NAME ENV-ASSIGNMENT… -- ARGUMENT…
neutral_but_last() {
    local name=$1
    shift
    like "neutral: $name" "$(state /dev/null "$@")" "$(state "$hook" "$@")"
}

test_neutral() {
    local long
    printf -v long '%02000d' 0
    : >"$scratch/x.properties"
    neutral 'no arguments' --
    neutral 'arguments' -- a 'b c' '' '*' $'n\nl' -x --
    neutral 'many arguments' -- "$long" "$long $long"
    neutral 'a tool of Kafka' -- kafka.tools.ConsoleConsumer --topic x
    neutral 'set -e and -u' SHELLOPTS=errexit:nounset -- a
    neutral 'set -u without arguments' SHELLOPTS=nounset --
    neutral 'noglob, noclobber, pipefail, functrace' SHELLOPTS=noglob:noclobber:pipefail:functrace:errtrace -- '*'
    neutral 'posix' SHELLOPTS=posix -- a
    neutral 'POSIXLY_CORRECT' POSIXLY_CORRECT=1 -- a
    neutral 'pattern options' BASHOPTS=nocasematch:nocaseglob:extglob:failglob:nullglob:dotglob:globstar -- '*' a
    neutral_but_last 'nocasematch and a name in capitals' BASHOPTS=nocasematch -- KAFKA.KAFKA "$scratch/x.properties"
    neutral_but_last 'the name inside another' -- xkafka.Kafkax "$scratch/x.properties"
    neutral_but_last 'the name at the end' -- x kafka.Kafka
    neutral_but_last 'the name before what is no file' -- kafka.Kafka "$scratch/nothing" "$scratch"
    neutral_but_last 'the name before a folder' -- kafka.Kafka "$scratch"
    neutral 'PORTSIDE_LISTENERS is empty' PORTSIDE_LISTENERS= -- kafka.Kafka "$scratch/x.properties"
    neutral 'IFS in the environment' IFS=.k -- kafka Kafka
    neutral 'exported functions' 'BASH_FUNC_printf_x%%=() { :; }' 'BASH_FUNC_f%%=() { echo f; }' -- a
    neutral 'locale' LC_ALL=C.UTF-8 -- ü
}

# A BASH_ENV of the user's: as if bash had read it by itself.
test_user_file() {
    local text name i=0
    for text in 'x=1' 'export X="a b"; f() { echo "$X"; }' 'set -- "$@" more' 'IFS=: ' 'trap "echo bye" EXIT' \
        'shopt -s nocasematch extglob; set -o noglob' 'umask 077' '(exit 3)' 'return' 'false' \
        'set -u' 'readonly PORTSIDE_X=1' 'alias ll=ls; shopt -s expand_aliases' 'exit 4' 'echo "$0|$#"' ''; do
        i=$((i + 1)) name=$scratch/user-$i.sh
        printf '%s\n' "$text" >"$name"
        like "user's BASH_ENV: $text" "$(state "$name" -- a b; echo "=$?")" \
            "$(state "$hook" PORTSIDE_BASH_ENV="$name" -- a b; echo "=$?")"
        like "user's BASH_ENV, no listeners: $text" "$(state "$name" PORTSIDE_LISTENERS= -- a; echo "=$?")" \
            "$(state "$hook" PORTSIDE_LISTENERS= PORTSIDE_BASH_ENV="$name" -- a; echo "=$?")"
    done
    printf 'x=from_home\n' >"$scratch/home.sh"
    for name in '$HOME/home.sh' '${HOME}/home.sh' '$(echo "$HOME")/home.sh' '`echo $HOME`/home.sh'; do
        like "user's BASH_ENV is expanded: $name" "$(state "$name" HOME="$scratch" --)" \
            "$(state "$hook" HOME="$scratch" PORTSIDE_BASH_ENV="$name" --)"
    done
    for name in "$scratch/nothing" "$scratch" '' '$UNSET'; do
        has "user's BASH_ENV that is no file: '$name'" 'args 1|a|' \
            "$(state "$hook" PORTSIDE_BASH_ENV="$name" -- a)"
    done
    (cd "$scratch" && printf 'x=here\n' >local.sh)
    has "user's BASH_ENV without a folder" 'x="here"' \
        "$(cd "$scratch" && here=$here state "$hook" PORTSIDE_BASH_ENV=local.sh -- a)"
}

after_arguments() { printf '%s\n' "${1#*args *$'\n'}"; }

# In the broker's own bash all stays but the arguments.
test_broker_bash() {
    local expected got name
    local -a conditions=('' SHELLOPTS=errexit:nounset BASHOPTS=nocasematch:extglob:failglob:nullglob
        SHELLOPTS=noglob:noclobber:pipefail)
    printf 'zookeeper.connect=zk\n' >"$scratch/x.properties"
    for name in "${conditions[@]}"; do
        expected=$(state /dev/null ${name:+"$name"} -- kafka.Kafka "$scratch/x.properties")
        got=$(state "$hook" ${name:+"$name"} -- kafka.Kafka "$scratch/x.properties" 2>&1)
        has "broker, ${name:-plain}: one line" 'portside: external: listener PORTSIDE on port 9194 (PLAINTEXT), advertised as 203.0.113.11:31000' "$got"
        has "broker, ${name:-plain}: arguments" 'args 8|' "$got"
        same "broker, ${name:-plain}: state" "$(after_arguments "$expected")" "$(after_arguments "$got")"
    done
    # Traps and an IFS that the user's file left behind.
    printf 'IFS=afk; trap "echo dbg >/dev/null" DEBUG; mapfile() { echo no; }; REPLY=r; settings=s; i=7\n' >"$scratch/odd.sh"
    expected=$(state "$scratch/odd.sh" -- kafka.Kafka "$scratch/x.properties")
    got=$(state "$hook" PORTSIDE_BASH_ENV="$scratch/odd.sh" -- kafka.Kafka "$scratch/x.properties")
    has 'broker, odd user file: arguments' 'args 8|' "$got"
    same 'broker, odd user file: state' "$(after_arguments "$expected")" "$(after_arguments "$got")"
}

# Microseconds: 200 starts of bash, with and without.
test_cost() {
    local i round began plain=999999999 hooked=999999999
    export PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror
    for round in 1 2 3; do
        began=${EPOCHREALTIME/./}
        for ((i = 0; i < 200; i++)); do
            BASH_ENV=/dev/null bash -c : x kafka.tools.Something "$round"
        done
        i=$(((${EPOCHREALTIME/./} - began) / 200))
        ((i >= plain)) || plain=$i
        began=${EPOCHREALTIME/./}
        for ((i = 0; i < 200; i++)); do
            BASH_ENV=$hook bash -c : x kafka.tools.Something "$round"
        done
        i=$(((${EPOCHREALTIME/./} - began) / 200))
        ((i >= hooked)) || hooked=$i
    done
    unset PORTSIDE_LISTENERS
    printf '         a bash that starts no broker costs %d us more (%d instead of %d)\n' \
        "$((hooked - plain))" "$hooked" "$plain"
    holds 'the hook costs another bash less than 5 ms' test "$((hooked - plain))" -lt 5000
}

test_neutral
test_user_file
test_broker_bash
test_cost
