/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers of a pod share one network namespace: a second bind of a port keeps Kafka from
 * starting. What a container declares in ports is its author's word that it binds it.
 */
#include "port_check.h"

struct search {
    struct ps_arena *arena;
    const struct ps_exposure *exposure;
    const struct ps_broker *broker;
    struct ps_str *ret_message;
};

static bool found(const struct search *search, const char *what, struct ps_str name)
{
    *search->ret_message = ps_arena_printf(
        search->arena,
        "port %u is that of %s '%.*s': choose another %.*sportside.dev/listener-port",
        (unsigned)search->exposure->listener_port, what, PS_FMT(name),
        PS_FMT(search->exposure->key_prefix));
    return true;
}

/* A port of the broker's own that its author named after the listener is meant to be ours. */
static bool is_ours(const struct search *search, const struct ps_json *port)
{
    struct ps_str name = ps_json_get_text(port, "name");
    return ps_str_equal_nocase(name, search->exposure->listener_name) ||
           ps_str_equal(name, search->exposure->name) || search->exposure->listener_name_stated ||
           ps_json_get(port, "hostPort") != NULL; /* with type None: the way to the broker */
}

static bool declares(const struct search *search, const struct ps_json *container, bool own)
{
    PS_JSON_EACH(port, ps_json_get(container, "ports"))
    {
        int64_t number = 0;
        struct ps_str protocol = ps_json_get_text(port, "protocol");
        bool tcp = protocol.len == 0 || ps_str_is(protocol, "TCP");
        if (tcp && ps_json_to_int(ps_json_get(port, "containerPort"), &number) &&
            number == search->exposure->listener_port && !(own && is_ours(search, port))) {
            return true;
        }
    }
    return false;
}

static bool is_jmx_port(const struct search *search, const char *variable)
{
    struct ps_str text = PS_STR("");
    uint64_t number = 0;
    return ps_env_literal(&search->broker->env, ps_str_of(variable), &text) &&
           ps_str_to_uint(ps_str_trim(text), 65535, &number) &&
           number == search->exposure->listener_port;
}

static bool in_containers(const struct search *search, const struct ps_json *containers)
{
    PS_JSON_EACH(container, containers)
    {
        if (declares(search, container, container == search->broker->original)) {
            return found(search, "container", ps_json_get_text(container, "name"));
        }
    }
    return false;
}

/* Init containers have ended when Kafka starts, but for those that go on beside it (KEP-753). */
static bool in_sidecars(const struct search *search, const struct ps_json *init_containers)
{
    PS_JSON_EACH(container, init_containers)
    {
        if (ps_str_is(ps_json_get_text(container, "restartPolicy"), "Always") &&
            declares(search, container, false)) {
            return found(search, "container", ps_json_get_text(container, "name"));
        }
    }
    return false;
}

static bool one_is_declared(const struct search *search, const struct ps_json *spec)
{
    static const char *const jmx[] = {"KAFKA_JMX_PORT", "JMX_PORT"};
    for (size_t i = 0; i < PS_COUNT(jmx); i++) {
        if (is_jmx_port(search, jmx[i])) {
            return found(search, "the variable", ps_str_of(jmx[i]));
        }
    }
    return in_containers(search, ps_json_get(spec, "containers")) ||
           in_sidecars(search, ps_json_get(spec, "initContainers"));
}

bool ps_port_is_declared(struct ps_arena *arena, const struct ps_json *spec,
                         const struct ps_exposures *exposures, struct ps_injection *injection,
                         struct ps_str *ret_message)
{
    for (size_t i = 0; i < exposures->count; i++) {
        const struct search search = {arena, &exposures->list[i], &injection->broker, ret_message};
        if (!injection->plan.results[i].adopted && one_is_declared(&search, spec)) {
            injection->culprit = i;
            return true;
        }
    }
    return false;
}
