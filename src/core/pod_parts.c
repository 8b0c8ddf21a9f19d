/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_parts.h"

#include "env_extra.h"

/* A value under construction that becomes the JSON of a piece. */
struct draft {
    struct ps_buf buf;
    struct ps_jw jw;
};

static struct ps_jw *draft_begin(struct draft *draft, struct ps_arena *arena)
{
    ps_buf_init(&draft->buf, arena, 256);
    ps_jw_init(&draft->jw, &draft->buf);
    ps_jw_object(&draft->jw);
    return &draft->jw;
}

static void draft_end(struct draft *draft, struct ps_pieces *pieces, struct ps_str name)
{
    ps_jw_object_end(&draft->jw);
    pieces->list[pieces->count++] = (struct ps_piece){name, ps_buf_view(&draft->buf)};
}

static void begin_pieces(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces, size_t room)
{
    ret_pieces->count = 0;
    ret_pieces->list = PS_ARENA_ARRAY(plan->arena, struct ps_piece, room);
}

bool ps_pod_has_added(const struct ps_pod_plan *plan, struct ps_str variable)
{
    return ps_env_names(plan->added, variable);
}

bool ps_pod_is_stated(const struct ps_pod_plan *plan, struct ps_str variable)
{
    const struct ps_env env = ps_env_stated(&plan->injection->broker);
    return ps_env_find(&env, variable) != NULL && !ps_pod_has_added(plan, variable);
}

bool ps_pod_wants_rack(const struct ps_pod_plan *plan)
{
    return plan->exposures->rack_label.len > 0;
}

bool ps_pod_is_hook(const struct ps_pod_plan *plan)
{
    return plan->injection->delivery == PS_DELIVERY_HOOK;
}

bool ps_pod_waits(const struct ps_pod_plan *plan)
{
    bool waits = ps_pod_wants_rack(plan);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        waits = waits || plan->sources[i].host.kind == PS_SOURCE_ANNOTATION ||
                plan->sources[i].port.kind == PS_SOURCE_ANNOTATION;
    }
    return waits;
}

bool ps_pod_needs_init(const struct ps_pod_plan *plan)
{
    return ps_pod_waits(plan) || ps_pod_is_hook(plan);
}

void ps_put_variable(struct ps_jw *jw, struct ps_str name, struct ps_str value)
{
    ps_jw_member(jw, "name", name);
    ps_jw_member(jw, "value", value);
}

static void literal_entry(const struct ps_pod_plan *plan, struct ps_pieces *pieces,
                          struct ps_str name, struct ps_str value)
{
    struct draft draft;
    ps_put_variable(draft_begin(&draft, plan->arena), name, value);
    draft_end(&draft, pieces, name);
}

/* {"fieldRef": {"apiVersion": "v1", "fieldPath": path}} */
static void put_field_ref(struct ps_jw *jw, struct ps_str path)
{
    ps_jw_key(jw, "fieldRef");
    ps_jw_object(jw);
    ps_jw_member(jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(jw, "fieldPath", path);
    ps_jw_object_end(jw);
}

static struct ps_str annotation_path(const struct ps_pod_plan *plan, struct ps_str key)
{
    return PS_ARENA_JOIN(plan->arena, PS_STR("metadata.annotations['"), key, PS_STR("']"));
}

static void field_entry(const struct ps_pod_plan *plan, struct ps_pieces *pieces,
                        struct ps_str name, struct ps_str path)
{
    struct draft draft;
    struct ps_jw *jw = draft_begin(&draft, plan->arena);
    ps_jw_member(jw, "name", name);
    ps_jw_key(jw, "valueFrom");
    ps_jw_object(jw);
    put_field_ref(jw, path);
    ps_jw_object_end(jw);
    draft_end(&draft, pieces, name);
}

static void source_entry(const struct ps_pod_plan *plan, struct ps_pieces *pieces,
                         const struct ps_source *source)
{
    switch (source->kind) {
    case PS_SOURCE_LITERAL:
        literal_entry(plan, pieces, source->variable, source->literal);
        return;
    case PS_SOURCE_HOST_IP:
        field_entry(plan, pieces, source->variable, PS_STR("status.hostIP"));
        return;
    case PS_SOURCE_ANNOTATION:
        field_entry(plan, pieces, source->variable, annotation_path(plan, source->annotation));
        return;
    }
}

/* "external=PORTSIDE:9194:mirror,…": what the hook is to do. */
static struct ps_str listeners_text(const struct ps_pod_plan *plan)
{
    struct ps_buf buf;
    ps_buf_init(&buf, plan->arena, 64);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        const struct ps_exposure *exposure = &plan->exposures->list[i];
        ps_buf_printf(&buf, "%s%.*s=%.*s:%u:%s", i == 0 ? "" : ",", PS_FMT(exposure->name),
                      PS_FMT(exposure->listener_name), (unsigned)exposure->listener_port,
                      ps_protocol_name(exposure->protocol));
    }
    return ps_buf_view(&buf);
}

