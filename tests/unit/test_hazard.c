/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each hazard beside its healthy neighbour: the faulty row brings exactly one warning, the healthy
 * one none at all. So no row may have a mistake besides its own.
 */
#include "portside/hazard.h"

#include "support/runner.h"
#include "test_hazard_support.h"

static const struct hazard_case env_rows[] = {
    {"healthy", NULL, .env = HEALTHY},
    {"healthy", NULL, .env = HEALTHY, .replicas = 3, .spec = APART},
    {"healthy", NULL, .env = ZOO},

    {"reference-order", "KAFKA_ADVERTISED_LISTENERS uses $(POD_NAME), which env defines only below",
     .env = INDEX MODE STORE ONE BIND MAP SHOW NAME},
    {"reference-order", NULL, .env = INDEX MODE STORE ONE BIND MAP SHOW NAME,
     .container = ",'envFrom':[{'configMapRef':{'name':'c'}}]"},
    {"reference-order", "move HOSTNAME up",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME).kafka:9092|"
                           "HOSTNAME<metadata.name"},
    {"reference-order", NULL, .env = HEALTHY NAME},

    {"reference-undefined", "uses $(POD_IP), which env does not define",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", NULL,
     .env = KRAFT BIND MAP "POD_IP<status.podIP|"
                           "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(PORTSIDE_EXTERNAL_HOST):9092"},
    {"reference-undefined", NULL,
     .container = ",'command':['sh','-c','unset KAFKA_PORT; exec /etc/confluent/docker/run']",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(EDGE_SERVICE_HOST):9092"},
    {"reference-undefined", "uses $(EDGE_SERVICE_HOST), which env does not define",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(EDGE_SERVICE_HOST):9092",
     .spec = ",'enableServiceLinks':false"},
    {"reference-undefined", "uses $(KAFKA_LISTENERS), which env does not define",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=$(KAFKA_LISTENERS)"},
    {"reference-undefined", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$$(POD_IP):9092"},
    {"reference-undefined", NULL, .container = RUN("export KAFKA_ADVERTISED_LISTENERS=A://b:1"),
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", "$(POD_IP)", .container = RUN("export KAFKA_NODE_ID=${HOSTNAME##*-}"),
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", NULL, .container = RUN(". /env.sh; source /env.sh"),
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", NULL, .container = ",'command':['bash','/scripts/start.sh']",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_IP):9092"},
    {"reference-undefined", "KAFKA_NODE_ID uses $(INDEX)",
     .env = NAME MODE STORE ONE BIND MAP SHOW "KAFKA_NODE_ID=$(INDEX)"},

    {"reference-hostname", "uses $(HOSTNAME), unknown to kubelet",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME).kafka:9092"},
    {"reference-hostname", "KAFKA_CFG_ADVERTISED_LISTENERS uses $(HOSTNAME)",
     .image = "bitnami/kafka:3.9",
     .container = ",'args':['bash','-c','exec /opt/bitnami/scripts/kafka/run.sh']",
     .env = "KAFKA_CFG_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME):9092"},
    {"reference-hostname", NULL, .image = "bitnami/kafka:3.9",
     .container = ",'command':['bash','-c','exec /opt/bitnami/scripts/kafka/run.sh']",
     .env = "KAFKA_CFG_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME):9092"},
    {"reference-hostname", NULL, .image = "bitnami/kafka:3.9",
     .container = ",'volumeMounts':[{'name':'c','mountPath':'/bitnami/kafka/config'}]",
     .env = "KAFKA_CFG_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME):9092"},
    {"reference-hostname", "uses $(hostname), unknown to kubelet",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(hostname).kafka:9092"},
    {"reference-hostname", NULL,
     .env = KRAFT "HOSTNAME<metadata.name|" BIND MAP
                  "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOSTNAME).kafka:9092"},

    {"shell-syntax", "holds shell syntax '${HOSTNAME}', which nothing expands",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${HOSTNAME}.kafka:9092"},
    {"shell-syntax", "'${HOST}'",
     .env = KRAFT "HOST=localhost|" BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${HOST}:9092"},
    {"shell-syntax", "'$(hostname -f)'",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(hostname -f):9092"},
    {"shell-syntax", "'`hostname`'",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://`hostname`:9092"},
    {"shell-syntax", "'$POD_NAME'",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$POD_NAME.kafka:9092"},
    {"shell-syntax", "'${HOST:-x}'",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${HOST:-x}:9092"},
    {"shell-syntax", NULL,
     .env =
         KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${file:/p:host}:${file:/p:port}"},
    {"shell-syntax", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://a$${X}:9092"},
    {"shell-syntax", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://a$1b$(c.d$()e$:9092"},
    {"shell-syntax-id", "KAFKA_NODE_ID holds shell syntax, which nothing expands",
     .env = NAME MODE STORE ONE BIND MAP SHOW "KAFKA_NODE_ID=${HOSTNAME##*-}"},
    {"shell-syntax-id", "KAFKA_BROKER_ID holds shell syntax",
     .env = NAME MODE STORE ONE BIND MAP SHOW "KAFKA_BROKER_ID=$(echo $POD_NAME)"},
    {"shell-syntax-id", NULL, .container = RUN("export KAFKA_NODE_ID=${HOSTNAME##*-}"),
     .env = NAME MODE STORE ONE BIND MAP SHOW "KAFKA_NODE_ID=${HOSTNAME##*-}"},

    {"line-break", "KAFKA_ADVERTISED_LISTENERS has a line break inside",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,\nX"},
    {"line-break", NULL, .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://k:9092\n"},
    {"line-break", "KAFKA_LISTENERS has a line break inside",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://:9092,\r\nCONTROLLER://:9093"},
    {"backslash", "KAFKA_LISTENERS has a backslash inside",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT:\\/\\/:9092,CONTROLLER://:9093"},
    {"listener-malformed", "KAFKA_LISTENERS has 'PLAINTEXT:9092', which Kafka cannot read",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT:9092,CONTROLLER://:9093"},
    {"listener-malformed", "KAFKA_LISTENERS has 'CONTROLLER://', which Kafka cannot read",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://:9092, CONTROLLER://"},
    {"listener-malformed", "has 'PLAINTEXT://:http'",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://:http,CONTROLLER://:9093"},
    {"listener-malformed", "KAFKA_ADVERTISED_LISTENERS has 'PLAINTEXT://kafka'",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka"},
    {"listener-malformed", "has 'PLAINTEXT://$(HOST)', which",
     .env = KRAFT BIND MAP "HOST=kafka|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOST)"},
    {"listener-malformed", NULL,
     .env = KRAFT BIND MAP "PORT=9092|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:$(PORT)"},
    {"listener-malformed", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://${file:/p:endpoint}"},
    {"listener-malformed", NULL,
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://[::]:9092,CONTROLLER://:-1,"},
    {"listener-malformed", NULL, .image = "someone/kafka",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT:9092"},
};

static const struct hazard_case listener_rows[] = {
    {"localhost-advertised", "advertises 'PLAINTEXT://localhost:9092', which only the pod",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092"},
    {"localhost-advertised", "'PLAINTEXT://127.0.0.1:$(",
     .env = KRAFT BIND MAP "PORT=9092|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:$(PORT)"},
    {"localhost-advertised", "'PLAINTEXT://$(HOST):9092'",
     .env = KRAFT BIND MAP "HOST=LOCALHOST|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOST):9092"},
    {"localhost-advertised", "KAFKA_LISTENERS advertises 'PLAINTEXT://localhost:9092'",
     .image = "apache/kafka:3.9.0",
     .env = KRAFT MAP "KAFKA_LISTENERS=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093"},
    {"localhost-advertised", NULL,
     .env =
         KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093"},
    {"localhost-advertised", NULL, .wishes = "'portside.dev/listener-name':'HOST'",
     .env = KRAFT "KAFKA_LISTENERS=PLAINTEXT://:9092,HOST://:9094,CONTROLLER://:9093|"
                  "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,HOST:PLAINTEXT,"
                  "CONTROLLER:PLAINTEXT|"
                  "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,HOST://localhost:9094"},
    {"localhost-advertised", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost.example:9092"},
    {"localhost-advertised", NULL, .image = "solsson/kafka:2.8",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092"},
    {"localhost-advertised", NULL, .image = "someone/kafka",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092"},
    {"any-address-advertised", "advertises 'PLAINTEXT://0.0.0.0:9092', which no client can reach",
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://0.0.0.0:9092"},
    {"any-address-advertised", "KAFKA_CFG_LISTENERS advertises 'PLAINTEXT://0.0.0.0:9092'",
     .image = "bitnami/kafka:3.6",
     .env = "KAFKA_CFG_LISTENERS=PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093|"
            "KAFKA_CFG_CONTROLLER_LISTENER_NAMES=CONTROLLER"},
    {"any-address-advertised", NULL,
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9092,CONTROLLER://[::]:9093"},

    {"static-host-advertised", "advertises 'PLAINTEXT://kafka:9092' for each of 3 replicas",
     .replicas = 3, .spec = APART,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092"},
    {"static-host-advertised", "'PLAINTEXT://10.0.0.1:$(PORT)' for each of 2 replicas",
     .replicas = 2, .spec = APART,
     .env = KRAFT BIND MAP "PORT=9092|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://10.0.0.1:$(PORT)"},
    {"static-host-advertised", NULL,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092"},
    {"static-host-advertised", NULL, .replicas = 3, .spec = APART,
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://:9092"},
    {"static-host-advertised", NULL, .replicas = 3, .spec = APART,
     .image = "wurstmeister/kafka:2.12",
     .env = ZOO "HOSTNAME_COMMAND=hostname -f|"
                "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://_{HOSTNAME_COMMAND}:9092"},
    {"static-host-advertised", NULL, .replicas = 3, .spec = APART,
     .env = KRAFT BIND MAP "HOST^|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(HOST):9092"},
    {"static-host-advertised", NULL, .replicas = 3, .spec = APART,
     .container = RUN("export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$HOSTNAME.kafka:9092"),
     .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092"},

    {"protocol-missing", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP has no protocol for 'CLIENT'",
     .env = KRAFT MAP "KAFKA_LISTENERS=PLAINTEXT://:9092,CLIENT://:9094,CONTROLLER://:9093|" SHOW},
    {"protocol-missing", "no protocol for 'INSIDE'",
     .env = KRAFT SHOW "KAFKA_LISTENERS=PLAINTEXT://:9092,INSIDE://:9094,CONTROLLER://:9093"},
    {"protocol-missing", "no protocol for 'CONTROLLER'",
     .env = NAME INDEX STORE ONE BIND SHOW "KAFKA_PROCESS_ROLES=broker,controller"},
    {"protocol-missing", NULL, .env = KRAFT BIND SHOW},
    {"protocol-missing", "for 'CONTROLLER': add CONTROLLER:PROTOCOL",
     .env = KRAFT BIND SHOW "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT"},
    {"protocol-missing", NULL, .image = "bitnami/kafka:3.6",
     .env =
         "KAFKA_CFG_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093|KAFKA_CFG_PROCESS_ROLES=broker,"
         "controller"},
    {"protocol-missing", NULL,
     .env = KRAFT BIND SHOW "M=a:SSL|KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=$(M)"},
    {"protocol-missing", "no protocol for 'INSIDE'",
     .env = KRAFT MAP
     "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092,INSIDE://$(POD_NAME):9094"},

    {"port-twice", "KAFKA_LISTENERS has two listeners on port 9092",
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://0.0.0.0:9092"},
    {"port-twice", NULL,
     .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://1.2.3.4:9092,CONTROLLER://[::1]:9092"},
    {"port-twice", NULL, .env = KRAFT MAP SHOW "KAFKA_LISTENERS=PLAINTEXT://:0,CONTROLLER://:0"},
    {"port-twice", "KAFKA_ADVERTISED_LISTENERS has two listeners on port 9092",
     .env = ZOO "KAFKA_LISTENERS=|KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092,"
                "SSL://$(POD_NAME).b:9092|KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,"
                "SSL:SSL"},
    {"port-twice", NULL, .wishes = "'portside.dev/protocol':'PLAINTEXT'",
     .env = ZOO "KAFKA_LISTENERS=PLAINTEXT://:9092,SSL://:9093|"
                "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092,"
                "SSL://$(POD_NAME).b:9092|KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,"
                "SSL:SSL"},

    {"controller-advertised", "holds the controller listener 'CONTROLLER', which Kafka before 3.9",
     .env = KRAFT BIND MAP
     "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093"},
    {"controller-advertised", NULL, .image = "confluentinc/cp-kafka:7.9.0",
     .env = KRAFT BIND MAP
     "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093"},
    {"controller-advertised", "before 3.9", .image = "apache/kafka:3.8.1",
     .env = KRAFT BIND MAP
     "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093"},
    {"controller-advertised", NULL, .image = "apache/kafka:latest",
     .env = KRAFT BIND MAP
     "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093"},

    {"not-advertised", "KAFKA_ADVERTISED_LISTENERS is not set, and cp-kafka exits without it",
     .env = KRAFT BIND MAP},
    {"not-advertised", "is not set", .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS="},
    {"not-advertised", NULL, .env = KRAFT BIND MAP "KAFKA_ADVERTISED_LISTENERS^"},
    {"not-advertised", NULL, .env = KRAFT BIND MAP,
     .container = ",'envFrom':[{'configMapRef':{'name':'c'}}]"},
    {"not-advertised", NULL, .env = KRAFT BIND MAP,
     .container = RUN("export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$HOSTNAME:9092")},
    {"not-advertised", NULL, .env = KRAFT BIND MAP, .image = "apache/kafka:3.9.0"},

    {"certificate-names", "listener 'PORTSIDE' has a certificate that cannot name nodes",
     .env = KRAFT BIND "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092|"
                       "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:SSL,CONTROLLER:SSL"},
    {"certificate-names", NULL, .wishes = "'portside.dev/advertised-host':'k{ordinal}.example.org'",
     .env = KRAFT BIND "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092|"
                       "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:SSL,CONTROLLER:SSL"},
    {"certificate-names", NULL, .wishes = "'portside.dev/protocol':'PLAINTEXT'",
     .env = KRAFT BIND "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://$(POD_NAME):9092|"
                       "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:SSL,CONTROLLER:SSL"},
};

START_TEST(test_env)
{
    hazard_case_check(&env_rows[_i]);
}
END_TEST

START_TEST(test_listeners)
{
    hazard_case_check(&listener_rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("hazard");
    TCase *tcase = tcase_create("table");
    tcase_add_loop_test(tcase, test_env, 0, PS_COUNT(env_rows));
    tcase_add_loop_test(tcase, test_listeners, 0, PS_COUNT(listener_rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
