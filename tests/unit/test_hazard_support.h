/* SPDX-License-Identifier: Apache-2.0 */
/* A StatefulSet's template in a few words, and the warnings that it brings about. */
#pragma once

#include "portside/hazard.h"

/* JSON is written with ' for " so that a row stays readable, and with ~ for '. */
struct hazard_case {
    const char *name;  /* of the row's hazard */
    const char *says;  /* the only warning contains this; NULL: there is no warning */
    const char *image; /* NULL: a cp-kafka with a fixed tag */
    const char *env;   /* entries separated by '|': NAME=text, NAME<fieldPath, NAME^ (a Secret) */
    const char *container; /* more members of the broker's container, with a comma in front */
    const char *spec;      /* more members of the pod's spec, with a comma in front */
    const char *others;    /* more containers, with a comma in front */
    const char *metadata;  /* members of the template's metadata */
    const char *wishes;    /* annotations of the StatefulSet */
    unsigned replicas;     /* 0: one */
};

/* Parts of a broker's env that is in order. */
#define NAME "POD_NAME<metadata.name|"
#define INDEX "KAFKA_NODE_ID<metadata.labels['apps.kubernetes.io/pod-index']|"
#define MODE "KAFKA_PROCESS_ROLES=broker,controller|KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER|"
#define STORE "CLUSTER_ID=q1Sh-9_ISia_zwGINzRvyQ|"
#define ONE "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1|"
#define KRAFT NAME INDEX MODE STORE ONE
#define BIND "KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093|"
#define MAP "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT|"
#define SHOW "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME).kafka:9092|"
#define HEALTHY KRAFT BIND MAP SHOW
#define APART ",'topologySpreadConstraints':[{'topologyKey':'kubernetes.io/hostname'}]"
#define ZOO                                                                                        \
    NAME "KAFKA_BROKER_ID<metadata.labels['apps.kubernetes.io/pod-index']|" ONE                    \
         "KAFKA_ZOOKEEPER_CONNECT=zoo:2181|KAFKA_LISTENERS=PLAINTEXT://:9092|"                     \
         "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT|" SHOW
#define RUN(script) ",'command':['bash','-c','" script " && exec /etc/confluent/docker/run']"

/* Asserts what the row says: one warning, that of the row's hazard, or none at all. */
void hazard_case_check(const struct hazard_case *row);

/* The warnings for a case. */
void hazard_case_run(struct ps_arena *arena, const struct hazard_case *row,
                     struct ps_warnings *ret_warnings);

/* The warnings for a template, a JSON object with metadata and spec; env_read as given. */
void hazards_of(struct ps_arena *arena, struct ps_str template_json, const char *wishes,
                uint64_t replicas, bool env_read, struct ps_warnings *ret_warnings);

/* All texts in one, for messages. */
const char *warnings_text(struct ps_arena *arena, const struct ps_warnings *warnings);
