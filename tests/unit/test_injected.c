/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod's status annotation says. */
#include "portside/injected.h"

#include "in_arena.h"
#include "support/runner.h"

static const struct row {
    const char *status;
    bool served;
    bool carries; /* the exposure external */
    const char *delivery;
} rows[] = {
    {"", false, true, ""},
    {"{\"contract\":1,\"delivery\":\"hook\",\"listeners\":{\"external\":\"PORTSIDE\"}}", true, true,
     "hook"},
    {"{\"contract\":1,\"delivery\":\"env\",\"listeners\":{\"vpn\":\"VPN\"}}", true, false, "env"},
    {"{\"contract\":1}", true, false, ""},
    {"{\"contract\":1,\"listeners\":7,\"delivery\":7}", true, false, ""},
    {"{\"contract\":2,\"listeners\":{}}", false, true, ""},
    {"{\"contract\":0}", false, true, ""},
    {"{\"contract\":-1}", false, true, ""},
    {"{\"contract\":\"1\"}", false, true, ""},
    {"{\"contract\":1e300}", false, true, ""},
    {"{\"listeners\":{}}", false, true, ""},
    {"[]", false, true, ""},
    {"{\"contract\":1", false, true, ""},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_injected injected;
    ps_injected_read(arena, ps_str_of(row->status), &injected);
    ck_assert_msg(injected.served == row->served, "%s", row->status);
    ck_assert_msg(ps_injected_carries(&injected, PS_STR("external")) == row->carries, "%s",
                  row->status);
    ck_assert_msg(ps_str_is(injected.delivery, row->delivery), "%s", row->status);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

/* Defaults of the installation, and what a pod says that was made with them. */
static const struct defaults_row {
    struct {
        const char *key;
        const char *value;
    } settings[3];
    const char *written;
} defaults_rows[] = {
    {{{NULL, NULL}}, "{}"},
    {{{"default-type", "LoadBalancer"}}, "{\"type\":\"LoadBalancer\"}"},
    {{{"default-rack-label", " zone "}, {"default-listener-port", "9294"}},
     "{\"listener-port\":\"9294\",\"rack-label\":\"zone\"}"},
    /* the table's own, and what has effect at once, are not said */
    {{{"default-type", "NodePort"}, {"default-bootstrap", "false"}, {"default-allow-from", "::/0"}},
     "{}"},
    {{{"default-env", "A=\"{ordinal}\"\nB=1"}}, "{\"env\":\"A=\\\"{ordinal}\\\"\\nB=1\"}"},
};

static void set_defaults(const struct defaults_row *row, struct ps_config *config)
{
    struct ps_error err;
    ps_config_init(config);
    for (size_t i = 0; i < PS_COUNT(row->settings) && row->settings[i].key != NULL; i++) {
        ck_assert(ps_ok(ps_config_set(config, ps_str_of(row->settings[i].key),
                                      ps_str_of(row->settings[i].value), &err)));
    }
}

static void read_defaults(struct ps_arena *arena, struct ps_str defaults,
                          struct ps_injected *ret_injected)
{
    ps_injected_read(arena,
                     ps_arena_printf(arena, "{\"contract\":1,\"defaults\":%.*s}", PS_FMT(defaults)),
                     ret_injected);
}

static void check_defaults(struct ps_arena *arena, const void *arg)
{
    const struct defaults_row *row = arg;
    struct ps_config config;
    struct ps_injected injected;
    struct ps_buf buf;
    struct ps_jw jw;
    set_defaults(row, &config);
    ps_buf_init(&buf, arena, 64);
    ps_jw_init(&jw, &buf);
    ps_injected_put_defaults(&jw, &config.policy);
    ck_assert_msg(ps_str_is(ps_buf_view(&buf), row->written), "%.*s", PS_FMT(ps_buf_view(&buf)));
    /* what is written is read again, and is another's only by its own row */
    read_defaults(arena, ps_buf_view(&buf), &injected);
    for (size_t i = 0; i < PS_COUNT(defaults_rows); i++) {
        bool same = ps_str_is(ps_str_of(row->written), defaults_rows[i].written);
        set_defaults(&defaults_rows[i], &config);
        ck_assert(ps_injected_defaults_differ(&injected, &config.policy) == !same);
    }
}

START_TEST(test_defaults)
{
    ps_in_arena(check_defaults, &defaults_rows[_i]);
}
END_TEST

/* What is not ours, or no text, says nothing; a pod of an older version says nothing at all. */
static void check_hostile(struct ps_arena *arena, const void *arg)
{
    static const char *const hostile[] = {"{\"type\":7,\"bootstrap\":\"false\",\"x\":\"y\"}", "7",
                                          "[\"type\"]", "\"type\""};
    struct ps_str defaults[PS_CONFIG_DEFAULTS_MAX];
    struct ps_config config;
    struct ps_injected injected;
    (void)arg;
    set_defaults(&defaults_rows[1], &config);
    for (size_t i = 0; i < PS_COUNT(hostile); i++) {
        read_defaults(arena, ps_str_of(hostile[i]), &injected);
        ps_injected_defaults(&injected, defaults);
        for (size_t j = 0; j < PS_COUNT(defaults); j++) {
            ck_assert_uint_eq(defaults[j].len, 0);
        }
        ck_assert(ps_injected_defaults_differ(&injected, &config.policy));
    }
    ps_injected_read(arena, PS_STR("{\"contract\":1}"), &injected);
    ck_assert(!ps_injected_defaults_differ(&injected, &config.policy));
}

START_TEST(test_hostile_defaults)
{
    ps_in_arena(check_hostile, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("injected");
    TCase *tc = tcase_create("rows");
    tcase_add_loop_test(tc, test_row, 0, (int)PS_COUNT(rows));
    tcase_add_loop_test(tc, test_defaults, 0, (int)PS_COUNT(defaults_rows));
    tcase_add_test(tc, test_hostile_defaults);
    suite_add_tcase(suite, tc);
    return suite;
}
