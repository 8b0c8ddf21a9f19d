/* SPDX-License-Identifier: Apache-2.0 */
#include "test_service_support.h"

#include <check.h>
#include <inttypes.h>

#include "portside/buf.h"
#include "portside/jw.h"

#define STATUS "{\"contract\":1,\"verdict\":\"inject\",\"listeners\":{\"external\":\"PORTSIDE\"}}"

const struct ps_json *ps_quoted(struct ps_arena *arena, const char *text)
{
    struct ps_json *root = NULL;
    struct ps_buf buf;
    struct ps_error err = {.message = ""};
    ps_buf_init(&buf, arena, 256);
    for (const char *at = text; *at != '\0'; at++) {
        ps_buf_putc(&buf, *at == '\'' ? '"' : *at);
    }
    ck_assert_msg(ps_ok(ps_json_parse(arena, ps_buf_view(&buf), &root, &err)), "%s: %s",
                  err.message, text);
    return root;
}

void ps_world_init(struct ps_world *world, struct ps_arena *arena, uint64_t replicas)
{
    *world = (struct ps_world){
        .arena = arena,
        .owner = {.name = PS_STR("kafka"),
                  .namespace_name = PS_STR("shop"),
                  .uid = PS_STR("u-sts"),
                  .replicas = replicas},
        .exposures = {.count = 1},
        .next_port = 31000,
    };
    world->exposures.list[0] = (struct ps_exposure){
        .name = PS_STR("external"),
        .listener_name = PS_STR("PORTSIDE"),
        .listener_port = 9194,
        .address_type_count = 1,
        .address_types = {PS_ADDRESS_INTERNAL_IP},
    };
    ps_world_set_pods(world, replicas);
}

void ps_world_set_pods(struct ps_world *world, uint64_t count)
{
    world->pod_count = 0;
    for (uint64_t i = 0; i < count; i++) {
        world->pods[world->pod_count++] =
            (struct ps_service_pod){.ordinal = world->owner.start + i, .status = PS_STR(STATUS)};
    }
}

struct ps_service_plan ps_world_plan(const struct ps_world *world)
{
    struct ps_service_plan plan;
    const struct ps_service_input input = {
        .policy = &world->policy,
        .owner = &world->owner,
        .exposures = &world->exposures,
        .withdrawn = world->withdrawn,
        .pod_count = world->pod_count,
        .pods = world->pods,
        .service_count = world->service_count,
        .services = world->services,
        .network_policy_count = world->network_policy_count,
        .network_policies = world->network_policies,
        .pod_labels = world->pod_labels,
        .record = world->record,
        .refused_count = world->refused_count,
        .refused = world->refused,
        .advertised_count = world->advertised_count,
        .advertised = world->advertised,
    };
    ps_service_plan(world->arena, &input, &plan);
    return plan;
}

static const char *verb(enum ps_action_kind kind)
{
    static const char *const verbs[] = {
        [PS_ACTION_NONE] = "none",     [PS_ACTION_CREATE] = "create",
        [PS_ACTION_UPDATE] = "update", [PS_ACTION_TAKE_BACK] = "take back",
        [PS_ACTION_DELETE] = "delete", [PS_ACTION_REPORT] = "report",
    };
    return verbs[kind];
}

struct ps_str ps_plan_text(struct ps_arena *arena, const struct ps_service_plan *plan)
{
    static const char *const kinds[] = {"Service", "ConfigMap", "NetworkPolicy"};
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    for (size_t i = 0; i < plan->count; i++) {
        const struct ps_action *action = &plan->actions[i];
        ps_buf_printf(&buf, "%s %s %.*s%s%s\n", verb(action->kind), kinds[action->object],
                      PS_FMT(action->name), action->kind == PS_ACTION_REPORT ? " " : "",
                      action->kind == PS_ACTION_REPORT ? action->event.reason : "");
    }
    return ps_buf_view(&buf);
}

/* A port of a Service, with a node port if it has none and its type wants one. */
static void put_port(struct ps_world *world, struct ps_jw *jw, const struct ps_json *port,
                     bool node_ports)
{
    ps_jw_object(jw);
    PS_JSON_EACH(member, port)
    {
        ps_jw_key_str(jw, ps_json_key(member));
        ps_jw_copy(jw, member);
    }
    if (node_ports && ps_json_get(port, "nodePort") == NULL) {
        ps_jw_member_int(jw, "nodePort", world->next_port++);
    }
    ps_jw_object_end(jw);
}

