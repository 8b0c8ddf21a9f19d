/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "portside/exposure.h"
#include "support/runner.h"

static struct ps_str str(const char *text)
{
    return ps_str_of(text);
}

START_TEST(defaults_are_those_of_the_table)
{
    struct ps_config config;
    size_t count;
    const struct ps_config_key *keys = ps_config_keys(&count);
    ps_config_init(&config);
    for (size_t i = 0; i < count; i++) {
        struct ps_error err = {0};
        ck_assert_msg(ps_ok(ps_config_set(&config, str(keys[i].name), str(keys[i].fallback), &err)),
                      "%s: %s", keys[i].name, err.message);
    }
    ck_assert_uint_eq(config.body_max_bytes, (uint64_t)7 * 1024 * 1024);
    ck_assert_uint_eq(config.header_max_bytes, (uint64_t)16 * 1024);
    ck_assert_uint_eq(config.connections_max, 1024);
    ck_assert_uint_eq(config.idle_s, 120);
    ck_assert_uint_eq(config.policy.node_port_min, 30000);
    ck_assert_uint_eq(config.policy.node_port_max, 32767);
    ck_assert_int_eq(config.policy.plaintext, PS_CHOICE_WARN);
    ck_assert_int_eq(config.log_level, PS_LOG_LEVEL_INFO);
}
END_TEST

START_TEST(every_key_is_documented_once)
{
    size_t count;
    const struct ps_config_key *keys = ps_config_keys(&count);
    ck_assert_uint_lt(count, 60); /* duplicates are looked for among the first 64 */
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(keys[i].help);
        ck_assert_msg(length > 20 && keys[i].help[length - 1] == '.', "%s: no sentence",
                      keys[i].name);
        ck_assert_ptr_nonnull(keys[i].argument);
        ck_assert_ptr_nonnull(keys[i].group);
        for (size_t j = 0; j < i; j++) {
            ck_assert_str_ne(keys[i].name, keys[j].name);
            ck_assert_uint_ne(keys[i].offset, keys[j].offset);
        }
    }
}
END_TEST

/* A value that must be taken, or refused with every one of the words. */
struct row {
    const char *key;
    const char *value;
    const char *words; /* separated by '|'; NULL: taken */
};

static const struct row rows[] = {
    {"default-listener-port", "9195", NULL},
    {"default-listner-port", "9195", "default-listner-port|did you mean 'default-listener-port'"},
    {"default-nonsense-of-mine", "1", "default-nonsense-of-mine|annotations.md"},
    {"listen", "127.0.0.1:0", NULL},
    {"listen", "[::1]:8443", NULL},
    {"listen", ":65535", NULL},
    {"listen", "localhost:1", NULL},
    {"listen", "", "'listen'|HOST:PORT|''"},
    {"listen", "8443", "'listen'|HOST:PORT|'8443'"},
    {"listen", "host:65536", "0 to 65535|'host:65536'"},
    {"listen", "host:", "'host:'"},
    {"listen", "host:+1", "'host:+1'"},
    {"listen", "::1:8443", "[IPv6]:PORT"},
    {"listen", "[127.0.0.1]:1", "'[127.0.0.1]:1'"},
    {"listen", "a b:1", "'a b:1'"},
    {"plain-listen", "https://x:1", "'plain-listen'"},
    {"tls-cert", "/etc/tls/tls.crt", NULL},
    {"tls-key", "relative.key", NULL},
    {"tls-reload-seconds", "1", NULL},
    {"tls-reload-seconds", "0", "1 to 3600|'0'"},
    {"threads", "0", NULL},
    {"threads", "256", NULL},
    {"threads", "257", "'threads'|0 to 256|'257'"},
    {"threads", "-1", "'-1'"},
    {"threads", "2 ", "'2 '"},
    {"threads", "", "whole number|''"},
    {"threads", "99999999999999999999999", "0 to 256"},
    {"connections-max", "0", "1 to 100000"},
    {"connections-max", "100000", NULL},
    {"body-max-bytes", "1024", NULL},
    {"body-max-bytes", "7MiB", "'7MiB'|1024 to 67108864"},
    {"header-max-bytes", "1023", "1024 to 1048576"},
    {"idle-seconds", "86400", NULL},
    {"idle-seconds", "1.5", "'1.5'"},
    {"handshake-seconds", "601", "1 to 600"},
    {"header-seconds", "5", NULL},
    {"body-seconds", "0", "1 to 600"},
    {"drain-seconds", "0", NULL},
    {"drain-seconds", "15s", "'drain-seconds'|'15s'"},
    {"policy-plaintext", "deny", NULL},
    {"policy-plaintext", "Deny", "allow|warn|deny|'Deny'"},
    {"policy-plaintext", "", "allow|warn|deny"},
    {"policy-types", "NodePort", NULL},
    {"policy-types", "NodePort, None", NULL},
    {"policy-types", "", NULL},
    {"policy-types", "NodePort,Ingress", "'Ingress'|LoadBalancer"},
    {"policy-types", "NodePort,", "empty element"},
    {"policy-node-ports", "30000-32767", NULL},
    {"policy-node-ports", "1 - 65535", NULL},
    {"policy-node-ports", "30000", "FROM-TO|'30000'"},
    {"policy-node-ports", "32000-31000", "ascending"},
    {"policy-node-ports", "0-5", "1 to 65535"},
    {"policy-node-ports", "1-65536", "1 to 65535"},
    {"policy-service-annotations", "external-dns.alpha.kubernetes.io/,x/", NULL},
    {"policy-service-annotations", "a,,b", "empty element"},
    {"log-format", "json", NULL},
    {"log-format", "xml", "auto|text|json|'xml'"},
    {"log-level", "debug", NULL},
    {"log-level", "verbose", "debug|info|warn|error"},
    {"lisen", ":1", "'lisen'|did you mean 'listen'"},
    {"tls_cert", "x", "did you mean 'tls-cert'"},
    {"drain-second", "1", "did you mean 'drain-seconds'"},
    {"colour", "1", "unknown key 'colour'|--help"},
    {"", "1", "unknown key ''"},
};

