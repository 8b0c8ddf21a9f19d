#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kafka-run-class.sh [-name NAME] [-loggc] [-daemon] CLASS ARGUMENT…: becomes a Java program of
# Kafka. Each of the KAFKA_…_OPTS is a list of options, split at spaces.
while [[ ${1-} == -* ]]; do
    [[ $1 != -name ]] || shift
    shift
done
: "${KAFKA_LOG4J_OPTS=-Dlog4j2.configurationFile=/opt/kafka/config/tools-log4j2.yaml}"
read -ra options <<<"${KAFKA_HEAP_OPTS:--Xmx256M} $KAFKA_LOG4J_OPTS ${KAFKA_JVM_PERFORMANCE_OPTS-} \
${KAFKA_JMX_OPTS-} ${KAFKA_OPTS-}"
exec java "${options[@]}" -cp "${CLASSPATH:+$CLASSPATH:}/opt/kafka/libs/*" "$@"
