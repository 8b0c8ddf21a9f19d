/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: one table of keys, from which the file parser, the flags, `--help` and the
 * reference in docs are made. Pure: text in, values out; the shell reads the file.
 *
 * File: lines `key = value`; '#' begins a comment line; blank lines are ignored. An indented line
 * below the default of an annotation is one more line of its value. A flag is the key with '--' in
 * front; flags win over the file, the file over the defaults. Numbers are plain decimals; their
 * unit is the end of the key's name (-seconds, -bytes).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/error.h"
#include "portside/kafka.h"
#include "portside/log_level.h"
#include "portside/str.h"

enum ps_choice {
    PS_CHOICE_ALLOW = 0,
    PS_CHOICE_WARN,
    PS_CHOICE_DENY,
};

enum ps_switch {
    PS_SWITCH_AUTO = 0,
    PS_SWITCH_ON,
    PS_SWITCH_OFF,
};

/* Where the server's certificate comes from. */
enum ps_certificates {
    PS_CERTIFICATES_AUTO = 0,
    PS_CERTIFICATES_FILES,
    PS_CERTIFICATES_MANAGED,
};

/* In front of an annotation's name: its default for the whole installation. */
#define PS_CONFIG_DEFAULT "default-"
/* Elements of tls-names. */
#define PS_CONFIG_NAMES_MAX 16U
/* At least as many as there are annotations (ps_exposure_keys). */
#define PS_CONFIG_DEFAULTS_MAX 48

/* What an administrator allows, and the defaults of the whole installation. Read by the core. */
struct ps_policy {
    enum ps_choice plaintext;    /* a PLAINTEXT listener that anyone outside can reach */
    struct ps_str types_allowed; /* comma-separated exposure types */
    uint32_t node_port_min;
    uint32_t node_port_max;
    /* Comma-separated prefixes of Service annotations that users may set; empty: none. */
    struct ps_str service_annotation_prefixes;
    /* Installation-wide defaults of the annotations, by index into ps_exposure_keys(). */
    const struct ps_str *annotation_defaults;
};

/* Not to be copied: the policy points into it. */
struct ps_config {
    struct ps_policy policy;
    struct ps_str annotation_defaults[PS_CONFIG_DEFAULTS_MAX];

    struct ps_str listen;       /* host:port of the HTTPS server; port 0 lets the system choose */
    struct ps_str plain_listen; /* host:port of /healthz, /readyz, /metrics */
    struct ps_str tls_cert;     /* PEM file, leaf first */
    struct ps_str tls_key;      /* PEM file */
    uint64_t tls_reload_s;      /* how often the files are looked at */
    struct ps_str client_ca;    /* PEM file; empty: clients need no certificate */
    struct ps_str client_names; /* comma-separated; empty: any */
    enum ps_certificates certificates;
    struct ps_str tls_ca;          /* PEM file whose content is to be the caBundle; may be empty */
    struct ps_str tls_secret_name; /* of managed certificates */
    uint64_t tls_leaf_days;        /* their life */
    struct ps_str tls_names;       /* that they, or those of files, must be for; comma-separated */
    struct ps_str service_name;    /* by which the API server calls */
    struct ps_str service_namespace; /* empty: that of the Lease */
    struct ps_str cluster_domain;
    struct ps_str webhook_names; /* MutatingWebhookConfigurations of ours, comma-separated */
    uint64_t threads;            /* workers; 0: one for each processor */
    uint64_t connections_max;
    uint64_t body_max_bytes;
    uint64_t header_max_bytes;
    uint64_t idle_s;
    uint64_t handshake_s;
    uint64_t header_s;
    uint64_t body_s;
    uint64_t drain_s; /* how long a draining replica goes on answering */
    enum ps_switch controller;
    struct ps_str kubeconfig;           /* file; empty: as kubectl finds it */
    struct ps_str controller_namespace; /* of the Lease */
    struct ps_str identity;             /* holder of the Lease; empty: made up */
    enum ps_log_format log_format;
    enum ps_log_level log_level;
};

/* How the text of a key is read; decides the type of the field at its offset. */
enum ps_config_kind {
    PS_CONFIG_KIND_TEXT = 1,   /* struct ps_str, anything */
    PS_CONFIG_KIND_ADDRESS,    /* struct ps_str, host:port */
    PS_CONFIG_KIND_NUMBER,     /* uint64_t, min to max */
    PS_CONFIG_KIND_WORD,       /* an enum from 0, one of the words in argument */
    PS_CONFIG_KIND_LIST,       /* struct ps_str, comma-separated, each one of choices (if any) */
    PS_CONFIG_KIND_PORT_RANGE, /* two uint32_t in a row, "from-to" */
};

/* One row of the table, for parser, help and docs. */
struct ps_config_key {
    const char *name;     /* as in the file, and behind '--' */
    const char *argument; /* "HOST:PORT", "SECONDS"; of a WORD its choices: "auto|text|json" */
    const char *fallback; /* default, as text */
    const char *help;     /* one sentence */
    const char *group;    /* heading in help */
    const char *choices;  /* of a LIST: "A|B|C"; NULL allows anything */
    size_t offset;        /* of the field in struct ps_config */
    uint64_t min;         /* of a NUMBER */
    uint64_t max;
    enum ps_config_kind kind;
};

/* The rows in their order of presentation. */
const struct ps_config_key *ps_config_keys(size_t *ret_count);

/* All defaults. Views point to static text. */
void ps_config_init(struct ps_config *config);

/*
 * Sets one key from its text. Fails with PS_CODE_INPUT: the message names the key, the value and
 * what is allowed; for an unknown key the nearest known one. The value is borrowed: it must live as
 * long as config.
 */
struct ps_status ps_config_set(struct ps_config *config, struct ps_str key, struct ps_str value,
                               struct ps_error *err) PS_MUST_USE;

/*
 * Reads a whole file's text; errors name the line. A key may stand in it once. text is borrowed as
 * long as config lives.
 */
struct ps_status ps_config_parse(struct ps_config *config, struct ps_str text,
                                 struct ps_error *err) PS_MUST_USE;

/*
 * Checks the policy as a whole, which is all that a review is decided by: defaults of annotations
 * that are invalid, contradict each other, or that the policy forbids.
 */
struct ps_status ps_config_check_policy(const struct ps_config *config,
                                        struct ps_error *err) PS_MUST_USE;

/*
 * Checks what no single key can show: the policy, ports that clash, a certificate without its key.
 */
struct ps_status ps_config_check(const struct ps_config *config, struct ps_error *err) PS_MUST_USE;

/* True if portside makes its certificates itself, which takes a controller. */
bool ps_config_manages_certificates(const struct ps_config *config);

/* Splits "host:port", "[v6]:port" or ":port"; brackets are dropped. False if it is none of them. */
bool ps_config_address(struct ps_str text, struct ps_str *ret_host, uint16_t *ret_port);