START_TEST(values_are_taken_or_refused_in_words)
{
    const struct row *row = &rows[_i];
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    bool taken = ps_ok(ps_config_set(&config, str(row->key), str(row->value), &err));
    ck_assert_msg(taken == (row->words == NULL), "%s = '%s': %s", row->key, row->value,
                  taken ? "was taken" : err.message);
    struct ps_str rest = taken ? (struct ps_str){NULL, 0} : str(row->words);
    struct ps_str word;
    while (ps_str_split(&rest, '|', &word)) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%.*s", PS_FMT(word));
        ck_assert_msg(strstr(err.message, text) != NULL, "%s = '%s': no '%s' in '%s'", row->key,
                      row->value, text, err.message);
    }
}
END_TEST

START_TEST(a_refused_value_changes_nothing)
{
    struct ps_config before;
    struct ps_config after;
    ps_config_init(&before);
    memcpy(&after, &before, sizeof(after));
    ck_assert(!ps_ok(ps_config_set(&after, str("policy-node-ports"), str("5-4"), NULL)));
    ck_assert(!ps_ok(ps_config_set(&after, str("threads"), str("x"), NULL)));
    ck_assert_mem_eq(&before, &after, sizeof(after));
}
END_TEST

START_TEST(a_nul_in_a_path_is_refused)
{
    struct ps_config config;
    struct ps_error err;
    ps_config_init(&config);
    ck_assert(!ps_ok(ps_config_set(&config, str("tls-cert"), PS_STR("a\0b"), &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "NUL"));
}
END_TEST

START_TEST(an_endless_unknown_key_is_refused)
{
    char name[5000];
    memset(name, 'x', sizeof(name));
    struct ps_config config;
    struct ps_error err;
    ps_config_init(&config);
    ck_assert(!ps_ok(ps_config_set(&config, (struct ps_str){name, sizeof(name)}, str("1"), &err)));
}
END_TEST

START_TEST(a_file_sets_keys)
{
    static const char text[] = "# portside\n"
                               "\n"
                               "  listen = 127.0.0.1:1  \r\n"
                               "tls-cert=/a=b\n"
                               "\t# indented comment\n"
                               "policy-types =\n"
                               "threads = 3";
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    ck_assert_msg(ps_ok(ps_config_parse(&config, str(text), &err)), "%s", err.message);
    ck_assert(ps_str_is(config.listen, "127.0.0.1:1"));
    ck_assert(ps_str_is(config.tls_cert, "/a=b"));
    ck_assert(ps_str_is(config.policy.types_allowed, ""));
    ck_assert_uint_eq(config.threads, 3);
}
END_TEST

static struct ps_str default_of(const struct ps_config *config, const char *annotation)
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, annotation) == 0) {
            return config->policy.annotation_defaults[i];
        }
    }
    ck_abort_msg("there is no annotation '%s'", annotation);
}

