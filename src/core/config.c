/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/config.h"

#include <inttypes.h>
#include <string.h>

#include "portside/cert_step.h"
#include "portside/exposure.h"
#include "portside/nearest.h"

/* The field of a row; the row's kind says what type it has. */
static void *field(struct ps_config *config, const struct ps_config_key *row)
{
    return (char *)config + row->offset;
}

/* Position of word in "a|b|c"; false if it is not among them. */
static bool find_word(const char *words, struct ps_str word, unsigned *ret_index)
{
    struct ps_str rest = ps_str_of(words);
    struct ps_str one;
    for (unsigned i = 0; ps_str_split(&rest, '|', &one); i++) {
        if (ps_str_equal(one, word)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

bool ps_config_address(struct ps_str text, struct ps_str *ret_host, uint16_t *ret_port)
{
    size_t colon = ps_str_last_index(text, ':');
    uint64_t port = 0;
    if (colon == text.len ||
        !ps_str_to_uint(ps_str_slice(text, colon + 1, text.len), UINT16_MAX, &port)) {
        return false;
    }
    struct ps_str host = ps_str_slice(text, 0, colon);
    bool bracketed = ps_str_starts(host, "[") && ps_str_ends(host, "]");
    if (bracketed) {
        host = ps_str_slice(host, 1, host.len - 1);
    }
    if (bracketed == (ps_str_index(host, ':') == host.len)) {
        return false; /* an IPv6 address needs brackets, nothing else has them */
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] <= ' ' || host.ptr[i] == '[' || host.ptr[i] == ']' || host.ptr[i] == '/') {
            return false;
        }
    }
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return true;
}

static struct ps_status set_address(const struct ps_config_key *row, struct ps_str value,
                                    struct ps_str *ret_value, struct ps_error *err)
{
    struct ps_str host;
    uint16_t port;
    if (!ps_config_address(value, &host, &port)) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' must be HOST:PORT, [IPv6]:PORT or :PORT with a port from 0 to 65535, "
                       "not '%.*s'",
                       row->name, PS_FMT(value));
    }
    *ret_value = value;
    return ps_success();
}

static struct ps_status set_number(const struct ps_config_key *row, struct ps_str value,
                                   uint64_t *ret_value, struct ps_error *err)
{
    uint64_t number;
    if (!ps_str_to_uint(value, row->max, &number) || number < row->min) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' must be a whole number from %" PRIu64 " to %" PRIu64 ", not '%.*s'",
                       row->name, row->min, row->max, PS_FMT(value));
    }
    *ret_value = number;
    return ps_success();
}

static struct ps_status set_word(const struct ps_config_key *row, struct ps_str value,
                                 unsigned *ret_value, struct ps_error *err)
{
    unsigned index;
    if (!find_word(row->argument, value, &index)) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' must be one of %s, not '%.*s'", row->name,
                       row->argument, PS_FMT(value));
    }
    *ret_value = index;
    return ps_success();
}

static struct ps_status set_list(const struct ps_config_key *row, struct ps_str value,
                                 struct ps_str *ret_value, struct ps_error *err)
{
    struct ps_str rest = value.len == 0 ? (struct ps_str){NULL, 0} : value;
    struct ps_str one;
    unsigned index;
    while (ps_str_split(&rest, ',', &one)) {
        one = ps_str_trim(one);
        if (one.len == 0) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' has an empty element in '%.*s'", row->name,
                           PS_FMT(value));
        }
        if (row->choices != NULL && !find_word(row->choices, one, &index)) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' may contain %s, not '%.*s'", row->name,
                           row->choices, PS_FMT(one));
        }
    }
    *ret_value = value;
    return ps_success();
}

static struct ps_status set_range(const struct ps_config_key *row, struct ps_str value,
                                  uint32_t *ret_pair, struct ps_error *err)
{
    size_t dash = ps_str_index(value, '-');
    uint64_t from = 0;
    uint64_t to = 0;
    if (!ps_str_to_uint(ps_str_trim(ps_str_slice(value, 0, dash)), UINT16_MAX, &from) ||
        !ps_str_to_uint(ps_str_trim(ps_str_slice(value, dash + 1, value.len)), UINT16_MAX, &to) ||
        from == 0 || from > to) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' must be FROM-TO with ports from 1 to 65535 in ascending order, as in "
                       "'30000-32767', not '%.*s'",
                       row->name, PS_FMT(value));
    }
    ret_pair[0] = (uint32_t)from;
    ret_pair[1] = (uint32_t)to;
    return ps_success();
}

