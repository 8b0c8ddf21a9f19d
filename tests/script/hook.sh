# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The hook in front of a stand-in of Kafka's start script: what it takes care of besides the
# listener settings, which tests/judge covers.
# shellcheck disable=SC1003,SC2016,SC2030,SC2031,SC2154 # hook and scratch come from run

hook_folder=$scratch/hook
mkdir -p "$hook_folder/run" "$hook_folder/kafka/libs"
export PORTSIDE_RUN_DIR=$hook_folder/run
cat >"$hook_folder/kafka-run-class.sh" <<'END'
#!/bin/bash
printf '<%s>' "$@"
printf '\n'
END
chmod +x "$hook_folder/kafka-run-class.sh"
properties=$hook_folder/server.properties
printf 'broker.id=0\nlisteners=PLAINTEXT://:9092\n' >"$properties"

# start ARGUMENT…: out and err are what the start script got and what was said.
start() {
    out=$(
        export BASH_ENV=$hook PORTSIDE_LISTENERS=${PORTSIDE_LISTENERS-external=PORTSIDE:9194:mirror}
        export PORTSIDE_EXTERNAL_HOST=${PORTSIDE_EXTERNAL_HOST-203.0.113.11}
        export PORTSIDE_EXTERNAL_PORT=${PORTSIDE_EXTERNAL_PORT-31000}
        "$hook_folder/kafka-run-class.sh" "$@" 2>"$hook_folder/err"
    )
    err=$(<"$hook_folder/err")
}

plain='--override><listeners=PLAINTEXT://:9092,PORTSIDE://:9194><--override><advertised.listeners=PLAINTEXT://:9092,PORTSIDE://203.0.113.11:31000><--override><listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,PORTSIDE:PLAINTEXT>'

# left NAME REASON: nothing was changed and one line says why.
left() {
    same "$1: arguments" "<kafka.Kafka><$properties>" "$out"
    has "$1: reason" "not added ($2): " "$err"
    has "$1: what happens" '; the broker starts unchanged' "$err"
    same "$1: one line" 1 "$(grep -c '' <<<"$err")"
}

test_arguments() {
    start -name kafkaServer -loggc kafka.Kafka "$properties" --override 'a=b c'
    same 'arguments are kept' "<-name><kafkaServer><-loggc><kafka.Kafka><$properties><--override><a=b c><$plain" "$out"
    same 'says what it did' 'portside: external: listener PORTSIDE on port 9194 (PLAINTEXT), advertised as 203.0.113.11:31000' "$err"
    start io.confluent.support.metrics.SupportedKafka "$properties"
    same 'SupportedKafka' "<io.confluent.support.metrics.SupportedKafka><$properties><$plain" "$out"
    start kafka.Kafka nothing kafka.Kafka "$properties"
    has 'the first readable file counts' "<$plain" "$out"
    start kafka.Kafka "$properties" --override $'x=\n"$(id)`id`*'
    has 'hostile arguments' "<x="$'\n''"$(id)`id`*><--override><listeners=' "$out"
    (cd "$hook_folder" && start kafka.Kafka server.properties && [[ $out == *"$plain" ]]) ||
        fail 'a file in the current folder'
    pass
}

# kafka-run-class called by name through another bash, as wrappers do.
test_twice() {
    local once twice
    start kafka.Kafka "$properties"
    once=$out
    twice=$(BASH_ENV=$hook PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror PORTSIDE_EXTERNAL_HOST=203.0.113.11 \
        PORTSIDE_EXTERNAL_PORT=31000 bash -c 'exec "$0" "$@"' "$hook_folder/kafka-run-class.sh" \
        kafka.Kafka "$properties" 2>"$hook_folder/err")
    same 'a wrapper passes twice: arguments' "$once" "$twice"
    same 'a wrapper passes twice: one line' 1 "$(grep -c '' "$hook_folder/err")"
}

