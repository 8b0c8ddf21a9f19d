/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/patch.h"

#include <string.h>

#include "in_arena.h"
#include "support/runner.h"

static struct ps_json *must_parse(struct ps_arena *arena, const char *text)
{
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_json_parse(arena, ps_str_of(text), &root, &err);
    ck_assert_msg(ps_ok(status), "%s: %s", text, err.message);
    return root;
}

/* Document, patch, and the document that must come out. */
static const struct good_row {
    const char *doc;
    const char *patch;
    const char *expected;
} good[] = {
    /* RFC 6902 appendix A */
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
     "{\"baz\":\"qux\",\"foo\":\"bar\"}"},
    {"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
     "{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
    {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
     "{\"foo\":\"bar\"}"},
    {"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
     "{\"foo\":[\"bar\",\"baz\"]}"},
    {"{\"baz\":\"qux\",\"foo\":\"bar\"}",
     "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
     "{\"baz\":\"boo\",\"foo\":\"bar\"}"},
    {"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
     "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
     "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
    {"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
     "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
     "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
    {"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
     "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},"
     "{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
     "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
     "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}"},
    {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
     "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
    {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
     "{\"/\":9,\"~1\":10}"},
    {"{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
     "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}"},
    /* the patch and its operations as such */
    {"{\"a\":1}", "[]", "{\"a\":1}"},
    {"7", "[]", "7"},
    {"{}", "[{\"value\":1,\"path\":\"/a\",\"op\":\"add\"}]", "{\"a\":1}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1,\"from\":7,\"OP\":\"remove\"}]",
     "{\"a\":1}"},
    /* add */
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":2}]", "{\"a\":2}"},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/A\",\"value\":2}]", "{\"a\":1,\"A\":2}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/\",\"value\":1}]", "{\"\":1}"},
    {"{\"\":{}}", "[{\"op\":\"add\",\"path\":\"//\",\"value\":1}]", "{\"\":{\"\":1}}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/a~1b~0c\",\"value\":1}]", "{\"a/b~c\":1}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1}]", "{\"0\":1}"},
    {"{}", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]", "{\"-\":1}"},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[1]}]", "[1]"},
    {"[]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1}]", "[1]"},
    {"[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]", "[1]"},
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":0}]", "[0,1,2]"},
    {"[1,2]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":3}]", "[1,2,3]"},
    {"[[],[1]]", "[{\"op\":\"add\",\"path\":\"/1/0\",\"value\":{}}]", "[[],[{},1]]"},
    {"[0,1,2,3,4,5,6,7,8,9]", "[{\"op\":\"add\",\"path\":\"/10\",\"value\":10}]",
     "[0,1,2,3,4,5,6,7,8,9,10]"},
    {"{\"a\":{}}",
     "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":[]},"
     "{\"op\":\"add\",\"path\":\"/a/b/-\",\"value\":1},"
     "{\"op\":\"add\",\"path\":\"/a/b/0\",\"value\":0}]",
     "{\"a\":{\"b\":[0,1]}}"},
    /* remove */
    {"[1,2,3]", "[{\"op\":\"remove\",\"path\":\"/0\"}]", "[2,3]"},
    {"[1,2,3]", "[{\"op\":\"remove\",\"path\":\"/2\"},{\"op\":\"remove\",\"path\":\"/1\"}]", "[1]"},
    {"{\"a\":null}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{}"},
    {"[1]", "[{\"op\":\"remove\",\"path\":\"/0\"},{\"op\":\"add\",\"path\":\"/-\",\"value\":2}]",
     "[2]"},
    /* replace */
    {"[1,2,3]", "[{\"op\":\"replace\",\"path\":\"/1\",\"value\":[]}]", "[1,[],3]"},
    {"[1]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":null}]", "[null]"},
    {"{\"a\":null}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":\"x\"}]", "\"x\""},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":{\"c\":2}}]",
     "{\"a\":{\"c\":2}}"},
    /* move */
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"b\":1}"},
    {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}"},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/a\"}]", "{\"a\":1}"},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "{\"b\":1}"},
    {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"\"}]", "{\"a\":1}"},
    {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/2\",\"path\":\"/0\"}]", "[3,1,2]"},
    {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/-\"}]", "[2,3,1]"},
    {"{\"a\":{},\"ab\":[]}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/ab/0\"}]",
     "{\"ab\":[{}]}"},
    {"{\"l\":[1],\"o\":{}}", "[{\"op\":\"move\",\"from\":\"/l/0\",\"path\":\"/o/k\"}]",
     "{\"l\":[],\"o\":{\"k\":1}}"},
    /* copy */
    {"{\"a\":{\"x\":[1]}}",
     "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},"
     "{\"op\":\"add\",\"path\":\"/b/x/0\",\"value\":0}]",
     "{\"a\":{\"x\":[1]},\"b\":{\"x\":[0,1]}}"},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/c\"}]",
     "{\"a\":{\"b\":1,\"c\":{\"b\":1}}}"},
    {"[1]", "[{\"op\":\"copy\",\"from\":\"/0\",\"path\":\"/0\"}]", "[1,1]"},
    {"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":{\"a\":1}}"},
    {"{\"a\":[1]}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"\"}]", "[1]"},
    /* test */
    {"{\"a\":{\"x\":1,\"y\":[2]}}",
     "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"y\":[2.0],\"x\":1e0}}]",
     "{\"a\":{\"x\":1,\"y\":[2]}}"},
    {"{\"a\":null}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}"},
    {"[[]]", "[{\"op\":\"test\",\"path\":\"\",\"value\":[[]]}]", "[[]]"},
    {"{\"\xC3\xA4\":\"\xE2\x82\xAC\"}",
     "[{\"op\":\"test\",\"path\":\"/\\u00e4\",\"value\":\"\\u20ac\"}]",
     "{\"\xC3\xA4\":\"\xE2\x82\xAC\"}"},
};

