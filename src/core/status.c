/* SPDX-License-Identifier: Apache-2.0 */
/* The status ConfigMap of one exposure. */
#include "portside/status.h"

#include <stdlib.h>

#include "portside/buf.h"
#include "portside/jw.h"
#include "portside/service.h"
#include "service_object.h"

bool ps_owner_read(const struct ps_json *statefulset, struct ps_owner *ret_owner)
{
    const struct ps_json *metadata = ps_json_get(statefulset, "metadata");
    const struct ps_json *spec = ps_json_get(statefulset, "spec");
    int64_t replicas = 1; /* the API server's default */
    int64_t start = 0;
    struct ps_owner owner = {
        .name = ps_json_get_text(metadata, "name"),
        .namespace_name = ps_json_get_text(metadata, "namespace"),
        .uid = ps_json_get_text(metadata, "uid"),
        .deleting = ps_json_is_string(ps_json_get(metadata, "deletionTimestamp")),
    };
    (void)ps_json_to_int(ps_json_get(spec, "replicas"), &replicas);
    (void)ps_json_to_int(ps_json_get2(spec, "ordinals", "start"), &start);
    owner.replicas = replicas > 0 ? (uint64_t)replicas : 0;
    owner.start = start > 0 ? (uint64_t)start : 0;
    if (owner.name.len == 0 || owner.namespace_name.len == 0 || owner.uid.len == 0) {
        return false;
    }
    *ret_owner = owner;
    return true;
}

void ps_owner_put(struct ps_jw *jw, const struct ps_owner *owner, bool controller)
{
    ps_jw_key(jw, "ownerReferences");
    ps_jw_array(jw);
    ps_jw_object(jw);
    ps_jw_member(jw, "apiVersion", PS_STR("apps/v1"));
    ps_jw_member(jw, "kind", PS_STR("StatefulSet"));
    ps_jw_member(jw, "name", owner->name);
    ps_jw_member(jw, "uid", owner->uid);
    if (controller) {
        ps_jw_key(jw, "controller");
        ps_jw_bool(jw, true);
    }
    ps_jw_object_end(jw);
    ps_jw_array_end(jw);
}

bool ps_owner_ordinal(const struct ps_owner *owner, struct ps_str pod, uint64_t *ret_ordinal)
{
    size_t dash = ps_str_last_index(pod, '-');
    struct ps_str digits = ps_str_slice(pod, dash + 1, pod.len);
    bool padded = digits.len > 1 && digits.ptr[0] == '0';
    return dash < pod.len && !padded && ps_str_equal(ps_str_slice(pod, 0, dash), owner->name) &&
           ps_str_to_uint(digits, INT32_MAX, ret_ordinal);
}

#define KEY_SERVERS "bootstrap.servers"
#define KEY_BROKERS "brokers.json"
#define KEY_CLIENT "client.properties"

bool ps_status_has_key(struct ps_str key)
{
    return ps_str_is(key, KEY_SERVERS) || ps_str_is(key, KEY_BROKERS) || ps_str_is(key, KEY_CLIENT);
}

struct ps_str ps_status_name(struct ps_arena *arena, struct ps_str exposure,
                             struct ps_str statefulset)
{
    return ps_arena_printf(arena, "%.*s-%.*s", PS_FMT(exposure), PS_FMT(statefulset));
}

static int by_ordinal(const void *a, const void *b)
{
    uint64_t left = ((const struct ps_broker_state *)a)->ordinal;
    uint64_t right = ((const struct ps_broker_state *)b)->ordinal;
    return left < right ? -1 : left > right;
}

static bool is_known(const struct ps_broker_state *broker)
{
    return broker->host.len > 0 && broker->port.len > 0;
}

/* The known brokers in their order. */
struct sorted {
    size_t count;
    struct ps_broker_state *list;
};

static struct sorted sort_brokers(struct ps_arena *arena, const struct ps_status_input *input)
{
    struct sorted sorted = {
        .list = PS_ARENA_ARRAY(arena, struct ps_broker_state, input->broker_count + 1)};
    for (size_t i = 0; i < input->broker_count; i++) {
        if (is_known(&input->brokers[i])) {
            sorted.list[sorted.count++] = input->brokers[i];
        }
    }
    qsort(sorted.list, sorted.count, sizeof(sorted.list[0]), by_ordinal);
    return sorted;
}

