/* SPDX-License-Identifier: Apache-2.0 */
/* The controller's state, shared by the files of this layer. One thread uses all of it. */
#pragma once

#include "dial.h"
#include "portside/arena.h"
#include "portside/config.h"
#include "portside/kube_config.h"
#include "portside/kube_watch.h"
#include "portside/lease.h"
#include "portside/metrics.h"
#include "portside/status.h"
#include "store.h"

#include <pthread.h>

#define PS_NEVER UINT64_MAX
/* All is planned anew this often, and nodes are read anew, even if no event came. */
#define PS_RESYNC_MS 300000U
#define PS_WRITE_DEADLINE_MS 10000U
#define PS_REFUSED_TIMES 4U
/* After this it is looked whether a foreign object of our name is still there. */
#define PS_FOREIGN_MS 10000U
#define PS_NOTICES_KEPT 8192U

struct ps_controller;

/* One watch and what it feeds. */
struct ps_follow {
    struct ps_controller *controller;
    enum ps_kind kind;
    char *namespace_name; /* empty: all */
    struct ps_kube_watch *watch;
    uint64_t begun;      /* generation of the store when the last list began */
    bool known;          /* listed to its end once */
    bool misses;         /* something was passed over since the last list began: strays abound */
    bool lacks;          /* … that matters */
    uint64_t refused_ms; /* since when the API server forbids it; 0: it does not */
    bool troubled;       /* said in the log since it last went well */
    bool ignores_system; /* said in the log: kube-system is labelled */
    bool ignores_own;    /* … portside's own namespace is */
    enum ps_code told;
};

/* A namespace that is labelled, or where objects of ours are left. */
struct ps_space {
    struct ps_space *next;
    char *name;
    bool labelled;
    struct ps_follow *statefulsets;
    struct ps_follow *bare;     /* pods without injection; NULL unless it is labelled */
    struct ps_follow *policies; /* NULL until a StatefulSet there has allow-from */
};

/* The API server gives a port free a moment after its Service is gone; so the first times count
 * little. */
struct ps_refused {
    struct ps_refused *next;
    char *service;
    unsigned times;
};

enum ps_endpoint_state {
    PS_ENDPOINT_KNOWN = 0,
    PS_ENDPOINT_WAITING,
    PS_ENDPOINT_STALE, /* known, but the running broker advertises another */
    PS_ENDPOINT_STATES,
};

enum ps_broker_kind {
    PS_BROKER_INJECTED = 0,
    PS_BROKER_MISSING, /* not injected though it should be */
    PS_BROKER_UNKNOWN, /* injected by a contract that this version does not know */
    PS_BROKER_KINDS,
};

/* What a plan found, for metrics; of endpoints and listeners a broker has one for each exposure. */
struct ps_tally {
    unsigned brokers[PS_BROKER_KINDS];
    unsigned endpoints[PS_ENDPOINT_STATES];
    unsigned listeners[PS_LISTENING_NO + 1]; /* by enum ps_listening */
};

/* A StatefulSet that is looked after, or whose objects are. */
struct ps_set {
    struct ps_entry entry; /* by namespace and name */
    struct ps_set *next;
    char *namespace_name;
    char *name;
    uint64_t due_ms; /* to be planned then; PS_NEVER: not by itself */
    unsigned in_flight;
    bool failed;  /* a request of this round did */
    bool foreign; /* an object of a name that it would give may be somebody else's */
    unsigned failures;
    struct ps_refused *refused; /* Services whose node port the API server refused */
    struct ps_check *checks;    /* of its brokers' listeners */
    struct ps_tally tally;
};

/* A node as last read. */
struct ps_node {
    struct ps_node *next;
    struct ps_controller *controller;
    char *name;
    char *text;       /* JSON; NULL: could not be read yet */
    uint64_t read_ms; /* when the last good answer was asked for */
    uint64_t sent_ms;
    uint64_t used_ms;
    uint64_t ask_ms; /* not to be asked for before */
    unsigned failures;
    bool forbidden; /* the last try was answered 403 */
    bool under_way;
};

struct ps_leader {
    struct ps_lease_state state;
    struct ps_lease_timing timing;
    char *holder;
    char *namespace_name;
    struct ps_kube_account account; /* empty: the Lease is nobody's */
    struct ps_kube_watch *watch;
    bool seen; /* the watch has told of the Lease since its BEGIN */
    bool under_way;
    enum ps_lease_action_kind action; /* that is under way */
    struct ps_lease_now sent;
    bool silent;  /* the last request had no answer */
    bool leading; /* as last told in the log */
    uint64_t step_ms;
    char trouble[160]; /* as last told in the log */
};

/* An Event that was sent. */
struct ps_noticed {
    uint64_t hash;
    uint64_t until_ms; /* not to be sent again before */
};

struct ps_write;
struct ps_certs;
struct ps_check;
struct ps_telling;

struct ps_controller {
    const struct ps_config *config;
    struct ps_kube *kube;
    struct ps_arena *arena;
    struct ps_arena *trial; /* of reviews that are only tried */
    struct ps_store store;
    struct ps_follow *follows[PS_KIND_COUNT]; /* of all namespaces */
    struct ps_space *spaces;
    struct ps_set *sets;
    struct ps_index set_names;
    struct ps_node *nodes;
    struct ps_write *writes;
    struct ps_dialer dialer;
    struct ps_leader leader;
    struct ps_certs *certs; /* NULL: they are not ours to keep */
    struct ps_metrics *metrics;
    struct ps_noticed notices[PS_NOTICES_KEPT];
    struct ps_telling *tellings; /* Events on their way */
    int wake;                    /* eventfd: leave */
    bool leaving;
    bool left;
    uint64_t leave_by_ms;
    pthread_t thread;
    bool started;
};

