/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/listener.h"

#include "listener_state.h"

struct planning {
    struct ps_arena *arena;
    struct ps_listener_state *state;
    struct ps_listener_plan *plan;
};

static bool refuse(struct planning *p, enum ps_reason reason, struct ps_str message)
{
    p->plan->outcome = PS_LISTENER_REFUSED;
    p->plan->reason = reason;
    p->plan->message = message;
    return false;
}

static enum ps_protocol protocol_of(const struct ps_listener_state *state, struct ps_str name)
{
    const struct ps_mapping *mapping = ps_mappings_find(&state->map, name);
    return mapping == NULL ? PS_PROTOCOL_MIRROR : mapping->protocol;
}

/* How much a listener's protocol speaks for mirroring it: the one stated, else the strongest. */
static unsigned weight(enum ps_protocol protocol, enum ps_protocol stated)
{
    return protocol == stated ? PS_PROTOCOL_SASL_SSL + 1U : (unsigned)protocol;
}

/*
 * The listener that in-cluster clients use: advertised, not the controller's, and not the
 * inter-broker one if there is another. Several candidates: the heaviest; equals: the first.
 */
static struct ps_str mirrored_listener(const struct ps_listener_state *state, size_t user_count,
                                       enum ps_protocol stated)
{
    struct ps_str best = PS_STR("");
    bool best_is_inter_broker = true;
    for (size_t i = 0; i < user_count; i++) {
        struct ps_str name = state->advertised.list[i].name;
        bool inter_broker = ps_str_equal_nocase(name, state->inter_broker);
        if (ps_listener_is_controller(state, name)) {
            continue;
        }
        bool heavier =
            weight(protocol_of(state, name), stated) > weight(protocol_of(state, best), stated);
        bool preferred = best_is_inter_broker && !inter_broker;
        if (best.len == 0 || preferred || (best_is_inter_broker == inter_broker && heavier)) {
            best = name;
            best_is_inter_broker = inter_broker;
        }
    }
    return best;
}

static struct ps_str advertised_text(const struct planning *p, struct ps_str name,
                                     const struct ps_listener_wish *wish)
{
    return PS_ARENA_JOIN(p->arena, name, PS_STR("://"), wish->endpoint);
}

/* Replaces the advertised entry of name in its place, or appends one. */
static bool advertise(struct planning *p, struct ps_str name, const struct ps_listener_wish *wish)
{
    struct ps_str text = advertised_text(p, name, wish);
    struct ps_endpoint *entry = ps_endpoints_find(&p->state->advertised, name);
    if (entry == NULL) {
        p->plan->outcome = PS_LISTENER_CHANGED;
        return ps_endpoints_add(&p->state->advertised, text) ||
               refuse(p, PS_REASON_LISTENERS, PS_STR("advertised.listeners has too many entries"));
    }
    if (!ps_str_equal(entry->text, text)) {
        p->plan->outcome = PS_LISTENER_CHANGED;
        entry->text = text;
    }
    return true;
}

static bool may_adopt(struct planning *p, const struct ps_listener_wish *wish,
                      const struct ps_endpoint *listener)
{
    const char *what = NULL;
    if (ps_str_equal_nocase(listener->name, p->state->inter_broker)) {
        what = "the inter-broker listener";
    } else if (ps_listener_is_controller(p->state, listener->name)) {
        what = "a controller listener";
    } else if (ps_listener_client_count(p->state) == 1) {
        what = "the only listener for clients";
    }
    return what == NULL ||
           refuse(p, PS_REASON_NAME_TAKEN,
                  ps_arena_printf(p->arena,
                                  "'%.*s' is %s: choose another %.*sportside.dev/listener-name",
                                  PS_FMT(listener->name), what, PS_FMT(wish->key_prefix)));
}

/* An adopted listener keeps its protocol; a statement of another is a mistake. */
static bool agrees(struct planning *p, const struct ps_listener_wish *wish,
                   enum ps_protocol protocol)
{
    return wish->protocol == PS_PROTOCOL_MIRROR || wish->protocol == protocol ||
           refuse(p, PS_REASON_LISTENERS,
                  ps_arena_printf(p->arena,
                                  "listener '%.*s' speaks %s, %.*sportside.dev/protocol says %s: "
                                  "make them agree",
                                  PS_FMT(wish->name), ps_protocol_name(protocol),
                                  PS_FMT(wish->key_prefix), ps_protocol_name(wish->protocol)));
}

static bool adopt(struct planning *p, const struct ps_listener_wish *wish,
                  const struct ps_endpoint *listener, struct ps_listener_result *result)
{
    struct ps_endpoint *entry = ps_endpoints_find(&p->state->advertised, listener->name);
    struct ps_str ours = advertised_text(p, listener->name, wish);
    bool done = entry != NULL && ps_str_equal(entry->text, ours);
    result->adopted = true;
    result->protocol = protocol_of(p->state, listener->name);
    return (done || (may_adopt(p, wish, listener) && agrees(p, wish, result->protocol))) &&
           advertise(p, listener->name, wish);
}

