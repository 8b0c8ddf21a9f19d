/* SPDX-License-Identifier: Apache-2.0 */
/* Rows 1 to 23 of the webhook contract, as far as the codec answers for them. */
#include "portside/review.h"

#include <stdlib.h>
#include <string.h>

#include "in_arena.h"
#include "support/runner.h"

/* A whole review around the members of a request. */
#define REVIEW_OF(version, request)                                                                \
    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/" version                     \
    "\",\"request\":" request "}"
#define REVIEW(members) REVIEW_OF("v1", "{\"uid\":\"u-1\"," members "}")

#define KIND(group, kind)                                                                          \
    "\"kind\":{\"group\":\"" group "\",\"version\":\"v1\",\"kind\":\"" kind "\"}"
#define RESOURCE(group, resource)                                                                  \
    "\"resource\":{\"group\":\"" group "\",\"version\":\"v1\",\"resource\":\"" resource "\"}"
#define POD KIND("", "Pod") "," RESOURCE("", "pods")
#define STATEFULSET KIND("apps", "StatefulSet") "," RESOURCE("apps", "statefulsets")
#define CREATE "\"operation\":\"CREATE\""
#define OBJECT "\"object\":{\"metadata\":{\"name\":\"kafka-0\",\"namespace\":\"streams\"}}"

static struct ps_status decode(struct ps_arena *arena, struct ps_str text,
                               struct ps_review *ret_review, struct ps_error *err)
{
    char *copy = ps_exact_copy(text);
    struct ps_status status =
        ps_review_decode(arena, (struct ps_str){copy, text.len}, ret_review, err);
    free(copy);
    return status;
}

static struct ps_review must_decode(struct ps_arena *arena, const char *text)
{
    struct ps_review review;
    struct ps_error err = {.message = ""};
    memset(&review, 0xFF, sizeof(review));
    ck_assert_msg(ps_ok(decode(arena, ps_str_of(text), &review, &err)), "%s: %s", text,
                  err.message);
    return review;
}

static void decode_pod(struct ps_arena *arena, const void *row)
{
    struct ps_review review = must_decode(
        arena, REVIEW(POD "," CREATE ",\"name\":\"kafka-1\",\"namespace\":\"here\"," OBJECT
                          ",\"oldObject\":null,\"dryRun\":true,\"extra\":[{}],\"userInfo\":{}"));
    (void)row;
    ck_assert(ps_str_is(review.api_version, "admission.k8s.io/v1"));
    ck_assert(ps_str_is(review.uid, "u-1"));
    ck_assert(ps_str_is(review.kind_text, "Pod"));
    ck_assert(ps_str_is(review.operation_text, "CREATE"));
    ck_assert(ps_str_is(review.name, "kafka-1"));
    ck_assert(ps_str_is(review.namespace_name, "here"));
    ck_assert(review.dry_run);
    ck_assert_int_eq(ps_json_type(review.object), PS_JSON_OBJECT);
    ck_assert_ptr_null(review.old_object);
    ck_assert_int_eq(ps_json_type(review.root), PS_JSON_OBJECT);
    const struct ps_json *request = ps_json_get(review.root, "request");
    ck_assert_int_eq(ps_json_type(ps_json_get(request, "extra")), PS_JSON_ARRAY);
    ck_assert_int_eq(ps_json_type(ps_json_get(request, "userInfo")), PS_JSON_NULL);
}

START_TEST(test_pod)
{
    ps_in_arena(decode_pod, NULL);
}
END_TEST