test_endpoints() {
    local value
    for value in '' ' ' 0.0.0.0 :: '[::]' 1.2.3.256 1.2.3 a:9092 'a b' 'a,b' $'a\n' '$(id)' '`id`' '[::1' '[a]' \
        1::2::3 12345::1 -a a- 'a/b' 1:2:3:4:5:6:7 ::1.2.3; do
        PORTSIDE_EXTERNAL_HOST=$value
        start kafka.Kafka "$properties"
        left "host '$value'" endpoint
    done
    for value in 203.0.113.11 kafka-0.example.test. ::1 '[::1]' ::ffff:192.0.2.1 1:2:3:4:5:6:7:8 1:: a_b; do
        PORTSIDE_EXTERNAL_HOST=$value
        start kafka.Kafka "$properties"
        has "host '$value'" '--override' "$out"
    done
    unset PORTSIDE_EXTERNAL_HOST
    for value in '' 0 65536 99999999999 01 -1 1a ' 1' $'1\n' '$(id)' 'a[$(id)]'; do
        PORTSIDE_EXTERNAL_PORT=$value
        start kafka.Kafka "$properties"
        left "port '$value'" endpoint
    done
    unset PORTSIDE_EXTERNAL_PORT
}

# start_racked VALUE ARGUMENT…: start with PORTSIDE_RACK.
start_racked() {
    export PORTSIDE_RACK=$1
    shift
    start "$@"
    unset PORTSIDE_RACK
}

test_rack() {
    local value own=$hook_folder/rack.properties override='<--override><broker.rack='
    for value in a zone-a.b_C 0 "$(printf '%063d' 0)"; do
        start_racked "$value" kafka.Kafka "$properties"
        same "rack '$value'" "<kafka.Kafka><$properties><$plain$override$value>" "$out"
        has "rack '$value': said" "portside: broker.rack is $value" "$err"
    done
    for value in '' ' ' -a a- .a a_ 'a b' 'a,b' 'a/b' 'a=b' $'a\n' $'a\nb' '$(id)' '`id`' 'ü' '*' "a'b" 'a"b' 'a\b' \
        "$(printf '%064d' 0)"; do
        start_racked "$value" kafka.Kafka "$properties"
        left "rack '$value'" endpoint
    done
    printf 'listeners=PLAINTEXT://:9092\nbroker.rack=mine-s3cr3t\n' >"$own"
    start_racked zone-a kafka.Kafka "$own"
    same 'a rack of its own stays' "<kafka.Kafka><$own><$plain" "$out"
    has 'a rack of its own: said' 'the broker sets broker.rack itself, which stays' "$err"
    lacks 'a rack of its own is not printed' s3cr3t "$err"
    start_racked zone-a kafka.Kafka "$properties" --override broker.rack=mine
    lacks 'a rack of its own by --override' "${override}zone-a" "$out"
    start_racked zone-a kafka.Kafka "$properties" --override broker.rack=zone-a
    same 'the rack is there already: nothing is said of it' 1 "$(grep -c '' <<<"$err")"
    # The listener is there already, but not the rack.
    printf '%s\n' 'listeners=PLAINTEXT://:9092,PORTSIDE://:9194' \
        'advertised.listeners=PLAINTEXT://h:9092,PORTSIDE://203.0.113.11:31000' \
        'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PORTSIDE:PLAINTEXT' >"$own"
    start_racked zone-a kafka.Kafka "$own"
    same 'the rack alone' "<kafka.Kafka><$own>${override}zone-a>" "$out"
    same 'the rack alone: said' 'portside: broker.rack is zone-a' "$err"
    start kafka.Kafka "$own"
    same 'neither: arguments' "<kafka.Kafka><$own>" "$out"
    same 'neither: nothing is said' '' "$err"
    # A wrapper passes a second time with what the first pass made.
    once=$(PORTSIDE_RACK=zone-a BASH_ENV=$hook PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror \
        PORTSIDE_EXTERNAL_HOST=203.0.113.11 PORTSIDE_EXTERNAL_PORT=31000 \
        bash -c 'exec "$0" "$@"' "$hook_folder/kafka-run-class.sh" kafka.Kafka "$properties" 2>"$hook_folder/err")
    same 'a wrapper passes twice with a rack' "<kafka.Kafka><$properties><$plain${override}zone-a>" "$once"
    same 'a wrapper passes twice with a rack: two lines' 2 "$(grep -c '' "$hook_folder/err")"
}

