/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that change objects, and what their answers mean: an object in an answer goes into the
 * store at once, so that the next plan does not see the past; a failure makes the StatefulSet due
 * again after a while.
 */
#include "control.h"
#include "plan.h"
#include "portside/heap.h"
#include "portside/log.h"

#define BACKOFF_FIRST_MS 100U
#define BACKOFF_MAX_MS 30000U
#define BACKOFF_DOUBLINGS 9U

struct ps_write {
    struct ps_write *next;
    struct ps_controller *controller;
    struct ps_set *set;
    uint64_t id;
    enum ps_action_kind action;
    enum ps_kind kind;
    char *name;
};

static const struct {
    struct ps_kube_resource resource;
    enum ps_kind kind;
} objects[] = {
    [PS_OBJECT_SERVICE] = {{"v1", "services"}, PS_KIND_SERVICE},
    [PS_OBJECT_CONFIG_MAP] = {{"v1", "configmaps"}, PS_KIND_CONFIG_MAP},
    [PS_OBJECT_NETWORK_POLICY] = {{"networking.k8s.io/v1", "networkpolicies"},
                                  PS_KIND_NETWORK_POLICY},
};

static const struct ps_kube_resource pods = {"v1", "pods"};

static const struct ps_kube_resource *resource_of(enum ps_kind kind)
{
    for (size_t i = 0; i < PS_COUNT(objects); i++) {
        if (objects[i].kind == kind) {
            return &objects[i].resource;
        }
    }
    return &pods;
}

static void write_free(struct ps_write *write)
{
    ps_heap_free(write->name);
    ps_heap_free(write);
}

static void forget(struct ps_write *write)
{
    struct ps_write **link = &write->controller->writes;
    while (*link != write) {
        link = &(*link)->next;
    }
    *link = write->next;
    write_free(write);
}

/* The last answer of a round decides whether the next one waits. */
static void end_round(struct ps_controller *controller, struct ps_set *set)
{
    if (--set->in_flight > 0) {
        return;
    }
    if (!set->failed) {
        set->failures = 0;
        return;
    }
    unsigned doublings = set->failures < BACKOFF_DOUBLINGS ? set->failures : BACKOFF_DOUBLINGS;
    uint64_t pause_ms = (uint64_t)BACKOFF_FIRST_MS << doublings;
    set->due_ms = PS_NEVER; /* what changed meanwhile waits with the rest */
    ps_set_touch(set, ps_kube_now_ms(controller->kube) +
                          (pause_ms < BACKOFF_MAX_MS ? pause_ms : BACKOFF_MAX_MS));
    set->failures++;
    set->failed = false;
}

struct telling {
    struct ps_write *write;
    struct ps_finding finding;
};

static struct ps_status tell(void *arg)
{
    const struct telling *telling = arg;
    struct ps_controller *controller = telling->write->controller;
    const struct ps_item *item = ps_store_find(&controller->store, PS_KIND_STATEFULSET,
                                               ps_str_of(telling->write->set->namespace_name),
                                               ps_str_of(telling->write->set->name));
    if (item != NULL) {
        struct ps_event_subject subject = ps_plan_subject(&item->facts);
        struct ps_event event = ps_finding_event(controller->arena, &telling->finding);
        ps_notice_send(controller, &subject, &event);
    }
    return ps_success();
}

static enum ps_finding_kind finding_of(const struct ps_kube_result *result)
{
    struct ps_str message = ps_str_of(result->error->message);
    /* Admission refuses with 403, too, and no right would help. */
    bool admission = ps_str_contains(message, "exceeded quota") ||
                     ps_str_contains(message, "denied the request") ||
                     ps_str_contains(message, "denied request");
    if (result->outcome == PS_KUBE_FORBIDDEN && !admission) {
        return PS_FINDING_FORBIDDEN;
    }
    return ps_str_contains(message, "already allocated") ? PS_FINDING_PORT_TAKEN
                                                         : PS_FINDING_REFUSED;
}

