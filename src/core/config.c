/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/config.h"

#include <inttypes.h>
#include <string.h>

#define NEAREST_MAX 64U /* longest key that a suggestion is looked for */

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

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance with one row of the matrix; b is shorter than NEAREST_MAX. */
static unsigned distance(struct ps_str a, struct ps_str b)
{
    unsigned row[NEAREST_MAX + 1];
    for (unsigned j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (unsigned i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            unsigned replaced = diagonal + (a.ptr[i] == b.ptr[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = least(row[j] + 1, row[j + 1] + 1, replaced);
        }
    }
    return row[b.len];
}

static struct ps_status unknown_key(struct ps_str name, struct ps_error *err)
{
    size_t count;
    const struct ps_config_key *rows = ps_config_keys(&count);
    const struct ps_config_key *nearest = NULL;
    unsigned best = 4; /* further away than three typing errors is another word */
    for (size_t i = 0; i < count && name.len < NEAREST_MAX; i++) {
        unsigned far = distance(ps_str_of(rows[i].name), name);
        if (far < best) {
            best = far;
            nearest = &rows[i];
        }
    }
    if (nearest == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "unknown key '%.*s'; see 'portside serve --help'",
                       PS_FMT(name));
    }
    return ps_fail(err, PS_CODE_INPUT, "unknown key '%.*s'; did you mean '%s'?", PS_FMT(name),
                   nearest->name);
}

struct ps_status ps_config_set(struct ps_config *config, struct ps_str key, struct ps_str value,
                               struct ps_error *err)
{
    const struct ps_config_key *row = find_key(key);
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
    for (size_t i = 0; i < count; i++) {
        /* A default that its own row refuses would be a mistake of the table; the test looks. */
        (void)!ps_ok(set_row(config, &rows[i], ps_str_of(rows[i].fallback), NULL));
    }
}

struct ps_status ps_config_check(const struct ps_config *config, struct ps_error *err)
{
    if (config->tls_cert.len == 0 || config->tls_key.len == 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' is not set: give the PEM files of the server as "
                       "--tls-cert FILE and --tls-key FILE",
                       config->tls_cert.len == 0 ? "tls-cert" : "tls-key");
    }
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
