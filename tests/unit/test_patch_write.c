/* SPDX-License-Identifier: Apache-2.0 */
/* Pointers, and the writer of patches. */
#include "in_arena.h"
#include "portside/patch.h"
#include "portside/script.h"
#include "support/runner.h"

static struct ps_json *must_parse(struct ps_arena *arena, const char *text)
{
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_json_parse(arena, ps_str_of(text), &root, &err);
    ck_assert_msg(ps_ok(status), "%s: %s", text, err.message);
    return root;
}

static const struct key_row {
    const char *key;
    const char *expected;
} keys[] = {
    {"a", "/p/a"},
    {"", "/p/"},
    {"portside.dev/status", "/p/portside.dev~1status"},
    {"~", "/p/~0"},
    {"~1", "/p/~01"},
    {"a/b~c/", "/p/a~1b~0c~1"},
    {"\xC3\xA4\"\\", "/p/\xC3\xA4\"\\"},
};

static void point(struct ps_arena *arena, const void *arg)
{
    const struct key_row *row = arg;
    struct ps_json *doc = must_parse(arena, "{\"p\":{}}");
    struct ps_str pointer = ps_pointer_key(arena, PS_STR("/p"), ps_str_of(row->key));
    ck_assert_str_eq(pointer.ptr, row->expected);
    ps_json_object_set(arena, ps_json_mutable_get(doc, PS_STR("p")), ps_str_of(row->key),
                       must_parse(arena, "42"));
    ck_assert_int_eq(ps_json_type(ps_pointer_find(arena, doc, pointer)), PS_JSON_NUMBER);
}

START_TEST(test_pointer_of_key)
{
    ps_in_arena(point, &keys[_i]);
}
END_TEST

/* RFC 6901 section 5, and pointers that name nothing (expected NULL). */
static const struct find_row {
    const char *pointer;
    const char *expected;
} finds[] = {
    {"/foo", "[\"bar\",\"baz\"]"},
    {"/foo/0", "\"bar\""},
    {"/", "0"},
    {"/a~1b", "1"},
    {"/c%d", "2"},
    {"/e^f", "3"},
    {"/g|h", "4"},
    {"/i\\j", "5"},
    {"/k\"l", "6"},
    {"/ ", "7"},
    {"/m~0n", "8"},
    {"/foo/2", NULL},
    {"/foo/-", NULL},
    {"/foo/00", NULL},
    {"/foo/x", NULL},
    {"/x", NULL},
    {"/x/y", NULL},
    {"foo", NULL},
    {"/~", NULL},
    {"/foo/0/x", NULL},
    {"/m~n", NULL},
    {"/foo/", NULL},
};

