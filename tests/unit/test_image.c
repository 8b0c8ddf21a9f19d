/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/image.h"

#include <string.h>

#include "support/runner.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define SHA256 "sha256:" HEX64
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50

static const struct {
    const char *text;
    const char *domain;
    const char *path;
    const char *base;
    const char *tag;
    const char *digest;
} good[] = {
    {"kafka", "", "kafka", "kafka", "", ""},
    {"kafka:3.9", "", "kafka", "kafka", "3.9", ""},
    {"apache/kafka:4.1.0", "", "apache/kafka", "kafka", "4.1.0", ""},
    {"a/b/c/d", "", "a/b/c/d", "d", "", ""},
    {"docker.io/bitnami/kafka:3", "docker.io", "bitnami/kafka", "kafka", "3", ""},
    {"docker.io/kafka", "docker.io", "kafka", "kafka", "", ""},
    {"localhost/kafka", "localhost", "kafka", "kafka", "", ""},
    {"localhost:5000/kafka:1", "localhost:5000", "kafka", "kafka", "1", ""},
    {"localhost:5000", "", "localhost", "localhost", "5000", ""},
    {"localhosts/kafka", "", "localhosts/kafka", "kafka", "", ""},
    {"registry:5000/kafka", "registry:5000", "kafka", "kafka", "", ""},
    {"10.0.0.1/kafka", "10.0.0.1", "kafka", "kafka", "", ""},
    {"10.0.0.1:5000/a/kafka:x", "10.0.0.1:5000", "a/kafka", "kafka", "x", ""},
    {"[::1]/kafka", "[::1]", "kafka", "kafka", "", ""},
    {"[2001:DB8::1]:5000/kafka:1.0", "[2001:DB8::1]:5000", "kafka", "kafka", "1.0", ""},
    {"Registry/kafka", "Registry", "kafka", "kafka", "", ""},
    {"REG-1.Example.COM/kafka", "REG-1.Example.COM", "kafka", "kafka", "", ""},
    {"a.b/c", "a.b", "c", "c", "", ""},
    {"a.b", "", "a.b", "a.b", "", ""},
    {"a_b/c__d/e-f/g--h.i", "", "a_b/c__d/e-f/g--h.i", "g--h.i", "", ""},
    {"0/1", "", "0/1", "1", "", ""},
    {"kafka@" SHA256, "", "kafka", "kafka", "", SHA256},
    {"kafka:3.9@" SHA256, "", "kafka", "kafka", "3.9", SHA256},
    {"r.io:443/a/kafka:3.9@" SHA256, "r.io:443", "a/kafka", "kafka", "3.9", SHA256},
    {"kafka@sha384:" HEX64 HEX16 HEX16, "", "kafka", "kafka", "", "sha384:" HEX64 HEX16 HEX16},
    {"kafka@sha512:" HEX64 HEX64, "", "kafka", "kafka", "", "sha512:" HEX64 HEX64},
    {"kafka:_Tag.x-1", "", "kafka", "kafka", "_Tag.x-1", ""},
    {"kafka:LATEST", "", "kafka", "kafka", "LATEST", ""},
    {"kafka:" X50 X50 X10 X10 "12345678", "", "kafka", "kafka", X50 X50 X10 X10 "12345678", ""},
    {X250 "12345", "", X250 "12345", X250 "12345", "", ""},
    {"a.b/" X250 "12345", "a.b", X250 "12345", X250 "12345", "", ""},
    {HEX64 "0", "", HEX64 "0", HEX64 "0", "", ""},
    {HEX64 ":1", "", HEX64, HEX64, "1", ""},
};