static struct ps_str bootstrap_servers(struct ps_arena *arena, const struct sorted *brokers)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 64 * (brokers->count + 1));
    for (size_t i = 0; i < brokers->count; i++) {
        const struct ps_broker_state *broker = &brokers->list[i];
        if (broker->listening != PS_LISTENING_NO) {
            ps_buf_printf(&buf, "%s%.*s:%.*s", buf.len > 0 ? "," : "", PS_FMT(broker->host),
                          PS_FMT(broker->port));
        }
    }
    return ps_buf_view(&buf);
}

const char *ps_listening_name(enum ps_listening listening)
{
    switch (listening) {
    case PS_LISTENING_UNKNOWN:
        return "unknown";
    case PS_LISTENING_YES:
        return "yes";
    case PS_LISTENING_NO:
        return "no";
    }
    return "";
}

/* What clients are told: by a broker that runs with an older endpoint, that one. */
static void put_broker(struct ps_jw *jw, const struct ps_broker_state *broker)
{
    uint64_t port = 0;
    size_t colon = ps_str_last_index(broker->was, ':');
    bool stale = colon < broker->was.len;
    struct ps_str port_text =
        stale ? ps_str_slice(broker->was, colon + 1, broker->was.len) : broker->port;
    (void)ps_str_to_uint(port_text, UINT16_MAX, &port);
    ps_jw_object(jw);
    ps_jw_member_int(jw, "ordinal", (int64_t)broker->ordinal);
    ps_jw_member(jw, "pod", broker->pod);
    ps_jw_member(jw, "host", stale ? ps_str_slice(broker->was, 0, colon) : broker->host);
    ps_jw_member_int(jw, "port", (int64_t)port);
    ps_jw_member(jw, "listening", ps_str_of(ps_listening_name(broker->listening)));
    if (broker->node.len > 0) {
        ps_jw_member(jw, "node", broker->node);
    }
    if (broker->rack.len > 0) {
        ps_jw_member(jw, "rack", broker->rack);
    }
    ps_jw_object_end(jw);
}

static struct ps_str brokers_json(struct ps_arena *arena, const struct sorted *brokers)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 128 * (brokers->count + 1));
    ps_jw_init(&jw, &buf);
    ps_jw_array(&jw);
    for (size_t i = 0; i < brokers->count; i++) {
        put_broker(&jw, &brokers->list[i]);
    }
    ps_jw_array_end(&jw);
    return ps_buf_view(&buf);
}

static struct ps_object_data make_data(struct ps_arena *arena, const struct ps_status_input *input)
{
    struct ps_object_data data = {.pairs = PS_ARENA_ARRAY(arena, struct ps_exposure_pair, 3)};
    struct sorted brokers = sort_brokers(arena, input);
    struct ps_str servers = bootstrap_servers(arena, &brokers);
    if (servers.len > 0) {
        data.pairs[data.count++] = (struct ps_exposure_pair){PS_STR(KEY_SERVERS), servers};
    }
    data.pairs[data.count++] =
        (struct ps_exposure_pair){PS_STR(KEY_BROKERS), brokers_json(arena, &brokers)};
    if (servers.len > 0 && input->protocol.len > 0) {
        struct ps_str text = ps_arena_printf(arena, KEY_SERVERS "=%.*s\nsecurity.protocol=%.*s\n",
                                             PS_FMT(servers), PS_FMT(input->protocol));
        data.pairs[data.count++] = (struct ps_exposure_pair){PS_STR(KEY_CLIENT), text};
    }
    return data;
}

void ps_status_plan(struct ps_arena *arena, const struct ps_status_input *input,
                    struct ps_action *ret_action)
{
    struct ps_object_data data = make_data(arena, input);
    const struct ps_object object = {
        .owner = input->owner,
        .name = ps_status_name(arena, input->exposure->name, input->owner->name),
        .exposure = input->exposure->name,
        .role = "status",
        .ordinal = -1,
        .owned = true,
        .kind = PS_OBJECT_CONFIG_MAP,
        .put = ps_object_put_data,
        .what = &data,
    };
    *ret_action = ps_object_plan(arena, &object, input->observed);
}