static const struct kind_row {
    const char *text;
    enum ps_kind kind;
    enum ps_operation operation;
} kinds[] = {
    {REVIEW(POD "," CREATE), PS_KIND_POD, PS_OPERATION_CREATE},
    {REVIEW(STATEFULSET "," CREATE), PS_KIND_STATEFULSET, PS_OPERATION_CREATE},
    {REVIEW(STATEFULSET ",\"operation\":\"UPDATE\""), PS_KIND_STATEFULSET, PS_OPERATION_UPDATE},
    {REVIEW(POD ",\"operation\":\"DELETE\",\"object\":null"), PS_KIND_POD, PS_OPERATION_DELETE},
    {REVIEW(POD ",\"operation\":\"CONNECT\""), PS_KIND_POD, PS_OPERATION_OTHER},
    {REVIEW(POD ",\"operation\":\"create\""), PS_KIND_POD, PS_OPERATION_OTHER},
    {REVIEW(POD ",\"operation\":\"\""), PS_KIND_POD, PS_OPERATION_OTHER},
    {REVIEW(POD ",\"operation\":null"), PS_KIND_POD, PS_OPERATION_OTHER},
    {REVIEW(POD), PS_KIND_POD, PS_OPERATION_OTHER},
    {REVIEW(POD "," CREATE ",\"subResource\":\"\""), PS_KIND_POD, PS_OPERATION_CREATE},
    {REVIEW(POD "," CREATE ",\"subResource\":null"), PS_KIND_POD, PS_OPERATION_CREATE},
    {REVIEW(POD "," CREATE ",\"subResource\":\"ephemeralcontainers\""), PS_KIND_OTHER,
     PS_OPERATION_CREATE},
    {REVIEW(KIND("", "Binding") "," RESOURCE("", "pods") "," CREATE ",\"subResource\":\"binding\""),
     PS_KIND_OTHER, PS_OPERATION_CREATE},
    {REVIEW(KIND("", "Binding") "," RESOURCE("", "pods") "," CREATE), PS_KIND_OTHER,
     PS_OPERATION_CREATE},
    {REVIEW(STATEFULSET "," CREATE ",\"subResource\":\"status\""), PS_KIND_OTHER,
     PS_OPERATION_CREATE},
    {REVIEW(KIND("autoscaling", "Scale") "," RESOURCE(
         "apps", "statefulsets") "," CREATE ",\"subResource\":\"scale\""),
     PS_KIND_OTHER, PS_OPERATION_CREATE},
    {REVIEW(KIND("apps", "Pod") "," RESOURCE("", "pods")), PS_KIND_OTHER, PS_OPERATION_OTHER},
    {REVIEW(KIND("", "Pod") "," RESOURCE("apps", "pods")), PS_KIND_OTHER, PS_OPERATION_OTHER},
    {REVIEW(KIND("", "StatefulSet") "," RESOURCE("", "statefulsets")), PS_KIND_OTHER,
     PS_OPERATION_OTHER},
    {REVIEW(KIND("apps", "Deployment") "," RESOURCE("apps", "deployments")), PS_KIND_OTHER,
     PS_OPERATION_OTHER},
    {REVIEW("\"kind\":{\"group\":\"\",\"version\":\"v2\",\"kind\":\"Pod\"}," RESOURCE("", "pods")),
     PS_KIND_OTHER, PS_OPERATION_OTHER},
    {REVIEW("\"kind\":{\"version\":\"v1\",\"kind\":\"Pod\"}," RESOURCE("", "pods")), PS_KIND_POD,
     PS_OPERATION_OTHER},
    {REVIEW("\"kind\":null,\"resource\":null"), PS_KIND_OTHER, PS_OPERATION_OTHER},
    {REVIEW("\"x\":1"), PS_KIND_OTHER, PS_OPERATION_OTHER},
};

static void decode_kind(struct ps_arena *arena, const void *arg)
{
    const struct kind_row *row = arg;
    struct ps_review review = must_decode(arena, row->text);
    ck_assert_msg(review.kind == row->kind, "%s", row->text);
    ck_assert_msg(review.operation == row->operation, "%s", row->text);
    ck_assert_msg(!review.dry_run, "%s", row->text);
}

START_TEST(test_kinds)
{
    ps_in_arena(decode_kind, &kinds[_i]);
}
END_TEST

static const struct name_row {
    const char *text;
    const char *name;
    const char *namespace_name;
} names[] = {
    {REVIEW(POD "," OBJECT), "kafka-0", "streams"},
    {REVIEW(POD ",\"name\":\"\",\"namespace\":\"\"," OBJECT), "kafka-0", "streams"},
    {REVIEW(POD ",\"name\":null,\"namespace\":null," OBJECT), "kafka-0", "streams"},
    {REVIEW(POD ",\"name\":\"a\",\"namespace\":\"b\"," OBJECT), "a", "b"},
    {REVIEW(POD ",\"namespace\":\"b\",\"object\":{\"metadata\":{\"generateName\":\"x-\"}}"), "",
     "b"},
    {REVIEW(POD ",\"object\":{}"), "", ""},
    {REVIEW(POD ",\"object\":{\"metadata\":[]}"), "", ""},
    {REVIEW(POD ",\"object\":{\"metadata\":{\"name\":7,\"namespace\":null}}"), "", ""},
    {REVIEW(POD ",\"name\":\"a\",\"object\":null,\"oldObject\":{\"metadata\":{}}"), "a", ""},
};

