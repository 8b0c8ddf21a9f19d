/* SPDX-License-Identifier: Apache-2.0 */
/* Pods with an endpoint and its mark, and the patch of one, in a few words; ' stands for ". */
#pragma once

#define POD(annotations, status)                                                                   \
    "{'metadata':{'name':'kafka-2','uid':'u-pod','annotations':{" annotations "}},'status':{"      \
    "'phase':'Running','containerStatuses':[" status "]}}"
#define RUNS(id) "{'name':'kafka','containerID':'" id "','state':{'running':{'startedAt':'x'}}}"
#define AT(host, port)                                                                             \
    "'external.portside.dev/host':'" host "','external.portside.dev/port':'" port "'"
#define MARK(was, id)                                                                              \
    "'portside.dev/stale':'{\\\"external\\\":{\\\"was\\\":\\\"" was                                \
    "\\\",\\\"container\\\":\\\"" id "\\\"}}'"
#define PATCH(annotations) "{'metadata':{'uid':'u-pod','annotations':{" annotations "}}}"
