/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes are read when a pod is bound to them, not watched: a kubelet writes its node every few
 * seconds, and a cluster may have thousands.
 */
#include "control.h"
#include "portside/heap.h"
#include "portside/jw.h"
#include "portside/log.h"

#define NODES_MAX 512U
#define RETRY_MS 1000U
#define RETRY_DOUBLINGS 5U

static const struct ps_kube_resource resource = {"v1", "nodes"};

struct cut {
    struct ps_arena *arena;
    const struct ps_json *node;
    struct ps_str text;
};

static void copy_member(struct ps_jw *jw, const struct ps_json *parent, const char *key)
{
    const struct ps_json *member = ps_json_get(parent, key);
    if (member != NULL && ps_jw_can_copy(member)) {
        ps_jw_key(jw, key);
        ps_jw_copy(jw, member);
    }
}

/* Names, labels and addresses are all that is read of a node. */
static struct ps_status cut_node(void *arg)
{
    struct cut *cut = arg;
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, cut->arena, 2048);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    copy_member(&jw, ps_json_get(cut->node, "metadata"), "name");
    copy_member(&jw, ps_json_get(cut->node, "metadata"), "labels");
    ps_jw_object_end(&jw);
    ps_jw_key(&jw, "status");
    ps_jw_object(&jw);
    copy_member(&jw, ps_json_get(cut->node, "status"), "addresses");
    ps_jw_object_end(&jw);
    ps_jw_object_end(&jw);
    cut->text = ps_buf_view(&buf);
    return ps_success();
}

static void keep(struct ps_controller *controller, struct ps_node *node,
                 const struct ps_json *object)
{
    struct cut cut = {.arena = controller->arena, .node = object};
    char *text = NULL;
    if (ps_ok(ps_arena_run(controller->arena, cut_node, &cut, NULL)) &&
        (text = ps_heap_copy(cut.text)) != NULL) {
        ps_heap_free(node->text);
        node->text = text;
        node->read_ms = node->sent_ms;
    }
    ps_arena_reset(controller->arena);
}

static void touch_pods(struct ps_controller *controller, const struct ps_node *node, uint64_t at_ms)
{
    for (const struct ps_room *room = controller->store.rooms; room != NULL; room = room->next) {
        for (const struct ps_item *pod = room->lists[PS_KIND_POD]; pod != NULL; pod = pod->next) {
            if (ps_str_is(pod->facts.node, node->name) && pod->facts.owner.len > 0) {
                ps_set_touch(ps_set_get(controller, pod->facts.namespace_name, pod->facts.owner),
                             at_ms);
            }
        }
    }
}

static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct ps_node *node = arg;
    struct ps_controller *controller = node->controller;
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    node->under_way = false;
    node->forbidden = result->outcome == PS_KUBE_FORBIDDEN;
    if (result->outcome == PS_KUBE_OK) {
        node->failures = 0;
        keep(controller, node, result->object);
        touch_pods(controller, node, now_ms);
        return;
    }
    if (node->failures == 0) {
        PS_LOG(PS_LOG_LEVEL_WARN, "node not read, trying again",
               PS_LOG_STR("problem", ps_str_of(result->error->message)));
    }
    ps_metrics_add(controller->metrics, PS_CONTROLLER_FAILURES, 1);
    node->ask_ms = now_ms + ((uint64_t)RETRY_MS << node->failures);
    node->failures += node->failures < RETRY_DOUBLINGS;
    touch_pods(controller, node, node->ask_ms);
}

static void ask(struct ps_controller *controller, struct ps_node *node)
{
    struct ps_error err = {.message = "there is no memory left"};
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    if (node->under_way || now_ms < node->ask_ms) {
        return;
    }
    const struct ps_kube_request request = {
        .verb = PS_KUBE_GET,
        .resource = &resource,
        .name = ps_str_of(node->name),
        .deadline_ms = now_ms + PS_WRITE_DEADLINE_MS,
        .on_done = on_done,
        .arg = node,
    };
    if (!ps_ok(ps_kube_send(controller->kube, &request, NULL, &err))) {
        PS_LOG(PS_LOG_LEVEL_ERROR, "cannot ask", PS_LOG_STR("problem", ps_str_of(err.message)));
        return;
    }
    node->sent_ms = now_ms;
    node->under_way = true;
}

static void node_free(struct ps_node *node)
{
    ps_heap_free(node->name);
    ps_heap_free(node->text);
    ps_heap_free(node);
}

/* Forgets the node that was not used for longest, if there are many. */
static void make_room(struct ps_controller *controller)
{
    struct ps_node **oldest = NULL;
    size_t count = 0;
    for (struct ps_node **link = &controller->nodes; *link != NULL; link = &(*link)->next) {
        bool older = oldest == NULL || (*link)->used_ms < (*oldest)->used_ms;
        if (!(*link)->under_way && older) {
            oldest = link;
        }
        count++;
    }
    if (count >= NODES_MAX && oldest != NULL) {
        struct ps_node *node = *oldest;
        *oldest = node->next;
        node_free(node);
    }
}

static struct ps_node *find(const struct ps_controller *controller, struct ps_str name)
{
    struct ps_node *node = controller->nodes;
    while (node != NULL && !ps_str_is(name, node->name)) {
        node = node->next;
    }
    return node;
}

static struct ps_node *get(struct ps_controller *controller, struct ps_str name)
{
    struct ps_node *node = find(controller, name);
    if (node != NULL) {
        return node;
    }
    make_room(controller);
    node = ps_heap_new(1, sizeof(*node));
    if (node == NULL || (node->name = ps_heap_copy(name)) == NULL) {
        ps_heap_free(node);
        return NULL;
    }
    node->controller = controller;
    node->next = controller->nodes;
    controller->nodes = node;
    return node;
}

const struct ps_node *ps_node_fresh(struct ps_controller *controller, struct ps_str name,
                                    uint64_t since_ms)
{
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    struct ps_node *node = get(controller, name);
    if (node == NULL) {
        return NULL;
    }
    node->used_ms = now_ms;
    bool fresh = node->text != NULL && node->read_ms >= since_ms;
    if (!fresh || now_ms > node->read_ms + PS_RESYNC_MS) {
        ask(controller, node);
    }
    return fresh ? node : NULL;
}

bool ps_node_fails(const struct ps_controller *controller, struct ps_str name)
{
    const struct ps_node *node = find(controller, name);
    return node != NULL && node->failures > 0;
}

bool ps_node_is_forbidden(const struct ps_controller *controller, struct ps_str name)
{
    const struct ps_node *node = find(controller, name);
    return node != NULL && node->forbidden;
}

void ps_nodes_clear(struct ps_controller *controller)
{
    while (controller->nodes != NULL) {
        struct ps_node *node = controller->nodes;
        controller->nodes = node->next;
        node_free(node);
    }
}
