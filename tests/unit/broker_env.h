/* SPDX-License-Identifier: Apache-2.0 */
/* The env of a broker that is injected by env delivery, as JSON. */
#pragma once

#define BROKER_ENV                                                                                 \
    "{\"name\":\"KAFKA_NODE_ID\",\"value\":\"1\"},"                                                \
    "{\"name\":\"KAFKA_PROCESS_ROLES\",\"value\":\"broker,controller\"},"                          \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,CONTROLLER://:9093\"},"           \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"PLAINTEXT://k:9092\"},"                  \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\"},"                                     \
    "{\"name\":\"KAFKA_CONTROLLER_LISTENER_NAMES\",\"value\":\"CONTROLLER\"},"                     \
    "{\"name\":\"KAFKA_CONTROLLER_QUORUM_VOTERS\",\"value\":\"1@k:9093\"}"
