/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings as a header can carry them, and templates that no person would write. */
#include "portside/hazard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "support/runner.h"
#include "test_hazard_support.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64
#define DOCS "docs/hazards.md"

static const struct {
    const char *text;
    const char *warning;
} texts[] = {
    {"plain", "plain"},
    {"a\nb\r\tc\x7f", "a b  c "},
    {"caf\xc3\xa9 \xe2\x86\x92", "caf\xc3\xa9 \xe2\x86\x92"},
    {"c1 \xc2\x85 \xc2\x9f \xc2\xa0", "c1     \xc2\xa0"},
    {"broken \xff\xc3", "broken ??"},
    {X256, X256},
    {X256 "y", X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxx..."},
    {X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxx\xe2\x86\x92zzzzz",
     X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxx..."},
    {X256 X256 X256, X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxx..."},
};

static void warn_one(struct ps_arena *arena, const void *arg)
{
    const int *index = arg;
    struct ps_warnings warnings = {.arena = arena};
    ps_warn(&warnings, "%s", texts[*index].text);
    ck_assert_uint_eq(warnings.count, 1);
    ck_assert_msg(ps_str_is(warnings.list[0], texts[*index].warning), "%.*s",
                  PS_FMT(warnings.list[0]));
}

START_TEST(test_text)
{
    ps_in_arena(warn_one, &_i);
}
END_TEST

static void warn_often(struct ps_arena *arena, const void *arg)
{
    struct ps_warnings warnings = {.arena = arena};
    (void)arg;
    ps_warn(&warnings, "%s", "");
    ck_assert_uint_eq(warnings.count, 0);
    for (int i = 0; i < 100; i++) {
        ps_warn(&warnings, "warning %d", i / 2);
    }
    ck_assert_uint_eq(warnings.count, PS_WARNINGS_MAX);
    ck_assert(ps_str_is(warnings.list[1], "warning 1"));
}

START_TEST(test_no_text_twice_and_never_too_many)
{
    ps_in_arena(warn_often, NULL);
}
END_TEST

/* Every member that a check reads, replaced by every type that does not belong there. */
static const char *const members[] = {
    "'env':%s",
    "'env':[%s,%s]",
    "'env':[{'name':%s,'value':%s}]",
    ("'env':[{'name':'KAFKA_LISTENERS','value':%s},"
     "{'name':'KAFKA_ADVERTISED_LISTENERS','value':%s}]"),
    "'env':[{'name':'KAFKA_NODE_ID','valueFrom':%s}]",
    "'env':[{'name':'KAFKA_NODE_ID','valueFrom':{'fieldRef':%s}}]",
    "'env':[{'name':'KAFKA_NODE_ID','valueFrom':{'fieldRef':{'fieldPath':%s}}}]",
    "'env':[{'name':'KAFKA_PROCESS_ROLES','value':%s},{'name':'CLUSTER_ID','value':%s}]",
    "'envFrom':%s",
    "'command':%s",
    "'command':[%s,%s]",
    "'args':[%s]",
    "'ports':%s",
    "'ports':[{'hostPort':%s}]",
    "'volumeMounts':%s",
    "'volumeMounts':[%s,{'name':%s,'mountPath':'/etc/kafka','subPath':%s}]",
};

static const char *const spec_members[] = {
    "'enableServiceLinks':%s",
    "'volumes':%s",
    "'volumes':[%s,{'name':%s,'configMap':%s}]",
    "'initContainers':%s",
    "'initContainers':[%s]",
    "'affinity':%s",
    "'affinity':{'podAntiAffinity':%s}",
    "'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[%s]}}",
    "'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[%s]}}",
    "'topologySpreadConstraints':%s",
    "'hostNetwork':%s",
};

static const char *const wrong[] = {
    "null",          "true",         "0",          "-1e9",      "''",
    "'x'",           "[]",           "[null]",     "{}",        "[[[]]]",
    "{'name':null}", "{'value':{}}", "'$('",       "'$'",       "'${'",
    "'`'",           "'$('",         "'://:'",     "',,,,'",    "'A://:1'",
    "'://$($($('",   "'$$$$('",      "'$()${}``'", "'A://[::'",
};

static void put_row(struct ps_buf *buf, const char *member, const char *value)
{
    struct ps_str text = ps_str_of(member);
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '%') {
            at++;
            for (const char *c = value; *c != '\0'; c++) {
                ps_buf_putc(buf, *c == '\'' ? '"' : *c);
            }
        } else {
            ps_buf_putc(buf, text.ptr[at] == '\'' ? '"' : text.ptr[at]);
        }
    }
}

static void check_wrong(struct ps_arena *arena, const char *container, const char *spec,
                        const char *value)
{
    struct ps_buf buf;
    struct ps_warnings warnings;
    ps_buf_init(&buf, arena, 512);
    ps_buf_puts(&buf,
                "{\"metadata\":{\"labels\":[1],\"annotations\":\"x\"},\"spec\":{\"containers\":"
                "[{\"image\":\"confluentinc/cp-kafka\"");
    if (container != NULL) {
        ps_buf_putc(&buf, ',');
        put_row(&buf, container, value);
    }
    ps_buf_puts(&buf, "},null,[],7]");
    if (spec != NULL) {
        ps_buf_putc(&buf, ',');
        put_row(&buf, spec, value);
    }
    ps_buf_puts(&buf, "}}");
    hazards_of(arena, ps_buf_view(&buf), NULL, 3, true, &warnings);
    ck_assert_uint_le(warnings.count, PS_WARNINGS_MAX);
}

static void wrong_types(struct ps_arena *arena, const void *arg)
{
    const int *index = arg;
    for (size_t i = 0; i < PS_COUNT(members); i++) {
        check_wrong(arena, members[i], NULL, wrong[*index]);
    }
    for (size_t i = 0; i < PS_COUNT(spec_members); i++) {
        check_wrong(arena, NULL, spec_members[i], wrong[*index]);
    }
}

START_TEST(test_wrong_types)
{
    ps_in_arena(wrong_types, &_i);
}
END_TEST

static void no_template(struct ps_arena *arena, const void *arg)
{
    static const struct ps_exposures no_exposures;
    static const struct ps_broker no_broker;
    struct ps_warnings warnings = {.arena = arena};
    struct ps_broker broker = {.family = ps_family_find(PS_STR("cp-kafka"))};
    struct ps_hazard_facts facts = {
        .broker = &broker, .exposures = &no_exposures, .env_read = true};
    (void)arg;
    ps_hazards(&facts, &warnings);
    ck_assert_uint_eq(warnings.count, 1);
    facts.broker = &no_broker;
    ps_hazards(&facts, &warnings);
    ck_assert_uint_eq(warnings.count, 1);
}

START_TEST(test_no_template)
{
    ps_in_arena(no_template, NULL);
}
END_TEST

enum bulk {
    BULK_ENTRIES,    /* 10,000 variables, each naming the one before */
    BULK_DOUBLING,   /* A=$(B)$(B), B=$(C)$(C), …: 2^40 bytes if it were expanded */
    BULK_REFERENCES, /* 10,000 variables and 300,000 references */
    BULK_OPEN,       /* 500,000 '$(' without an end */
    BULK_LISTENERS,  /* 100,000 listeners */
    BULK_LONG,       /* one host of a megabyte */
};
#define BULK_COUNT (BULK_LONG + 1)

static void put_times(struct ps_buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        ps_buf_puts(buf, text);
    }
}

