/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/kafka.h"

#include "support/runner.h"

static const struct {
    const char *text;
    bool ok;
    enum ps_protocol protocol;
} rows[] = {
    {"PLAINTEXT", true, PS_PROTOCOL_PLAINTEXT},
    {"plaintext", true, PS_PROTOCOL_PLAINTEXT},
    {"SSL", true, PS_PROTOCOL_SSL},
    {"Ssl", true, PS_PROTOCOL_SSL},
    {"SASL_PLAINTEXT", true, PS_PROTOCOL_SASL_PLAINTEXT},
    {"SASL_SSL", true, PS_PROTOCOL_SASL_SSL},
    {"sasl_ssl", true, PS_PROTOCOL_SASL_SSL},
    {"SASL-SSL", false, PS_PROTOCOL_MIRROR},
    {"TLS", false, PS_PROTOCOL_MIRROR},
    {"SSL ", false, PS_PROTOCOL_MIRROR},
    {"", false, PS_PROTOCOL_MIRROR},
    {"mirror", false, PS_PROTOCOL_MIRROR},
    {"PLAINTEXTS", false, PS_PROTOCOL_MIRROR},
};

START_TEST(test_parse)
{
    enum ps_protocol protocol = PS_PROTOCOL_MIRROR;
    bool ok = ps_protocol_parse(ps_str_of(rows[_i].text), &protocol);
    ck_assert_msg(ok == rows[_i].ok, "'%s'", rows[_i].text);
    ck_assert_msg(protocol == rows[_i].protocol, "'%s'", rows[_i].text);
}
END_TEST

START_TEST(test_names_parse_back)
{
    ck_assert_str_eq(ps_protocol_name(PS_PROTOCOL_MIRROR), "mirror");
    for (int i = PS_PROTOCOL_PLAINTEXT; i <= PS_PROTOCOL_SASL_SSL; i++) {
        enum ps_protocol protocol = PS_PROTOCOL_MIRROR;
        const char *name = ps_protocol_name((enum ps_protocol)i);
        ck_assert(ps_protocol_parse(ps_str_of(name), &protocol));
        ck_assert_int_eq((int)protocol, i);
    }
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kafka");
    TCase *tcase = tcase_create("protocols");
    tcase_add_loop_test(tcase, test_parse, 0, PS_COUNT(rows));
    tcase_add_test(tcase, test_names_parse_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