# All exposures or none: one without an endpoint leaves the broker as it is.
test_exposures() {
    local both="external=PORTSIDE:9194:mirror,vpn-a=VPN:9195:mirror" PORTSIDE_LISTENERS
    PORTSIDE_LISTENERS=$both
    export PORTSIDE_VPN_A_HOST=fd00::1 PORTSIDE_VPN_A_PORT=31001
    start kafka.Kafka "$properties"
    has 'two exposures' 'listeners=PLAINTEXT://:9092,PORTSIDE://:9194,VPN://:9195>' "$out"
    has 'two exposures: advertised' 'PORTSIDE://203.0.113.11:31000,VPN://[fd00::1]:31001>' "$out"
    same 'two exposures: two lines' 2 "$(grep -c '' <<<"$err")"
    PORTSIDE_VPN_A_HOST='' start kafka.Kafka "$properties"
    left 'the second of two has no endpoint' endpoint
    has 'the second of two has no endpoint: which' 'portside: vpn-a: not added' "$err"
    PORTSIDE_EXTERNAL_PORT='' start kafka.Kafka "$properties"
    left 'the first of two has no endpoint' endpoint
    start_racked '' kafka.Kafka "$properties"
    left 'two exposures and no rack' endpoint
    unset PORTSIDE_VPN_A_HOST PORTSIDE_VPN_A_PORT
}

test_settings() {
    local value
    for value in external 'external=PORTSIDE' external=PORTSIDE:0:mirror external=PORTSIDE:x:mirror \
        external=PORTSIDE:9194:TLS 'external=PORT SIDE:9194:mirror' 'ext$(id)=P:9194:mirror' \
        'external=P:9194:mirror,external' '=P:1:mirror'; do
        PORTSIDE_LISTENERS=$value
        start kafka.Kafka "$properties"
        left "PORTSIDE_LISTENERS='$value'" settings
    done
    PORTSIDE_LISTENERS='external=PORTSIDE:9194:mirror, ,'
    start kafka.Kafka "$properties"
    has 'PORTSIDE_LISTENERS with an empty element' "<$plain" "$out"
    unset PORTSIDE_LISTENERS
}

# What Kafka would not start with, or what would lead nowhere.
test_refusals() {
    local file=$hook_folder/refused.properties protocol
    printf '%s\n' 'listeners=PLAINTEXT://:9092' 'sasl.jaas.config=s3cr3t' 'ssl.key.password=s3cr3t' >"$file"
    for protocol in SASL_PLAINTEXT SASL_SSL SSL; do
        PORTSIDE_LISTENERS=external=PORTSIDE:9194:$protocol start kafka.Kafka "$file"
        same "$protocol without settings: arguments" "<kafka.Kafka><$file>" "$out"
        has "$protocol without settings: reason" "portside: external: not added (listeners): protocol $protocol needs '" "$err"
        lacks "$protocol without settings: no secret" s3cr3t "$err"
    done
    PORTSIDE_LISTENERS=external=PORTSIDE:9194:SASL_SSL start kafka.Kafka "$file" \
        --override listener.name.portside.plain.sasl.jaas.config=s3cr3t --override ssl.keystore.location=/k
    has 'SASL_SSL with settings' 'PORTSIDE:SASL_SSL>' "$out"
    PORTSIDE_LISTENERS=external=PORTSIDE:9194:SASL_SSL JAVA_TOOL_OPTIONS=-Djava.security.auth.login.config=/j \
        start kafka.Kafka "$file" --override ssl.keystore.certificate.chain=x
    has 'SASL_SSL with a JAAS file and PEM' 'PORTSIDE:SASL_SSL>' "$out"
    printf '%s\n' 'listeners=PLAINTEXT://:9092,OUT://:9094' 'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,OUT:PLAINTEXT' \
        'advertised.listeners=PLAINTEXT://h:9092,OUT://h:9094' >"$file"
    PORTSIDE_LISTENERS=external=OUT:9194:mirror start kafka.Kafka "$file"
    same 'adopted, another port: arguments' "<kafka.Kafka><$file>" "$out"
    same 'adopted, another port: both ports and the cure' \
        "portside: external: not added (listener-port): listener 'OUT' listens on port 9094, but clients would be led to port 9194, where nothing answers; set portside.dev/listener-port to the port of the listener; the broker starts unchanged" \
        "$err"
    PORTSIDE_LISTENERS=external=OUT:9094:mirror start kafka.Kafka "$file"
    has 'adopted, its port' 'OUT://203.0.113.11:31000>' "$out"
}