static void find(struct ps_arena *arena, const void *arg)
{
    const struct find_row *row = arg;
    struct ps_json *doc =
        must_parse(arena, "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,"
                          "\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    const struct ps_json *found = ps_pointer_find(arena, doc, ps_str_of(row->pointer));
    if (row->expected == NULL) {
        ck_assert_msg(found == NULL, "'%s' names something", row->pointer);
        return;
    }
    ck_assert_msg(found != NULL, "'%s' names nothing", row->pointer);
    ck_assert_msg(ps_json_equal(found, must_parse(arena, row->expected)), "'%s'", row->pointer);
    ck_assert_ptr_eq(ps_pointer_find(arena, doc, PS_STR("")), doc);
}

START_TEST(test_find)
{
    ps_in_arena(find, &finds[_i]);
}
END_TEST

static void write_none(struct ps_arena *arena, const void *row)
{
    struct ps_patch patch;
    (void)row;
    ps_patch_init(&patch, arena);
    ck_assert_uint_eq(ps_patch_finish(&patch).len, 0);
    ck_assert_uint_eq(patch.count, 0);
}

START_TEST(test_write_none)
{
    ps_in_arena(write_none, NULL);
}
END_TEST

static void write_some(struct ps_arena *arena, const void *row)
{
    struct ps_patch patch;
    (void)row;
    ps_patch_init(&patch, arena);
    struct ps_str list = ps_pointer_key(arena, PS_STR("/spec"), PS_STR("env"));
    struct ps_jw *jw = ps_patch_add(&patch, ps_pointer_index(arena, list, 12));
    ps_jw_object(jw);
    ps_jw_member(jw, "name", PS_STR("A\n"));
    ps_jw_object_end(jw);
    ps_patch_end(&patch);
    ps_patch_add_str(&patch, PS_STR("/a\"b"), PS_STR("x"));
    ps_patch_replace_str(&patch, PS_STR("/r"), PS_STR("y"));
    ps_jw_bool(ps_patch_replace(&patch, PS_STR("/t")), true);
    ps_patch_end(&patch);
    ps_patch_remove(&patch, PS_STR("/d"));
    ck_assert_uint_eq(patch.count, 5);
    struct ps_str text = ps_patch_finish(&patch);
    ck_assert_str_eq(text.ptr, "[{\"op\":\"add\",\"path\":\"/spec/env/12\",\"value\":{\"name\":"
                               "\"A\\n\"}},{\"op\":\"add\",\"path\":\"/a\\\"b\",\"value\":\"x\"},"
                               "{\"op\":\"replace\",\"path\":\"/r\",\"value\":\"y\"},"
                               "{\"op\":\"replace\",\"path\":\"/t\",\"value\":true},"
                               "{\"op\":\"remove\",\"path\":\"/d\"}]");
}

START_TEST(test_write_some)
{
    ps_in_arena(write_some, NULL);
}
END_TEST

#define WRITTEN_MAX 5

/* What is written, one after the other, and why it does not apply (NULL: it does). */
static const struct prove_row {
    const char *document;
    struct {
        enum ps_patch_kind kind;
        const char *pointer; /* NULL: no more operations */
        const char *value;
    } written[WRITTEN_MAX];
    const char *message;
} proofs[] = {
    {"{\"a\":{}}", {{PS_PATCH_ADD, "/a/b", "1"}}, NULL},
    {"[1,2]", {{PS_PATCH_REPLACE, "/1", "[]"}, {PS_PATCH_ADD, "/-", "3"}}, NULL},
    {"{\"a\":1}", {{PS_PATCH_REMOVE, "/a", NULL}, {PS_PATCH_ADD, "/a", "2"}}, NULL},
    {"{}", {{PS_PATCH_ADD, "", "{\"a\":[]}"}, {PS_PATCH_ADD, "/a/0", "1"}}, NULL},
    {"{}",
     {{PS_PATCH_ADD, "/l", "[]"},
      {PS_PATCH_ADD, "/l/-", "{\"n\":{}, \"s\":\"\\u00e4\"}"},
      {PS_PATCH_ADD, "/l/0/n/x", "\"\\\"\""},
      {PS_PATCH_REPLACE, "/l/0/s", "null"},
      {PS_PATCH_REMOVE, "/l/0", NULL}},
     NULL},
    {"{}", {{PS_PATCH_ADD, "/a", "\"x\""}, {PS_PATCH_ADD, "/a/b", "1"}}, "'/a' is string"},
    {"{}", {{PS_PATCH_ADD, "/a", "7"}, {PS_PATCH_REMOVE, "/a/b", NULL}}, "'/a' is number"},
    {"{}", {{PS_PATCH_ADD, "/a", "null"}, {PS_PATCH_ADD, "/a/b", "1"}}, "'/a' is null"},
    {"{}", {{PS_PATCH_ADD, "/a", "[1]"}, {PS_PATCH_ADD, "/a/2", "1"}}, "index 2 is beyond"},
    {"{}", {{PS_PATCH_ADD, "/a", "{}"}, {PS_PATCH_REPLACE, "/a/b", "1"}}, "does not exist"},
    {"{}", {{PS_PATCH_REMOVE, "/a", NULL}}, "operation 0 ('remove' at '/a'): '/a' does not exist"},
    {"{}", {{PS_PATCH_ADD, "/a/b", "1"}}, "'/a' is absent"},
    {"{}", {{PS_PATCH_ADD, "a", "1"}}, "'path' is not a JSON pointer: 'a'"},
    {"{}", {{PS_PATCH_REPLACE, "/a~", "1"}}, "'path' is not a JSON pointer"},
    {"{}", {{PS_PATCH_ADD, "/\xFF", "1"}}, "not valid UTF-8"},
    {"{}", {{PS_PATCH_ADD, "/a", "{"}}, "invalid JSON"},
    {"{}", {{PS_PATCH_ADD, "/a", "1,2"}}, "a key in quotes is wanted"},
};

static void write_row(struct ps_patch *patch, const struct prove_row *row)
{
    for (size_t i = 0; i < WRITTEN_MAX && row->written[i].pointer != NULL; i++) {
        struct ps_str pointer = ps_str_of(row->written[i].pointer);
        if (row->written[i].kind == PS_PATCH_REMOVE) {
            ps_patch_remove(patch, pointer);
            continue;
        }
        bool add = row->written[i].kind == PS_PATCH_ADD;
        ps_jw_raw(add ? ps_patch_add(patch, pointer) : ps_patch_replace(patch, pointer),
                  ps_str_of(row->written[i].value));
        ps_patch_end(patch);
    }
}

/* Reads the text of the patch, as somebody else would, and applies it. */
static struct ps_status read_and_apply(struct ps_arena *arena, const char *document,
                                       struct ps_str text, struct ps_error *err)
{
    struct ps_json *doc = must_parse(arena, document);
    struct ps_json *operations = NULL;
    PS_TRY(ps_json_parse(arena, text, &operations, err));
    return ps_patch_apply(arena, &doc, operations, err);
}

static void prove(struct ps_arena *arena, const void *arg)
{
    const struct prove_row *row = arg;
    struct ps_json *doc = must_parse(arena, row->document);
    struct ps_patch patch;
    struct ps_error proved = {.message = ""};
    struct ps_error applied = {.message = ""};
    ps_patch_init(&patch, arena);
    write_row(&patch, row);
    struct ps_str text = ps_patch_finish(&patch);
    struct ps_status status = ps_patch_prove(&patch, NULL, 0, &doc, &proved);
    ck_assert_int_eq(read_and_apply(arena, row->document, text, &applied).code, status.code);
    ck_assert_str_eq(proved.message, applied.message);
    ck_assert_msg(ps_ok(status) == (row->message == NULL), "%s: %s", text.ptr, proved.message);
    ck_assert_msg(row->message == NULL || strstr(proved.message, row->message) != NULL, "%s: %s",
                  text.ptr, proved.message);
}

START_TEST(test_prove)
{
    ps_in_arena(prove, &proofs[_i]);
}
END_TEST

/* More than are recorded at first; the one too many is known by its number. */
static void prove_many(struct ps_arena *arena, const void *row)
{
    const size_t many = 1000;
    struct ps_patch patch;
    struct ps_error err;
    (void)row;
    ps_patch_init(&patch, arena);
    for (size_t i = 0; i <= many; i++) {
        struct ps_str list = ps_pointer_index(arena, PS_STR(""), i < many ? i / 2 : many);
        ps_patch_add_str(&patch, list, PS_STR("x"));
    }
    ck_assert_uint_gt(ps_patch_finish(&patch).len, many);
    struct ps_json *doc = must_parse(arena, "[]");
    ck_assert_int_eq(ps_patch_prove(&patch, NULL, 0, &doc, &err).code, PS_CODE_OK);
    doc = must_parse(arena, "[]");
    patch.operations[many].pointer = PS_STR("/1001");
    ck_assert_int_eq(ps_patch_prove(&patch, NULL, 0, &doc, &err).code, PS_CODE_INPUT);
    ck_assert_str_eq(err.message, "operation 1000 ('add' at '/1001'): index 1001 is beyond the "
                                  "end of an array of 1000");
}

START_TEST(test_prove_many)
{
    ps_in_arena(prove_many, NULL);
}
END_TEST

static const struct known_row {
    const char *value;
    bool valid;
} known_rows[] = {
    {"\"a \\n\"", true},
    {"[\"b\",\"a \\n\",\"b\"]", true},
    {"[\"a \\n\",\"c\"]", true},
    {"[\"a \\n\",\"\x01\"]", false},
    {"[\"a \\n\"x]", false},
    {"[\"a \\n\"\"b\"]", false},
    {"\"a \\n", false},
    {"\"a \\x\"", false},
    {"{\"b\":\"b\",\"a \\n\":1}", true},
    {"{\"b\"\"b\"}", false},
};

/* What a patch holds of them is not looked at again: so they must be what it is taken for. */
static void scripts_are_strings(struct ps_arena *arena, const void *row)
{
    const struct ps_str scripts[] = {ps_script_address_json, ps_script_hook_json};
    (void)row;
    for (size_t i = 0; i < PS_COUNT(scripts); i++) {
        struct ps_json *script = NULL;
        ck_assert(ps_ok(ps_json_parse(arena, scripts[i], &script, NULL)));
        ck_assert(ps_json_is_string(script));
        ck_assert_int_eq(scripts[i].ptr[0], '"');
        ck_assert_int_eq(scripts[i].ptr[scripts[i].len - 1], '"');
    }
}

START_TEST(test_scripts_are_strings)
{
    ps_in_arena(scripts_are_strings, NULL);
}
END_TEST

/* Around what is known all is looked at as ever: no more than that very value is passed over. */
static void prove_known(struct ps_arena *arena, const void *arg)
{
    static const struct ps_str known[] = {PS_STR_INIT("\"a \\n\""), PS_STR_INIT("\"b\"")};
    const struct known_row *row = arg;
    struct ps_patch patch;
    struct ps_error err = {.message = ""};
    ps_patch_init(&patch, arena);
    ps_jw_raw(ps_patch_add(&patch, PS_STR("/x")), ps_str_of(row->value));
    ps_patch_end(&patch);
    ck_assert_uint_gt(ps_patch_finish(&patch).len, 0);
    struct ps_json *doc = must_parse(arena, "{}");
    struct ps_status status = ps_patch_prove(&patch, known, PS_COUNT(known), &doc, &err);
    ck_assert_msg(ps_ok(status) == row->valid, "%s: %s", row->value, err.message);
}

START_TEST(test_prove_known)
{
    ps_in_arena(prove_known, &known_rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("patch_write");
    TCase *pointers = tcase_create("pointers");
    tcase_add_loop_test(pointers, test_pointer_of_key, 0, PS_COUNT(keys));
    tcase_add_loop_test(pointers, test_find, 0, PS_COUNT(finds));
    suite_add_tcase(suite, pointers);
    TCase *writer = tcase_create("writer");
    tcase_add_test(writer, test_write_none);
    tcase_add_test(writer, test_write_some);
    tcase_add_loop_test(writer, test_prove, 0, PS_COUNT(proofs));
    tcase_add_test(writer, test_prove_many);
    tcase_add_loop_test(writer, test_prove_known, 0, PS_COUNT(known_rows));
    tcase_add_test(writer, test_scripts_are_strings);
    suite_add_tcase(suite, writer);
    return suite;
}
