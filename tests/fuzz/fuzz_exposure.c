/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: lines key=value, the keys without their prefix; "vpn:type" speaks of the exposure vpn.
 * What is accepted is within the bounds that the rest of the core relies on, is the same with the
 * lines in another order, and once written as annotations again re-reads the same. What is refused
 * has a message.
 */
#include "fuzz/fuzz.h"
#include "portside/exposure.h"
#include "portside/jw.h"

#define PAIR_SEPARATOR_MAP ": "
#define PAIR_SEPARATOR_ENV "="

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

/* A map of annotations as text under construction. */
struct draft {
    struct ps_arena *arena;
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_str prefix; /* of the exposure that is spoken of: "vpn.", or empty */
};

static void draft_begin(struct draft *draft, struct ps_arena *arena)
{
    *draft = (struct draft){.arena = arena, .prefix = PS_STR("")};
    ps_buf_init(&draft->buf, arena, 256);
    ps_jw_init(&draft->jw, &draft->buf);
    ps_jw_object(&draft->jw);
}

static void put(struct draft *draft, struct ps_str key, struct ps_str value)
{
    struct ps_str name =
        ps_arena_printf(draft->arena, "%.*sportside.dev/%.*s", PS_FMT(draft->prefix), PS_FMT(key));
    ps_jw_key_str(&draft->jw, name);
    ps_jw_str(&draft->jw, value);
}

/* Only what is stated. */
static void put_text(struct draft *draft, const char *key, struct ps_str value)
{
    if (value.len > 0) {
        put(draft, ps_str_of(key), value);
    }
}

static void put_if(struct draft *draft, bool stated, const char *key, const char *value)
{
    put_text(draft, key, ps_str_of(stated ? value : ""));
}

static void put_number(struct draft *draft, const char *key, uint64_t value, const char *unit)
{
    if (value > 0) {
        put_text(draft, key,
                 ps_arena_printf(draft->arena, "%llu%s", (unsigned long long)value, unit));
    }
}

static const struct ps_json *draft_end(struct draft *draft)
{
    struct ps_json *root = NULL;
    ps_jw_object_end(&draft->jw);
    bool parsed = ps_ok(ps_json_parse(draft->arena, ps_buf_view(&draft->buf), &root, NULL));
    return parsed ? root : NULL;
}

static void put_line(struct draft *draft, struct ps_str line)
{
    size_t equals = ps_str_index(line, '=');
    struct ps_str key = ps_str_slice(line, 0, equals);
    size_t colon = ps_str_index(key, ':');
    draft->prefix = PS_STR("");
    if (colon < key.len) {
        draft->prefix = ps_arena_printf(draft->arena, "%.*s.", PS_FMT(ps_str_slice(key, 0, colon)));
        key = ps_str_slice(key, colon + 1, key.len);
    }
    put(draft, key, ps_str_slice(line, equals + 1, line.len));
}

/* The lines as an object of annotations; NULL if they make no valid one (a key twice, no UTF-8). */
static const struct ps_json *annotations_of(struct ps_arena *arena, struct ps_str text,
                                            bool backwards)
{
    struct draft draft;
    struct ps_str line;
    draft_begin(&draft, arena);
    while (!backwards && ps_str_split(&text, '\n', &line)) {
        put_line(&draft, line);
    }
    while (backwards && text.len > 0) {
        size_t feed = ps_str_last_index(text, '\n');
        bool first = feed == text.len;
        put_line(&draft, ps_str_slice(text, first ? 0 : feed + 1, text.len));
        text = ps_str_slice(text, 0, first ? 0 : feed);
    }
    return draft_end(&draft);
}

static void put_list(struct draft *draft, const char *key, size_t count, const struct ps_str *list)
{
    struct ps_buf buf;
    ps_buf_init(&buf, draft->arena, 64);
    for (size_t i = 0; i < count; i++) {
        ps_buf_printf(&buf, "%s%.*s", i == 0 ? "" : ",", PS_FMT(list[i]));
    }
    put_text(draft, key, ps_buf_view(&buf));
}