/* Behind ours, so that their values may name them. The hook sets the rack by itself. */
static void extra_entries(const struct ps_pod_plan *plan, struct ps_pieces *pieces)
{
    const struct ps_broker *broker = &plan->injection->broker;
    if (ps_pod_wants_rack(plan) && !ps_pod_is_hook(plan) &&
        ps_env_stated_rack(plan->exposures, broker, plan->added).len == 0) {
        literal_entry(plan, pieces, ps_env_rack_variable(broker), PS_STR("$(PORTSIDE_RACK)"));
    }
    for (size_t i = 0; i < plan->exposures->env.count; i++) {
        const struct ps_exposure_pair *pair = &plan->exposures->env.list[i];
        if (!ps_pod_is_stated(plan, pair->name)) {
            literal_entry(plan, pieces, pair->name,
                          ps_template_expand(plan->arena, pair->value, &plan->facts));
        }
    }
}

void ps_pod_env(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces)
{
    begin_pieces(plan, ret_pieces, 5 + 2 * PS_EXPOSURES_MAX + plan->exposures->env.count);
    literal_entry(plan, ret_pieces, PS_STR("PORTSIDE_ORDINAL"),
                  ps_arena_printf(plan->arena, "%llu", (unsigned long long)plan->facts.ordinal));
    for (size_t i = 0; i < plan->exposures->count; i++) {
        source_entry(plan, ret_pieces, &plan->sources[i].host);
        source_entry(plan, ret_pieces, &plan->sources[i].port);
    }
    if (ps_pod_wants_rack(plan)) {
        source_entry(plan, ret_pieces, &ps_endpoint_rack);
    }
    if (ps_pod_is_hook(plan)) {
        literal_entry(plan, ret_pieces, PS_STR("PORTSIDE_LISTENERS"), listeners_text(plan));
        literal_entry(plan, ret_pieces, PS_STR("BASH_ENV"), PS_STR(PS_HOOK_FILE));
    }
    extra_entries(plan, ret_pieces);
}

static void put_item(const struct ps_pod_plan *plan, struct ps_jw *jw,
                     const struct ps_source *source)
{
    if (source->kind != PS_SOURCE_ANNOTATION) {
        return;
    }
    ps_jw_object(jw);
    ps_jw_member(jw, "path", source->file);
    put_field_ref(jw, annotation_path(plan, source->annotation));
    ps_jw_object_end(jw);
}

static void endpoint_volume(const struct ps_pod_plan *plan, struct ps_pieces *pieces)
{
    struct draft draft;
    struct ps_jw *jw = draft_begin(&draft, plan->arena);
    ps_jw_member(jw, "name", PS_STR(PS_VOLUME_ENDPOINT));
    ps_jw_key(jw, "downwardAPI");
    ps_jw_object(jw);
    ps_jw_key(jw, "items");
    ps_jw_array(jw);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        put_item(plan, jw, &plan->sources[i].host);
        put_item(plan, jw, &plan->sources[i].port);
    }
    if (ps_pod_wants_rack(plan)) {
        put_item(plan, jw, &ps_endpoint_rack);
    }
    ps_jw_array_end(jw);
    ps_jw_object_end(jw);
    draft_end(&draft, pieces, PS_STR(PS_VOLUME_ENDPOINT));
}

