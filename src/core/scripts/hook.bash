# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC1090,SC2016,SC2295
#
# BASH_ENV of a broker container: every bash there reads this file before its script, with
# the script's arguments set. It acts in the one bash that is about to start a broker,
#     kafka-run-class[.sh] … kafka.Kafka <properties> [--override k=v]…
# and appends --override for listeners, advertised.listeners and
# listener.security.protocol.map, completed by the listeners that PORTSIDE_LISTENERS names:
#     <exposure>=<LISTENER>:<port>:<protocol or mirror>[,…]
# The endpoint of each is PORTSIDE_<EXPOSURE>_HOST and _PORT. PORTSIDE_RACK becomes broker.rack,
# unless the broker has one. Either all of it is done or nothing, also where one exposure of
# several has no endpoint: then a line on stderr says why, and the broker starts as its author
# wrote it.
#
# Built-ins of bash 4.0 only. The work is done in a subshell, so that nothing of it stays.

# Any other bash: 'case' touches no variable, no status and not even $_. $* joins by an IFS that
# may not be ours, so this only says that it is worth looking closer.
case ${PORTSIDE_LISTENERS:+on}:"$*" in
on:*kafka.Kafka* | on:*SupportedKafka*) ;;
*)
    case ${PORTSIDE_BASH_ENV-} in
    '') return ;;
    esac
    ;;
esac

