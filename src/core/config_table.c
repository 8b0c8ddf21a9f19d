/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys. Everything that is known about a key stands in its row and nowhere else. */
#include "portside/config.h"

#include <stddef.h>

#define FIELD(member) offsetof(struct ps_config, member)
#define TYPES "NodePort|LoadBalancer|ClusterIP|None"

static const struct ps_config_key keys[] = {
    {
        .name = "listen",
        .argument = "HOST:PORT",
        .fallback = ":8443",
        .help = "Where the HTTPS server of the webhook listens; port 0 lets the system choose one, "
                "an empty host means every address.",
        .group = "Addresses",
        .kind = PS_CONFIG_KIND_ADDRESS,
        .offset = FIELD(listen),
    },
    {
        .name = "plain-listen",
        .argument = "HOST:PORT",
        .fallback = ":8080",
        .help = "Where /healthz, /readyz and /metrics are served without TLS.",
        .group = "Addresses",
        .kind = PS_CONFIG_KIND_ADDRESS,
        .offset = FIELD(plain_listen),
    },
    {
        .name = "tls-cert",
        .argument = "FILE",
        .fallback = "",
        .help = "Certificate of the server in PEM, its own first, then intermediate ones.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(tls_cert),
    },
    {
        .name = "tls-key",
        .argument = "FILE",
        .fallback = "",
        .help = "Private key of that certificate in PEM, without a passphrase.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(tls_key),
    },
    {
        .name = "tls-reload-seconds",
        .argument = "SECONDS",
        .fallback = "1",
        .help =
            "How often both files are looked at; a new pair serves from the next connection on.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(tls_reload_s),
        .min = 1,
        .max = 3600,
    },
    {
        .name = "client-ca",
        .argument = "FILE",
        .fallback = "",
        .help = "CA certificates in PEM, reloaded likewise: only clients with a certificate of one "
                "of them are let in, as API servers can be told to have; empty lets in everybody.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(client_ca),
    },
    {
        .name = "client-names",
        .argument = "LIST",
        .fallback = "",
        .help = "With client-ca: one of these must be a common name, DNS name, URI or e-mail "
                "address in a client's certificate; empty takes any.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_LIST,
        .offset = FIELD(client_names),
    },
    {
        .name = "certificates",
        .argument = "auto|files|managed",
        .fallback = "auto",
        .help = "Where the certificate comes from: tls-cert and tls-key, or made and renewed by "
                "portside in a Secret, with the caBundle of its webhook configurations; auto is "
                "managed if no files are given and the controller is on.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_WORD,
        .offset = FIELD(certificates),
    },
    {
        .name = "tls-ca",
        .argument = "FILE",
        .fallback = "",
        .help = "With files: CA certificates in PEM that are to be the caBundle of the webhook "
                "configurations; empty leaves that to others.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(tls_ca),
    },
    {
        .name = "tls-secret-name",
        .argument = "NAME",
        .fallback = "portside-certificates",
        .help =
            "Managed: the Secret, in the namespace of the Lease, that holds CA and certificate.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(tls_secret_name),
    },
    {
        .name = "tls-leaf-days",
        .argument = "DAYS",
        .fallback = "7",
        .help = "Managed: how long a certificate is valid; it is renewed after two thirds.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(tls_leaf_days),
        .min = 1,
        .max = 90,
    },
    {
        .name = "service-name",
        .argument = "NAME",
        .fallback = "portside",
        .help = "Managed: the Service by which the API server calls; it is named in certificates.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(service_name),
    },
    {
        .name = "service-namespace",
        .argument = "NAME",
        .fallback = "",
        .help = "Managed: where that Service is; empty means the namespace of the Lease.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(service_namespace),
    },
    {
        .name = "cluster-domain",
        .argument = "NAME",
        .fallback = "cluster.local",
        .help = "Managed: the DNS domain of the cluster, for the Service's full name.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(cluster_domain),
    },
    {
        .name = "tls-names",
        .argument = "LIST",
        .fallback = "",
        .help = "DNS names and IP addresses, separated by commas. Managed: further ones in "
                "certificates. With files: a certificate that is not for all of them is refused.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_LIST,
        .offset = FIELD(tls_names),
    },
    {
        .name = "webhook-names",
        .argument = "LIST",
        .fallback = "portside",
        .help = "The MutatingWebhookConfigurations whose caBundle is kept, at most four, separated "
                "by commas.",
        .group = "Certificate",
        .kind = PS_CONFIG_KIND_LIST,
        .offset = FIELD(webhook_names),
    },
    {
        .name = "threads",
        .argument = "COUNT",
        .fallback = "0",
        .help = "Worker threads; 0 means one for each processor, but not more than four.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(threads),
        .max = 256,
    },
    {
        .name = "connections-max",
        .argument = "COUNT",
        .fallback = "1024",
        .help = "Open HTTPS connections; once all are taken, idle and slow ones make room for new "
                "ones.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(connections_max),
        .min = 1,
        .max = 100000,
    },
    {
        .name = "body-max-bytes",
        .argument = "BYTES",
        .fallback = "7340032",
        .help =
            "Largest request body; a larger one is answered with 413. The default of 7 MiB holds "
            "the largest review that an API server sends.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(body_max_bytes),
        .min = 1024,
        .max = 67108864,
    },
    {
        .name = "header-max-bytes",
        .argument = "BYTES",
        .fallback = "16384",
        .help = "Largest request header; a larger one is answered with 431.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(header_max_bytes),
        .min = 1024,
        .max = 1048576,
    },
    {
        .name = "handshake-seconds",
        .argument = "SECONDS",
        .fallback = "5",
        .help = "Time from accepting a connection to the end of its TLS handshake.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(handshake_s),
        .min = 1,
        .max = 600,
    },
    {
        .name = "header-seconds",
        .argument = "SECONDS",
        .fallback = "5",
        .help = "Time from the first byte of a request to the end of its header.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(header_s),
        .min = 1,
        .max = 600,
    },
    {
        .name = "body-seconds",
        .argument = "SECONDS",
        .fallback = "10",
        .help = "Time from the end of the header to the end of the body; as much again for the "
                "client to take the answer.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(body_s),
        .min = 1,
        .max = 600,
    },
    {
        .name = "idle-seconds",
        .argument = "SECONDS",
        .fallback = "120",
        .help =
            "How long a connection may wait for its next request; API servers keep theirs for 90.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(idle_s),
        .min = 1,
        .max = 86400,
    },
    {
        .name = "drain-seconds",
        .argument = "SECONDS",
        .fallback = "10",
        .help = "After SIGTERM: how long requests are still answered, with 'Connection: close', "
                "until every API server has heard that this replica leaves.",
        .group = "Limits",
        .kind = PS_CONFIG_KIND_NUMBER,
        .offset = FIELD(drain_s),
        .max = 600,
    },
    {
        .name = "policy-plaintext",
        .argument = "allow|warn|deny",
        .fallback = "warn",
        .help = "What happens to a StatefulSet that exposes a listener without TLS.",
        .group = "Policy",
        .kind = PS_CONFIG_KIND_WORD,
        .offset = FIELD(policy.plaintext),
    },
    {
        .name = "policy-types",
        .argument = "LIST",
        .fallback = "NodePort,LoadBalancer,ClusterIP,None",
        .help = "Exposure types that users may choose, separated by commas.",
        .group = "Policy",
        .choices = TYPES,
        .kind = PS_CONFIG_KIND_LIST,
        .offset = FIELD(policy.types_allowed),
    },
    {
        .name = "policy-node-ports",
        .argument = "FROM-TO",
        .fallback = "30000-32767",
        .help = "Node ports that users may ask for.",
        .group = "Policy",
        .kind = PS_CONFIG_KIND_PORT_RANGE,
        .offset = FIELD(policy.node_port_min),
    },
    {
        .name = "policy-service-annotations",
        .argument = "LIST",
        .fallback = "",
        .help =
            "Prefixes of the Service annotations that users may set, separated by commas; empty "
            "allows none.",
        .group = "Policy",
        .kind = PS_CONFIG_KIND_LIST,
        .offset = FIELD(policy.service_annotation_prefixes),
    },
    {
        .name = "controller",
        .argument = "auto|on|off",
        .fallback = "auto",
        .help = "Whether Services, endpoints and status are kept up as well; auto does so in a "
                "cluster, or if a kubeconfig is given.",
        .group = "Controller",
        .kind = PS_CONFIG_KIND_WORD,
        .offset = FIELD(controller),
    },
    {
        .name = "kubeconfig",
        .argument = "FILE",
        .fallback = "",
        .help = "How to reach the API server; empty means the service account of the pod, else as "
                "kubectl finds it.",
        .group = "Controller",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(kubeconfig),
    },
    {
        .name = "controller-namespace",
        .argument = "NAME",
        .fallback = "",
        .help = "Where the Lease is by which replicas choose the one that writes; empty means the "
                "service account's namespace, else 'portside'.",
        .group = "Controller",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(controller_namespace),
    },
    {
        .name = "identity",
        .argument = "NAME",
        .fallback = "",
        .help = "Name of this replica in the Lease, never the same for two; empty means the host's "
                "name and random digits.",
        .group = "Controller",
        .kind = PS_CONFIG_KIND_TEXT,
        .offset = FIELD(identity),
    },
    {
        .name = "log-format",
        .argument = "auto|text|json",
        .fallback = "auto",
        .help = "Form of the log on standard error; auto is text on a terminal and JSON otherwise.",
        .group = "Log",
        .kind = PS_CONFIG_KIND_WORD,
        .offset = FIELD(log_format),
    },
    {
        .name = "log-level",
        .argument = "debug|info|warn|error",
        .fallback = "info",
        .help = "Records below this level are not written.",
        .group = "Log",
        .kind = PS_CONFIG_KIND_WORD,
        .offset = FIELD(log_level),
    },
};

_Static_assert(sizeof(enum ps_choice) == sizeof(unsigned) &&
                   sizeof(enum ps_switch) == sizeof(unsigned) &&
                   sizeof(enum ps_certificates) == sizeof(unsigned) &&
                   sizeof(enum ps_log_level) == sizeof(unsigned) &&
                   sizeof(enum ps_log_format) == sizeof(unsigned),
               "words are stored as unsigned");
_Static_assert(FIELD(policy.node_port_max) == FIELD(policy.node_port_min) + sizeof(uint32_t),
               "a port range is two numbers in a row");

const struct ps_config_key *ps_config_keys(size_t *ret_count)
{
    *ret_count = PS_COUNT(keys);
    return keys;
}