/* Each variable names the one before, copies times. */
static void put_chain(struct ps_buf *buf, size_t count, unsigned copies)
{
    for (size_t i = 1; i < count; i++) {
        ps_buf_printf(buf, "{\"name\":\"V%zu\",\"value\":\"", i);
        for (unsigned j = 0; j < copies; j++) {
            ps_buf_printf(buf, "$(V%zu)", i - 1);
        }
        ps_buf_puts(buf, "\"},");
    }
}

static void put_bulk(struct ps_buf *buf, enum bulk bulk)
{
    switch (bulk) {
    case BULK_ENTRIES:
        put_chain(buf, 10000, 1);
        ps_buf_puts(buf, "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"A://$(V9999):1");
        return;
    case BULK_DOUBLING:
        put_chain(buf, 40, 2);
        ps_buf_puts(buf, "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"A://$(V39):1");
        return;
    case BULK_REFERENCES:
        put_chain(buf, 10000, 1);
        ps_buf_puts(buf, "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"");
        put_times(buf, "A$(V9999)://$(V9998):$(V9997),", 100000);
        return;
    case BULK_OPEN:
        ps_buf_puts(buf, "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"");
        put_times(buf, "$(${", 500000);
        return;
    case BULK_LISTENERS:
        ps_buf_puts(buf, "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"");
        put_times(buf, "A://$(B):1,", 100000);
        return;
    case BULK_LONG:
        ps_buf_puts(buf,
                    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"A://localhost:1,B://");
        put_times(buf, "xxxxxxxxxxxxxxxx", 65536);
        return;
    }
}

static void bulk(struct ps_arena *arena, const void *arg)
{
    const int *kind = arg;
    struct ps_buf buf;
    struct ps_warnings warnings;
    ps_buf_init(&buf, arena, 1024);
    ps_buf_puts(&buf, "{\"spec\":{\"containers\":[{\"image\":\"confluentinc/cp-kafka\",\"env\":[");
    put_bulk(&buf, (enum bulk) * kind);
    ps_buf_puts(&buf, "\"}]}]}}");
    hazards_of(arena, ps_buf_view(&buf), NULL, 3, true, &warnings);
    for (size_t i = 0; i < warnings.count; i++) {
        ck_assert_uint_le(warnings.list[i].len, PS_WARNING_BYTES_MAX);
    }
}

START_TEST(test_bulk)
{
    ps_in_arena(bulk, &_i);
}
END_TEST

/* Values of other variables may be secrets; an id's value is not printed either. */
static void keeps_secrets(struct ps_arena *arena, const void *arg)
{
    static const struct hazard_case row = {
        .replicas = 3,
        .env = "SECRET=hunter2|KAFKA_SASL_JAAS_CONFIG=hunter2|KAFKA_NODE_ID=${hunter2}|"
               "KAFKA_ZOOKEEPER_CONNECT=hunter2|"
               "KAFKA_ADVERTISED_LISTENERS=A://localhost:$(SECRET),B://$(SECRET):1|"
               "KAFKA_LISTENERS=A://$(SECRET):9092",
    };
    struct ps_warnings warnings;
    (void)arg;
    hazard_case_run(arena, &row, &warnings);
    const char *all = warnings_text(arena, &warnings);
    ck_assert_uint_gt(warnings.count, 2);
    ck_assert_msg(strstr(all, "hunter2") == NULL, "%s", all);
}

START_TEST(test_no_value_of_another_variable)
{
    ps_in_arena(keeps_secrets, NULL);
}
END_TEST

/* The table of the document has each row of the code, in order, with its text. */
START_TEST(test_documented)
{
    char line[1024];
    char expected[1024];
    size_t row = 0;
    FILE *file = fopen(DOCS, "r");
    ck_assert_msg(file != NULL, "%s cannot be read", DOCS);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "| `", 3) == 0) {
            ck_assert_msg(ps_hazard_name(row) != NULL, "no hazard behind: %s", line);
            (void)snprintf(expected, sizeof(expected), "| `%s` | %s |", ps_hazard_name(row),
                           ps_hazard_text(row));
            ck_assert_msg(strncmp(line, expected, strlen(expected)) == 0, "%s must begin: %s", line,
                          expected);
            row++;
        }
    }
    (void)fclose(file);
    ck_assert_ptr_null(ps_hazard_text(row));
    ck_assert_msg(ps_hazard_name(row) == NULL, "%s lacks '%s'", DOCS, ps_hazard_name(row));
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("hazard, hostile");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_text, 0, PS_COUNT(texts));
    tcase_add_test(tcase, test_no_text_twice_and_never_too_many);
    tcase_add_loop_test(tcase, test_wrong_types, 0, PS_COUNT(wrong));
    tcase_add_test(tcase, test_no_template);
    tcase_add_loop_test(tcase, test_bulk, 0, BULK_COUNT);
    tcase_add_test(tcase, test_no_value_of_another_variable);
    tcase_add_test(tcase, test_documented);
    suite_add_tcase(suite, tcase);
    return suite;
}
