# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# The text of the init container portside-address, run as
#     sh -c <this text> portside-address [<text of hook.bash>]
# in the broker's own image, so it needs no more than a POSIX sh (printf is a part of it nearly
# everywhere), sleep, mkdir, mv and chmod.
#
# It lays down the hook (when given), then waits until every file named in PORTSIDE_WAIT
# stands and is well-formed, so that the broker never starts with an empty endpoint: Kafka
# takes an empty host without a word and advertises the pod's own name. A file with a number of
# seconds, as in external.host=600, is not waited for longer than that: the hook then starts
# the broker unchanged.

LC_ALL=C
umask 022
endpoint_dir=${PORTSIDE_ENDPOINT_DIR:-/portside/endpoint}
volume_dir=${PORTSIDE_VOLUME_DIR:-/portside/volume}
newline='
'

# As process 1 of a container a shell without a trap would ignore SIGTERM.
trap 'exit 143' TERM
trap 'exit 130' INT
set -f

die() {
    printf 'portside: %s\n' "$1" >&2
    exit 1
}

install_hook() {
    mkdir -p "$volume_dir/hook" "$volume_dir/run" ||
        die "cannot make folders in '$volume_dir'; check the volume named portside"
    chmod 0700 "$volume_dir/run" || die "cannot set the mode of '$volume_dir/run'"
    hook_tmp=$volume_dir/hook/.hook.bash.$$
    printf '%s' "$1" >"$hook_tmp" ||
        die "cannot write '$hook_tmp'; check the volume named portside"
    chmod 0644 "$hook_tmp" || die "cannot set the mode of '$hook_tmp'"
    mv -f "$hook_tmp" "$volume_dir/hook/hook.bash" ||
        die "cannot write '$volume_dir/hook/hook.bash'"
}

is_ipv4() {
    case $1 in
    *[!0-9.]* | .* | *. | *..* | *.*.*.*.*) return 1 ;;
    *.*.*.*) ;;
    *) return 1 ;;
    esac
    octets=$1.
    while [ -n "$octets" ]; do
        octet=${octets%%.*}
        octets=${octets#*.}
        case $octet in
        ????* | 0?*) return 1 ;;
        esac
        [ "$octet" -le 255 ] || return 1
    done
}

is_ipv6() {
    groups=$1
    case $groups in
    *[!0-9A-Fa-f:.]* | *:::* | *::*::* | :[!:]* | *[!:]:) return 1 ;;
    *:*.*)
        is_ipv4 "${groups##*:}" || return 1
        groups=${groups%:*}:0:0
        ;;
    *:*) ;;
    *) return 1 ;;
    esac
    groups=$groups: group_count=0
    while [ -n "$groups" ]; do
        group=${groups%%:*}
        groups=${groups#*:}
        case $group in
        '') ;;
        ?????* | *.*) return 1 ;;
        *) group_count=$((group_count + 1)) ;;
        esac
    done
    case $1 in
    *::*) [ "$group_count" -le 7 ] ;;
    *) [ "$group_count" -eq 8 ] ;;
    esac
}

is_name() {
    name=${1%.}
    case $name in
    '' | *[!A-Za-z0-9._-]* | .* | *. | *..* | -* | *- | *.-* | *-.*) return 1 ;;
    esac
    [ "${#name}" -le 253 ] || return 1
    case ${name##*.} in
    *[!0-9]*) return 0 ;;
    esac
    is_ipv4 "$name"
}

is_host() {
    case $1 in
    0.0.0.0 | :: | '[::]') return 1 ;; # Kafka refuses to advertise these, or nobody can dial them
    '['*']')
        bare=${1#?}
        is_ipv6 "${bare%?}"
        ;;
    *:*) is_ipv6 "$1" ;;
    *) is_name "$1" ;;
    esac
}

is_port() {
    case $1 in
    '' | *[!0-9]* | 0* | ??????*) return 1 ;;
    esac
    [ "$1" -le 65535 ]
}

# The value of a label in Kubernetes, but not nothing.
is_label() {
    case $1 in
    '' | *[!A-Za-z0-9._-]* | [._-]* | *[._-]) return 1 ;;
    esac
    [ "${#1}" -le 63 ]
}

# Sets value to the text of a file: one line, with or without a newline after it. More
# lines than that are kept as they are and fail the check.
read_value() {
    value=
    [ -r "$endpoint_dir/$1" ] || return 0
    {
        IFS= read -r value || return 0
        if IFS= read -r more || [ -n "$more" ]; then
            value=$value$newline$more
        fi
    } <"$endpoint_dir/$1"
}

# What a person may see of a malformed value: 100 characters, nothing a terminal acts upon.
set_shown() {
    shown='' unseen=$1
    while [ -n "$unseen" ] && [ "${#shown}" -lt 100 ]; do
        char=${unseen%"${unseen#?}"}
        unseen=${unseen#?}
        case $char in
        [!A-Za-z0-9._:/@%+=,\ \[\]-]) char='?' ;;
        esac
        shown=$shown$char
    done
}