static void apply_good(struct ps_arena *arena, const void *arg)
{
    const struct good_row *row = arg;
    struct ps_json *doc = must_parse(arena, row->doc);
    struct ps_json *patch = must_parse(arena, row->patch);
    struct ps_json *patch_before = must_parse(arena, row->patch);
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_patch_apply(arena, &doc, patch, &err);
    ck_assert_msg(ps_ok(status), "%s: %s", row->patch, err.message);
    ck_assert_msg(ps_json_equal(doc, must_parse(arena, row->expected)), "%s on %s", row->patch,
                  row->doc);
    ck_assert_msg(ps_json_equal(patch, patch_before), "%s was changed", row->patch);
}

START_TEST(test_good)
{
    ps_in_arena(apply_good, &good[_i]);
}
END_TEST

/* Patches that must fail on {"a":{"b":1},"l":[1,2],"s":"x","n":null}, and what is said. */
static const struct bad_row {
    const char *patch;
    const char *message;
} bad[] = {
    {"{}", "a patch must be an array, but is object"},
    {"null", "a patch must be an array, but is null"},
    {"[1]", "operation 0 must be an object, but is number"},
    {"[{\"op\":\"add\",\"path\":\"/x\",\"value\":1},[]]", "operation 1 must be an object"},
    {"[{}]", "'op' must be a string, but is absent"},
    {"[{\"op\":7,\"path\":\"/x\"}]", "'op' must be a string, but is number"},
    {"[{\"Op\":\"add\",\"path\":\"/x\",\"value\":1}]", "'op' must be a string, but is absent"},
    {"[{\"op\":\"remove\"}]", "'path' must be a string, but is absent"},
    {"[{\"op\":\"remove\",\"path\":null}]", "'path' must be a string, but is null"},
    {"[{\"op\":\"spam\",\"path\":\"/x\"}]", "operation 0 ('spam' at '/x'): there is no such"},
    {"[{\"op\":\"ADD\",\"path\":\"/x\",\"value\":1}]", "there is no such operation"},
    {"[{\"op\":\"\",\"path\":\"/x\"}]", "there is no such operation"},
    {"[{\"op\":\"add\",\"path\":\"x\",\"value\":1}]", "'path' is not a JSON pointer: 'x'"},
    {"[{\"op\":\"add\",\"path\":\"/~\",\"value\":1}]", "'path' is not a JSON pointer"},
    {"[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", "'path' is not a JSON pointer"},
    {"[{\"op\":\"add\",\"path\":\"/a~/b\",\"value\":1}]", "'path' is not a JSON pointer"},
    {"[{\"op\":\"add\",\"path\":\"#/a\",\"value\":1}]", "'path' is not a JSON pointer"},
    {"[{\"op\":\"add\",\"path\":\"/x\"}]", "'value' is absent"},
    {"[{\"op\":\"add\",\"path\":\"/x\",\"Value\":1}]", "'value' is absent"},
    {"[{\"op\":\"replace\",\"path\":\"/a\"}]", "'value' is absent"},
    {"[{\"op\":\"test\",\"path\":\"/n\"}]", "'value' is absent"},
    {"[{\"op\":\"move\",\"path\":\"/x\"}]", "'from' must be a string, but is absent"},
    {"[{\"op\":\"copy\",\"path\":\"/x\",\"from\":1}]", "'from' must be a string, but is number"},
    {"[{\"op\":\"copy\",\"path\":\"/x\",\"from\":\"a\"}]", "'from' is not a JSON pointer: 'a'"},
    {"[{\"op\":\"add\",\"path\":\"/x/y\",\"value\":1}]", "'/x' is absent, an object or array"},
    {"[{\"op\":\"add\",\"path\":\"/n/y\",\"value\":1}]", "'/n' is null, an object or array"},
    {"[{\"op\":\"add\",\"path\":\"/s/0\",\"value\":1}]", "'/s' is string, an object or array"},
    {"[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":1}]", "'/a/b' is number"},
    {"[{\"op\":\"add\",\"path\":\"/l/5/x\",\"value\":1}]", "'/l/5' is absent"},
    {"[{\"op\":\"add\",\"path\":\"/l/-/x\",\"value\":1}]", "'/l/-' is absent"},
    {"[{\"op\":\"add\",\"path\":\"/l/3\",\"value\":1}]", "index 3 is beyond the end of an array"},
    {"[{\"op\":\"add\",\"path\":\"/l/00\",\"value\":1}]", "'00' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/01\",\"value\":1}]", "'01' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/-1\",\"value\":1}]", "'-1' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/+1\",\"value\":1}]", "'+1' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/1e0\",\"value\":1}]", "'1e0' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/ 1\",\"value\":1}]", "' 1' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/\",\"value\":1}]", "'' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/x\",\"value\":1}]", "'x' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/--\",\"value\":1}]", "'--' is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/4294967296\",\"value\":1}]", "is not an index"},
    {"[{\"op\":\"add\",\"path\":\"/l/18446744073709551616\",\"value\":1}]", "is not an index"},
    {"[{\"op\":\"remove\",\"path\":\"/x\"}]", "'/x' does not exist"},
    {"[{\"op\":\"remove\",\"path\":\"/A\"}]", "'/A' does not exist"},
    {"[{\"op\":\"remove\",\"path\":\"/l/2\"}]", "'/l/2' does not exist"},
    {"[{\"op\":\"remove\",\"path\":\"/l/-\"}]", "'/l/-' does not exist"},
    {"[{\"op\":\"remove\",\"path\":\"/l/01\"}]", "'/l/01' does not exist"},
    {"[{\"op\":\"remove\",\"path\":\"\"}]", "the whole document cannot be removed"},
    {"[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"remove\",\"path\":\"/a\"}]",
     "operation 1 ('remove' at '/a'): '/a' does not exist"},
    {"[{\"op\":\"replace\",\"path\":\"/x\",\"value\":1}]", "'/x' does not exist"},
    {"[{\"op\":\"replace\",\"path\":\"/l/2\",\"value\":1}]", "'/l/2' does not exist"},
    {"[{\"op\":\"replace\",\"path\":\"/l/-\",\"value\":1}]", "'/l/-' does not exist"},
    {"[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/y\"}]", "'/x' does not exist"},
    {"[{\"op\":\"move\",\"from\":\"/x\",\"path\":\"/x/y\"}]", "'/x' does not exist"},
    {"[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/c\"}]", "cannot be moved into itself"},
    {"[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]", "cannot be moved into itself"},
    {"[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/l/9\"}]", "index 9 is beyond the end"},
    {"[{\"op\":\"move\",\"from\":\"/l/0\",\"path\":\"/l/2\"}]", "index 2 is beyond the end"},
    {"[{\"op\":\"move\",\"from\":\"/l/-\",\"path\":\"/a/b\"}]", "'/l/-' does not exist"},
    {"[{\"op\":\"copy\",\"from\":\"/x\",\"path\":\"/y\"}]", "'/x' does not exist"},
    {"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/l/9\"}]", "index 9 is beyond the end"},
    {"[{\"op\":\"test\",\"path\":\"/x\",\"value\":null}]", "'/x' does not exist"},
    {"[{\"op\":\"test\",\"path\":\"/n\",\"value\":false}]", "the value there is another one"},
    {"[{\"op\":\"test\",\"path\":\"/l\",\"value\":[2,1]}]", "the value there is another one"},
    {"[{\"op\":\"test\",\"path\":\"/a/b\",\"value\":\"1\"}]", "the value there is another one"},
    {"[{\"op\":\"test\",\"path\":\"\",\"value\":{}}]", "the value there is another one"},
};

