/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of the annotations that say what the Services of an exposure look like. */
#include "exposure_host.h"
#include "exposure_reader.h"
#include "exposure_template.h"

#define SUBDOMAIN_MAX 253

static struct ps_service_options *options(struct ps_exposure_reader *reader)
{
    return &reader->exposure->service;
}

bool ps_exposure_read_traffic_policy(struct ps_exposure_reader *reader, struct ps_str value)
{
    options(reader)->cluster_policy = ps_str_is(value, "Cluster");
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_bootstrap(struct ps_exposure_reader *reader, struct ps_str value)
{
    options(reader)->no_bootstrap = ps_str_is(value, "false");
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_allocate(struct ps_exposure_reader *reader, struct ps_str value)
{
    options(reader)->no_node_ports = ps_str_is(value, "false");
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_shared_port(struct ps_exposure_reader *reader, struct ps_str value)
{
    options(reader)->shared_port = ps_str_is(value, "true");
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_on_missing(struct ps_exposure_reader *reader, struct ps_str value)
{
    reader->exposure->start_when_missing = ps_str_is(value, "start");
    reader->exposure->start_stated =
        reader->exposure->start_when_missing && reader->source == PS_EXPOSURE_OF_OBJECT;
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_ip_family_policy(struct ps_exposure_reader *reader, struct ps_str value)
{
    enum ps_ip_family_policy policy = PS_IP_FAMILY_POLICY_SINGLE;
    if (ps_str_is(value, "PreferDualStack")) {
        policy = PS_IP_FAMILY_POLICY_PREFER_DUAL;
    } else if (ps_str_is(value, "RequireDualStack")) {
        policy = PS_IP_FAMILY_POLICY_REQUIRE_DUAL;
    }
    options(reader)->ip_family_policy = policy;
    return ps_exposure_read_word(reader, value);
}

bool ps_exposure_read_ip_families(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_service_options *to = options(reader);
    struct ps_str rest = value;
    struct ps_str element;
    to->ip_family_count = 0;
    while (ps_str_split(&rest, ',', &element)) {
        struct ps_str name = ps_str_trim(element);
        enum ps_ip_family family = ps_str_is(name, "IPv4") ? PS_IP_FAMILY_4 : PS_IP_FAMILY_6;
        bool known = family == PS_IP_FAMILY_4 || ps_str_is(name, "IPv6");
        bool again = to->ip_family_count > 0 && to->ip_families[0] == family;
        if (!known || again || to->ip_family_count == PS_IP_FAMILIES_MAX) {
            return ps_exposure_refuse_value(reader, value);
        }
        to->ip_families[to->ip_family_count++] = family;
    }
    return true;
}

/* Elements of a comma-separated list, each of which test accepts; false if one is not. */
static bool read_texts(struct ps_exposure_reader *reader, struct ps_str value,
                       bool (*test)(struct ps_str element), struct ps_exposure_texts *ret_texts)
{
    size_t room = 1;
    size_t count = 0;
    struct ps_str rest = value;
    struct ps_str element;
    for (size_t i = 0; i < value.len; i++) {
        room += value.ptr[i] == ',';
    }
    struct ps_str *list = PS_ARENA_ARRAY(reader->arena, struct ps_str, room);
    while (ps_str_split(&rest, ',', &element)) {
        list[count] = ps_str_trim(element);
        if (!test(list[count++])) {
            return ps_exposure_refuse_value(reader, value);
        }
    }
    *ret_texts = (struct ps_exposure_texts){count, list};
    return true;
}

static bool is_address(struct ps_str text)
{
    return ps_host_is_ipv4(text) || ps_host_is_ipv6(text);
}

/* Two load balancers of one port cannot have one address. */
static bool are_different(const struct ps_exposure_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (ps_str_equal_nocase(texts->list[i], texts->list[j])) {
                return false;
            }
        }
    }
    return true;
}

bool ps_exposure_read_addresses(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_exposure_texts *addresses = &options(reader)->load_balancer_ips;
    return read_texts(reader, value, is_address, addresses) &&
           (are_different(addresses) || ps_exposure_refuse_value(reader, value));
}

/* "192.0.2.0/24", "2001:db8::/32" */
static bool is_range(struct ps_str text)
{
    uint64_t bits = 0;
    size_t slash = ps_str_index(text, '/');
    struct ps_str address = ps_str_slice(text, 0, slash);
    struct ps_str length = ps_str_slice(text, slash + 1, text.len);
    bool padded = length.len > 1 && length.ptr[0] == '0';
    return slash < text.len && !padded && is_address(address) &&
           ps_str_to_uint(length, ps_host_is_ipv4(address) ? 32 : 128, &bits);
}

bool ps_exposure_read_ranges(struct ps_exposure_reader *reader, struct ps_str value)
{
    return read_texts(reader, value, is_range, &options(reader)->allow_from);
}

/* A subdomain of RFC 1123 in lower case. */
static bool is_subdomain(struct ps_str text)
{
    struct ps_str rest = text;
    struct ps_str label;
    bool valid = text.len <= SUBDOMAIN_MAX;
    while (valid && ps_str_split(&rest, '.', &label)) {
        valid = ps_host_is_label(label);
    }
    return valid;
}

/* A qualified name of the Kubernetes API: "example.com/name" or "name". */
static bool is_qualified(struct ps_str text)
{
    size_t slash = ps_str_index(text, '/');
    bool prefixed = slash < text.len;
    struct ps_str name = ps_str_slice(text, prefixed ? slash + 1 : 0, text.len);
    return ps_host_is_label_value(name) &&
           (!prefixed || is_subdomain(ps_str_slice(text, 0, slash)));
}

bool ps_exposure_read_class(struct ps_exposure_reader *reader, struct ps_str value)
{
    options(reader)->load_balancer_class = value;
    return is_qualified(value) || ps_exposure_refuse_value(reader, value);
}

bool ps_exposure_read_label(struct ps_exposure_reader *reader, struct ps_str value)
{
    reader->exposures->rack_label = value;
    return is_qualified(value) || ps_exposure_refuse_value(reader, value);
}

/* Takes the quotes of YAML off, in which nothing needs to be escaped. */
static struct ps_str unquote(struct ps_str text)
{
    bool quoted = text.len >= 2 && text.ptr[0] == text.ptr[text.len - 1] &&
                  (text.ptr[0] == '"' || text.ptr[0] == '\'');
    return quoted ? ps_str_slice(text, 1, text.len - 1) : text;
}

static bool refuse_line(struct ps_exposure_reader *reader, struct ps_str line, const char *what)
{
    return ps_exposure_refuse(reader,
                              ps_arena_printf(reader->arena, "line '%.*s' %s: use %s",
                                              PS_FMT(ps_exposure_show(reader->arena, line)), what,
                                              ps_exposure_key_get(reader->key)->values));
}

/* A list of lines under construction. */
struct lines {
    size_t count;
    struct ps_exposure_pair *list;
    char separator;             /* between name and value */
    enum ps_template_kind kind; /* of the values */
    bool (*is_name)(struct ps_str name);
};

static bool is_named(const struct lines *lines, struct ps_str name)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (ps_str_equal(lines->list[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool read_line(struct ps_exposure_reader *reader, struct lines *lines, struct ps_str line)
{
    struct ps_str flaw;
    size_t at = ps_str_index(line, lines->separator);
    struct ps_exposure_pair pair = {
        .name = unquote(ps_str_trim(ps_str_slice(line, 0, at))),
        .value = unquote(ps_str_trim(ps_str_slice(line, at + 1, line.len))),
    };
    if (at == line.len || !lines->is_name(pair.name)) {
        return refuse_line(reader, line, "is none");
    }
    if (is_named(lines, pair.name)) {
        return refuse_line(reader, line, "names something twice");
    }
    if (!ps_template_check(reader->arena, pair.value, lines->kind, &flaw)) {
        return ps_exposure_refuse(
            reader, ps_arena_printf(reader->arena, "line '%.*s': %.*s",
                                    PS_FMT(ps_exposure_show(reader->arena, line)), PS_FMT(flaw)));
    }
    lines->list[lines->count++] = pair;
    return true;
}

/* Blank lines and comments are free. */
static bool read_lines(struct ps_exposure_reader *reader, struct ps_str value, struct lines *lines)
{
    size_t room = 1;
    struct ps_str rest = value;
    struct ps_str line;
    for (size_t i = 0; i < value.len; i++) {
        room += value.ptr[i] == '\n';
    }
    lines->list = PS_ARENA_ARRAY(reader->arena, struct ps_exposure_pair, room);
    while (ps_str_split(&rest, '\n', &line)) {
        line = ps_str_trim(line);
        if (line.len > 0 && line.ptr[0] != '#' && !read_line(reader, lines, line)) {
            return false;
        }
    }
    return true;
}

static bool obeys_policy(struct ps_exposure_reader *reader, const struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        struct ps_str name = lines->list[i].name;
        if (!ps_exposure_annotation_allowed(reader->policy, name)) {
            return ps_exposure_refuse(
                reader, ps_arena_printf(reader->arena,
                                        "'%.*s' is not allowed by the policy of this installation: "
                                        "remove it, or have its prefix allowed "
                                        "(policy-service-annotations)",
                                        PS_FMT(ps_exposure_show(reader->arena, name))));
        }
    }
    return true;
}

bool ps_exposure_annotation_allowed(const struct ps_policy *policy, struct ps_str name)
{
    struct ps_str rest = policy->service_annotation_prefixes;
    struct ps_str prefix;
    struct ps_str domain = ps_str_slice(name, 0, ps_str_index(name, '/'));
    if (ps_str_ends(domain, "portside.dev")) {
        return false;
    }
    while (rest.len > 0 && ps_str_split(&rest, ',', &prefix)) {
        prefix = ps_str_trim(prefix);
        if (prefix.len > 0 && ps_str_equal(ps_str_slice(name, 0, prefix.len), prefix)) {
            return true;
        }
    }
    return false;
}

bool ps_exposure_read_service_annotations(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct lines lines = {.separator = ':', .kind = PS_TEMPLATE_HOST, .is_name = is_qualified};
    if (!read_lines(reader, value, &lines) || !obeys_policy(reader, &lines)) {
        return false;
    }
    options(reader)->annotations = (struct ps_exposure_pairs){lines.count, lines.list};
    return true;
}

bool ps_exposure_read_bootstrap_annotations(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct lines lines = {.separator = ':', .kind = PS_TEMPLATE_HOST, .is_name = is_qualified};
    if (!read_lines(reader, value, &lines) || !obeys_policy(reader, &lines)) {
        return false;
    }
    for (size_t i = 0; i < lines.count; i++) {
        if (ps_template_varies_by_broker(lines.list[i].value)) {
            return refuse_line(reader, lines.list[i].value,
                               "names one broker, but the bootstrap Service is of all");
        }
    }
    options(reader)->bootstrap_annotations = (struct ps_exposure_pairs){lines.count, lines.list};
    return true;
}

/* Variables by which portside itself works. */
static bool is_reserved(struct ps_str name)
{
    return ps_str_starts(name, "PORTSIDE_") || ps_str_is(name, "BASH_ENV");
}

/* A name that every shell takes. */
static bool is_variable(struct ps_str name)
{
    bool valid = name.len > 0 && !ps_is_digit(name.ptr[0]);
    for (size_t i = 0; valid && i < name.len; i++) {
        valid = ps_is_alpha(name.ptr[i]) || ps_is_digit(name.ptr[i]) || name.ptr[i] == '_';
    }
    return valid;
}

bool ps_exposure_read_env(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct lines lines = {.separator = '=', .kind = PS_TEMPLATE_TEXT, .is_name = is_variable};
    if (!read_lines(reader, value, &lines)) {
        return false;
    }
    for (size_t i = 0; i < lines.count; i++) {
        if (is_reserved(lines.list[i].name)) {
            return ps_exposure_refuse(
                reader, ps_arena_printf(reader->arena,
                                        "'%.*s' is a variable of portside's own: use another name",
                                        PS_FMT(lines.list[i].name)));
        }
    }
    reader->exposures->env = (struct ps_exposure_pairs){lines.count, lines.list};
    return true;
}