enum ps_controller_series {
    PS_CONTROLLER_LEADER = 0,
    PS_CONTROLLER_SYNCED,
    PS_CONTROLLER_STATEFULSETS,
    PS_CONTROLLER_RECONCILES,
    PS_CONTROLLER_WRITES,
    PS_CONTROLLER_FAILURES,
    PS_CONTROLLER_BROKERS,
    PS_CONTROLLER_ENDPOINTS,
    PS_CONTROLLER_LISTENERS,
    PS_CONTROLLER_HEARD,
    PS_CONTROLLER_KUBE_REQUESTS,
    PS_CONTROLLER_KUBE_RETRIES,
    PS_CONTROLLER_KUBE_FAILURES,
    PS_CONTROLLER_KUBE_LISTS,
    PS_CONTROLLER_KUBE_WATCHES,
    PS_CONTROLLER_KUBE_EVENTS,
    PS_CONTROLLER_SERIES,
};

/* series.c: what is counted. */
struct ps_metrics *ps_controller_metrics_new(void);
/* Brings the gauges to what is so now. */
void ps_controller_measure(struct ps_controller *controller);

/* cluster.c: namespaces and StatefulSets that are looked after. */

/* NULL if there is no memory. */
struct ps_set *ps_set_get(struct ps_controller *controller, struct ps_str namespace_name,
                          struct ps_str name);
struct ps_space *ps_space_find(const struct ps_controller *controller, struct ps_str name);
struct ps_space *ps_space_get(struct ps_controller *controller, struct ps_str name);
/* To be planned at the next turn. */
void ps_set_touch(struct ps_set *set, uint64_t at_ms);
void ps_sets_touch_all(struct ps_controller *controller);
/* An object came, changed or went. */
void ps_cluster_changed(struct ps_controller *controller, enum ps_kind kind,
                        const struct ps_item_facts *facts, bool gone);
/* Forgets sets that have nothing left. */
void ps_set_drop(struct ps_controller *controller, struct ps_set *set);
/* The node port of this Service was refused once more; true if that is to be believed. */
bool ps_set_refuse(struct ps_set *set, struct ps_str service);
/* The Service was written. */
void ps_set_accept(struct ps_set *set, struct ps_str service);
void ps_cluster_clear(struct ps_controller *controller);

/* follow.c: watches. */

/* NULL if it could not be started; said in the log. */
struct ps_follow *ps_follow_new(struct ps_controller *controller, enum ps_kind kind,
                                struct ps_str namespace_name);
void ps_follow_free(struct ps_follow *follow);
/* The API server answers again: watches that are in a pause go on at once. */
void ps_follows_wake(struct ps_controller *controller);
/* When the watch that was heard least recently was; 0: one never was. */
uint64_t ps_follows_heard_ms(const struct ps_controller *controller);
/*
 * True if it was never listed and the API server has forbidden that for a while: what needs it is
 * left undone, the rest goes on. NULL is never refused.
 */
bool ps_follow_is_refused(const struct ps_follow *follow);
/*
 * The namespace is looked after from now on, or is not any more; what was passed over there is read
 * first.
 */
void ps_follows_want(struct ps_controller *controller, const struct ps_space *space, bool wanted);
/* True once all watches of the whole cluster have been listed. */
bool ps_follows_synced(const struct ps_controller *controller);
/*
 * True once enough is known to plan: without namespaces and Services nothing is, without pods and
 * ConfigMaps only if they are refused.
 */
bool ps_follows_known(const struct ps_controller *controller);
/*
 * An object that an answer carried goes the same way as one of a watch. foreign_of: it is not ours,
 * but has a name that this StatefulSet would give; empty: it is ours.
 */
void ps_follow_told(struct ps_controller *controller, enum ps_kind kind,
                    const struct ps_json *object, struct ps_str foreign_of);

/* node.c */

/* The node if it was read after since_ms, else NULL, and it is asked for. */
const struct ps_node *ps_node_fresh(struct ps_controller *controller, struct ps_str name,
                                    uint64_t since_ms);
/* True if the node could not be read when it was last asked for. */
bool ps_node_fails(const struct ps_controller *controller, struct ps_str name);
/* True if that was because the account lacks the right. */
bool ps_node_is_forbidden(const struct ps_controller *controller, struct ps_str name);
void ps_nodes_clear(struct ps_controller *controller);

/* leader.c */
struct ps_status ps_leader_start(struct ps_controller *controller, struct ps_error *err);
/* Steps if something is due. */
void ps_leader_turn(struct ps_controller *controller);
bool ps_leader_is(const struct ps_controller *controller);
/* True once the Lease is given back, or never was ours. */
bool ps_leader_has_left(const struct ps_controller *controller);
void ps_leader_clear(struct ps_controller *controller);

/* reconcile.c: plans a StatefulSet and sends what follows. */
void ps_reconcile(struct ps_controller *controller, struct ps_set *set);

/* write.c: requests that change objects. */
void ps_write_action(struct ps_controller *controller, struct ps_set *set,
                     const struct ps_action *action);
void ps_write_pod(struct ps_controller *controller, struct ps_set *set, struct ps_str pod,
                  struct ps_str body);
/* Forgets all that are under way: leadership is lost. */
void ps_writes_cancel(struct ps_controller *controller);

/* notice.c: Events; the same one is not sent again for some minutes. Inside ps_arena_run(). */
void ps_notice_send(struct ps_controller *controller, const struct ps_event_subject *subject,
                    const struct ps_event *event);
/* Forgets those on their way; once the client is gone. */
void ps_notices_clear(struct ps_controller *controller);