static void decode_names(struct ps_arena *arena, const void *arg)
{
    const struct name_row *row = arg;
    struct ps_review review = must_decode(arena, row->text);
    ck_assert_msg(ps_str_is(review.name, row->name), "%s", row->text);
    ck_assert_msg(ps_str_is(review.namespace_name, row->namespace_name), "%s", row->text);
}

START_TEST(test_names)
{
    ps_in_arena(decode_names, &names[_i]);
}
END_TEST

static const struct bad_row {
    struct ps_str text;
    const char *message;
} bad[] = {
    /* the body */
    {PS_STR_INIT(""), "the text ends too early"},
    {PS_STR_INIT("not json"), "invalid JSON at byte 0"},
    {PS_STR_INIT(REVIEW(POD) "x"), "there is something behind"},
    {PS_STR_INIT("\xEF\xBB\xBF" REVIEW(POD)), "invalid JSON at byte 0"},
    {PS_STR_INIT(REVIEW(POD ",\"name\":\"\xFF\"")), "not valid UTF-8"},
    {PS_STR_INIT(REVIEW(POD ",\"name\":\"\\ud800\"")), "lone surrogate"},
    {PS_STR_INIT(REVIEW(POD ",\"name\":\"\\u0000\"")), "U+0000"},
    {PS_STR_INIT(REVIEW(POD ",\"name\":\"a\",\"name\":\"b\"")), "key 'name' occurs twice"},
    {PS_STR_INIT(REVIEW(POD ",\"object\":{\"spec\":{\"a\":1,\"a\":1}}")), "key 'a' occurs twice"},
    {PS_STR_INIT(REVIEW(POD ",\"object\":{\"a\":1e999}")), "a number is too large"},
    /* the envelope */
    {PS_STR_INIT("[]"), "an AdmissionReview must be an object, but is array"},
    {PS_STR_INIT("null"), "an AdmissionReview must be an object, but is null"},
    {PS_STR_INIT("{}"), "'kind' must be 'AdmissionReview', but is absent"},
    {PS_STR_INIT("{\"kind\":\"AdmissionReview\"}"),
     "'apiVersion' must be 'admission.k8s.io/v1', but is absent"},
    {PS_STR_INIT("{\"apiVersion\":\"admission.k8s.io/v1\"}"), "'kind' must be"},
    {PS_STR_INIT("{\"kind\":1,\"apiVersion\":\"admission.k8s.io/v1\"}"), "but is number"},
    {PS_STR_INIT("{\"kind\":\"AdmissionReview\",\"apiVersion\":null}"), "but is null"},
    {PS_STR_INIT("{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}"),
     "'kind' must be 'AdmissionReview', but is 'Pod'"},
    {PS_STR_INIT(REVIEW_OF("v2", "{\"uid\":\"u\"}")), "but is 'admission.k8s.io/v2'"},
    {PS_STR_INIT(REVIEW_OF("v1alpha1", "{\"uid\":\"u\"}")), "but is 'admission.k8s.io/v1alpha1'"},
    {PS_STR_INIT("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}"),
     "'request' must be an object, but is absent"},
    {PS_STR_INIT(REVIEW_OF("v1", "null")), "'request' must be an object, but is null"},
    {PS_STR_INIT(REVIEW_OF("v1", "[]")), "'request' must be an object, but is array"},
    {PS_STR_INIT(REVIEW_OF("v1", "\"x\"")), "'request' must be an object, but is string"},
    {PS_STR_INIT("{\"Kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}"),
     "'kind' must be"},
    /* the request */
    {PS_STR_INIT(REVIEW_OF("v1", "{}")), "'request.uid' must be a string, but is absent"},
    {PS_STR_INIT(REVIEW_OF("v1", "{\"uid\":null}")), "'request.uid' must be a string, but is null"},
    {PS_STR_INIT(REVIEW_OF("v1", "{\"uid\":17}")), "'request.uid' must be a string, but is number"},
    {PS_STR_INIT(REVIEW_OF("v1", "{\"uid\":\"\"}")), "'request.uid' must not be empty"},
    {PS_STR_INIT(REVIEW_OF("v1", "{\"UID\":\"u\"}")), "'request.uid' must be a string"},
    {PS_STR_INIT(REVIEW("\"operation\":1")), "'request.operation' must be a string, but is number"},
    {PS_STR_INIT(REVIEW("\"kind\":\"Pod\"")), "'request.kind' must be an object, but is string"},
    {PS_STR_INIT(REVIEW("\"kind\":{\"group\":{}}")), "'request.kind.group' must be a string"},
    {PS_STR_INIT(REVIEW("\"kind\":{\"version\":1}")), "'request.kind.version' must be a string"},
    {PS_STR_INIT(REVIEW("\"kind\":{\"kind\":[]}")), "'request.kind.kind' must be a string"},
    {PS_STR_INIT(REVIEW("\"resource\":\"pods\"")), "'request.resource' must be an object"},
    {PS_STR_INIT(REVIEW("\"resource\":{\"group\":1}")), "'request.resource.group' must be"},
    {PS_STR_INIT(REVIEW("\"resource\":{\"version\":1}")), "'request.resource.version' must be"},
    {PS_STR_INIT(REVIEW("\"resource\":{\"resource\":1}")), "'request.resource.resource' must be"},
    {PS_STR_INIT(REVIEW("\"subResource\":{}")), "'request.subResource' must be a string"},
    {PS_STR_INIT(REVIEW("\"name\":{}")), "'request.name' must be a string, but is object"},
    {PS_STR_INIT(REVIEW("\"namespace\":true")), "'request.namespace' must be a string"},
    {PS_STR_INIT(REVIEW("\"dryRun\":\"true\"")), "'request.dryRun' must be a boolean"},
    {PS_STR_INIT(REVIEW("\"dryRun\":1")), "'request.dryRun' must be a boolean, but is number"},
    {PS_STR_INIT(REVIEW("\"object\":[]")), "'request.object' must be an object, but is array"},
    {PS_STR_INIT(REVIEW("\"object\":\"x\"")), "'request.object' must be an object"},
    {PS_STR_INIT(REVIEW("\"object\":false")), "'request.object' must be an object"},
    {PS_STR_INIT(REVIEW("\"oldObject\":7")), "'request.oldObject' must be an object"},
};