static void put_pairs(struct draft *draft, const char *key, const struct ps_exposure_pairs *pairs,
                      const char *separator)
{
    struct ps_buf buf;
    ps_buf_init(&buf, draft->arena, 64);
    for (size_t i = 0; i < pairs->count; i++) {
        ps_buf_printf(&buf, "%.*s%s\"%.*s\"\n", PS_FMT(pairs->list[i].name), separator,
                      PS_FMT(pairs->list[i].value));
    }
    put_text(draft, key, ps_buf_view(&buf));
}

static void put_service(struct draft *draft, const struct ps_service_options *service)
{
    static const char *const policies[] = {"", "SingleStack", "PreferDualStack",
                                           "RequireDualStack"};
    static const struct ps_str families[] = {PS_STR_INIT(""), PS_STR_INIT("IPv4"),
                                             PS_STR_INIT("IPv6")};
    struct ps_str list[PS_IP_FAMILIES_MAX];
    for (size_t i = 0; i < service->ip_family_count; i++) {
        list[i] = families[service->ip_families[i]];
    }
    put_if(draft, service->cluster_policy, "external-traffic-policy", "Cluster");
    put_if(draft, service->no_bootstrap, "bootstrap", "false");
    put_if(draft, service->no_node_ports, "allocate-node-ports", "false");
    put_if(draft, service->shared_port, "shared-port", "true");
    put_number(draft, "bootstrap-node-port", service->bootstrap_node_port, "");
    put_pairs(draft, "service-annotations", &service->annotations, PAIR_SEPARATOR_MAP);
    put_pairs(draft, "bootstrap-annotations", &service->bootstrap_annotations, PAIR_SEPARATOR_MAP);
    put_text(draft, "load-balancer-class", service->load_balancer_class);
    put_list(draft, "load-balancer-ips", service->load_balancer_ips.count,
             service->load_balancer_ips.list);
    put_list(draft, "allow-from", service->allow_from.count, service->allow_from.list);
    put_list(draft, "ip-families", service->ip_family_count, list);
    put_if(draft, true, "ip-family-policy", policies[service->ip_family_policy]);
}

static void put_exposure(struct draft *draft, const struct ps_exposure *exposure)
{
    static const struct ps_str types[] = {PS_STR_INIT("ExternalDNS"), PS_STR_INIT("ExternalIP"),
                                          PS_STR_INIT("InternalDNS"), PS_STR_INIT("InternalIP"),
                                          PS_STR_INIT("Hostname")};
    struct ps_str list[PS_ADDRESS_TYPES_MAX];
    for (size_t i = 0; i < exposure->address_type_count; i++) {
        list[i] = types[exposure->address_types[i]];
    }
    draft->prefix = exposure->key_prefix;
    put_if(draft, true, "type", ps_exposure_type_name(exposure->type));
    put_text(draft, "listener-name", exposure->listener_name);
    put_number(draft, "listener-port", exposure->listener_port, "");
    put_if(draft, exposure->protocol != PS_PROTOCOL_MIRROR, "protocol",
           ps_protocol_name(exposure->protocol));
    put_number(draft, "node-port-base", exposure->node_port_base, "");
    put_list(draft, "address-types", exposure->address_type_count, list);
    put_text(draft, "advertised-host", exposure->advertised_host);
    put_text(draft, "advertised-port", exposure->advertised_port);
    put_service(draft, &exposure->service);
    put_if(draft, exposure->start_when_missing, "on-missing", "start");
    put_number(draft, "wait-timeout", exposure->start_when_missing ? exposure->wait_timeout_s : 0,
               "s");
}