# What is secret stands in the copy only.
test_secrets() {
    local secret='s3cr3t-%n-&-\\\\' copy=$PORTSIDE_RUN_DIR/sasl.properties file=$hook_folder/sasl.properties
    printf '%s\n' 'listeners=CLIENT://:9092' 'listener.security.protocol.map=CLIENT:SASL_SSL' \
        'inter.broker.listener.name=CLIENT' "listener.name.client.plain.sasl.jaas.config=$secret" \
        'ssl.keystore.password=other-s3cr3t' >"$file"
    (umask 000 && start kafka.Kafka "$file" --override listener.name.client.x=y && printf '%s\n' "$out" "$err" >"$hook_folder/said")
    out=$(<"$hook_folder/said")
    has 'the copy replaces the file' "<kafka.Kafka><$copy><--override><listener.name.client.x=y><--override>" "$out"
    lacks 'no secret on argv or stderr' s3cr3t "$out"
    same 'the copy is for its owner only' 600 "$(stat -c %a "$copy")"
    same 'the copy holds the original and the settings' \
        "$(cat "$file")"$'\n\n'"listener.name.portside.plain.sasl.jaas.config=$secret"$'\nlistener.name.portside.x=y' \
        "$(<"$copy")"
    same 'the original is as it was' 5 "$(grep -c '' "$file")"
    out=$(BASH_ENV=$hook PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror PORTSIDE_EXTERNAL_HOST=h PORTSIDE_EXTERNAL_PORT=1 \
        env SHELLOPTS=xtrace "$hook_folder/kafka-run-class.sh" kafka.Kafka "$file" 2>&1 >/dev/null)
    lacks 'no secret in the trace of a shell that traces' s3cr3t "$out"
    PORTSIDE_RUN_DIR=$hook_folder/nothing start kafka.Kafka "$file"
    same 'no folder for the copy: arguments' "<kafka.Kafka><$file>" "$out"
    has 'no folder for the copy: reason' 'not added (volume): ' "$err"
    lacks 'no folder for the copy: no secret' s3cr3t "$err"
    printf '%s\n' 'listeners=' "password=$secret" >"$hook_folder/broken.properties"
    start kafka.Kafka "$hook_folder/broken.properties"
    lacks 'no value in a refusal' s3cr3t "$err"
}

# Which Kafka is there, told by its jar, where that makes a difference.
test_versions() {
    local libs=$hook_folder/kafka/libs row jar expected
    printf 'broker.id=0\nhost.name=legacy-host\n' >"$hook_folder/legacy.properties"
    for row in kafka_2.13-2.8.2.jar=legacy kafka_2.13-3.0.0.jar= kafka_2.13-4.3.1.jar= kafka_2.11-0.10.2.1.jar=legacy \
        kafka_2.12-5.5.1-ccs.jar=legacy kafka_2.13-6.2.0-ce.jar=legacy kafka_2.13-7.0.1-ccs.jar= kafka_2.13-10.1.0.jar=; do
        jar=${row%%=*} expected='<listeners=PLAINTEXT://:9092,'
        [[ $row == *= ]] || expected='<listeners=PLAINTEXT://legacy-host:9092,'
        rm -f "$libs"/*
        : >"$libs/$jar"
        KAFKA_HOME=$hook_folder/kafka start kafka.Kafka "$hook_folder/legacy.properties"
        has "$jar" "$expected" "$out"
        CLASSPATH=/x/y.jar:$libs/$jar start kafka.Kafka "$hook_folder/legacy.properties"
        has "$jar in CLASSPATH" "$expected" "$out"
    done
    rm -f "$libs"/*
    if compgen -G '/opt/kafka*/libs/kafka_2.*' >/dev/null; then
        skip 'there is a Kafka on this machine'
        return
    fi
    KAFKA_HOME=$hook_folder/kafka start kafka.Kafka "$hook_folder/legacy.properties"
    same 'no jar: arguments' "<kafka.Kafka><$hook_folder/legacy.properties>" "$out"
    has 'no jar: reason' 'not added (kafka-version): ' "$err"
}