void ps_pod_volumes(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces)
{
    begin_pieces(plan, ret_pieces, 2);
    if (ps_pod_is_hook(plan)) {
        struct draft draft;
        struct ps_jw *jw = draft_begin(&draft, plan->arena);
        ps_jw_member(jw, "name", PS_STR(PS_VOLUME_SHARED));
        ps_jw_key(jw, "emptyDir");
        ps_jw_object(jw);
        ps_jw_member(jw, "medium", PS_STR("Memory"));
        ps_jw_object_end(jw);
        draft_end(&draft, ret_pieces, PS_STR(PS_VOLUME_SHARED));
    }
    if (ps_pod_waits(plan)) {
        endpoint_volume(plan, ret_pieces);
    }
}

void ps_put_mount(struct ps_jw *jw, const char *volume, struct ps_str path, const char *sub_path,
                  bool read_only)
{
    ps_jw_member(jw, "name", ps_str_of(volume));
    ps_jw_member(jw, "mountPath", path);
    if (sub_path != NULL) {
        ps_jw_member(jw, "subPath", ps_str_of(sub_path));
    }
    if (read_only) {
        ps_jw_member_bool(jw, "readOnly", true);
    }
}

static void broker_mount(const struct ps_pod_plan *plan, struct ps_pieces *pieces, const char *path,
                         const char *sub_path, bool read_only)
{
    struct draft draft;
    struct ps_jw *jw = draft_begin(&draft, plan->arena);
    ps_put_mount(jw, PS_VOLUME_SHARED, ps_str_of(path), sub_path, read_only);
    draft_end(&draft, pieces, ps_str_of(path));
}

void ps_pod_mounts(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces)
{
    begin_pieces(plan, ret_pieces, 2);
    if (ps_pod_is_hook(plan)) {
        broker_mount(plan, ret_pieces, "/portside/hook", "hook", true);
        broker_mount(plan, ret_pieces, "/portside/run", "run", false);
    }
}

/* What would else not be known from the author's own when the pod is seen again. */
static void put_added(const struct ps_pod_plan *plan, struct ps_jw *jw)
{
    struct ps_pieces pieces;
    begin_pieces(plan, &pieces, plan->exposures->env.count + 1);
    extra_entries(plan, &pieces);
    if (pieces.count == 0) {
        return;
    }
    ps_jw_key(jw, "env");
    ps_jw_array(jw);
    for (size_t i = 0; i < pieces.count; i++) {
        ps_jw_str(jw, pieces.list[i].name);
    }
    ps_jw_array_end(jw);
}

struct ps_str ps_pod_status(const struct ps_pod_plan *plan)
{
    struct draft draft;
    struct ps_jw *jw = draft_begin(&draft, plan->arena);
    ps_jw_member_int(jw, "contract", PS_CONTRACT_VERSION);
    ps_jw_member(jw, "verdict", PS_STR("inject"));
    ps_jw_member(jw, "delivery", ps_str_of(ps_delivery_name(plan->injection->delivery)));
    ps_jw_key(jw, "listeners");
    ps_jw_object(jw);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        ps_jw_key_str(jw, plan->exposures->list[i].name);
        ps_jw_str(jw, plan->exposures->list[i].listener_name);
    }
    ps_jw_object_end(jw);
    ps_jw_key(jw, "defaults");
    ps_injected_put_defaults(jw, plan->policy);
    put_added(plan, jw);
    ps_jw_object_end(jw);
    return ps_buf_view(&draft.buf);
}
