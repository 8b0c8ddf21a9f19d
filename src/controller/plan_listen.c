/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the brokers of one StatefulSet answer on their listener ports. */
#include "listening.h"
#include "plan_facts.h"
#include "portside/clock.h"

static bool is_ready(const struct ps_json *pod)
{
    PS_JSON_EACH(condition, ps_json_get2(pod, "status", "conditions"))
    {
        if (ps_str_is(ps_json_get_text(condition, "type"), "Ready")) {
            return ps_str_is(ps_json_get_text(condition, "status"), "True");
        }
    }
    return false;
}

/* Status of the broker's container if it runs, else NULL. */
static const struct ps_json *running_broker(const struct ps_plan *plan, const struct ps_json *pod)
{
    PS_JSON_EACH(status, ps_json_get2(pod, "status", "containerStatuses"))
    {
        if (ps_str_equal(ps_json_get_text(status, "name"), plan->injection.broker.container_name) &&
            ps_json_get2(status, "state", "running") != NULL) {
            return status;
        }
    }
    return NULL;
}

/* By the node's clock; 0 if that is not known, or ahead of ours. */
static uint64_t age_of(const struct ps_plan *plan, const struct ps_json *container)
{
    const struct ps_json *running = ps_json_get2(container, "state", "running");
    int64_t started_ms;
    int64_t now_ms = ps_kube_wall_ms(plan->controller->kube);
    bool known = ps_clock_parse(ps_json_get_text(running, "startedAt"), &started_ms);
    return known && started_ms < now_ms ? (uint64_t)(now_ms - started_ms) : 0;
}

static void put_addresses(const struct ps_json *pod, struct ps_check_wish *wish)
{
    const struct ps_json *status = ps_json_get(pod, "status");
    size_t count = 0;
    for (size_t i = 0; i < PS_CHECK_ADDRESSES; i++) {
        wish->addresses[i] = PS_STR("");
    }
    PS_JSON_EACH(entry, ps_json_get(status, "podIPs"))
    {
        struct ps_str address = ps_json_get_text(entry, "ip");
        if (address.len > 0 && count < PS_CHECK_ADDRESSES) {
            wish->addresses[count++] = address;
        }
    }
    if (count == 0) {
        wish->addresses[0] = ps_json_get_text(status, "podIP");
    }
}

/*
 * On the network of its node a broker may listen on another address of the node, and what a policy
 * rejects looks like a refusal.
 */
static bool is_doubtful(const struct ps_json *pod, const struct ps_exposure *exposure)
{
    const struct ps_json *status = ps_json_get(pod, "status");
    struct ps_str address = ps_json_get_text(status, "podIP");
    return exposure->service.allow_from.count > 0 ||
           ps_str_equal(ps_json_get_text(status, "hostIP"), address);
}

static enum ps_listening listening_of(struct ps_str word)
{
    if (ps_str_is(word, "yes")) {
        return PS_LISTENING_YES;
    }
    return ps_str_is(word, "no") ? PS_LISTENING_NO : PS_LISTENING_UNKNOWN;
}

/* What the status says of the broker: so the next leader goes on where the last one ended. */
static enum ps_listening published(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                                   struct ps_str exposure)
{
    const struct ps_json *map = ps_plan_find(
        plan->map_count, plan->maps, ps_status_name(plan->arena, exposure, plan->owner.name));
    struct ps_str text = ps_json_get_text(ps_json_get(map, "data"), "brokers.json");
    struct ps_json *brokers = NULL;
    if (text.len == 0 || !ps_service_is_ours(map) ||
        !ps_ok(ps_json_parse(plan->arena, text, &brokers, NULL))) {
        return PS_LISTENING_UNKNOWN;
    }
    PS_JSON_EACH(broker, brokers)
    {
        struct ps_str word = ps_json_get_text(broker, "listening");
        if (ps_str_equal(ps_json_get_text(broker, "pod"), pod->item->facts.name)) {
            return listening_of(word);
        }
    }
    return PS_LISTENING_UNKNOWN;
}

static struct ps_str likely_cause(const struct ps_plan_pod *pod)
{
    if (ps_str_is(pod->injected.delivery, "hook")) {
        return PS_STR("the hook left the broker as it was, or the broker's own listener of that "
                      "name has another port (state it in 'portside.dev/listener-port')");
    }
    return PS_STR("");
}

static void tell(const struct ps_plan *plan, const struct ps_plan_pod *pod, size_t index,
                 uint16_t port)
{
    const struct ps_exposure *exposure = ps_plan_exposure(plan, pod, index);
    bool no = pod->listening[index] == PS_LISTENING_NO;
    const struct ps_finding finding = {
        .kind = no ? PS_FINDING_NOT_LISTENING : PS_FINDING_LISTENING,
        .exposure = exposure->name,
        .listener = exposure->listener_name,
        .listener_port = port,
        .object = ps_plan_pod_words(plan, &pod->item->facts),
        .detail = no ? likely_cause(pod) : PS_STR(""),
    };
    ps_plan_notice_pod(plan, &pod->item->facts, &finding);
}

static void ask(const struct ps_plan *plan, struct ps_plan_pod *pod, size_t index)
{
    const struct ps_exposure *exposure = ps_plan_exposure(plan, pod, index);
    const struct ps_json *container = running_broker(plan, pod->object);
    uint16_t port = ps_plan_listener_port(plan, pod, index);
    struct ps_check_wish wish = {
        .set = plan->set,
        .pod_uid = pod->item->facts.uid,
        .port = port,
        .container = ps_json_get_text(container, "containerID"),
        .age_ms = age_of(plan, container),
        .doubtful = is_doubtful(pod->object, &plan->exposures.list[index]),
    };
    put_addresses(pod->object, &wish);
    wish.ready = container != NULL && wish.addresses[0].len > 0 && is_ready(pod->object) &&
                 !ps_plan_is_over(pod->object);
    if (!ps_check_is_known(&wish)) {
        wish.before = published(plan, pod, exposure->name);
    }
    struct ps_check_result result = ps_check_ask(plan->controller, &wish);
    pod->listening[index] = result.listening;
    if (result.listening == PS_LISTENING_NO || result.again) {
        tell(plan, pod, index, wish.port);
    }
}

void ps_plan_listening(const struct ps_plan *plan, struct ps_plan_pod *pod)
{
    for (size_t i = 0; i < plan->exposures.count && !plan->withdrawn; i++) {
        if (ps_injected_carries(&pod->injected, plan->exposures.list[i].name)) {
            ask(plan, pod, i);
        }
    }
}