# Sets literal to the value of PORTSIDE_<EXPOSURE>_<HOST|PORT>, for a part that was known
# at admission and so has no file to wait for.
set_literal() {
    letters=aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ-_
    rest=$1 variable=PORTSIDE_
    while [ -n "$rest" ]; do
        char=${rest%"${rest#?}"}
        rest=${rest#?}
        case $char in
        [a-z-])
            after=${letters#*"$char"}
            char=${after%"${after#?}"}
            ;;
        esac
        variable=$variable$char
    done
    literal=
    eval "literal=\${${variable}_$2-}"
}

# Sets part to the value of <exposure>.<host|port> if it is known.
set_part() {
    case " $waited " in
    *" $1.$2 "*)
        read_value "$1.$2"
        part=$value
        ;;
    *)
        case $2 in
        host) set_literal "$1" HOST ;;
        port) set_literal "$1" PORT ;;
        esac
        part=$literal
        ;;
    esac
}

print_endpoint() {
    set_part "$1" host
    host=$part
    set_part "$1" port
    case $host in
    '['*) ;;
    *:*) host="[$host]" ;;
    esac
    printf 'portside: %s: %s:%s\n' "$1" "${host:-?}" "${part:-?}"
}

# True if file $1 was waited for as long as it may be.
is_given_up() {
    case $limits in
    *" $1="*)
        limit=${limits##*" $1="}
        [ "$waited_s" -ge "${limit%% *}" ]
        ;;
    *) return 1 ;;
    esac
}

# Sets missing to the files that are not there yet and says of each malformed value, once
# per value, that it is one. patient is empty if none of them is waited for any longer.
look() {
    missing='' wrong='' patient=''
    for file in $waited; do
        read_value "$file"
        case $file in
        *.host) is_host "$value" && continue ;;
        *.port) is_port "$value" && continue ;;
        rack) is_label "$value" && continue ;;
        esac
        missing="$missing${missing:+, }$file"
        is_given_up "$file" || patient=1
        if [ -n "$value" ]; then
            set_shown "$value"
            wrong="$wrong${wrong:+, }$file is '$shown'"
        fi
    done
    if [ -n "$wrong" ] && [ "$wrong" != "$told" ]; then
        printf 'portside: not a usable endpoint: %s; waiting for another value\n' "$wrong" >&2
    fi
    told=$wrong
}

# A second where sleep takes no fractions (a small busybox), else a fifth. The trap runs at
# once only while the shell waits for a child in the background.
nap() {
    sleep "$pause" &
    wait "$!" && return 0
    pause=1 per_second=1
    sleep 1 &
    wait "$!"
}

wait_for_files() {
    told='' pause=0.2 per_second=5 ticks=0 waited_s=0
    look
    [ -z "$missing" ] && return 0
    printf 'portside: waiting for %s\n' "$missing"
    while [ -n "$missing" ]; do
        if [ -z "$patient" ]; then
            printf 'portside: no %s after %s s: the broker starts without its external listener (portside.dev/on-missing: start); delete the pod once there is one\n' \
                "$missing${wrong:+ ($wrong)}" "$waited_s" >&2
            return 1
        fi
        nap
        ticks=$((ticks + 1))
        if [ "$ticks" -ge "$per_second" ]; then
            ticks=0 waited_s=$((waited_s + 1))
            if [ $((waited_s % 30)) -eq 0 ]; then
                printf 'portside: still waiting for %s after %s s; check the log of the portside controller and the events of this pod\n' \
                    "$missing${wrong:+ ($wrong)}" "$waited_s"
            fi
        fi
        look
    done
}

waited='' limits=' '
for word in ${PORTSIDE_WAIT-}; do
    file=${word%%=*}
    case $file in
    *[!a-z0-9.-]* | .* | *..* | *.*.*) die "PORTSIDE_WAIT names '$file'; expected <exposure>.host, <exposure>.port or rack" ;;
    ?*.host | ?*.port | rack) waited="$waited${waited:+ }$file" ;;
    *) die "PORTSIDE_WAIT names '$file'; expected <exposure>.host, <exposure>.port or rack" ;;
    esac
    case $word in
    *=) die "PORTSIDE_WAIT gives '$file' no seconds; expected a number from 1 to 99999" ;;
    *=0* | *=*[!0-9]* | *=??????*) die "PORTSIDE_WAIT gives '$file' '${word#*=}' seconds; expected a number from 1 to 99999" ;;
    *=*) limits="$limits$word " ;;
    esac
done
if [ -n "${1-}" ]; then
    install_hook "$1"
fi
wait_for_files || exit 0
printed=' '
for file in $waited; do
    if [ "$file" = rack ]; then
        read_value rack
        printf 'portside: rack: %s\n' "$value"
        continue
    fi
    case $printed in
    *" ${file%.*} "*) continue ;;
    esac
    printed="$printed${file%.*} "
    print_endpoint "${file%.*}"
done
