/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of decisions, and the small objects they are about. */
#pragma once

#include "portside/admit.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* Kafka's three variables in the easy form, and pieces of objects around them. */
#define EASY_ENV                                                                                   \
    "{\"name\":\"KAFKA_NODE_ID\",\"value\":\"1\"},"                                                \
    "{\"name\":\"KAFKA_PROCESS_ROLES\",\"value\":\"broker,controller\"},"                          \
    "{\"name\":\"KAFKA_CONTROLLER_LISTENER_NAMES\",\"value\":\"CONTROLLER\"},"                     \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,CONTROLLER://:9093\"},"           \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"PLAINTEXT://kafka:9092\"},"              \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\"}"
#define APACHE(env) "{\"name\":\"kafka\",\"image\":\"apache/kafka:4.1.0\",\"env\":[" env "]}"
#define SPEC(containers) "{\"containers\":[" containers "]}"
#define OWNER                                                                                      \
    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"kafka\"}]"

#define REVIEW(group, kind, resource, operation, name, object, old)                                \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"           \
    "\"uid\":\"u\",\"kind\":{\"group\":\"" group "\",\"version\":\"v1\",\"kind\":\"" kind          \
    "\"},\"resource\":{\"group\":\"" group "\",\"version\":\"v1\",\"resource\":\"" resource        \
    "\"},\"operation\":\"" operation "\",\"name\":\"" name "\",\"namespace\":\"streams\","         \
    "\"object\":" object ",\"oldObject\":" old "}}"
#define POD_OF(name, metadata, spec)                                                               \
    REVIEW("", "Pod", "pods", "CREATE", name, "{\"metadata\":{" metadata "},\"spec\":" spec "}",   \
           "null")
#define POD(metadata, spec) POD_OF("kafka-0", metadata, spec)
#define SET_OBJECT(annotations, replicas, template_annotations, spec)                              \
    "{\"metadata\":{\"name\":\"kafka\",\"annotations\":{" annotations                              \
    "}},\"spec\":{\"replicas\":" replicas                                                          \
    ",\"template\":{\"metadata\":{\"annotations\":{" template_annotations "}},\"spec\":" spec      \
    "}}}"
#define SET(annotations)                                                                           \
    REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",                               \
           SET_OBJECT(annotations, "3", "", SPEC(APACHE(EASY_ENV))), "null")
#define SET_UPDATE(old_annotations, old_template, annotations, template_annotations)               \
    REVIEW("apps", "StatefulSet", "statefulsets", "UPDATE", "kafka",                               \
           SET_OBJECT(annotations, "3", template_annotations, SPEC(APACHE(EASY_ENV))),             \
           SET_OBJECT(old_annotations, "3", old_template, SPEC(APACHE(EASY_ENV))))
#define VPN_NOTE(key, value) "\"vpn.portside.dev/" key "\":\"" value "\""
#define NOTE(key, value) "\"portside.dev/" key "\":\"" value "\""

/* A row: the request, the decision, and texts that must (or with '!' in front must not) occur. */
struct ps_admit_row {
    const char *name;
    const char *request;
    enum ps_verdict verdict;
    enum ps_reason reason;
    const char *in_patch;
    const char *in_warnings;
    const char *in_body; /* of the whole answer: what a denial says */
    enum ps_choice plaintext;
};

/* Asserts that row is decided as it says, twice with the same bytes. */
void ps_check_row(const struct ps_admit_row *row);

/* Decides request under the row's policy. */
struct ps_admission ps_admit_under(const struct ps_admit_row *row, struct ps_arena *arena,
                                   struct ps_str request);

/* Asserts that text holds wanted, or with '!' in front does not; NULL asserts nothing. */
void ps_check_text(const char *row, const char *where, struct ps_str text, const char *wanted);
