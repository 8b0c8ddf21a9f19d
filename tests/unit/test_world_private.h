/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the world share: objects (test_world_objects.c), requests and
 * watches (test_world_server.c), time and what a test asks for (test_world.c).
 */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"
#include "test_world.h"

#define PATH_BYTES 256U
#define CHANGES_MAX 4096U
#define OBJECTS_MAX 256U
#define FAULTS_MAX 16U

/* "/api/v1/namespaces/ns/services/a?b" in parts. */
struct place {
    char path[PATH_BYTES]; /* without the query */
    char plural[64];
    char namespace_name[64];
    char name[128];
};

struct object {
    struct place place;
    char *text;
};

/* One entry of the history; NULL: it was not there before, or is not any more. */
struct change {
    struct place place;
    char *before;
    char *after;
};

struct objects {
    struct ps_arena *arena;
    struct object list[OBJECTS_MAX];
    size_t count;
    struct change changes[CHANGES_MAX]; /* the version of one is its index + 1 */
    size_t change_count;
    size_t compacted; /* changes before this are forgotten */
    unsigned uids;
};

struct place place_of(const char *path);
struct object *objects_find(struct objects *objects, const char *path);

/* How a write ended; text is the object (in the arena until the next call). */
struct outcome {
    int status;
    const char *reason;
    const char *text;
};

/* merge: as a merge patch; else as an apply, which makes the object if there is none. */
struct outcome objects_write(struct objects *objects, const char *path, struct ps_str body,
                             bool merge, bool force);
struct outcome objects_delete(struct objects *objects, const char *path, struct ps_str options);
/* True if the text of an object has the labels (or the name) that the query of path asks for. */
bool objects_match(struct objects *objects, const char *path, const char *text);
/* Ends the test if the last change broke a promise: Services keep ports, pods endpoints. */
void objects_check_promise(struct objects *objects);
/* The text of an object in another version (in the arena). */
const char *objects_dated(struct objects *objects, const char *text, size_t version);
/* The text without what differs from run to run; owned. */
char *objects_normal(struct objects *objects, const char *text);

#define WRITES_MAX 2048U
#define START_MS 1000U

struct ps_transfer {
    struct ps_transfer *next;
    char *method;
    char *path;
    char *body;
    struct ps_transport_request request;
    const struct ps_fault *fault;
    uint64_t begun_ms;
    uint64_t due_ms;
    bool watch;
    size_t cursor; /* watch: changes that were told of */
    bool over;
};

struct ps_world {
    struct ps_transport base;
    struct ps_config config;
    struct ps_controller *controller;
    struct objects objects;
    const struct ps_fault *faults;
    unsigned met[FAULTS_MAX];
    const struct ps_step *steps[2];
    uint64_t now_ms;
    int64_t wall_ms;
    uint64_t jumped_ms; /* of now_ms, in which nothing happened */
    struct ps_transfer *transfers;
    size_t requests;
    char *writes[WRITES_MAX];
    size_t write_count;
    bool forbidden;
};

/* The transport. */
extern const struct ps_transport_ops ps_world_ops;