static struct ps_status set_text(const struct ps_config_key *row, struct ps_str value,
                                 struct ps_str *ret_value, struct ps_error *err)
{
    if (ps_str_index(value, '\0') != value.len) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' contains a NUL byte", row->name);
    }
    *ret_value = value;
    return ps_success();
}

static struct ps_status set_row(struct ps_config *config, const struct ps_config_key *row,
                                struct ps_str value, struct ps_error *err)
{
    switch (row->kind) {
    case PS_CONFIG_KIND_TEXT:
        return set_text(row, value, field(config, row), err);
    case PS_CONFIG_KIND_ADDRESS:
        return set_address(row, value, field(config, row), err);
    case PS_CONFIG_KIND_NUMBER:
        return set_number(row, value, field(config, row), err);
    case PS_CONFIG_KIND_WORD:
        return set_word(row, value, field(config, row), err);
    case PS_CONFIG_KIND_LIST:
        return set_list(row, value, field(config, row), err);
    case PS_CONFIG_KIND_PORT_RANGE:
        return set_range(row, value, field(config, row), err);
    }
    return ps_fail(err, PS_CODE_INTERNAL, "'%s' has no kind", row->name);
}

static const struct ps_config_key *find_key(struct ps_str name)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (ps_str_is(name, rows[i].name)) {
            return &rows[i];
        }
    }
    return NULL;
}

static struct ps_status unknown_key(struct ps_str name, struct ps_error *err)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    const char *found = NULL;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        if (ps_nearest_try(&nearest, ps_str_of(rows[i].name))) {
            found = rows[i].name;
        }
    }
    if (found == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "unknown key '%.*s'; see 'portside serve --help'",
                       PS_FMT(name));
    }
    return ps_fail(err, PS_CODE_INPUT, "unknown key '%.*s'; did you mean '%s'?", PS_FMT(name),
                   found);
}

/* Keys "default-<annotation>": the defaults of annotations for the whole installation. */
static struct ps_status set_default(struct ps_config *config, struct ps_str annotation,
                                    struct ps_str value, struct ps_error *err)
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    const char *found = NULL;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, annotation);
    for (size_t i = 0; i < count; i++) {
        if (ps_str_is(annotation, keys[i].name)) {
            config->annotation_defaults[i] = value;
            return ps_success();
        }
        if (ps_nearest_try(&nearest, ps_str_of(keys[i].name))) {
            found = keys[i].name;
        }
    }
    return ps_fail(err, PS_CODE_INPUT, "unknown key '" PS_CONFIG_DEFAULT "%.*s'%s%s%s",
                   PS_FMT(annotation), found == NULL ? "" : "; did you mean '" PS_CONFIG_DEFAULT,
                   found == NULL ? "; see docs/annotations.md" : found, found == NULL ? "" : "'?");
}

struct ps_status ps_config_set(struct ps_config *config, struct ps_str key, struct ps_str value,
                               struct ps_error *err)
{
    const struct ps_config_key *row = find_key(key);
    if (ps_str_starts(key, PS_CONFIG_DEFAULT)) {
        struct ps_str prefix = ps_str_of(PS_CONFIG_DEFAULT);
        return set_default(config, ps_str_slice(key, prefix.len, key.len), value, err);
    }
    if (row == NULL) {
        return unknown_key(key, err);
    }
    return set_row(config, row, value, err);
}

void ps_config_init(struct ps_config *config)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    *config = (struct ps_config){0};
    config->policy.annotation_defaults = config->annotation_defaults;
    for (size_t i = 0; i < count; i++) {
        /* A default that its own row refuses would be a mistake of the table; the test looks. */
        (void)!ps_ok(set_row(config, &rows[i], ps_str_of(rows[i].fallback), NULL));
    }
}

struct defaults_check {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    struct ps_error *err;
};

static struct ps_status parse_defaults(void *arg)
{
    const struct defaults_check *check = arg;
    struct ps_exposures exposures;
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    if (ps_exposures_parse(check->arena, check->policy, NULL, &exposures, &problem)) {
        return ps_success();
    }
    return ps_fail(check->err, PS_CODE_INPUT, "%.*s", PS_FMT(problem.message));
}

