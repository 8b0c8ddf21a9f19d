/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API server for the controller: answers by a table, remembers what it was asked, and lets
 * watches hang. What the table does not know: lists are empty, other reads find nothing, writes are
 * answered with their own body.
 */
#pragma once

#include "broker_env.h"
#include "portside/controller.h"

struct ps_fake_answer {
    const char *method;
    const char *path; /* how it begins */
    int status;
    const char *body;
    unsigned times; /* 0: always */
};

struct ps_fake;

/* A controller on a server with these answers (borrowed). */
struct ps_fake *ps_fake_begin(const struct ps_fake_answer *answers, size_t count);
struct ps_controller *ps_fake_controller(struct ps_fake *fake);
/* To be changed before anything is done with it. */
struct ps_config *ps_fake_config(struct ps_fake *fake);

/* How many requests had this method, a path that begins so, and the text in their body. */
size_t ps_fake_count(const struct ps_fake *fake, const char *method, const char *path,
                     const char *text);

/* Turns until there was such a request; fails after some seconds. */
void ps_fake_wait(struct ps_fake *fake, const char *method, const char *path, const char *text);

/* Turns while the controller's clocks run ahead by so much, which takes no time. */
void ps_fake_skip(struct ps_fake *fake, unsigned ms);

/* Turns for so long. */
void ps_fake_run(struct ps_fake *fake, unsigned ms);

/* The watch whose path begins so hears of this line; fails if there is none. */
void ps_fake_tell(struct ps_fake *fake, const char *path, const char *line);

/* Whether a watch whose path begins so is open. */
bool ps_fake_watched(const struct ps_fake *fake, const char *path);

/* The value of a metric, with labels as in its line; -1: it is not shown. */
long ps_fake_metric(const struct ps_fake *fake, const char *name);
/* Turns until it has that value or a larger one; fails after some seconds. */
void ps_fake_wait_metric(struct ps_fake *fake, const char *name, long value);

void ps_fake_end(struct ps_fake *fake);

/* Parts of answers: one namespace with one StatefulSet of two brokers, the first of which runs. */
#define LIST(items) "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"
#define NODE_PORT_SERVICE                                                                          \
    "{\"metadata\":{\"name\":\"external-kafka-0\",\"namespace\":\"ns\",\"uid\":\"s0\","            \
    "\"resourceVersion\":\"5\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\","         \
    "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/exposure\":\"external\"},"              \
    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","                   \
    "\"name\":\"kafka\",\"uid\":\"u1\"}]},\"spec\":{\"type\":\"NodePort\","                        \
    "\"ipFamilies\":[\"IPv4\"],\"ports\":[{\"port\":9194,\"nodePort\":31000}]}}"
#define NAMESPACES                                                                                 \
    {                                                                                              \
        "GET", "/api/v1/namespaces?", 200,                                                         \
            LIST("{\"metadata\":{\"name\":\"ns\",\"resourceVersion\":\"1\"}}"), 1                  \
    }
/* A list of one StatefulSet with these annotations, and these before the rest of spec and env. */
#define STATEFULSET_WITH(annotations, spec, env)                                                   \
    LIST("{\"metadata\":{\"name\":\"kafka\",\"namespace\":\"ns\",\"uid\":\"u1\","                  \
         "\"resourceVersion\":\"2\",\"annotations\":{" annotations                                 \
         "}},\"spec\":{\"replicas\":2,\"template\":{\"metadata\":"                                 \
         "{\"labels\":{\"app\":\"kafka\"}},\"spec\":{" spec "\"containers\":[{\"name\":\"kafka\"," \
         "\"image\":\"apache/kafka:4.1.0\",\"env\":[" env BROKER_ENV "]}]}}}}")
#define STATEFULSET_LIST(annotations) STATEFULSET_WITH(annotations, "", "")
#define STATEFULSETS_PATH "/apis/apps/v1/namespaces/ns/statefulsets?"
#define STATEFULSETS_WITH(annotations, spec, env)                                                  \
    {                                                                                              \
        "GET", STATEFULSETS_PATH, 200, STATEFULSET_WITH(annotations, spec, env), 1                 \
    }
#define STATEFULSETS_OF(annotations) STATEFULSETS_WITH(annotations, "", "")
#define STATEFULSETS STATEFULSETS_OF("")
#define INJECTED                                                                                   \
    "\"portside.dev/status\":\"{\\\"contract\\\":1,\\\"listeners\\\":"                             \
    "{\\\"external\\\":\\\"PORTSIDE\\\"}}\""
/* kafka-0 on node n1, in this version, with these annotations and this status. */
#define POD(version, annotations, status)                                                          \
    "{\"metadata\":{\"name\":\"kafka-0\",\"namespace\":\"ns\",\"uid\":\"p0\","                     \
    "\"resourceVersion\":\"" version                                                               \
    "\",\"labels\":{\"portside.dev/statefulset\":\"kafka\"},\"annotations\":{" annotations         \
    "}},\"spec\":{\"nodeName\":\"n1\"},\"status\":{" status "}}"
#define PODS_OF(annotations, status)                                                               \
    {                                                                                              \
        "GET", "/api/v1/pods?", 200, LIST(POD("4", annotations, status)), 1                        \
    }
#define PODS PODS_OF(INJECTED, "")
#define SERVICES                                                                                   \
    {                                                                                              \
        "GET", "/api/v1/services?", 200, LIST(NODE_PORT_SERVICE), 1                                \
    }
#define NODE                                                                                       \
    {                                                                                              \
        "GET", "/api/v1/nodes/n1", 200,                                                            \
            "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"zone\":\"z1\"}},\"status\":{"            \
            "\"addresses\":[{\"type\":\"ExternalIP\",\"address\":\"203.0.113.1\"}]}}",             \
            0                                                                                      \
    }
#define SERVICE_PATH "/api/v1/namespaces/ns/services/"
#define LEASE_PATH "/apis/coordination.k8s.io/v1/namespaces/portside/leases"
#define EVENT_PATH "/api/v1/namespaces/ns/events"
#define POD_PATH "/api/v1/namespaces/ns/pods/kafka-0"
#define MAP_PATH "/api/v1/namespaces/ns/configmaps/external-kafka"
#define FORBIDDEN_STATUS                                                                           \
    "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"not you\"}"
