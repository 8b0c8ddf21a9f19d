#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kafka-server-start.sh FILE [--override NAME=VALUE]…: becomes the broker.
export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}
: "${KAFKA_LOG4J_OPTS:=-Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml}"
export KAFKA_LOG4J_OPTS
exec "${0%/*}/kafka-run-class.sh" -name kafkaServer -loggc kafka.Kafka "$@"