static void refuse_bad(struct ps_arena *arena, const void *arg)
{
    const struct bad_row *row = arg;
    struct ps_review review = {.uid = PS_STR("untouched")};
    struct ps_error err = {.message = ""};
    struct ps_status status = decode(arena, row->text, &review, &err);
    ck_assert_msg(status.code == PS_CODE_INPUT, "'%.*s' was taken", PS_FMT(row->text));
    ck_assert_msg(strstr(err.message, row->message) != NULL, "%s", err.message);
    ck_assert(ps_str_is(review.uid, "untouched"));
}

START_TEST(test_bad)
{
    ps_in_arena(refuse_bad, &bad[_i]);
}
END_TEST

static void refuse_truncated(struct ps_arena *arena, const void *row)
{
    const char *text = REVIEW(POD "," CREATE "," OBJECT ",\"dryRun\":false");
    struct ps_review review;
    (void)row;
    for (size_t cut = 0; cut < strlen(text); cut++) {
        struct ps_status status = decode(arena, (struct ps_str){text, cut}, &review, NULL);
        ck_assert_msg(status.code == PS_CODE_INPUT, "cut at %zu", cut);
    }
}

START_TEST(test_truncated)
{
    ps_in_arena(refuse_truncated, NULL);
}
END_TEST

static void refuse_bomb(struct ps_arena *arena, const void *row)
{
    size_t len = 100000;
    char *bomb = malloc(len);
    struct ps_review review;
    struct ps_error err = {.message = ""};
    (void)row;
    ck_assert_ptr_nonnull(bomb);
    memset(bomb, '[', len);
    struct ps_status status = ps_review_decode(arena, (struct ps_str){bomb, len}, &review, &err);
    free(bomb);
    ck_assert_int_eq(status.code, PS_CODE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.message, "nested too deeply"));
}

START_TEST(test_depth_bomb)
{
    ps_in_arena(refuse_bomb, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("review");
    TCase *decoding = tcase_create("decode");
    tcase_add_test(decoding, test_pod);
    tcase_add_loop_test(decoding, test_kinds, 0, PS_COUNT(kinds));
    tcase_add_loop_test(decoding, test_names, 0, PS_COUNT(names));
    tcase_add_loop_test(decoding, test_bad, 0, PS_COUNT(bad));
    tcase_add_test(decoding, test_truncated);
    tcase_add_test(decoding, test_depth_bomb);
    suite_add_tcase(suite, decoding);
    return suite;
}