static bool port_is_free(struct planning *p, const struct ps_listener_wish *wish)
{
    for (size_t i = 0; i < p->state->listeners.count; i++) {
        const struct ps_endpoint *listener = &p->state->listeners.list[i];
        if (listener->port == wish->port) {
            return refuse(p, PS_REASON_PORT_TAKEN,
                          ps_arena_printf(p->arena,
                                          "port %u is that of listener '%.*s': choose another "
                                          "%.*sportside.dev/listener-port",
                                          (unsigned)wish->port, PS_FMT(listener->name),
                                          PS_FMT(wish->key_prefix)));
        }
    }
    return true;
}

/* A name that the map knows but listeners does not: the map's word counts. */
static bool choose_protocol(struct planning *p, const struct ps_listener_wish *wish,
                            size_t user_count, struct ps_listener_result *result)
{
    const struct ps_mapping *mapping = ps_mappings_find(&p->state->map, wish->name);
    if (mapping != NULL && wish->protocol != PS_PROTOCOL_MIRROR &&
        wish->protocol != mapping->protocol) {
        return refuse(
            p, PS_REASON_LISTENERS,
            ps_arena_printf(p->arena,
                            "listener.security.protocol.map gives '%.*s' the protocol %s, "
                            "%.*sportside.dev/protocol says %s: make them agree",
                            PS_FMT(wish->name), ps_protocol_name(mapping->protocol),
                            PS_FMT(wish->key_prefix), ps_protocol_name(wish->protocol)));
    }
    result->protocol = mapping != NULL ? mapping->protocol : wish->protocol;
    result->mirrored = mirrored_listener(p->state, user_count, result->protocol);
    if (result->mirrored.len == 0) {
        return refuse(p, PS_REASON_LISTENERS,
                      PS_STR("advertised.listeners has no listener for clients: correct it"));
    }
    if (result->protocol == PS_PROTOCOL_MIRROR) {
        result->protocol = protocol_of(p->state, result->mirrored);
    }
    return mapping != NULL || ps_mappings_add(&p->state->map, wish->name, result->protocol) ||
           refuse(p, PS_REASON_LISTENERS, PS_STR("listener.security.protocol.map is too long"));
}

/* An empty host binds all addresses of the pod, IPv4 and IPv6. */
static bool add_listener(struct planning *p, const struct ps_listener_wish *wish, size_t user_count,
                         struct ps_listener_result *result)
{
    struct ps_str text =
        ps_arena_printf(p->arena, "%.*s://:%u", PS_FMT(wish->name), (unsigned)wish->port);
    bool controller = ps_listener_is_controller(p->state, wish->name);
    if (controller || ps_str_equal_nocase(wish->name, p->state->inter_broker)) {
        return refuse(p, PS_REASON_NAME_TAKEN,
                      ps_arena_printf(p->arena,
                                      "'%.*s' is %s listener: choose another "
                                      "%.*sportside.dev/listener-name",
                                      PS_FMT(wish->name),
                                      controller ? "a controller" : "the inter-broker",
                                      PS_FMT(wish->key_prefix)));
    }
    if (!port_is_free(p, wish) || !choose_protocol(p, wish, user_count, result)) {
        return false;
    }
    p->plan->outcome = PS_LISTENER_CHANGED;
    return ps_endpoints_add(&p->state->listeners, text)
               ? advertise(p, wish->name, wish)
               : refuse(p, PS_REASON_LISTENERS, PS_STR("listeners has too many entries"));
}

static bool plan_all(struct planning *p, const struct ps_listener_wish *wishes, size_t count)
{
    size_t user_count = p->state->advertised.count;
    for (size_t i = 0; i < count; i++) {
        struct ps_listener_result *result = &p->plan->results[i];
        const struct ps_endpoint *listener =
            ps_endpoints_find(&p->state->listeners, wishes[i].name);
        bool done = listener != NULL ? adopt(p, &wishes[i], listener, result)
                                     : add_listener(p, &wishes[i], user_count, result);
        if (!done) {
            p->plan->refused = i;
            return false;
        }
    }
    return true;
}

void ps_listener_plan(struct ps_arena *arena, const struct ps_listener_settings *settings,
                      const struct ps_listener_wish *wishes, size_t count,
                      struct ps_listener_plan *ret_plan)
{
    struct planning p = {
        .arena = arena,
        .state = ps_arena_alloc(arena, sizeof(*p.state)),
        .plan = ret_plan,
    };
    struct ps_str message = PS_STR("");
    *ret_plan = (struct ps_listener_plan){
        .results = PS_ARENA_ARRAY(arena, struct ps_listener_result, count)};
    if (settings->roles.set && ps_str_is(ps_str_trim(settings->roles.value), "controller")) {
        ret_plan->reason = PS_REASON_CONTROLLER_ONLY;
        return;
    }
    if (!ps_listener_state_read(arena, settings, p.state, &message)) {
        (void)refuse(&p, PS_REASON_LISTENERS, message);
        return;
    }
    if (plan_all(&p, wishes, count)) {
        ret_plan->listeners = ps_endpoints_format(arena, &p.state->listeners);
        ret_plan->advertised = ps_endpoints_format(arena, &p.state->advertised);
        ret_plan->protocol_map = ps_mappings_format(arena, &p.state->map);
    }
}