static void put_spec(struct ps_world *world, struct ps_jw *jw, const struct ps_json *spec)
{
    bool node_ports = !ps_str_is(ps_json_get_text(spec, "type"), "ClusterIP");
    ps_jw_object(jw);
    PS_JSON_EACH(member, spec)
    {
        ps_jw_key_str(jw, ps_json_key(member));
        if (!ps_str_is(ps_json_key(member), "ports")) {
            ps_jw_copy(jw, member);
            continue;
        }
        ps_jw_array(jw);
        PS_JSON_EACH(port, member)
        {
            put_port(world, jw, port, node_ports);
        }
        ps_jw_array_end(jw);
    }
    ps_jw_member(jw, "sessionAffinity", PS_STR("None"));
    ps_jw_object_end(jw);
}

/* What the API server makes of a body: it gives a uid and defaults, and drops the kind in lists. */
static const struct ps_json *stored(struct ps_world *world, const struct ps_action *action)
{
    struct ps_json *body = NULL;
    struct ps_json *root = NULL;
    struct ps_buf buf;
    struct ps_jw jw;
    ck_assert_msg(ps_ok(ps_json_parse(world->arena, action->body, &body, NULL)), "%.*s",
                  PS_FMT(action->body));
    ps_buf_init(&buf, world->arena, 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    PS_JSON_EACH(member, ps_json_get(body, "metadata"))
    {
        ps_jw_key_str(&jw, ps_json_key(member));
        ps_jw_copy(&jw, member);
    }
    if (ps_json_get2(body, "metadata", "uid") == NULL) {
        ps_jw_member(&jw, "uid", ps_arena_printf(world->arena, "u-%u", ++world->next_uid));
    }
    ps_jw_member(&jw, "resourceVersion", PS_STR("5"));
    ps_jw_object_end(&jw);
    if (action->object == PS_OBJECT_SERVICE) {
        ps_jw_key(&jw, "spec");
        put_spec(world, &jw, ps_json_get(body, "spec"));
    } else {
        const char *part = action->object == PS_OBJECT_CONFIG_MAP ? "data" : "spec";
        ps_jw_key(&jw, part);
        ps_jw_copy(&jw, ps_json_get(body, part));
    }
    ps_jw_object_end(&jw);
    ck_assert(ps_ok(ps_json_parse(world->arena, ps_buf_view(&buf), &root, NULL)));
    return root;
}

static bool is_called(const struct ps_json *object, struct ps_str name)
{
    return ps_str_equal(ps_json_get_text(ps_json_get(object, "metadata"), "name"), name);
}

/* Puts object (NULL: nothing) in the place of the one called name. */
static void put_object(const struct ps_json **list, size_t *count, struct ps_str name,
                       const struct ps_json *object)
{
    size_t at = 0;
    while (at < *count && !is_called(list[at], name)) {
        at++;
    }
    if (object == NULL) {
        ck_assert_uint_lt(at, *count);
        list[at] = list[--*count];
        return;
    }
    ck_assert_uint_lt(at, OBJECTS_MAX);
    list[at] = object;
    *count += at == *count;
}

static void apply(struct ps_world *world, const struct ps_action *action)
{
    const struct ps_json *object = NULL;
    if (action->kind == PS_ACTION_REPORT) {
        return;
    }
    if (action->kind != PS_ACTION_DELETE) {
        object = stored(world, action);
    }
    switch (action->object) {
    case PS_OBJECT_SERVICE:
        put_object(world->services, &world->service_count, action->name, object);
        return;
    case PS_OBJECT_NETWORK_POLICY:
        put_object(world->network_policies, &world->network_policy_count, action->name, object);
        return;
    case PS_OBJECT_CONFIG_MAP:
        world->record = object;
        return;
    }
}

void ps_world_apply(struct ps_world *world, const struct ps_service_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        apply(world, &plan->actions[i]);
    }
}

static bool has_work(const struct ps_service_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->actions[i].kind != PS_ACTION_REPORT) {
            return true;
        }
    }
    return false;
}

void ps_world_settle(struct ps_world *world)
{
    for (int round = 0; round < 5; round++) {
        struct ps_service_plan plan = ps_world_plan(world);
        if (!has_work(&plan)) {
            return;
        }
        ps_world_apply(world, &plan);
    }
    struct ps_service_plan plan = ps_world_plan(world);
    ck_abort_msg("never settles: %s", ps_plan_text(world->arena, &plan).ptr);
}

const struct ps_json *ps_world_service(const struct ps_world *world, const char *name)
{
    for (size_t i = 0; i < world->service_count; i++) {
        if (is_called(world->services[i], ps_str_of(name))) {
            return world->services[i];
        }
    }
    return NULL;
}

void ps_world_remove_service(struct ps_world *world, const char *name)
{
    put_object(world->services, &world->service_count, ps_str_of(name), NULL);
}

void ps_world_put_service(struct ps_world *world, const char *name, const char *text)
{
    put_object(world->services, &world->service_count, ps_str_of(name),
               ps_quoted(world->arena, text));
}
