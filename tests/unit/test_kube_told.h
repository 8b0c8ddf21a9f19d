/* SPDX-License-Identifier: Apache-2.0 */
/* A watch of pods in the namespace 'kafka', and what it tells as one line. */
#pragma once

#include "test_kube_support.h"

#include "portside/kube_watch.h"

#define LIST "GET /api/v1/namespaces/kafka/pods?limit=100"
#define WATCH                                                                                      \
    "GET /api/v1/namespaces/kafka/pods?watch=true&allowWatchBookmarks=true&resourceVersion="
#define OBJECT(name, version)                                                                      \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"
#define PAGE(version, token, items)                                                                \
    "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version                           \
    "\",\"continue\":\"" token "\"},\"items\":[" items "]}"
#define GONE                                                                                       \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\","     \
    "\"message\":\"too old resource version\"}}\n"
#define WORDS "!watch pods in namespace 'kafka': "
#define LIST_WORDS "!list pods in namespace 'kafka': "
#define ONE PAGE("5", "", OBJECT("a", "3"))

/* Everything that was told, as "BEGIN +a END ~a -b !words". */
struct told {
    char text[8192];
    struct ps_kube_watch *stops; /* itself, at the first object */
};

/* Starts a watch that notes in told what it is told. */
struct ps_kube_watch *ps_told_start(struct ps_script *script, struct told *told);
