/* SPDX-License-Identifier: Apache-2.0 */
/* Hazards of ids, images and of the pod around the broker; rows as in test_hazard.c. */
#include "portside/hazard.h"

#include "support/runner.h"
#include "test_hazard_support.h"

#define REST NAME MODE STORE ONE BIND MAP SHOW
#define LINKS ",{'name':'side','image':'busybox','command':['sh','-c','echo $DB_SERVICE_HOST']}"
#define ETC_KAFKA ",'volumeMounts':[{'name':'v','mountPath':'/etc/kafka'}]"
#define BASE "'portside.dev/node-port-base':'32000'"

static const struct hazard_case identity_rows[] = {
    {"id-not-number", "KAFKA_NODE_ID comes from metadata.name, which is no number: use label",
     .env = REST "KAFKA_NODE_ID<metadata.name"},
    {"id-not-number", "KAFKA_BROKER_ID comes from metadata.name",
     .env = REST "KAFKA_BROKER_ID=$(POD_NAME)"},
    {"id-not-number", "comes from metadata.labels['statefulset.",
     .env = REST "KAFKA_NODE_ID<metadata.labels['statefulset.kubernetes.io/pod-name']"},
    {"id-not-number", "comes from metadata.uid", .env = REST "KAFKA_NODE_ID<metadata.uid"},
    {"id-not-number", NULL, .env = REST INDEX},
    {"id-not-number", NULL, .env = REST "KAFKA_NODE_ID^"},
    {"id-not-number", NULL, .env = REST "KAFKA_NODE_ID<metadata.name",
     .container = RUN("export KAFKA_NODE_ID=${HOSTNAME##*-}")},
    {"id-not-number", "KAFKA_CFG_NODE_ID comes from metadata.name", .image = "bitnami/kafka:3.6",
     .env = "KAFKA_CFG_NODE_ID<metadata.name"},
    {"id-not-number", NULL, .image = "bitnami/kafka:3.6",
     .env = "KAFKA_NODE_ID=1|KAFKA_CFG_NODE_ID<metadata.name"},

    {"id-nowhere-set", "from metadata.annotations['broker.id'], which is not set",
     .env = REST "KAFKA_NODE_ID<metadata.annotations['broker.id']"},
    {"id-nowhere-set", NULL, .metadata = "'annotations':{'broker.id':'1'}",
     .env = REST "KAFKA_NODE_ID<metadata.annotations['broker.id']"},
    {"id-nowhere-set", "metadata.labels['id'], which is not set", .metadata = "'labels':{'x':'1'}",
     .env = REST "ID<metadata.labels['id']|KAFKA_NODE_ID=$(ID)"},
    {"id-nowhere-set", NULL, .metadata = "'labels':{'id':'1'}",
     .env = REST "ID<metadata.labels['id']|KAFKA_NODE_ID=$(ID)"},

    {"id-same", "KAFKA_NODE_ID is the same for all 3 replicas", .replicas = 3, .spec = APART,
     .env = REST "KAFKA_NODE_ID=1"},
    {"id-same", "KAFKA_NODE_ID is the same for all 2 replicas", .replicas = 2, .spec = APART,
     .env = REST "ID=1|KAFKA_NODE_ID=$(ID)"},
    {"id-same", NULL, .env = REST "KAFKA_NODE_ID=1"},
    {"id-same", NULL, .replicas = 3, .spec = APART, .env = REST "KAFKA_NODE_ID=-1"},
    {"id-same", NULL, .replicas = 3, .spec = APART, .env = REST "KAFKA_NODE_ID=1",
     .container = RUN("export KAFKA_NODE_ID=${HOSTNAME##*-}")},

    {"node-port-base-id", "not + id: KAFKA_NODE_ID is 7", .wishes = BASE,
     .env = REST "KAFKA_NODE_ID=7"},
    {"node-port-base-id", NULL, .wishes = BASE, .env = REST "KAFKA_NODE_ID=0"},
    {"node-port-base-id", NULL, .env = REST "KAFKA_NODE_ID=7"},
    {"node-port-base-computed", "which the command computes otherwise", .wishes = BASE, .env = REST,
     .container = RUN("export KAFKA_NODE_ID=$((${HOSTNAME##*-} + 100))")},
    {"node-port-base-computed", NULL, .wishes = BASE, .env = REST,
     .container = RUN("export KAFKA_NODE_ID=${HOSTNAME##*-}; A=$((1 + 2))")},

    {"cluster-id", "CLUSTER_ID is not set, and cp-kafka needs it",
     .env = NAME INDEX MODE ONE BIND MAP SHOW},
    {"cluster-id", "CLUSTER_ID is not set", .env = NAME INDEX MODE ONE BIND MAP SHOW "CLUSTER_ID="},
    {"cluster-id", NULL, .env = NAME INDEX MODE ONE BIND MAP SHOW "CLUSTER_ID^"},
    {"cluster-id", NULL, .env = NAME INDEX MODE ONE BIND MAP SHOW, .image = "apache/kafka:3.9.0"},
    {"cluster-id", NULL, .env = NAME INDEX MODE ONE BIND MAP SHOW,
     .image = "confluentinc/confluent-local:7.6.0"},
    {"cluster-id", NULL, .env = NAME INDEX MODE ONE BIND MAP SHOW,
     .container = RUN("export CLUSTER_ID=$(cat /id)")},

    {"cluster-id", "CLUSTER_ID is not set", .env = NAME INDEX MODE ONE BIND MAP SHOW,
     .container = RUN("export A=1")},
    {"cluster-id", NULL, .env = NAME INDEX MODE ONE BIND MAP SHOW,
     .container = ",'envFrom':[{'configMapRef':{'name':'c'}}]"},
    {"offsets-replication", "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR is not set and so 3",
     .env = NAME INDEX MODE STORE BIND MAP SHOW},
    {"offsets-replication", "is not set and so 3", .image = "apache/kafka:3.9.0",
     .env = NAME INDEX MODE STORE BIND MAP SHOW},
    {"offsets-replication", NULL, .image = "apache/kafka:3.9.0", .env = "KAFKA_HEAP_OPTS=-Xmx1g"},
    {"offsets-replication", NULL, .image = "bitnami/kafka:3.9", .env = "KAFKA_CFG_NODE_ID=0"},
    {"offsets-replication", NULL, .image = "apache/kafka:3.9.0",
     .container = ",'volumeMounts':[{'name':'v','mountPath':'/mnt/shared/config'}]",
     .env = NAME INDEX MODE STORE BIND MAP SHOW},
    {"offsets-replication", "is not set and so 3",
     .env = NAME INDEX MODE STORE BIND MAP SHOW "KAFKA_CONTROLLER_QUORUM_VOTERS=1@a:1"},
    {"offsets-replication", "is not set and so 3",
     .env = NAME MODE STORE BIND MAP SHOW "KAFKA_NODE_ID=1"},
    {"offsets-replication", NULL, .replicas = 3, .spec = APART,
     .env = NAME INDEX MODE STORE BIND MAP SHOW},
    {"offsets-replication", NULL, .env = NAME MODE STORE BIND MAP SHOW "KAFKA_NODE_ID=2"},
    {"offsets-replication", NULL,
     .env = NAME INDEX MODE STORE BIND MAP SHOW "KAFKA_CONTROLLER_QUORUM_VOTERS=1@a:1,2@b:1"},

    {"zookeeper-floating-tag", "'confluentinc/cp-kafka' has no fixed tag", .env = ZOO,
     .image = "confluentinc/cp-kafka"},
    {"zookeeper-floating-tag", "pin 7.9 or older", .env = ZOO,
     .image = "confluentinc/cp-kafka:latest"},
    {"zookeeper-floating-tag", "pin 3.9 or older", .image = "bitnami/kafka:latest",
     .env = "KAFKA_CFG_ZOOKEEPER_CONNECT=zoo:2181"},
    {"zookeeper-floating-tag", NULL, .image = "bitnami/kafka:3.9",
     .env = "KAFKA_CFG_ZOOKEEPER_CONNECT=zoo:2181"},
    {"zookeeper-floating-tag", NULL, .image = "bitnami/kafka:latest",
     .env = "KAFKA_CFG_ZOOKEEPER_CONNECT="},
    {"zookeeper-floating-tag", NULL, .env = ZOO "KAFKA_PROCESS_ROLES^",
     .image = "confluentinc/cp-kafka"},
    {"zookeeper-floating-tag", NULL, .env = ZOO, .image = "wurstmeister/kafka:latest"},
    {"zookeeper-kraft-image", "'apache/kafka:3.8.0' cannot run with ZooKeeper", .env = ZOO,
     .image = "apache/kafka:3.8.0"},
    {"zookeeper-kraft-image", "or take its version 7.9", .env = ZOO,
     .image = "confluentinc/cp-kafka:8.0.0"},
    {"zookeeper-kraft-image", "or take its version 3.9",
     .image = "bitnami/kafka:4.0.0-debian-12-r1", .env = "KAFKA_CFG_ZOOKEEPER_CONNECT=zoo:2181"},
    {"zookeeper-kraft-image", NULL, .image = "apache/kafka:3.8.0",
     .container = ",'command':['/opt/kafka/bin/kafka-server-start.sh','/c','--override',"
                  "'zookeeper.connect=zoo:2181']"},
};