START_TEST(the_default_of_an_annotation_may_have_several_lines)
{
    static const char text[] = "default-service-annotations = a.b/c: 1\r\n"
                               "  a.b/d: 2=3  \n"
                               "\n"
                               "\t# a comment\n"
                               "\ta.b/e: default-env = 1\n"
                               "default-env =\n"
                               " A=1\n"
                               " B=2\n"
                               "listen = :1\n"
                               "  threads = 3\n"
                               "default-type = None";
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    ck_assert_msg(ps_ok(ps_config_parse(&config, str(text), &err)), "%s", err.message);
    ck_assert(ps_str_is(default_of(&config, "service-annotations"),
                        "a.b/c: 1\r\n  a.b/d: 2=3  \n\n\t# a comment\n\ta.b/e: default-env = 1"));
    ck_assert(ps_str_is(ps_str_trim(default_of(&config, "env")), "A=1\n B=2"));
    ck_assert(ps_str_is(config.listen, ":1"));
    ck_assert_uint_eq(config.threads, 3);
    ck_assert(ps_str_is(default_of(&config, "type"), "None"));
}
END_TEST

struct file_row {
    const char *text;
    const char *message;
};

static const struct file_row file_rows[] = {
    {"listen = :1\nthreads = x\n", "line 2: 'threads' must be"},
    {"\n\n\nnonsense\n", "line 4: 'nonsense' is not of the form 'key = value'"},
    {"lisen = :1", "line 1: unknown key 'lisen'; did you mean 'listen'?"},
    {"threads=1\n#\nthreads=2", "line 3: 'threads' was set before, in line 1"},
    {"= 1", "line 1: unknown key ''"},
    {"\ndefault-typ = a\n b\n c\n", "line 2: unknown key 'default-typ'"},
    {"default-type = a\n b\nthreads = x\n", "line 3: 'threads' must be"},
    {"threads = 1\n nonsense\n", "line 2: 'nonsense' is not of the form"},
    {"config = x", "line 1: unknown key 'config'"},
};

START_TEST(errors_name_the_line)
{
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    ck_assert(!ps_ok(ps_config_parse(&config, str(file_rows[_i].text), &err)));
    ck_assert_msg(strncmp(err.message, file_rows[_i].message, strlen(file_rows[_i].message)) == 0,
                  "wanted '%s', got '%s'", file_rows[_i].message, err.message);
    ck_assert_int_eq(err.code, PS_CODE_INPUT);
}
END_TEST

struct check_row {
    const char *text;
    const char *word; /* NULL: fine */
};

