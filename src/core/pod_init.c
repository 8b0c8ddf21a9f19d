/* SPDX-License-Identifier: Apache-2.0 */
/* The init container that waits for the endpoint and lays down the hook. */
#include "pod_parts.h"
#include "portside/script.h"

#define TOKEN_PATH "/var/run/secrets/kubernetes.io/serviceaccount"

static void put_copy(struct ps_jw *jw, const char *key, const struct ps_json *node)
{
    if (node != NULL && ps_json_type(node) != PS_JSON_NULL && ps_jw_can_copy(node)) {
        ps_jw_key(jw, key);
        ps_jw_copy(jw, node);
    }
}

/* The broker's own: a pod's request is the larger of init and sum, so these cost nothing. */
static void put_resources(struct ps_jw *jw, const struct ps_json *container)
{
    const struct ps_json *resources = ps_json_get(container, "resources");
    ps_jw_key(jw, "resources");
    ps_jw_object(jw);
    put_copy(jw, "limits", ps_json_get(resources, "limits"));
    put_copy(jw, "requests", ps_json_get(resources, "requests"));
    ps_jw_object_end(jw);
}

/* What the Pod Security Standard "restricted" wants, without what could break a named user. */
static void put_security_context(struct ps_jw *jw, const struct ps_json *container)
{
    static const char *const copied[] = {"runAsUser", "runAsGroup", "runAsNonRoot",
                                         "seccompProfile", "seLinuxOptions"};
    const struct ps_json *context = ps_json_get(container, "securityContext");
    ps_jw_key(jw, "securityContext");
    ps_jw_object(jw);
    for (size_t i = 0; i < PS_COUNT(copied); i++) {
        put_copy(jw, copied[i], ps_json_get(context, copied[i]));
    }
    ps_jw_member_bool(jw, "allowPrivilegeEscalation", false);
    ps_jw_key(jw, "capabilities");
    ps_jw_object(jw);
    ps_jw_key(jw, "drop");
    ps_jw_array(jw);
    ps_jw_str(jw, PS_STR("ALL"));
    ps_jw_array_end(jw);
    ps_jw_object_end(jw);
    ps_jw_object_end(jw);
}

static void put_known(struct ps_jw *jw, const struct ps_source *source)
{
    if (source->kind == PS_SOURCE_LITERAL) {
        ps_jw_object(jw);
        ps_put_variable(jw, source->variable, source->literal);
        ps_jw_object_end(jw);
    }
}

/* Seconds after which the broker of exposure starts without its endpoint; 0: never. */
static uint64_t limit_of(const struct ps_pod_plan *plan, const struct ps_exposure *exposure)
{
    return ps_pod_is_hook(plan) && exposure->start_when_missing ? exposure->wait_timeout_s : 0;
}

/* The rack belongs to all exposures: it is waited for as long as one of them would be. */
static uint64_t limit_of_all(const struct ps_pod_plan *plan)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < plan->exposures->count; i++) {
        uint64_t limit = limit_of(plan, &plan->exposures->list[i]);
        if (limit == 0) {
            return 0;
        }
        longest = limit > longest ? limit : longest;
    }
    return longest;
}

static void put_wait(struct ps_buf *buf, const struct ps_source *source, uint64_t limit_s)
{
    if (source->kind != PS_SOURCE_ANNOTATION) {
        return;
    }
    ps_buf_puts(buf, buf->len == 0 ? "" : " ");
    ps_buf_put(buf, source->file);
    if (limit_s > 0) {
        ps_buf_printf(buf, "=%llu", (unsigned long long)limit_s);
    }
}

/* The files to wait for, each with the seconds after which it is given up, if it ever is. */
static struct ps_str wait_text(const struct ps_pod_plan *plan)
{
    struct ps_buf buf;
    ps_buf_init(&buf, plan->arena, 64);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        uint64_t limit_s = limit_of(plan, &plan->exposures->list[i]);
        put_wait(&buf, &plan->sources[i].host, limit_s);
        put_wait(&buf, &plan->sources[i].port, limit_s);
    }
    if (ps_pod_wants_rack(plan)) {
        put_wait(&buf, &ps_endpoint_rack, limit_of_all(plan));
    }
    return ps_buf_view(&buf);
}

