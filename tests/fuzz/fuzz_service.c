/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Service planner on a StatefulSet with any annotations, among any objects. Input: lines
 * key=value, the keys without their prefix ("replicas", "injected", "withdrawn" are the facts);
 * then, behind a line "--", objects of the namespace, one a line. The plan is the same twice; it
 * never changes what is not ours; its bodies are JSON to a second reader; once it is carried out,
 * as the API server would, some times, there is nothing left to do.
 */
#include "fuzz/witness.h"
#include "portside/exposure.h"
#include "portside/jw.h"
#include "portside/service.h"

#include <string.h>

#define OBJECTS_MAX 512U
#define ROUNDS_MAX 4U
#define REPLICAS_MAX 12U

struct objects {
    size_t count;
    const struct ps_json *list[OBJECTS_MAX];
};

struct round {
    struct ps_arena *arena;
    struct ps_str text;
    struct ps_config config;
    struct ps_owner owner;
    struct ps_exposures exposures;
    bool withdrawn;
    size_t pod_count;
    struct ps_service_pod pods[REPLICAS_MAX];
    struct objects kinds[3]; /* by enum ps_object_kind */
    unsigned version;
    unsigned next_port;
};

static struct ps_str name_of(const struct ps_json *object)
{
    return ps_json_get_text(ps_json_get(object, "metadata"), "name");
}

static const struct ps_json **find(struct objects *objects, struct ps_str name)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (ps_str_equal(name_of(objects->list[i]), name)) {
            return &objects->list[i];
        }
    }
    return NULL;
}

static struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    return ps_ok(ps_json_parse(arena, text, &root, NULL)) ? root : NULL;
}

/* False if it is no fact but an annotation. */
static bool read_fact(struct round *round, struct ps_str key, struct ps_str value)
{
    uint64_t number = 0;
    (void)ps_str_to_uint(value, REPLICAS_MAX, &number);
    if (ps_str_is(key, "replicas")) {
        round->owner.replicas = number;
        return true;
    }
    if (ps_str_is(key, "injected")) {
        round->pod_count = (size_t)number;
        return true;
    }
    round->withdrawn |= ps_str_is(key, "withdrawn");
    return ps_str_is(key, "withdrawn");
}

static void read_object(struct round *round, struct ps_str line)
{
    struct ps_json *object = parse(round->arena, line);
    struct ps_str kind = ps_json_get_text(object, "kind");
    enum ps_object_kind index = ps_str_is(kind, "ConfigMap")       ? PS_OBJECT_CONFIG_MAP
                                : ps_str_is(kind, "NetworkPolicy") ? PS_OBJECT_NETWORK_POLICY
                                                                   : PS_OBJECT_SERVICE;
    struct objects *objects = &round->kinds[index];
    if (name_of(object).len > 0 && find(objects, name_of(object)) == NULL &&
        objects->count < OBJECTS_MAX / 4) {
        objects->list[objects->count++] = object;
    }
}

/* False if the input makes no exposures. */
static bool read_input(struct round *round)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_str rest = round->text;
    struct ps_str line;
    struct ps_exposure_problem problem;
    ps_buf_init(&buf, round->arena, rest.len + 64);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    while (ps_str_split(&rest, '\n', &line) && !ps_str_is(line, "--")) {
        size_t equals = ps_str_index(line, '=');
        struct ps_str key = ps_str_slice(line, 0, equals);
        struct ps_str value = ps_str_slice(line, equals + 1, line.len);
        if (!read_fact(round, key, value)) {
            ps_jw_key_str(&jw, ps_arena_printf(round->arena, "portside.dev/%.*s", PS_FMT(key)));
            ps_jw_str(&jw, value);
        }
    }
    ps_jw_object_end(&jw);
    while (ps_str_split(&rest, '\n', &line)) {
        read_object(round, line);
    }
    const struct ps_json *annotations = parse(round->arena, ps_buf_view(&buf));
    return annotations != NULL && ps_exposures_parse(round->arena, &round->config.policy,
                                                     annotations, &round->exposures, &problem);
}

static void make_pods(struct round *round)
{
    for (size_t i = 0; i < round->pod_count; i++) {
        round->pods[i] = (struct ps_service_pod){
            .ordinal = i,
            .status = PS_STR("{\"contract\":1,\"listeners\":{\"external\":\"PORTSIDE\"}}"),
        };
    }
}

static void plan(struct round *round, struct ps_service_plan *ret_plan)
{
    const struct ps_json **record = find(&round->kinds[PS_OBJECT_CONFIG_MAP],
                                         ps_service_record_name(round->arena, round->owner.name));
    const struct ps_service_input input = {
        .policy = &round->config.policy,
        .owner = &round->owner,
        .exposures = &round->exposures,
        .withdrawn = round->withdrawn,
        .pod_count = round->pod_count,
        .pods = round->pods,
        .service_count = round->kinds[PS_OBJECT_SERVICE].count,
        .services = round->kinds[PS_OBJECT_SERVICE].list,
        .network_policy_count = round->kinds[PS_OBJECT_NETWORK_POLICY].count,
        .network_policies = round->kinds[PS_OBJECT_NETWORK_POLICY].list,
        .record = record == NULL ? NULL : *record,
    };
    ps_service_plan(round->arena, &input, ret_plan);
}