/* A refusal is for the person who owns the StatefulSet; an outage is for the log alone. */
static void report(struct ps_write *write, const struct ps_kube_result *result)
{
    static const char *const words[PS_KIND_COUNT] = {
        [PS_KIND_SERVICE] = "Service",
        [PS_KIND_POD] = "pod",
        [PS_KIND_CONFIG_MAP] = "ConfigMap",
        [PS_KIND_NETWORK_POLICY] = "NetworkPolicy",
    };
    char object[320];
    struct telling telling = {
        .write = write,
        .finding = {.kind = finding_of(result), .detail = ps_str_of(result->error->message)}};
    if (result->outcome != PS_KUBE_FORBIDDEN && result->outcome != PS_KUBE_REFUSED) {
        return;
    }
    if (telling.finding.kind == PS_FINDING_PORT_TAKEN &&
        !ps_set_refuse(write->set, ps_str_of(write->name))) {
        return;
    }
    (void)snprintf(object, sizeof(object), "%s %s", words[write->kind], write->name);
    telling.finding.object = ps_str_of(object);
    (void)!ps_ok(ps_arena_run(write->controller->arena, tell, &telling, NULL));
    ps_arena_reset(write->controller->arena);
}

static void on_foreign(void *arg, const struct ps_kube_result *result)
{
    struct ps_write *write = arg;
    struct ps_set *set = write->set;
    if (result->outcome == PS_KUBE_OK) {
        set->foreign = true;
        ps_follow_told(write->controller, write->kind, result->object, ps_str_of(set->name));
        ps_set_touch(set, ps_kube_now_ms(write->controller->kube));
    } else {
        set->failed = true;
    }
    end_round(write->controller, set);
    forget(write);
}

/* Who stands in the way? The answer to a refused apply does not say. False: cannot be asked. */
static bool look(struct ps_write *write)
{
    struct ps_controller *controller = write->controller;
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = resource_of(write->kind),
        .namespace = ps_str_of(write->set->namespace_name),
        .name = ps_str_of(write->name),
        .deadline_ms = ps_kube_now_ms(controller->kube) + PS_WRITE_DEADLINE_MS,
        .on_done = on_foreign,
        .arg = write,
    };
    return ps_ok(ps_kube_send(controller->kube, &request, &write->id, NULL));
}

/* Its deletion was heard of by the API server before us: nobody is to do anything. */
static bool namespace_ends(const struct ps_write *write, const struct ps_kube_result *result)
{
    if (result->outcome != PS_KUBE_FORBIDDEN ||
        !ps_str_contains(ps_str_of(result->error->message), "because it is being terminated")) {
        return false;
    }
    PS_LOG(PS_LOG_LEVEL_INFO, "not written, the namespace is being deleted",
           PS_LOG_STR("namespace", ps_str_of(write->set->namespace_name)),
           PS_LOG_STR("name", ps_str_of(write->name)));
    return true;
}

static void failed(struct ps_write *write, const struct ps_kube_result *result)
{
    struct ps_controller *controller = write->controller;
    write->set->failed = true;
    if (namespace_ends(write, result)) {
        return;
    }
    ps_metrics_add(controller->metrics, PS_CONTROLLER_FAILURES, 1);
    PS_LOG(PS_LOG_LEVEL_WARN, "not written, trying again",
           PS_LOG_STR("namespace", ps_str_of(write->set->namespace_name)),
           PS_LOG_STR("statefulset", ps_str_of(write->set->name)),
           PS_LOG_STR("problem", ps_str_of(result->error->message)));
    report(write, result);
}

static void succeeded(struct ps_write *write, const struct ps_kube_result *result)
{
    static const char *const words[] = {
        [PS_ACTION_NONE] = "endpoint written", [PS_ACTION_CREATE] = "created",
        [PS_ACTION_UPDATE] = "updated",        [PS_ACTION_TAKE_BACK] = "taken back",
        [PS_ACTION_DELETE] = "deleted",        [PS_ACTION_REPORT] = "",
    };
    ps_metrics_add(write->controller->metrics, PS_CONTROLLER_WRITES, 1);
    PS_LOG(PS_LOG_LEVEL_INFO, words[write->action],
           PS_LOG_STR("kind", ps_str_of(resource_of(write->kind)->plural)),
           PS_LOG_STR("namespace", ps_str_of(write->set->namespace_name)),
           PS_LOG_STR("name", ps_str_of(write->name)));
    ps_set_accept(write->set, ps_str_of(write->name));
    if (write->action != PS_ACTION_DELETE) {
        ps_follow_told(write->controller, write->kind, result->object, PS_STR(""));
    }
}