START_TEST(test_good)
{
    struct ps_image image;
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_image_parse(ps_str_of(good[_i].text), &image, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
    ck_assert_msg(ps_str_is(image.domain, good[_i].domain), "'%.*s'", PS_FMT(image.domain));
    ck_assert_msg(ps_str_is(image.path, good[_i].path), "'%.*s'", PS_FMT(image.path));
    ck_assert_msg(ps_str_is(image.base, good[_i].base), "'%.*s'", PS_FMT(image.base));
    ck_assert_msg(ps_str_is(image.tag, good[_i].tag), "'%.*s'", PS_FMT(image.tag));
    ck_assert_msg(ps_str_is(image.digest, good[_i].digest), "'%.*s'", PS_FMT(image.digest));
}
END_TEST

static const struct {
    struct ps_str text;
    const char *message;
} bad[] = {
    {PS_STR_INIT(""), "names no image"},
    {PS_STR_INIT(":3.9"), "names no image"},
    {PS_STR_INIT("@" SHA256), "names no image"},
    {PS_STR_INIT("docker.io/"), "names no image"},
    {PS_STR_INIT(HEX64), "an image's id"},
    {PS_STR_INIT("Kafka"), "lower case"},
    {PS_STR_INIT("apache/Kafka"), "lower case"},
    {PS_STR_INIT("docker.io/Apache/kafka"), "lower case"},
    {PS_STR_INIT("/kafka"), "lower case"},
    {PS_STR_INIT("kafka/"), "lower case"},
    {PS_STR_INIT("a//kafka"), "lower case"},
    {PS_STR_INIT("-kafka"), "lower case"},
    {PS_STR_INIT("kafka-"), "lower case"},
    {PS_STR_INIT("_kafka"), "lower case"},
    {PS_STR_INIT("ka..fka"), "lower case"},
    {PS_STR_INIT("ka___fka"), "lower case"},
    {PS_STR_INIT("ka._fka"), "lower case"},
    {PS_STR_INIT("ka-_fka"), "lower case"},
    {PS_STR_INIT("ka fka"), "lower case"},
    {PS_STR_INIT(" kafka"), "lower case"},
    {PS_STR_INIT("kafka\n"), "lower case"},
    {PS_STR_INIT("kaf\0ka"), "lower case"},
    {PS_STR_INIT("k\xC3\xA4"
                 "fka"),
     "lower case"},
    {PS_STR_INIT("${REGISTRY}/kafka"), "malformed"},
    {PS_STR_INIT("https://docker.io/kafka"), "malformed"},
    {PS_STR_INIT(X250 "123456"), "lower case"},
    {PS_STR_INIT("a.b:/kafka"), "registry"},
    {PS_STR_INIT("a.b:x/kafka"), "registry"},
    {PS_STR_INIT("a.b:1:2/kafka"), "registry"},
    {PS_STR_INIT(".b/kafka"), "registry"},
    {PS_STR_INIT("a./kafka"), "registry"},
    {PS_STR_INIT("a..b/kafka"), "registry"},
    {PS_STR_INIT("-a.b/kafka"), "registry"},
    {PS_STR_INIT("a-.b/kafka"), "registry"},
    {PS_STR_INIT("a_b.c/kafka"), "registry"},
    {PS_STR_INIT("::1/kafka"), "registry"},
    {PS_STR_INIT("[::1/kafka"), "registry"},
    {PS_STR_INIT("[]:1/kafka"), "registry"},
    {PS_STR_INIT("[::g]/kafka"), "registry"},
    {PS_STR_INIT("[::1%eth0]/kafka.x"), "registry"},
    {PS_STR_INIT("[::1]5000/kafka"), "registry"},
    {PS_STR_INIT("kafka:"), "tag"},
    {PS_STR_INIT("kafka:.x"), "tag"},
    {PS_STR_INIT("kafka:-x"), "tag"},
    {PS_STR_INIT("kafka:a b"), "tag"},
    {PS_STR_INIT("kafka:a+b"), "tag"},
    {PS_STR_INIT("kafka:$TAG"), "tag"},
    {PS_STR_INIT("kafka:" X50 X50 X10 X10 "123456789"), "tag"},
    {PS_STR_INIT("kafka:1:2"), "lower case"},
    {PS_STR_INIT("kafka@"), "digest"},
    {PS_STR_INIT("kafka@sha256:"), "digest"},
    {PS_STR_INIT("kafka@sha256"), "digest"},
    {PS_STR_INIT("kafka@sha256:" HEX64 "0"), "digest"},
    {PS_STR_INIT("kafka@sha256:ABCDEF" HEX16 HEX16 HEX16 "0123456789"), "digest"},
    {PS_STR_INIT("kafka@sha1:" HEX16 HEX16), "digest"},
    {PS_STR_INIT("kafka@sha512:" HEX64), "digest"},
    {PS_STR_INIT("kafka@" SHA256 "@" SHA256), "digest"},
    {PS_STR_INIT("kafka@" SHA256 ":3.9"), "digest"},
};

START_TEST(test_bad)
{
    struct ps_image image = {.tag = PS_STR("untouched")};
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_image_parse(bad[_i].text, &image, &err);
    ck_assert_msg(status.code == PS_CODE_INPUT, "'%.*s' was taken", PS_FMT(bad[_i].text));
    ck_assert_msg(strstr(err.message, bad[_i].message) != NULL, "%s", err.message);
    ck_assert(ps_str_is(image.tag, "untouched"));
}
END_TEST

static const struct {
    const char *text;
    bool floating;
    bool has_version;
    unsigned major;
    unsigned minor;
} tags[] = {
    {"kafka", true, false, 0, 0},
    {"kafka:latest", true, false, 0, 0},
    {"kafka:latest-ubi8", true, false, 0, 0},
    {"kafka:stable", true, false, 0, 0},
    {"kafka:edge", true, false, 0, 0},
    {"kafka@" SHA256, false, false, 0, 0},
    {"kafka:latest@" SHA256, false, false, 0, 0},
    {"kafka:3.9@" SHA256, false, true, 3, 9},
    {"cp-kafka:7.5.3-ubi8", false, true, 7, 5},
    {"kafka:v3.6.0", false, true, 3, 6},
    {"kafka:4.1.0-debian-12-r3", false, true, 4, 1},
    {"kafka:4.2", false, true, 4, 2},
    {"kafka:2.13-2.8.1", false, true, 2, 13},
    {"kafka:3.10rc1", false, true, 3, 10},
    {"kafka:3", false, false, 0, 0},
    {"kafka:3-debian", false, false, 0, 0},
    {"kafka:3.", false, false, 0, 0},
    {"kafka:3.x", false, false, 0, 0},
    {"kafka:v", true, false, 0, 0},
    {"kafka:vv3.1", false, false, 0, 0},
    {"kafka:release-3.9", false, false, 0, 0},
    {"kafka:20240115.1", false, false, 0, 0},
    {"kafka:3.99999999999999999999", false, false, 0, 0},
};

START_TEST(test_tags)
{
    struct ps_image image;
    unsigned major = 99;
    unsigned minor = 99;
    ck_assert(ps_ok(ps_image_parse(ps_str_of(tags[_i].text), &image, NULL)));
    ck_assert_msg(ps_image_is_floating(&image) == tags[_i].floating, "%s", tags[_i].text);
    bool ok = ps_image_version(&image, &major, &minor);
    ck_assert_msg(ok == tags[_i].has_version, "%s", tags[_i].text);
    ck_assert_uint_eq(major, ok ? tags[_i].major : 99);
    ck_assert_uint_eq(minor, ok ? tags[_i].minor : 99);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("image");
    TCase *tcase = tcase_create("references");
    tcase_add_loop_test(tcase, test_good, 0, PS_COUNT(good));
    tcase_add_loop_test(tcase, test_bad, 0, PS_COUNT(bad));
    tcase_add_loop_test(tcase, test_tags, 0, PS_COUNT(tags));
    suite_add_tcase(suite, tcase);
    return suite;
}