static bool is_same_action(const struct ps_action *a, const struct ps_action *b)
{
    return a->kind == b->kind && a->object == b->object && ps_str_equal(a->name, b->name) &&
           ps_str_equal(a->body, b->body) && ps_str_equal(a->event.message, b->event.message);
}

static void set(struct round *round, struct ps_json *object, const char *key, struct ps_str json)
{
    ps_json_object_set(round->arena, object, ps_str_of(key), parse(round->arena, json));
}

/* What the API server adds: uid, version, a port on the nodes. */
static void settle(struct round *round, struct ps_json *object, const struct ps_json *old)
{
    struct ps_json *metadata = ps_json_mutable_get(object, PS_STR("metadata"));
    struct ps_json *spec = ps_json_mutable_get(object, PS_STR("spec"));
    struct ps_json *port = ps_json_mutable_at(ps_json_mutable_get(spec, PS_STR("ports")), 0);
    bool on_nodes =
        !ps_str_is(ps_json_get_text(spec, "type"), "ClusterIP") &&
        ps_json_type(ps_json_get(spec, "allocateLoadBalancerNodePorts")) != PS_JSON_BOOL;
    if (ps_json_get_text(metadata, "uid").len == 0) {
        set(round, metadata, "uid", ps_arena_printf(round->arena, "\"uid-%u\"", ++round->version));
    }
    set(round, metadata, "resourceVersion",
        ps_arena_printf(round->arena, "\"%u\"", ++round->version));
    int64_t kept = 0;
    const struct ps_json *before = ps_json_at(ps_json_get2(old, "spec", "ports"), 0);
    (void)ps_json_to_int(ps_json_get(before, "nodePort"), &kept);
    if (port != NULL && on_nodes && ps_json_get(port, "nodePort") == NULL) {
        bool usable = kept > 0 && kept <= UINT16_MAX;
        unsigned number = usable ? (unsigned)kept : round->next_port++;
        set(round, port, "nodePort", ps_arena_printf(round->arena, "%u", number));
    }
}

static void carry_out(struct round *round, const struct ps_action *action)
{
    struct objects *objects = &round->kinds[action->object];
    const struct ps_json **observed = find(objects, action->name);
    if (action->kind == PS_ACTION_REPORT) {
        FUZZ_CHECK(action->event.message.len > 0 && action->event.message.len <= 1024);
        return;
    }
    FUZZ_CHECK((action->kind == PS_ACTION_CREATE) == (observed == NULL));
    FUZZ_CHECK(observed == NULL || ps_service_is_ours(*observed));
    if (action->kind == PS_ACTION_DELETE) {
        *observed = objects->list[--objects->count];
        return;
    }
    struct witness witness;
    FUZZ_CHECK(witness_reads(action->body, &witness) && !witness.odd);
    struct ps_json *object = parse(round->arena, action->body);
    FUZZ_CHECK(object != NULL && ps_service_is_ours(object));
    FUZZ_CHECK(ps_str_equal(name_of(object), action->name));
    settle(round, object, observed == NULL ? NULL : *observed);
    if (observed != NULL) {
        *observed = object;
    } else if (objects->count < OBJECTS_MAX) {
        objects->list[objects->count++] = object;
    }
}

/* True if there was something to do. */
static bool do_round(struct round *round)
{
    struct ps_service_plan first;
    struct ps_service_plan second;
    bool busy = false;
    plan(round, &first);
    plan(round, &second);
    FUZZ_CHECK(first.count == second.count);
    for (size_t i = 0; i < first.count; i++) {
        FUZZ_CHECK(is_same_action(&first.actions[i], &second.actions[i]));
        carry_out(round, &first.actions[i]);
        busy |= first.actions[i].kind != PS_ACTION_REPORT;
    }
    return busy;
}

static struct ps_status try_services(void *arg)
{
    struct round *round = arg;
    if (!read_input(round)) {
        return ps_success();
    }
    make_pods(round);
    unsigned rounds = 0;
    while (do_round(round)) {
        FUZZ_CHECK(++rounds < ROUNDS_MAX);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct round round;
    round = (struct round){.arena = fuzz_arena(), .text = fuzz_text(data, size)};
    round.owner = (struct ps_owner){.name = PS_STR("kafka"),
                                    .namespace_name = PS_STR("ns"),
                                    .uid = PS_STR("u1"),
                                    .replicas = 3};
    round.next_port = 30000;
    ps_config_init(&round.config);
    fuzz_run(round.arena, try_services, &round);
    return 0;
}