static void put_init_env(const struct ps_pod_plan *plan, struct ps_jw *jw)
{
    ps_jw_key(jw, "env");
    ps_jw_array(jw);
    ps_jw_object(jw);
    ps_put_variable(jw, PS_STR("PORTSIDE_WAIT"), wait_text(plan));
    ps_jw_object_end(jw);
    for (size_t i = 0; i < plan->exposures->count; i++) {
        put_known(jw, &plan->sources[i].host);
        put_known(jw, &plan->sources[i].port);
    }
    ps_jw_array_end(jw);
}

static bool mounts_token(const struct ps_pod_plan *plan)
{
    PS_JSON_EACH(mount, ps_json_get(plan->injection->broker.container, "volumeMounts"))
    {
        if (ps_str_is(ps_json_get_text(mount, "mountPath"), TOKEN_PATH)) {
            return true;
        }
    }
    return false;
}

/*
 * The ServiceAccount admission plugin mounts the pod's token into each container that has nothing
 * at its path. Ours needs none; and an object that changes behind us calls us a second time.
 */
static void put_token_cover(const struct ps_pod_plan *plan, struct ps_jw *jw)
{
    if (mounts_token(plan)) {
        ps_jw_object(jw);
        ps_put_mount(jw, ps_pod_waits(plan) ? PS_VOLUME_ENDPOINT : PS_VOLUME_SHARED,
                     PS_STR(TOKEN_PATH), NULL, true);
        ps_jw_object_end(jw);
    }
}

static void put_init_mounts(const struct ps_pod_plan *plan, struct ps_jw *jw)
{
    ps_jw_key(jw, "volumeMounts");
    ps_jw_array(jw);
    if (ps_pod_is_hook(plan)) {
        ps_jw_object(jw);
        ps_put_mount(jw, PS_VOLUME_SHARED, PS_STR("/portside/volume"), NULL, false);
        ps_jw_object_end(jw);
    }
    if (ps_pod_waits(plan)) {
        ps_jw_object(jw);
        ps_put_mount(jw, PS_VOLUME_ENDPOINT, PS_STR("/portside/endpoint"), NULL, true);
        ps_jw_object_end(jw);
    }
    put_token_cover(plan, jw);
    ps_jw_array_end(jw);
}

static void put_init_command(const struct ps_pod_plan *plan, struct ps_jw *jw)
{
    ps_jw_key(jw, "command");
    ps_jw_array(jw);
    ps_jw_str(jw, PS_STR("sh"));
    ps_jw_str(jw, PS_STR("-c"));
    ps_jw_raw(jw, ps_script_address_json);
    ps_jw_str(jw, PS_STR(PS_INIT_NAME));
    if (ps_pod_is_hook(plan)) {
        ps_jw_raw(jw, ps_script_hook_json);
    }
    ps_jw_array_end(jw);
}

/* The scripts are most of it. */
static size_t room_of(const struct ps_pod_plan *plan)
{
    return 4096 + ps_script_address_json.len + (ps_pod_is_hook(plan) ? ps_script_hook_json.len : 0);
}

void ps_pod_init(const struct ps_pod_plan *plan, struct ps_pieces *ret_pieces)
{
    const struct ps_json *container = plan->injection->broker.container;
    struct ps_str pull_policy = ps_json_get_text(container, "imagePullPolicy");
    struct ps_buf buf;
    struct ps_jw writer;
    struct ps_jw *jw = &writer;
    ps_buf_init(&buf, plan->arena, room_of(plan));
    ps_jw_init(jw, &buf);
    ps_jw_object(jw);
    ps_jw_member(jw, "name", PS_STR(PS_INIT_NAME));
    ps_jw_member(jw, "image", ps_json_get_text(container, "image"));
    if (pull_policy.len > 0) {
        ps_jw_member(jw, "imagePullPolicy", pull_policy);
    }
    put_init_command(plan, jw);
    put_init_env(plan, jw);
    put_resources(jw, container);
    put_security_context(jw, container);
    put_init_mounts(plan, jw);
    ps_jw_object_end(jw);
    ret_pieces->list = PS_ARENA_ARRAY(plan->arena, struct ps_piece, 1);
    ret_pieces->list[0] = (struct ps_piece){PS_STR(PS_INIT_NAME), ps_buf_view(&buf)};
    ret_pieces->count = 1;
}