/* Better said here than with every object. */
struct ps_status ps_config_check_policy(const struct ps_config *config, struct ps_error *err)
{
    struct ps_arena *arena = ps_arena_new((size_t)1024 * 1024);
    if (arena == NULL) {
        return ps_fail(err, PS_CODE_LIMIT, "there is no memory left");
    }
    struct defaults_check check = {arena, &config->policy, err};
    struct ps_status status = ps_arena_run(arena, parse_defaults, &check, err);
    ps_arena_free(arena);
    return status;
}

bool ps_config_manages_certificates(const struct ps_config *config)
{
    bool files = config->tls_cert.len > 0 || config->tls_key.len > 0 || config->tls_ca.len > 0;
    return config->certificates == PS_CERTIFICATES_MANAGED ||
           (config->certificates == PS_CERTIFICATES_AUTO && !files &&
            config->controller != PS_SWITCH_OFF);
}

/* The characters of DNS names and IP addresses; what they mean is found when a leaf is made. */
static bool is_name(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!ps_is_alpha(c) && !ps_is_digit(c) && c != '-' && c != '.' && c != ':') {
            return false;
        }
    }
    return text.len > 0;
}

static struct ps_status check_names(const char *key, struct ps_str list, size_t max,
                                    struct ps_error *err)
{
    struct ps_str rest = list.len == 0 ? (struct ps_str){NULL, 0} : list;
    struct ps_str one;
    for (size_t count = 1; ps_str_split(&rest, ',', &one); count++) {
        if (count > max) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' has more than %zu elements in '%.*s'", key,
                           max, PS_FMT(list));
        }
        if (!is_name(ps_str_trim(one))) {
            return ps_fail(err, PS_CODE_INPUT, "'%s': '%.*s' is no name", key, PS_FMT(one));
        }
    }
    return ps_success();
}

static struct ps_status check_managed(const struct ps_config *config, struct ps_error *err)
{
    const struct {
        const char *key;
        struct ps_str value;
    } needed[] = {
        {"tls-secret-name", config->tls_secret_name},
        {"service-name", config->service_name},
        {"cluster-domain", config->cluster_domain},
    };
    if (config->tls_cert.len > 0 || config->tls_key.len > 0 || config->tls_ca.len > 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'certificates' is 'managed', and '%s' is set: leave one of them out",
                       config->tls_cert.len > 0  ? "tls-cert"
                       : config->tls_key.len > 0 ? "tls-key"
                                                 : "tls-ca");
    }
    if (config->controller == PS_SWITCH_OFF) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'certificates' is 'managed', which takes the controller, and 'controller' "
                       "is 'off': set it to 'on', or give --tls-cert FILE and --tls-key FILE");
    }
    for (size_t i = 0; i < PS_COUNT(needed); i++) {
        if (!is_name(needed[i].value)) {
            return ps_fail(err, PS_CODE_INPUT, "'%s' must be a DNS name, not '%.*s'", needed[i].key,
                           PS_FMT(needed[i].value));
        }
    }
    return check_names("tls-names", config->tls_names, PS_CONFIG_NAMES_MAX, err);
}

static struct ps_status check_certificates(const struct ps_config *config, struct ps_error *err)
{
    PS_TRY(check_names("webhook-names", config->webhook_names, PS_CERT_BUNDLES_MAX, err));
    if (config->client_names.len > 0 && config->client_ca.len == 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'client-names' is set without 'client-ca': give the CA of those clients");
    }
    if (ps_config_manages_certificates(config)) {
        return check_managed(config, err);
    }
    if (config->tls_cert.len == 0 || config->tls_key.len == 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' is not set: give the PEM files of the server as "
                       "--tls-cert FILE and --tls-key FILE",
                       config->tls_cert.len == 0 ? "tls-cert" : "tls-key");
    }
    return ps_success();
}

struct ps_status ps_config_check(const struct ps_config *config, struct ps_error *err)
{
    PS_TRY(ps_config_check_policy(config, err));
    PS_TRY(check_certificates(config, err));
    struct ps_str host;
    struct ps_str plain_host;
    uint16_t port = 0;
    uint16_t plain_port = 0;
    if (!ps_config_address(config->listen, &host, &port) ||
        !ps_config_address(config->plain_listen, &plain_host, &plain_port)) {
        return ps_fail(err, PS_CODE_INTERNAL, "an address was set without being checked");
    }
    bool overlap = host.len == 0 || plain_host.len == 0 || ps_str_equal(host, plain_host);
    if (port != 0 && port == plain_port && overlap) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'listen' and 'plain-listen' both use port %u: give each "
                       "its own",
                       port);
    }
    return ps_success();
}