static const struct hazard_case pod_rows[] = {
    {"service-links", "would set KAFKA_PORT and stop", .env = HEALTHY, .others = LINKS},
    {"service-links", "would set KAFKA_PORT and stop", .env = HEALTHY "A=$(DB_PORT_5432_TCP_ADDR)"},
    {"service-links", NULL, .env = HEALTHY, .others = LINKS, .spec = ",'enableServiceLinks':false"},
    {"service-links", NULL, .env = HEALTHY},
    {"service-links", NULL, .env = HEALTHY "KAFKA_PORT=", .others = LINKS},
    {"service-links", NULL, .env = HEALTHY, .others = LINKS, .container = RUN("unset KAFKA_PORT")},
    {"service-links", NULL, .env = HEALTHY, .others = LINKS, .image = "apache/kafka:3.9.0"},

    {"config-mount", "a ConfigMap is mounted on /etc/kafka", .env = HEALTHY, .container = ETC_KAFKA,
     .spec = ",'volumes':[{'name':'v','configMap':{'name':'c'}}]"},
    {"config-mount", "a Secret is mounted on /etc/kafka", .env = HEALTHY, .container = ETC_KAFKA,
     .spec = ",'volumes':[{'name':'v','secret':{'secretName':'c'}}]"},
    {"config-mount", NULL, .env = HEALTHY, .container = ETC_KAFKA,
     .spec = ",'volumes':[{'name':'v','emptyDir':{}}]"},
    {"config-mount", NULL, .env = HEALTHY,
     .container = ",'volumeMounts':[{'name':'v','mountPath':'/etc/kafka','subPath':'x'}]",
     .spec = ",'volumes':[{'name':'v','configMap':{'name':'c'}}]"},
    {"config-mount", NULL, .env = HEALTHY, .container = ETC_KAFKA, .image = "apache/kafka:3.9.0",
     .spec = ",'volumes':[{'name':'v','configMap':{'name':'c'}}]"},

    {"same-node", "nothing keeps 3 brokers on different nodes", .env = HEALTHY, .replicas = 3},
    {"same-node", "nothing keeps 3 brokers", .env = HEALTHY, .replicas = 3,
     .spec = ",'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':"
             "[{'topologyKey':'kubernetes.io/hostname'}]}}"},
    {"same-node", NULL, .env = HEALTHY},
    {"same-node", NULL, .env = HEALTHY, .replicas = 3, .spec = APART},
    {"same-node", NULL, .env = HEALTHY, .replicas = 3,
     .spec = ",'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':"
             "[{'topologyKey':'kubernetes.io/hostname'}]}}"},
    {"same-node", NULL, .env = HEALTHY, .replicas = 3,
     .spec = ",'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':"
             "[{'weight':1,'podAffinityTerm':{'topologyKey':'topology.kubernetes.io/zone'}}]}}"},
    {"same-node", NULL, .env = HEALTHY, .replicas = 3,
     .container = ",'ports':[{'containerPort':9092,'hostPort':9092}]"},

    {"service-mesh", "istio with strict mTLS resets outside clients at port 9194", .env = HEALTHY,
     .metadata = "'annotations':{'sidecar.istio.io/inject':'true'}"},
    {"service-mesh", "istio with strict mTLS", .env = HEALTHY,
     .metadata = "'labels':{'sidecar.istio.io/inject':'true'}"},
    {"service-mesh", "at port 9200: exclude it by traffic.sidecar", .env = HEALTHY,
     .others = ",{'name':'istio-proxy','image':'istio/proxyv2'}",
     .wishes = "'portside.dev/listener-port':'9200'"},
    {"service-mesh", "istio", .env = HEALTHY,
     .spec = ",'initContainers':[{'name':'istio-proxy','image':'istio/proxyv2'}]"},
    {"service-mesh", "linkerd with strict mTLS", .env = HEALTHY,
     .metadata = "'annotations':{'linkerd.io/inject':'enabled'}"},
    {"service-mesh", "consul with strict mTLS", .env = HEALTHY,
     .metadata = "'annotations':{'consul.hashicorp.com/connect-inject':'true'}"},
    {"service-mesh", "kuma with strict mTLS", .env = HEALTHY,
     .metadata = "'labels':{'kuma.io/sidecar-injection':'enabled'}"},
    {"service-mesh", NULL, .env = HEALTHY,
     .metadata = "'annotations':{'sidecar.istio.io/inject':'false'}"},
    {"service-mesh", NULL, .env = HEALTHY,
     .metadata = "'annotations':{'linkerd.io/inject':'disabled'}"},
    {"service-mesh", NULL, .env = HEALTHY,
     .metadata = "'annotations':{'sidecar.istio.io/inject':'true',"
                 "'traffic.sidecar.istio.io/excludeInboundPorts':'9092, 9194'}"},
    {"service-mesh", NULL, .env = HEALTHY,
     .metadata = "'annotations':{'linkerd.io/inject':'enabled',"
                 "'config.linkerd.io/skip-inbound-ports':'9000-9300'}"},
    {"service-mesh", "linkerd", .env = HEALTHY,
     .metadata = "'annotations':{'linkerd.io/inject':'enabled',"
                 "'config.linkerd.io/skip-inbound-ports':'9195-9300,x,-,'}"},
    {"service-mesh-ambient", "set port 9194 to PERMISSIVE", .env = HEALTHY,
     .metadata = "'labels':{'istio.io/dataplane-mode':'ambient'}"},
    {"service-mesh-ambient", NULL, .env = HEALTHY,
     .metadata = "'labels':{'istio.io/dataplane-mode':'none'}"},
};

START_TEST(test_identity)
{
    hazard_case_check(&identity_rows[_i]);
}
END_TEST

START_TEST(test_pod)
{
    hazard_case_check(&pod_rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("hazard of pods");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, test_identity, 0, PS_COUNT(identity_rows));
    tcase_add_loop_test(tcase, test_pod, 0, PS_COUNT(pod_rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