/* Exposures as the annotations that say all of it. */
static const struct ps_json *written(struct ps_arena *arena, const struct ps_exposures *exposures)
{
    struct draft draft;
    struct ps_str names[PS_EXPOSURES_MAX];
    draft_begin(&draft, arena);
    for (size_t i = 0; i < exposures->count; i++) {
        names[i] = exposures->list[i].name;
    }
    put_if(&draft, exposures->opted_out, "inject", "false");
    put_list(&draft, "listeners", exposures->count, names);
    put_text(&draft, "container", exposures->container);
    put_text(&draft, "family", exposures->family);
    put_text(&draft, "rack-label", exposures->rack_label);
    put_pairs(&draft, "env", &exposures->env, PAIR_SEPARATOR_ENV);
    put_if(&draft, exposures->delivery != PS_DELIVERY_DETECT, "delivery",
           ps_delivery_name(exposures->delivery));
    for (size_t i = 0; i < exposures->count; i++) {
        put_exposure(&draft, &exposures->list[i]);
    }
    return draft_end(&draft);
}

static void check_exposure(struct ps_arena *arena, const struct ps_exposure *exposure)
{
    const struct ps_template_facts facts = {7, PS_STR("kafka-7"), PS_STR("kafka"), PS_STR("ns")};
    FUZZ_CHECK(exposure->name.len > 0 && exposure->env_prefix.len > 0);
    FUZZ_CHECK(exposure->listener_name.len > 0 && exposure->listener_port > 0);
    FUZZ_CHECK(exposure->address_type_count <= PS_ADDRESS_TYPES_MAX);
    struct ps_str host = ps_template_expand(arena, exposure->advertised_host, &facts);
    FUZZ_CHECK(!ps_str_contains(host, "{"));
    struct ps_str port = ps_template_expand(arena, exposure->advertised_port, &facts);
    FUZZ_CHECK(!ps_str_contains(port, "{"));
}

/* No two exposures may share a listener, a port, or the variables of the broker. */
static void check_exposures(struct ps_arena *arena, const struct ps_exposures *exposures)
{
    FUZZ_CHECK(exposures->count <= PS_EXPOSURES_MAX);
    FUZZ_CHECK(exposures->opted_out == (exposures->count == 0));
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *one = &exposures->list[i];
        check_exposure(arena, one);
        FUZZ_CHECK(ps_exposures_find(exposures, one->name) == one);
        for (size_t j = 0; j < i; j++) {
            const struct ps_exposure *other = &exposures->list[j];
            FUZZ_CHECK(one->listener_port != other->listener_port);
            FUZZ_CHECK(!ps_str_equal(one->listener_name, other->listener_name));
            FUZZ_CHECK(!ps_str_equal(one->env_prefix, other->env_prefix));
        }
    }
}

/* Reads annotations, which must be accepted; what they say, written as annotations. */
static const struct ps_json *reread(struct ps_arena *arena, const struct ps_policy *policy,
                                    const struct ps_json *annotations)
{
    struct ps_exposures exposures;
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    bool accepted =
        annotations != NULL && ps_exposures_parse(arena, policy, annotations, &exposures, &problem);
    if (!accepted) {
        fprintf(stderr, "%.*s\n", PS_FMT(problem.message));
    }
    FUZZ_CHECK(accepted);
    return written(arena, &exposures);
}

static struct ps_status try_exposures(void *arg)
{
    const struct input *input = arg;
    struct ps_arena *arena = input->arena;
    struct ps_config config;
    ps_config_init(&config);
    config.policy.service_annotation_prefixes = PS_STR("external-dns.,service.");
    const struct ps_json *annotations = annotations_of(arena, input->text, false);
    struct ps_exposures exposures;
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    if (!ps_exposures_parse(arena, &config.policy, annotations, &exposures, &problem)) {
        FUZZ_CHECK(problem.message.len > 0);
        return ps_success();
    }
    check_exposures(arena, &exposures);
    const struct ps_json *first = written(arena, &exposures);
    FUZZ_CHECK(first != NULL && ps_json_equal(first, reread(arena, &config.policy, first)));
    if (annotations != NULL) {
        const struct ps_json *turned = annotations_of(arena, input->text, true);
        FUZZ_CHECK(ps_json_equal(first, reread(arena, &config.policy, turned)));
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_exposures, &input);
    return 0;
}