static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct ps_write *write = arg;
    struct ps_set *set = write->set;
    bool conflict =
        result->outcome == PS_KUBE_CONFLICT || result->outcome == PS_KUBE_ALREADY_EXISTS;
    bool vanished = result->outcome == PS_KUBE_NOT_FOUND;
    if (result->outcome == PS_KUBE_OK) {
        succeeded(write, result);
    } else if (conflict && write->action == PS_ACTION_CREATE && look(write)) {
        return;
    } else if (!(vanished && (write->action == PS_ACTION_DELETE || write->kind == PS_KIND_POD))) {
        failed(write, result); /* of what is gone, the watch tells */
    }
    end_round(write->controller, set);
    forget(write);
}

static void send(struct ps_write *write, struct ps_kube_request *request)
{
    struct ps_controller *controller = write->controller;
    struct ps_error err;
    request->namespace = ps_str_of(write->set->namespace_name);
    request->name = ps_str_of(write->name);
    request->deadline_ms = ps_kube_now_ms(controller->kube) + PS_WRITE_DEADLINE_MS;
    request->on_done = on_done;
    request->arg = write;
    write->next = controller->writes;
    controller->writes = write;
    write->set->in_flight++;
    if (!ps_ok(ps_kube_send(controller->kube, request, &write->id, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "cannot send", PS_LOG_STR("problem", ps_str_of(err.message)));
        write->set->failed = true;
        end_round(controller, write->set);
        forget(write);
    }
}

static struct ps_write *write_new(struct ps_controller *controller, struct ps_set *set,
                                  enum ps_kind kind, struct ps_str name)
{
    struct ps_write *write = ps_heap_new(1, sizeof(*write));
    if (write == NULL || (write->name = ps_heap_copy(name)) == NULL) {
        ps_heap_free(write);
        ps_set_touch(set, ps_kube_now_ms(controller->kube) + BACKOFF_FIRST_MS);
        return NULL;
    }
    write->controller = controller;
    write->set = set;
    write->kind = kind;
    return write;
}

void ps_write_action(struct ps_controller *controller, struct ps_set *set,
                     const struct ps_action *action)
{
    if (action->kind == PS_ACTION_NONE || action->kind == PS_ACTION_REPORT) {
        return;
    }
    bool deletion = action->kind == PS_ACTION_DELETE;
    struct ps_write *write = write_new(controller, set, objects[action->object].kind, action->name);
    if (write == NULL) {
        return;
    }
    write->action = action->kind;
    struct ps_kube_request request = {
        .verb = deletion ? PS_KUBE_DELETE : PS_KUBE_APPLY,
        .resource = &objects[action->object].resource,
        .body = deletion ? PS_STR("") : action->body,
        .force = !deletion && action->kind != PS_ACTION_CREATE,
        .uid = deletion ? action->uid : PS_STR(""),
        .version = deletion ? action->resource_version : PS_STR(""),
    };
    send(write, &request);
}

void ps_write_pod(struct ps_controller *controller, struct ps_set *set, struct ps_str pod,
                  struct ps_str body)
{
    struct ps_write *write = write_new(controller, set, PS_KIND_POD, pod);
    if (write == NULL) {
        return;
    }
    struct ps_kube_request request = {
        .verb = PS_KUBE_MERGE_PATCH,
        .resource = &pods,
        .body = body,
    };
    send(write, &request);
}

void ps_writes_cancel(struct ps_controller *controller)
{
    while (controller->writes != NULL) {
        struct ps_write *write = controller->writes;
        ps_kube_cancel(controller->kube, write->id);
        write->set->in_flight = 0;
        forget(write);
    }
}