static void refuse_bad(struct ps_arena *arena, const void *arg)
{
    const struct bad_row *row = arg;
    struct ps_json *doc = must_parse(arena, "{\"a\":{\"b\":1},\"l\":[1,2],\"s\":\"x\",\"n\":null}");
    struct ps_json *patch = must_parse(arena, row->patch);
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_patch_apply(arena, &doc, patch, &err);
    ck_assert_msg(status.code == PS_CODE_INPUT, "%s was taken", row->patch);
    ck_assert_msg(strstr(err.message, row->message) != NULL, "%s: %s", row->patch, err.message);
}

START_TEST(test_bad)
{
    ps_in_arena(refuse_bad, &bad[_i]);
}
END_TEST

static void copy_into_itself(struct ps_arena *arena, const void *row)
{
    struct ps_json *doc = must_parse(arena, "{}");
    struct ps_json *patch = must_parse(arena, "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a\"}]");
    struct ps_error err = {.message = ""};
    (void)row;
    for (int depth = 1; depth < PS_JSON_DEPTH_MAX; depth++) {
        ck_assert_msg(ps_ok(ps_patch_apply(arena, &doc, patch, &err)), "%d: %s", depth,
                      err.message);
    }
    ck_assert(!ps_ok(ps_patch_apply(arena, &doc, patch, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "nested more than 128 deep"));
}

/* Each copy of the document into itself makes it one deeper. */
START_TEST(test_depth)
{
    ps_in_arena(copy_into_itself, NULL);
}
END_TEST

static void keep_order(struct ps_arena *arena, const void *row)
{
    struct ps_json *doc = must_parse(arena, "{\"a\":1,\"b\":2,\"c\":3}");
    struct ps_json *patch = must_parse(arena, "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":9}]");
    (void)row;
    ck_assert(ps_ok(ps_patch_apply(arena, &doc, patch, NULL)));
    ck_assert(ps_str_is(ps_json_key(ps_json_first(doc)), "a"));
}

START_TEST(test_replace_keeps_place)
{
    ps_in_arena(keep_order, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("patch");
    TCase *applier = tcase_create("applier");
    tcase_add_loop_test(applier, test_good, 0, PS_COUNT(good));
    tcase_add_loop_test(applier, test_bad, 0, PS_COUNT(bad));
    tcase_add_test(applier, test_depth);
    tcase_add_test(applier, test_replace_keeps_place);
    suite_add_tcase(suite, applier);
    return suite;
}