static const struct check_row check_rows[] = {
    {"", NULL}, /* managed, if there is an API server */
    {"controller = off", "'tls-cert' is not set"},
    {"certificates = files", "'tls-cert' is not set"},
    {"tls-ca = c", "'tls-cert' is not set"},
    {"tls-ca = c\ntls-cert = a\ntls-key = b", NULL},
    {"client-names = api", "'client-names' is set without 'client-ca'"},
    {"client-ca = c\nclient-names = system:kube-apiserver, api", NULL},
    {"certificates = managed", NULL},
    {"certificates = managed\ncontroller = off", "takes the controller"},
    {"certificates = managed\ntls-cert = a", "and 'tls-cert' is set"},
    {"certificates = managed\ntls-key = a", "and 'tls-key' is set"},
    {"certificates = managed\ntls-ca = a", "and 'tls-ca' is set"},
    {"service-name =", "'service-name' must be a DNS name"},
    {"tls-secret-name = a b", "'tls-secret-name' must be a DNS name, not 'a b'"},
    {"tls-names = a.b,127.0.0.1, ::1", NULL},
    {"tls-names = a.b,*.c", "'*.c' is no name"},
    {"tls-names = a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "more than 16"},
    {"webhook-names = a,b,c,d", NULL},
    {"webhook-names =", NULL},
    {"webhook-names = a,b,c,d,e", "'webhook-names' has more than 4"},
    {"tls-cert = a", "'tls-key' is not set"},
    {"tls-key = a", "'tls-cert' is not set"},
    {"tls-cert = a\ntls-key = b", NULL},
    {"default-listener-port = 9195\ntls-cert = a\ntls-key = b", NULL},
    {"policy-service-annotations = a.b/\ndefault-service-annotations = a.b/c: 1\n a.b/d: 2\n",
     NULL},
    {"policy-service-annotations = a.b/\ndefault-service-annotations = a.b/c: 1\n a.c/d: 2\n",
     "'a.c/d' is not allowed"},
    {"default-type = None\n NodePort\n", "NodePort"},
    {"default-env = A=1\n B=2\n", NULL},
    {"default-listener-port = 0\ntls-cert = a\ntls-key = b", "listener-port"},
    {"default-tls-secret = x\ntls-cert = a\ntls-key = b", "not supported by this version yet"},
    {"tls-cert = a\ntls-key = b\nlisten = :1\nplain-listen = :1", "both use port 1"},
    {"tls-cert = a\ntls-key = b\nlisten = h:1\nplain-listen = :1", "both use port 1"},
    {"tls-cert = a\ntls-key = b\nlisten = h:1\nplain-listen = i:1", NULL},
    {"tls-cert = a\ntls-key = b\nlisten = h:0\nplain-listen = h:0", NULL},
};

START_TEST(keys_are_checked_together)
{
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    ck_assert(ps_ok(ps_config_parse(&config, str(check_rows[_i].text), &err)));
    bool fine = ps_ok(ps_config_check(&config, &err));
    ck_assert_msg(fine == (check_rows[_i].word == NULL), "%s: %s", check_rows[_i].text,
                  err.message);
    ck_assert(fine || strstr(err.message, check_rows[_i].word) != NULL);
}
END_TEST

/* What decides a review; nothing is asked of certificates and ports. */
static const struct check_row policy_rows[] = {
    {"controller = off\nlisten = :1\nplain-listen = :1", NULL},
    {"default-type = LoadBalancer", NULL},
    {"default-type = Bogus", "'Bogus' is not a type"},
    {"policy-types = LoadBalancer", "the default 'NodePort' is not allowed"},
    {"policy-node-ports = 31000-31999\ndefault-node-port-base = 30000", "outside the node port"},
    {"default-shared-port = true\ndefault-external-traffic-policy = Cluster", "shared-port"},
};

START_TEST(a_policy_is_checked_as_a_whole)
{
    struct ps_config config;
    struct ps_error err = {0};
    ps_config_init(&config);
    ck_assert(ps_ok(ps_config_parse(&config, str(policy_rows[_i].text), &err)));
    bool fine = ps_ok(ps_config_check_policy(&config, &err));
    ck_assert_msg(fine == (policy_rows[_i].word == NULL), "%s: %s", policy_rows[_i].text,
                  err.message);
    ck_assert_msg(fine || strstr(err.message, policy_rows[_i].word) != NULL, "%s", err.message);
    ck_assert(fine || !ps_ok(ps_config_check(&config, &err)));
}
END_TEST

START_TEST(addresses_are_split)
{
    struct ps_str host;
    uint16_t port = 0;
    ck_assert(ps_config_address(str("[::1]:443"), &host, &port));
    ck_assert(ps_str_is(host, "::1"));
    ck_assert_uint_eq(port, 443);
    ck_assert(ps_config_address(str(":0"), &host, &port));
    ck_assert(ps_str_is(host, ""));
    ck_assert_uint_eq(port, 0);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *table = tcase_create("table");
    tcase_add_test(table, defaults_are_those_of_the_table);
    tcase_add_test(table, every_key_is_documented_once);
    suite_add_tcase(suite, table);
    TCase *values = tcase_create("values");
    tcase_add_loop_test(values, values_are_taken_or_refused_in_words, 0, (int)PS_COUNT(rows));
    tcase_add_test(values, a_refused_value_changes_nothing);
    tcase_add_test(values, a_nul_in_a_path_is_refused);
    tcase_add_test(values, an_endless_unknown_key_is_refused);
    tcase_add_test(values, addresses_are_split);
    suite_add_tcase(suite, values);
    TCase *file = tcase_create("file");
    tcase_add_test(file, a_file_sets_keys);
    tcase_add_test(file, the_default_of_an_annotation_may_have_several_lines);
    tcase_add_loop_test(file, errors_name_the_line, 0, (int)PS_COUNT(file_rows));
    tcase_add_loop_test(file, keys_are_checked_together, 0, (int)PS_COUNT(check_rows));
    tcase_add_loop_test(file, a_policy_is_checked_as_a_whole, 0, (int)PS_COUNT(policy_rows));
    suite_add_tcase(suite, file);
    return suite;
}
