# SPDX-License-Identifier: Apache-2.0
"""Many StatefulSets at once: how long until all Services stand, against the API server alone."""

import concurrent.futures
import copy
import os
import time

from harness import check, long, manifest, wait_until

STATEFULSETS = 100
BROKERS = 10
CLIENTS = 16


def statefulset(number):
    """With its first pod only, which never starts: what is measured is the creation of Services."""
    document = copy.deepcopy(find_statefulset())
    name = f"k{number}"
    document["metadata"]["name"] = name
    document["spec"]["replicas"] = BROKERS
    document["spec"]["podManagementPolicy"] = "OrderedReady"
    document["spec"]["template"]["spec"]["schedulingGates"] = [{"name": "example.org/never"}]
    return document


def find_statefulset():
    return next(one for one in manifest("apache-env") if one["kind"] == "StatefulSet")


def post(test, namespace, group, plural, document):
    status, body, _ = test.cluster.request(
        "POST", f"/{group}/namespaces/{namespace}/{plural}", document
    )
    check(status == 201, f"{plural}: {body}")


def services_of(test, namespace):
    found = test.cluster.get(f"/api/v1/namespaces/{namespace}/services")
    return found["items"]


def count_services(test, namespace):
    """Without reading them all: that alone would keep the API server busy."""
    found = test.cluster.get(f"/api/v1/namespaces/{namespace}/services?limit=1")
    return len(found["items"]) + found["metadata"].get("remainingItemCount", 0)


def in_parallel(jobs):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for result in [pool.submit(job) for job in jobs]:
            result.result()


def create_sets(test, namespace):
    in_parallel(
        lambda number=number: post(test, namespace, "apis/apps/v1", "statefulsets",
                                   statefulset(number))
        for number in range(STATEFULSETS)
    )


def bare(service):
    """The Service as somebody else would create it."""
    spec = {
        key: service["spec"][key]
        for key in ("type", "externalTrafficPolicy", "publishNotReadyAddresses", "selector")
        if key in service["spec"]
    }
    spec["ports"] = [{"name": "tcp-kafka", "port": 9194, "targetPort": 9194}]
    metadata = {key: service["metadata"][key] for key in ("name", "labels", "annotations")}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@long
def test_a_hundred_statefulsets_of_ten_brokers(test):
    wanted = STATEFULSETS * (BROKERS + 1)
    namespace = test.namespace()
    begun = time.monotonic()
    create_sets(test, namespace)
    wait_until(
        f"{wanted} Services", lambda: count_services(test, namespace) == wanted, seconds=300
    )
    spent = time.monotonic() - begun
    pid = test.portside.process.pid
    memory, work = memory_mb(pid), processor_seconds(pid)
    bodies = [bare(service) for service in services_of(test, namespace)]
    alone = test.namespace(inject=False)
    begun = time.monotonic()
    create_sets(test, alone)
    in_parallel(lambda body=body: post(test, alone, "api/v1", "services", body) for body in bodies)
    bare_time = time.monotonic() - begun
    return (
        f"{wanted} Services stand after {spent:.1f} s; the same creates alone take "
        f"{bare_time:.1f} s ({spent / bare_time:.2f} times); {memory:.1f} MB of memory, "
        f"{work:.1f} s of processor time"
    )
