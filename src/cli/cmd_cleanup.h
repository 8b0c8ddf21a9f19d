/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of `portside cleanup` share. Nobody else includes it.
 *
 * The steps: find what carries our labels (cleanup_find.c), look whether a controller lives
 * (cleanup_lease.c), decide what may go (cleanup_plan.c), show it (cleanup_show.c), delete it
 * (cleanup_delete.c).
 */
#pragma once

#include "portside/arena.h"
#include "portside/cli.h"
#include "portside/kube.h"
#include "portside/str.h"

enum ps_left_kind {
    PS_LEFT_SERVICE = 0,
    PS_LEFT_CONFIG_MAP,
    PS_LEFT_NETWORK_POLICY,
    PS_LEFT_KINDS,
};

enum ps_left_fate {
    PS_LEFT_FOUND = 0, /* to be deleted */
    PS_LEFT_KEPT,      /* because of its StatefulSet, see ps_keep */
    PS_LEFT_DELETED,   /* or was gone already */
    PS_LEFT_FAILED,
};

/* One object of ours. Texts live in the arena. */
struct ps_leftover {
    struct ps_leftover *next; /* in the order of kind and name */
    enum ps_left_kind kind;
    struct ps_str name;
    struct ps_str role; /* label portside.dev/role */
    struct ps_str uid;
    struct ps_str version;
    enum ps_left_fate fate;
    struct ps_str problem; /* FAILED: what the API server said */
};

/* Why the objects of a StatefulSet are left where they are. */
enum ps_keep {
    PS_KEEP_NOTHING = 0, /* they go */
    PS_KEEP_BROKERS,     /* injected brokers run: their clients would be cut off */
    PS_KEEP_CONTROLLER,  /* a controller runs and would make them again */
    PS_KEEP_UNKNOWN,     /* it cannot be told whether a controller runs */
};

/* A StatefulSet that objects or injected pods name in their label; it need not exist any more. */
struct ps_left_set {
    struct ps_left_set *next; /* in the order of namespace and name */
    struct ps_str namespace_name;
    struct ps_str name;
    struct ps_leftover *first; /* NULL: nothing but pods */
    size_t broker_count;       /* injected pods that have not ended */
    struct ps_str broker;      /* one of them */
    bool served;               /* the namespace is labelled, so a controller looks after it */
    enum ps_keep keep;
};

enum ps_life {
    PS_LIFE_NONE = 0, /* nobody holds the Lease, or its holder does not renew it */
    PS_LIFE_RUNS,
    PS_LIFE_UNKNOWN, /* the Lease cannot be read */
};

/* What became of the objects. */
struct ps_left_sum {
    size_t found;
    size_t kept;
    size_t deleted;
    size_t failed;
};

/* One run of the command. */
struct ps_cleanup {
    const struct ps_cli *cli;
    struct ps_arena *arena;
    struct ps_kube *kube;

    struct ps_str namespace_name; /* empty: all */
    struct ps_str statefulset;    /* empty: all */
    bool json;
    bool dry_run;
    bool force;
    /* Asks the person; NULL: nobody is asked. */
    bool (*confirm)(const struct ps_cli *cli, size_t count);

    struct ps_left_set *sets;
    enum ps_life life;
    struct ps_str life_holder;    /* RUNS: who holds the Lease */
    struct ps_str life_namespace; /* RUNS: where */
    struct ps_str life_problem;   /* UNKNOWN */
};

/* The whole work; the result is the exit code. */
int ps_cleanup_run(struct ps_cleanup *cleanup);

/* Turns until no request is under way. */
struct ps_status ps_cleanup_wait(const struct ps_cleanup *cleanup,
                                 struct ps_error *err) PS_MUST_USE;

/* Resource of a kind, for requests. */
const struct ps_kube_resource *ps_left_resource(enum ps_left_kind kind);
/* "Service". */
const char *ps_left_kind_name(enum ps_left_kind kind);

/* False, and why, unless the answer is a list: an empty page of a proxy must not look like one. */
bool ps_cleanup_is_list(const struct ps_kube_result *result, const char *plural,
                        struct ps_error *err);

/*
 * Lists Services, ConfigMaps, NetworkPolicies, injected pods and labelled namespaces. Fails if one
 * of the lists does, as a part of the truth is no ground for deletions.
 */
struct ps_status ps_cleanup_find(struct ps_cleanup *cleanup, struct ps_error *err) PS_MUST_USE;

/*
 * Whether a controller renews its Lease, in whatever namespace: seen by looking more than once, as
 * clocks differ. Takes as long as the holder promised to renew it, if it does not.
 */
struct ps_status ps_cleanup_look(struct ps_cleanup *cleanup, struct ps_error *err) PS_MUST_USE;

/* True if the decision depends on whether a controller runs. */
bool ps_cleanup_cares(const struct ps_cleanup *cleanup);

/* Sets keep of each StatefulSet, and the fate of its objects. */
void ps_cleanup_decide(struct ps_cleanup *cleanup);

struct ps_left_sum ps_cleanup_count(const struct ps_cleanup *cleanup);

/*
 * Deletes what is to go, each only as it was found (uid and resourceVersion). NetworkPolicies come
 * last and stay if a Service of their StatefulSet does, as they guard what it opens.
 */
struct ps_status ps_cleanup_delete(struct ps_cleanup *cleanup, struct ps_error *err) PS_MUST_USE;

/* What was found and what will be done with it, for people. */
void ps_cleanup_show(const struct ps_cleanup *cleanup, const struct ps_term *term);
/* Why something is kept, and what to do first. */
void ps_cleanup_explain(const struct ps_cleanup *cleanup, const struct ps_term *term);
/* What failed, and the line that counts. */
void ps_cleanup_show_end(const struct ps_cleanup *cleanup, const struct ps_term *term);
/* All of it as one JSON document on a line. Inside ps_arena_run(). */
struct ps_str ps_cleanup_json(const struct ps_cleanup *cleanup);