# The user's own BASH_ENV. bash expands its value, but does not search PATH for it.
case ${PORTSIDE_BASH_ENV-} in
'') ;;
*[\$\`]*)
    eval "if [[ -r \"$PORTSIDE_BASH_ENV\" && ! -d \"$PORTSIDE_BASH_ENV\" ]]; then" \
        ". \"$PORTSIDE_BASH_ENV\"; fi"
    ;;
*)
    if [[ -r $PORTSIDE_BASH_ENV && ! -d $PORTSIDE_BASH_ENV ]]; then
        case $PORTSIDE_BASH_ENV in
        */*) . "$PORTSIDE_BASH_ENV" ;;
        *) . "./$PORTSIDE_BASH_ENV" ;;
        esac
    fi
    ;;
esac
case ${PORTSIDE_LISTENERS:+on}:"$*" in
on:*kafka.Kafka* | on:*SupportedKafka*) ;;
*) return ;; # with the status that the user's file ended with
esac

# Ends the work: $1 is the exposure or empty, $2 the reason's name, $3 what and what to do.
__portside_leave() {
    printf 'portside: %snot added (%s): %s; the broker starts unchanged\n' \
        "${1:+$1: }" "$2" "$3" >&2
    exit 0
}

# ---- Java properties (java.util.Properties, load) ----

# REPLY = $1 without white space around it, as Kafka's ConfigDef and its list splitter trim.
__portside_trim() {
    REPLY=${1#"${1%%[!$white]*}"}
    REPLY=${REPLY%"${REPLY##*[!$white]}"}
}

# REPLY = $1 with its escapes resolved. What is not ASCII becomes byte 255, which is refused
# later wherever it matters.
__portside_unescape() {
    local text=$1 head code
    local hex='^u[0-9A-Fa-f]{4}'
    REPLY=
    while [[ $text == *\\* ]]; do
        head=${text%%\\*}
        REPLY+=$head
        text=${text:${#head}+1}
        case ${text:0:1} in
        t) REPLY+=$'\t' ;;
        n) REPLY+=$'\n' ;;
        r) REPLY+=$'\r' ;;
        f) REPLY+=$'\f' ;;
        u)
            [[ $text =~ $hex ]] ||
                __portside_leave '' listeners \
                    "the properties file has a broken \\u escape; correct it"
            code=$((16#${text:1:4}))
            ((code > 0 && code < 128)) || code=255
            printf -v code '\\%03o' "$code"
            printf -v code '%b' "$code"
            REPLY+=$code
            text=${text:4}
            ;;
        *) REPLY+=${text:0:1} ;;
        esac
        text=${text:1}
    done
    REPLY+=$text
}

# Cuts one logical line into key and raw value, and keeps it if it is one we read.
__portside_take_line() {
    local line=$1 key raw i
    key=${line%%[=:$blank]*}
    if [[ $key == *\\* ]]; then
        for ((i = 0; i < ${#line}; i++)); do
            case ${line:i:1} in
            \\) ((i++)) ;;
            [=:$blank]) break ;;
            esac
        done
        key=${line:0:i}
    fi
    raw=${line:${#key}}
    raw=${raw#"${raw%%[!$blank]*}"}
    case $raw in
    [=:]*)
        raw=${raw:1}
        raw=${raw#"${raw%%[!$blank]*}"}
        ;;
    esac
    __portside_unescape "$key"
    __portside_keep "$REPLY" "$raw" raw
}

# Keeps the setting $1 if it is one that we read. $2 is its value, with escapes if $3 is given.
__portside_keep() {
    case $1 in
    listener.name.*)
        if [[ -n $3 ]]; then
            file_keys+=("$1")
            file_raws+=("$2")
        else
            override_secrets[$1]=$2
        fi
        ;;
    listeners | advertised.listeners | advertised.host.name | advertised.port | host.name | port | \
        listener.security.protocol.map | controller.listener.names | process.roles | \
        inter.broker.listener.name | security.inter.broker.protocol | broker.rack)
        REPLY=$2
        [[ -z $3 ]] || __portside_unescape "$2"
        __portside_trim "$REPLY"
        settings[$1]=$REPLY
        ;;
    ssl.keystore.location | ssl.keystore.certificate.chain | ssl.engine.factory.class)
        [[ -z $2 ]] || keystore=1
        ;;
    esac
}

# Fills settings, file_keys and file_raws from the file; file_lines keeps it as it is.
__portside_read_file() {
    local physical line logical='' tail
    mapfile -t file_lines <"$1" ||
        __portside_leave '' listeners "cannot read '$1'; check its permissions"
    for physical in ${file_lines[@]+"${file_lines[@]}"}; do
        while :; do
            line=${physical%%$'\r'*}
            line=${line#"${line%%[!$blank]*}"}
            if [[ -n $logical || $line != ['#!']* && -n $line ]]; then
                tail=${line##*[!\\]}
                if ((${#tail} % 2)); then
                    logical+=${line%?}
                else
                    __portside_take_line "$logical$line"
                    logical=
                fi
            fi
            [[ $physical == *$'\r'?* ]] || break
            physical=${physical#*$'\r'}
        done
    done
    [[ -z $logical ]] || __portside_take_line "$logical"
}

# --override k=v, as joptsimple reads it; $1 is what follows the properties file.
__portside_read_overrides() {
    local pair key
    while (($#)); do
        case $1 in
        --override | -override)
            (($# > 1)) || break
            pair=$2
            shift
            ;;
        --override=* | -override=*) pair=${1#*=} ;;
        --) break ;;
        *)
            shift
            continue
            ;;
        esac
        shift
        key=${pair%%=*}
        case $pair in
        *=*) pair=${pair#*=} ;;
        *) pair= ;;
        esac
        __portside_keep "$key" "$pair" ''
    done
}

# ---- Kafka's lists ----

# items = the elements of a comma-separated list, trimmed, without empty ones.
__portside_split() {
    local rest=$1,
    items=()
    while [[ -n $rest ]]; do
        __portside_trim "${rest%%,*}"
        rest=${rest#*,}
        [[ -z $REPLY ]] || items+=("$REPLY")
    done
}

# Reads a setting whose value decides something; a placeholder there cannot be resolved here.
__portside_plain_setting() {
    REPLY=${settings[$1]-$2}
    [[ $REPLY != *'${'* && $REPLY != *[^[:ascii:]]* ]] ||
        __portside_leave '' listeners "'$1' cannot be read here; state it as plain text"
}

# names, texts and ports = the elements of listeners or advertised.listeners ($1), given as $2.
# Kafka's pattern is ^(.*)://\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+) in every version.
__portside_parse_listeners() {
    local item
    local named='^([A-Za-z0-9._-]+)://(.*)$'
    local plain='^\[?[0-9A-Za-z%._:-]*\]?:(-?[0-9]+)$'
    local placed='^[^[:space:]]*\$\{[^}]*\}[^[:space:]]*$'
    [[ $2 != *[^[:ascii:]]* ]] ||
        __portside_leave '' listeners "'$1' holds a character outside ASCII; correct it"
    names=() texts=() ports=()
    __portside_split "$2"
    for item in ${items[@]+"${items[@]}"}; do
        [[ $item =~ $named ]] ||
            __portside_leave '' listeners "an element of '$1' is not NAME://host:port; correct it"
        names+=("${BASH_REMATCH[1]^^}")
        texts+=("$item")
        item=${BASH_REMATCH[2]}
        if [[ $item =~ $plain ]]; then
            ports+=("${BASH_REMATCH[1]}")
        elif [[ ! $item =~ $placed ]]; then
            __portside_leave '' listeners "an element of '$1' is not NAME://host:port; correct it"
        elif [[ $1 == advertised.listeners ]]; then
            ports+=('')
        elif [[ ${item##*\}} =~ ^:([0-9]+)$ ]]; then
            ports+=("${BASH_REMATCH[1]}")
        else
            __portside_leave '' listeners "a port in '$1' is a placeholder; state it as a number"
        fi
        __portside_index "${names[${#names[@]} - 1]}" "${names[@]}"
        ((REPLY == ${#names[@]} - 1)) ||
            __portside_leave '' listeners "'$1' names a listener twice; correct it"
    done
    ((${#names[@]})) || __portside_leave '' listeners "'$1' is empty; correct it"
}

# REPLY = where $1 stands among the other arguments, or -1.
__portside_index() {
    local wanted=$1 i=0
    shift
    for REPLY; do
        if [[ $REPLY == "$wanted" ]]; then
            REPLY=$i
            return 0
        fi
        ((i++)) || :
    done
    REPLY=-1
    return 1
}

# map_names, map_texts and map_protocols = listener.security.protocol.map in effect. Unset, it
# is Kafka's default: each protocol by its own name, and with process.roles every controller
# listener as PLAINTEXT unless a listener is called SSL or SASL_… (KafkaConfig,
# effectiveListenerSecurityProtocolMap).
__portside_parse_map() {
    local item value protocol
    map_names=() map_texts=() map_protocols=()
    if [[ -n ${settings[listener.security.protocol.map]+set} ]]; then
        __portside_plain_setting listener.security.protocol.map ''
        value=$REPLY
    else
        value=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
        protocol=${settings[process.roles]:+PLAINTEXT}
        for item in "${bound_names[@]}" ${controllers[@]+"${controllers[@]}"}; do
            case $item in
            SSL | SASL_SSL | SASL_PLAINTEXT) protocol= ;;
            esac
        done
        for item in ${controllers[@]+"${controllers[@]}"}; do
            [[ -z $protocol || $item == PLAINTEXT ]] || value+=,$item:$protocol
        done
    fi
    while [[ $value == *, ]]; do
        __portside_trim "${value%,}"
        value=$REPLY
    done
    [[ -z $value ]] || value+=,
    while [[ -n $value ]]; do
        __portside_trim "${value%%,*}"
        item=$REPLY
        value=${value#*,}
        __portside_trim "${item##*:}"
        protocol=${REPLY^^}
        __portside_trim "${item%:*}"
        case $item:$protocol in
        [!:]*:*:PLAINTEXT | [!:]*:*:SSL | [!:]*:*:SASL_PLAINTEXT | [!:]*:*:SASL_SSL) ;;
        *) __portside_leave '' listeners \
            "an element of 'listener.security.protocol.map' is not NAME:PROTOCOL; correct it" ;;
        esac
        map_names+=("${REPLY^^}")
        map_texts+=("$item")
        map_protocols+=("$protocol")
    done
}

# REPLY = the protocol of listener $1; the last entry wins, as in Kafka's own map.
__portside_protocol_of() {
    local i
    for ((i = ${#map_names[@]} - 1; i >= 0; i--)); do
        if [[ ${map_names[i]} == "$1" ]]; then
            REPLY=${map_protocols[i]}
            return
        fi
    done
    __portside_leave '' listeners \
        "'listener.security.protocol.map' has no protocol for '$1'; add it"
}

# ---- what Kafka makes of the settings ----

# Kafka before 3.0? Told by the name of its own jar; a Confluent jar (-ccs, -ce) carries the
# platform's version, of which 7.0 is the first with Kafka 3.0.
__portside_before_3() {
    local jar place
    local -a places=()
    local version='/kafka_2\.[0-9]+-([0-9]+)\.[0-9][^/]*\.jar$'
    case $0 in
    */*) places+=("${0%/*}/../libs" "${0%/*}/../share/java/kafka") ;;
    esac
    [[ -z ${KAFKA_HOME-} ]] || places+=("$KAFKA_HOME/libs" "$KAFKA_HOME/share/java/kafka")
    place=${CLASSPATH-}:
    while [[ -n $place ]]; do
        jar=${place%%:*}
        place=${place#*:}
        [[ $jar != */* ]] || places+=("${jar%/*}")
    done
    case $1 in
    */*) places+=("${1%/*}/../libs" "${1%/*}/../../libs") ;;
    esac
    places+=(../libs libs /usr/share/java/kafka /opt/kafka/libs /opt/bitnami/kafka/libs)
    places+=(/opt/kafka*/libs /kafka*/libs /usr/local/kafka*/libs /usr/lib/kafka*/libs)
    places+=(/opt/confluent*/share/java/kafka)
    for place in "${places[@]}"; do
        for jar in "$place"/kafka_2.*-*.jar; do
            [[ $jar =~ $version ]] || continue
            case $jar in
            *-ccs* | *-ce*) ((BASH_REMATCH[1] < 7)) ;;
            *) ((BASH_REMATCH[1] < 3)) ;;
            esac
            return
        done
    done
    __portside_leave '' kafka-version \
        "the version of Kafka was not found, and the host and port settings mean something only before 3.0; state 'listeners' and 'advertised.listeners'"
}

# REPLY = listeners and advertised.listeners in effect, where unset; $1 is the file.
__portside_defaults() {
    local host port legacy_bind=${settings[host.name]+set}${settings[port]+set}
    local legacy_advertised=${settings[advertised.host.name]+set}${settings[advertised.port]+set}
    [[ -z ${settings[listeners]+set} ]] || legacy_bind=
    [[ -z ${settings[advertised.listeners]+set} ]] || legacy_advertised=
    if [[ -n $legacy_bind$legacy_advertised ]] && ! __portside_before_3 "$1"; then
        legacy_bind='' legacy_advertised=
    fi
    if [[ -z ${settings[listeners]+set} ]]; then
        settings[listeners]=PLAINTEXT://:9092
        [[ -z $legacy_bind ]] ||
            settings[listeners]=PLAINTEXT://${settings[host.name]-}:${settings[port]-9092}
    fi
    if [[ -n $legacy_advertised ]]; then
        host=${settings[advertised.host.name]-${settings[host.name]-}}
        port=${settings[advertised.port]-${settings[port]-9092}}
        settings[advertised.listeners]=PLAINTEXT://$host:$port
    fi
}

# controllers = the names in controller.listener.names, in capitals as all names here. Without a
# map Kafka does not find one in small letters and refuses to start; a map of ours would hide it.
__portside_read_controllers() {
    __portside_plain_setting controller.listener.names ''
    __portside_split "$REPLY"
    controllers=(${items[@]+"${items[@]^^}"})
    [[ -n ${settings[listener.security.protocol.map]+set} || ${items[*]-} == "${controllers[*]-}" ]] ||
        __portside_leave '' listeners "'controller.listener.names' is not in capitals; correct it"
}

# bound_*, advertised_*, controllers, map_* and inter_broker = what Kafka makes of the settings.
__portside_understand() {
    local i
    __portside_plain_setting process.roles ''
    __portside_split "$REPLY"
    if [[ ${items[*]-} == controller ]]; then
        printf "portside: process.roles is 'controller': no listener for clients is added\n" >&2
        exit 0
    fi
    __portside_defaults "$1"
    __portside_parse_listeners listeners "${settings[listeners]}"
    bound_names=("${names[@]}") bound_texts=("${texts[@]}") bound_ports=("${ports[@]}")
    __portside_read_controllers
    if [[ -n ${settings[advertised.listeners]+set} ]]; then
        __portside_parse_listeners advertised.listeners "${settings[advertised.listeners]}"
        advertised_names=("${names[@]}") advertised_texts=("${texts[@]}")
        for i in "${advertised_names[@]}"; do
            __portside_index "$i" "${bound_names[@]}" ||
                __portside_leave '' listeners \
                    "'advertised.listeners' names '$i', 'listeners' does not; correct them"
        done
    else
        for ((i = 0; i < ${#bound_names[@]}; i++)); do
            __portside_index "${bound_names[i]}" ${controllers[@]+"${controllers[@]}"} && continue
            advertised_names+=("${bound_names[i]}")
            advertised_texts+=("${bound_texts[i]}")
        done
    fi
    __portside_parse_map
    for i in "${bound_names[@]}"; do
        __portside_protocol_of "$i"
    done
    __portside_plain_setting security.inter.broker.protocol PLAINTEXT
    inter_broker=$REPLY
    __portside_plain_setting inter.broker.listener.name "$inter_broker"
    inter_broker=${REPLY^^}
}

# mirrored and mirrored_protocol = the listener that in-cluster clients use: advertised, no
# controller listener, not the inter-broker listener if another is left; of several the
# strongest. A stated protocol ($1) prefers a listener that has it.
__portside_find_mirrored() {
    local i pass name strength best=0
    mirrored='' mirrored_protocol=
    for pass in others any; do
        for ((i = 0; i < user_count; i++)); do
            name=${advertised_names[i]}
            __portside_index "$name" ${controllers[@]+"${controllers[@]}"} && continue
            [[ $pass == any || $name != "$inter_broker" ]] || continue
            __portside_protocol_of "$name"
            case $REPLY in
            "$1") strength=5 ;;
            SASL_SSL) strength=4 ;;
            SSL) strength=3 ;;
            SASL_PLAINTEXT) strength=2 ;;
            *) strength=1 ;;
            esac
            if ((strength > best)); then
                best=$strength mirrored=$name mirrored_protocol=$REPLY
            fi
        done
        [[ -z $mirrored ]] || return 0
    done
    __portside_leave '' listeners \
        "no listener is advertised to clients; correct 'advertised.listeners'"
}

# ---- the endpoint ----

__portside_is_host() {
    local octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
    local host=$1 sides
    local ipv4="^$octet\\.$octet\\.$octet\\.$octet\$"
    local name='^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$'
    local groups='^([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?$'
    case $host in
    0.0.0.0 | :: | '[::]') return 1 ;;
    *:*)
        [[ $host != '['*']' ]] || host=${host:1:${#host}-2}
        if [[ $host == *.* ]]; then
            [[ ${host##*:} =~ $ipv4 ]] || return 1
            host=${host%:*}:0:0
        fi
        sides=${host/::/:}
        if [[ $host == *::* ]]; then
            [[ ${host%%::*} =~ $groups && ${host#*::} =~ $groups ]] || return 1
            sides=${sides#:}
            sides=${sides%:}
            sides=${sides//[!:]/}
            ((${#sides} < 7))
        else
            sides=${host//[!:]/}
            [[ $host =~ $groups ]] && ((${#sides} == 7))
        fi
        ;;
    *)
        [[ $host =~ $name ]] && ((${#host} <= 254)) || return 1
        sides=${host%.}
        [[ ${sides##*.} == *[!0-9]* || $host =~ $ipv4 ]]
        ;;
    esac
}

# REPLY = host:port of exposure $1, an IPv6 host in brackets.
__portside_read_endpoint() {
    local host="PORTSIDE_${1//-/_}" port
    host=${host^^}
    port=${host}_PORT
    host=${host}_HOST
    __portside_is_host "${!host-}" ||
        __portside_leave "$1" endpoint \
            "$host is empty or not a host; check the portside controller and the annotations of this pod"
    [[ ${!port-} =~ ^[1-9][0-9]{0,4}$ && ${!port} -le 65535 ]] ||
        __portside_leave "$1" endpoint \
            "$port is empty or not a port; check the portside controller and the annotations of this pod"
    REPLY=${!host}
    [[ $REPLY != *:* || $REPLY == '['* ]] || REPLY="[$REPLY]"
    REPLY+=:${!port}
}

# rack = the value of broker.rack, empty if none is wanted or the broker has its own, which stays.
__portside_read_rack() {
    local label='^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$'
    rack=
    [[ -n ${PORTSIDE_RACK+set} ]] || return 0
    [[ $PORTSIDE_RACK =~ $label ]] ||
        __portside_leave '' endpoint \
            "PORTSIDE_RACK is empty or not the value of a label; check the portside controller and the annotations of this pod"
    if [[ -z ${settings[broker.rack]+set} ]]; then
        rack=$PORTSIDE_RACK
        report+=("broker.rack is $rack")
    elif [[ ${settings[broker.rack]} != "$PORTSIDE_RACK" ]] && ((${#report[@]})); then
        report+=("the broker sets broker.rack itself, which stays as it is")
    fi
}

# ---- the plan ----

# A listener that the broker has: its port and protocol stay, its advertised address is set.
__portside_adopt() {
    local exposure=$1 name=$2 endpoint=$3 port=$5
    local i advertised_at others=0
    __portside_index "$name" "${advertised_names[@]}"
    advertised_at=$REPLY
    if ((advertised_at >= 0)) &&
        [[ ${advertised_texts[advertised_at]#*://} == "$endpoint" ]]; then
        return 0
    fi
    __portside_index "$name" ${controllers[@]+"${controllers[@]}"} &&
        __portside_leave "$exposure" name-taken \
            "'$name' is the controller listener; choose another portside.dev/listener-name"
    [[ $name != "$inter_broker" ]] ||
        __portside_leave "$exposure" name-taken \
            "'$name' is the inter-broker listener; choose another portside.dev/listener-name"
    for ((i = 0; i < ${#advertised_names[@]}; i++)); do
        __portside_index "${advertised_names[i]}" "$name" ${controllers[@]+"${controllers[@]}"} ||
            others=1
    done
    ((others)) ||
        __portside_leave "$exposure" name-taken \
            "'$name' is the only client listener; choose another portside.dev/listener-name"
    __portside_protocol_of "$name"
    [[ $4 == mirror || $4 == "$REPLY" ]] ||
        __portside_leave "$exposure" listeners \
            "listener '$name' speaks $REPLY, portside.dev/protocol says $4; make them agree"
    __portside_index "$name" "${bound_names[@]}"
    [[ ${bound_ports[REPLY]} =~ ^0*$port$ ]] ||
        __portside_leave "$exposure" listener-port \
            "listener '$name' listens on port ${bound_ports[REPLY]}, but clients would be led to port $port, where nothing answers; set portside.dev/listener-port to the port of the listener"
    if ((advertised_at >= 0)); then
        advertised_texts[advertised_at]=${advertised_texts[advertised_at]%%://*}://$endpoint
    else
        advertised_names+=("$name")
        advertised_texts+=("$name://$endpoint")
    fi
    report+=("$exposure: listener $name keeps its port and is advertised as $endpoint")
}

# REPLY = the protocol for the new listener $2 of exposure $1; $3 is the one stated, or mirror.
# What the map already says of that name was said on purpose.
__portside_choose_protocol() {
    local wanted=$3
    if __portside_index "$2" "${map_names[@]}"; then
        __portside_protocol_of "$2"
        [[ $3 == mirror || $3 == "$REPLY" ]] ||
            __portside_leave "$1" listeners \
                "'listener.security.protocol.map' gives '$2' the protocol $REPLY, portside.dev/protocol says $3; make them agree"
        wanted=$REPLY
    fi
    __portside_find_mirrored "$wanted"
    REPLY=$wanted
    [[ $wanted != mirror ]] || REPLY=$mirrored_protocol
}

# A listener that the broker does not have yet.
__portside_add() {
    local exposure=$1 name=$2 port=$3 endpoint=$5
    local i protocol
    __portside_index "$name" "$inter_broker" ${controllers[@]+"${controllers[@]}"} &&
        __portside_leave "$exposure" name-taken \
            "the settings name '$name', but 'listeners' does not; choose another portside.dev/listener-name"
    for ((i = 0; i < ${#bound_ports[@]}; i++)); do
        [[ ${bound_ports[i]} =~ ^0*$port$ ]] &&
            __portside_leave "$exposure" port-taken \
                "port $port is that of listener '${bound_names[i]}'; choose another portside.dev/listener-port"
    done
    __portside_choose_protocol "$exposure" "$name" "$4"
    protocol=$REPLY
    if [[ $protocol != PLAINTEXT ]]; then
        __portside_take_over "$exposure" "$mirrored" "$name"
        __portside_check_security "$exposure" "$name" "$protocol"
    fi
    bound_names+=("$name") bound_ports+=("$port") bound_texts+=("$name://:$port")
    advertised_names+=("$name") advertised_texts+=("$name://$endpoint")
    if ! __portside_index "$name" "${map_names[@]}"; then
        map_names+=("$name") map_texts+=("$name:$protocol") map_protocols+=("$protocol")
    fi
    report+=("$exposure: listener $name on port $port ($protocol), advertised as $endpoint")
}

# Repeats the settings of listener $2 for listener $3, except those that it has already. They
# may hold secrets, so they go into a file.
__portside_take_over() {
    local from=listener.name.${2,,}. to=listener.name.${3,,}.
    local key value i
    local plain='^[A-Za-z0-9._-]+$'
    for ((i = 0; i < ${#file_keys[@]}; i++)); do
        key=${file_keys[i]}
        [[ $key == "$from"* ]] || continue
        [[ $key =~ $plain ]] ||
            __portside_leave "$1" listeners \
                "a setting of listener '$2' has an unusual name; correct it"
        __portside_index "$to${key#"$from"}" "${file_keys[@]}" ||
            taken_over+=("$to${key#"$from"}=${file_raws[i]}")
    done
    for key in "${!override_secrets[@]}"; do
        [[ $key == "$from"* ]] || continue
        value=${override_secrets[$key]}
        [[ $key =~ $plain && $value != *[^[:ascii:]]* ]] ||
            __portside_leave "$1" listeners \
                "a setting of listener '$2' holds characters outside ASCII; put it into the properties file"
        __portside_index "$to${key#"$from"}" ${file_keys[@]+"${file_keys[@]}"} && continue
        value=${value//\\/\\\\}
        value=${value//$'\n'/\\n}
        value=${value//$'\r'/\\r}
        value=${value//$'\t'/\\t}
        value=${value//$'\f'/\\f}
        [[ $value != ' '* ]] || value="\\$value"
        taken_over+=("$to${key#"$from"}=$value")
    done
}

# True if listener $1 has a setting, its own or taken over, whose name ends in one of the others.
__portside_has_setting() {
    local key end name=listener.name.${1,,}.
    shift
    for end; do
        for key in ${file_keys[@]+"${file_keys[@]}"} "${!override_secrets[@]}" \
            ${taken_over[@]+"${taken_over[@]%%=*}"}; do
            [[ $key != "$name"*"$end" ]] || return 0
        done
    done
    return 1
}

# True if the JVM is given a JAAS file.
__portside_has_login_file() {
    local name
    for name in "${!KAFKA_@}" JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS; do
        [[ ${!name-} != *java.security.auth.login.config* ]] || return 0
    done
    return 1
}

# A protocol that the mirrored listener does not speak may lack what it needs: without a JAAS
# configuration Kafka would exit, without a keystore refuse all clients.
__portside_check_security() {
    case $3:$mirrored_protocol in
    SASL_*:SASL_* | SSL:*) ;;
    *)
        __portside_has_setting "$2" .sasl.jaas.config || __portside_has_login_file ||
            __portside_leave "$1" listeners \
                "protocol $3 needs 'listener.name.${2,,}.<mechanism>.sasl.jaas.config', which is not set; set it or another portside.dev/protocol"
        ;;
    esac
    case $3:$mirrored_protocol in
    *SSL:*SSL | SASL_PLAINTEXT:*) ;;
    *)
        ((keystore)) || __portside_has_setting "$2" ssl.keystore.location \
            ssl.keystore.certificate.chain ssl.engine.factory.class ||
            __portside_leave "$1" listeners \
                "protocol $3 needs 'ssl.keystore.location', which is not set; set it or another portside.dev/protocol"
        ;;
    esac
}

# Writes the file with the taken-over settings; REPLY = its path. The empty line ends a line
# that may be continued at the end of the original.
__portside_write_copy() {
    REPLY=${PORTSIDE_RUN_DIR:-/portside/run}/${1##*/}
    umask 077
    {
        printf '%s\n' ${file_lines[@]+"${file_lines[@]}"} '' &&
            printf '%s\n' "${taken_over[@]}"
    } 2>/dev/null >"$REPLY" ||
        __portside_leave '' volume "cannot write '$REPLY'; check the volume named portside"
}

# Prints the command that completes the positional parameters, at once and as the last thing:
# half of it would start the broker with half of its arguments. $1 is where the properties file
# stands, $2 how many listeners change.
__portside_print_command() {
    local file_at=$1 changed=$2 IFS=, argument command='set -- "$@"'
    local -a overrides=()
    shift 2
    local bound="${bound_texts[*]}" advertised="${advertised_texts[*]}" map="${map_texts[*]}"
    if ((${#taken_over[@]})); then
        __portside_write_copy "${!file_at}"
        printf -v argument '%q' "$REPLY"
        command='set -- "${@:1:'$((file_at - 1))'}" '$argument' "${@:'$((file_at + 1))'}"'
    fi
    ((!changed)) || overrides+=("listeners=$bound" "advertised.listeners=$advertised"
        "listener.security.protocol.map=$map")
    [[ -z $rack ]] || overrides+=("broker.rack=$rack")
    for argument in "${overrides[@]}"; do
        printf -v argument '%q' "$argument"
        command+=" --override $argument"
    done
    printf '%s' "$command"
}

# One exposure, <exposure>=<LISTENER>:<port>:<protocol or mirror>.
__portside_expose() {
    local form='^([a-z0-9]([a-z0-9-]*[a-z0-9])?)=([A-Za-z0-9._-]+):([1-9][0-9]{0,4}):'
    form+='(mirror|PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$'
    [[ $1 =~ $form ]] ||
        __portside_leave '' settings \
            "PORTSIDE_LISTENERS is malformed; expected exposure=LISTENER:port:protocol"
    local exposure=${BASH_REMATCH[1]} name=${BASH_REMATCH[3]^^}
    local port=${BASH_REMATCH[4]} protocol=${BASH_REMATCH[5]}
    ! __portside_index "$name" ${exposed[@]+"${exposed[@]}"} ||
        __portside_leave "$exposure" settings "PORTSIDE_LISTENERS names '$name' twice"
    exposed+=("$name")
    __portside_read_endpoint "$exposure"
    local endpoint=$REPLY
    if __portside_index "$name" "${bound_names[@]}"; then
        __portside_adopt "$exposure" "$name" "$endpoint" "$protocol" "$port"
    else
        __portside_add "$exposure" "$name" "$port" "$protocol" "$endpoint"
    fi
}

# Runs in a subshell: $@ are the script's arguments, and what it prints is run by the script.
__portside_main() {
    set +efuvxTE +o noclobber +o posix
    shopt -s nullglob
    shopt -u nocasematch nocaseglob failglob
    trap - DEBUG ERR RETURN EXIT
    unset -f printf mapfile local shift exit return umask trap set
    LC_ALL=C IFS=$' \t\n'
    GLOBIGNORE=
    # In variables, because old bashes do not take $'…' inside "${…}".
    local white=$' \t\n\v\f\r' blank=$' \t\f'
    local -A settings override_secrets
    local -a file_lines=() file_keys=() file_raws=() items=() names=() texts=() ports=()
    local -a bound_names=() bound_texts=() bound_ports=() advertised_names=() advertised_texts=()
    local -a controllers=() map_names=() map_texts=() map_protocols=()
    local -a exposed=() taken_over=() report=()
    local inter_broker mirrored mirrored_protocol user_count rack changed i keystore=0 file_at=0
    for ((i = 1; i < $#; i++)); do
        case ${!i} in
        kafka.Kafka | io.confluent.support.metrics.SupportedKafka) file_at=$((i + 1)) ;;
        *) continue ;;
        esac
        [[ -r ${!file_at} && ! -d ${!file_at} ]] && break
        file_at=0
    done
    ((file_at)) || return 0
    __portside_read_file "${!file_at}"
    __portside_read_overrides "${@:file_at+1}"
    __portside_understand "${!file_at}"
    user_count=${#advertised_names[@]}
    __portside_split "$PORTSIDE_LISTENERS"
    for i in "${items[@]}"; do
        __portside_expose "$i"
    done
    changed=${#report[@]}
    __portside_read_rack
    ((${#report[@]})) || return 0
    __portside_print_command "$file_at" "$changed" "$@"
    printf 'portside: %s\n' "${report[@]}" >&2
}

# fd 3 keeps our messages; where the shell traces (SHELLOPTS), its trace of this line would
# show the arguments.
{ eval "$(__portside_main "$@" 2>&3)"; } 3>&2 2>/dev/null
unset -f __portside_leave __portside_trim __portside_unescape __portside_take_line \
    __portside_keep __portside_read_file __portside_read_overrides __portside_split \
    __portside_plain_setting __portside_parse_listeners __portside_index __portside_parse_map \
    __portside_protocol_of __portside_before_3 __portside_defaults __portside_read_controllers \
    __portside_understand __portside_find_mirrored __portside_is_host __portside_read_endpoint \
    __portside_read_rack __portside_adopt __portside_choose_protocol __portside_add \
    __portside_take_over __portside_has_setting __portside_has_login_file \
    __portside_check_security __portside_write_copy __portside_print_command __portside_expose \
    __portside_main