# The hook lives on built-ins: no command is found, nothing can be written, bash needs no here-document.
test_builtins() {
    out=$(
        export BASH_ENV=$hook PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror PATH=/nonexistent TMPDIR=/nonexistent
        export PORTSIDE_EXTERNAL_HOST=203.0.113.11 PORTSIDE_EXTERNAL_PORT=31000
        /bin/bash "$hook_folder/kafka-run-class.sh" kafka.Kafka "$properties" 2>&1
    )
    has 'without any command' "<$plain" "$out"
    lacks 'without any command: no complaint' 'not found' "$out"
    same 'no here-document, which needs a writable /tmp' '' "$(grep -n '<<' "$hook" || :)"
}

test_files() {
    local file=$hook_folder/empty.properties
    : >"$file"
    start kafka.Kafka "$file"
    has 'an empty file' "<$plain" "$out"
    printf '\xef\xbb\xbflisteners=PLAINTEXT://:9092' >"$file"
    start kafka.Kafka "$file"
    has 'a byte order mark is part of the key, as for Java' "<$plain" "$out"
    printf 'listeners=PLAINTEXT://:9092\nx=a\0b\n' >"$file"
    start kafka.Kafka "$file"
    has 'a NUL' "<$plain" "$out"
    printf 'listeners=PLAINTEXT://h\xc3\xbc:9092\n' >"$file"
    start kafka.Kafka "$file"
    has 'a host that is not ASCII' 'not added (listeners): ' "$err"
    printf 'x=\\u12\n' >"$file"
    start kafka.Kafka "$file"
    has 'a broken escape elsewhere is not ours to judge' "<$plain" "$out"
    printf 'listeners=\\u12\n' >"$file"
    start kafka.Kafka "$file"
    has 'a broken escape' 'not added (listeners): ' "$err"
    start kafka.Kafka "$file" --override listeners=PLAINTEXT://:9092
    has 'a broken escape that an override hides' 'not added (listeners): ' "$err"
    { for ((i = 0; i < 3000; i++)); do printf 'key.%d=value\\\n  more\n' "$i"; done; } >"$file"
    local began=${EPOCHREALTIME/./}
    start kafka.Kafka "$file"
    has 'a large file' "<$plain" "$out"
    holds 'a large file takes less than 5 s' test $((${EPOCHREALTIME/./} - began)) -lt 5000000
}

test_old_bash() {
    local old
    for old in ${PORTSIDE_OLD_BASH-} /opt/bash-4*/bin/bash; do
        [[ -x $old ]] || continue
        out=$(BASH_ENV=$hook PORTSIDE_LISTENERS=external=PORTSIDE:9194:mirror PORTSIDE_EXTERNAL_HOST=203.0.113.11 \
            PORTSIDE_EXTERNAL_PORT=31000 "$old" "$hook_folder/kafka-run-class.sh" kafka.Kafka "$properties" 2>&1)
        has "$old" "<$plain" "$out"
        return
    done
    skip 'no bash 4 here: name one with PORTSIDE_OLD_BASH'
}

test_arguments
test_twice
test_endpoints
test_rack
test_exposures
test_settings
test_refusals
test_secrets
test_versions
test_builtins
test_files
test_old_bash
