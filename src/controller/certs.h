/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: the shell around ps_cert_step(). It reads one Secret and the webhook configurations
 * of ours, hands what is to be served to the server, and does what the plan says.
 */
#pragma once

#include "control.h"
#include "portside/cert_step.h"
#include "portside/file.h"
#include "portside/tls.h"
#include "portside/tls_issue.h"

/* More than the Secret, what is served, and all caBundles can refer to together. */
#define PS_KNOWN_MAX 64U

#define PS_CERTS_SERVICE_NAMES 4U /* of the Service: short, with its namespace, … */
#define PS_CERTS_NAMES_MAX (PS_CERTS_SERVICE_NAMES + PS_CONFIG_NAMES_MAX)

/* A certificate that is referred to by its id. */
struct ps_known {
    struct ps_cert_id id;
    char *pem;
};

/* A request of ours that is under way, and pauses after failures and after many in a short time. */
struct ps_certs_request {
    bool under_way;
    uint64_t id;
    uint64_t sent_ms;
    uint64_t not_before_ms;
    unsigned failures;
    unsigned burst; /* successes since burst_ms */
    uint64_t burst_ms;
};

/* A watch of the one object of a name; what it tells is the object as it is now. */
struct ps_certs_watch {
    struct ps_certs *certs;
    const char *problem;                                      /* in the log */
    void (*observe)(void *arg, const struct ps_json *object); /* NULL: there is none */
    void *arg;
    struct ps_kube_watch *watch;
    bool seen; /* it has told of the object since its BEGIN */
};

/* What a webhook configuration was when it was last seen. */
struct ps_hook_memory {
    char *text; /* JSON, to be applied; owned; NULL: nothing to make again */
    bool is_gone;
    uint64_t gone_ms; /* when that was seen */
    struct ps_certs_request request;
};

/* One webhook configuration. */
struct ps_hook {
    struct ps_certs *certs;
    struct ps_cert_bundle *bundle; /* in the facts */
    char *name;
    struct ps_certs_watch watch;
    char *uid;
    char *version;
    char **entries; /* names of its webhooks */
    size_t entry_count;
    struct ps_certs_request request;
    struct ps_hook_memory memory;
};

/* The texts of the Secret; owned, any may be NULL. */
struct ps_certs_secret {
    char *uid;
    char *version;
    bool immutable;
    struct ps_tls_pair ca;
    struct ps_tls_pair leaf;
    char *previous;
};

struct ps_certs {
    struct ps_controller *controller;
    struct ps_tls *tls; /* NULL: nothing is managed */
    char *secret_name;
    char *ca_path; /* of files; "" if there are none */
    char *cert_path;
    char *name_texts[PS_CERTS_NAMES_MAX];
    struct ps_str names[PS_CERTS_NAMES_MAX]; /* in certificates; views of those texts */
    size_t name_count;
    struct ps_cert_timing timing;
    struct ps_cert_state state;
    struct ps_cert_facts facts;
    struct ps_cert_set given; /* to be published: of the file, and for a while those before it */
    struct ps_cert_set in_file;
    uint64_t overlap_until_ms; /* 0: there were none before */
    uint64_t looked_ms;        /* at the file of CAs */
    struct ps_certs_secret secret;
    struct ps_tls_pair served;
    struct ps_certs_watch watch;
    struct ps_certs_request request; /* for the Secret */
    enum ps_cert_reason reason;      /* of that write */
    bool new_ca;
    bool new_leaf;
    struct ps_hook hooks[PS_CERT_BUNDLES_MAX];
    struct ps_known known[PS_KNOWN_MAX];
    size_t known_next;
    char trouble[160]; /* as last told in the log */
    struct ps_metrics *metrics;
};

/* certs.c; certs may be NULL. */
void ps_certs_turn(struct ps_certs *certs);
void ps_certs_free(struct ps_certs *certs);
void ps_certs_write_metrics(const struct ps_certs *certs, FILE *out);
/* The same trouble is told once, not with every try. */
void ps_certs_tell(struct ps_certs *certs, const char *what, const char *problem);
/* True if a request may be sent now. */
bool ps_certs_may_send(const struct ps_certs *certs, const struct ps_certs_request *request);
/* It is answered; after a failure the next one waits. */
void ps_certs_answered(struct ps_certs *certs, struct ps_certs_request *request, bool good);
void ps_certs_cancel(struct ps_certs *certs, struct ps_certs_request *request);
/* The namespace of portside's Service. */
struct ps_str ps_certs_place(const struct ps_certs *certs);

/* certs_watch.c; one is zeroed but for its first four members. */
struct ps_status ps_certs_watch_start(struct ps_certs_watch *one,
                                      const struct ps_kube_resource *resource,
                                      struct ps_str namespace_name, const char *name,
                                      struct ps_error *err);
void ps_certs_watch_stop(struct ps_certs_watch *one);

/* certs_known.c */

/* Keeps pem under id; it replaces one that nothing refers to. */
void ps_known_put(struct ps_certs *certs, const struct ps_cert_id *id, const char *pem);
/* NULL if it is not known. */
const char *ps_known_find(const struct ps_certs *certs, const struct ps_cert_id *id);
/* The PEM texts of set in one, in the controller's arena; false if one is not known. */
bool ps_known_text(const struct ps_certs *certs, const struct ps_cert_set *set,
                   struct ps_str *ret_text);
/* Reads a bundle into set and keeps what is in it; false if there is more or less in text. */
bool ps_known_read(struct ps_certs *certs, struct ps_str text, struct ps_cert_set *ret_set);
struct ps_cert_id ps_known_id(const struct ps_tls_facts *facts);

/* certs_secret.c: the Secret. */
struct ps_status ps_certs_watch_secret(struct ps_certs *certs, struct ps_error *err);
void ps_certs_read_secret(struct ps_certs *certs);
void ps_certs_clear_secret(struct ps_certs_secret *secret);
/* The Secret as it is now; NULL: there is none. */
void ps_certs_observe(struct ps_certs *certs, const struct ps_json *object);

/* certs_keep.c: what is written into it. */
void ps_certs_write_secret(struct ps_certs *certs, const struct ps_cert_plan *plan);

/* certs_hook.c: webhook configurations. */
struct ps_status ps_hook_start(struct ps_hook *hook, struct ps_error *err);
void ps_hook_write(struct ps_hook *hook, const struct ps_cert_set *bundle);
void ps_hook_clear(struct ps_hook *hook);

/* certs_restore.c: a webhook configuration that was deleted. */
void ps_hook_remember(struct ps_hook *hook, const struct ps_json *object);
void ps_hook_miss(struct ps_hook *hook);
/* As leader: makes it again, if it is time. */
void ps_hook_restore(struct ps_hook *hook);
void ps_hook_forget(struct ps_hook *hook);

enum ps_certs_series {
    PS_CERTS_CA_NOT_AFTER = 0,
    PS_CERTS_LEAF_NOT_AFTER,
    PS_CERTS_CAS_MADE,
    PS_CERTS_LEAVES_MADE,
    PS_CERTS_BUNDLES_WRITTEN,
    PS_CERTS_FAILURES,
    PS_CERTS_SERIES,
};
