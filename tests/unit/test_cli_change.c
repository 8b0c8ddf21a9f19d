/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees of a patch. */
#include "cmd_review.h"
#include "in_arena.h"
#include "support/runner.h"

static const char object[] =
    "{\"metadata\":{\"name\":\"kafka-0\",\"annotations\":{\"a/b~c\":\"1\"}},"
    "\"spec\":{\"containers\":[{\"name\":\"proxy\"},{\"name\":\"kafka\",\"env\":["
    "{\"name\":\"A\",\"value\":\"x\"},{\"name\":\"B\",\"value\":\"y\"}]}]}}";

static const struct row {
    const char *patch;
    const char *expected;
} rows[] = {
    {"[]", ""},
    {"[{\"op\":\"replace\",\"path\":\"/spec/containers/1/env/1/value\",\"value\":\"z\"}]",
     "  change container kafka › env B  /spec/containers/1/env/1/value\n    - y\n    + z\n"},
    {"[{\"op\":\"add\",\"path\":\"/spec/containers/1/env/0\","
     "\"value\":{\"name\":\"N\",\"value\":\"0\"}},"
     "{\"op\":\"replace\",\"path\":\"/spec/containers/1/env/1/value\",\"value\":\"z\"}]",
     "  add container kafka › env N  /spec/containers/1/env/0\n    + N=0\n"
     "  change container kafka › env A  /spec/containers/1/env/1/value\n    - x\n    + z\n"},
    {"[{\"op\":\"add\",\"path\":\"/spec/containers/1/env/-\",\"value\":{\"name\":\"H\","
     "\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.hostIP\"}}}}]",
     "  add container kafka › env H  /spec/containers/1/env/-\n    + H from status.hostIP\n"},
    {"[{\"op\":\"remove\",\"path\":\"/metadata/annotations/a~1b~0c\"}]",
     "  remove annotation a/b~c  /metadata/annotations/a~1b~0c\n    - 1\n"},
    {"[{\"op\":\"add\",\"path\":\"/metadata/annotations/a~1b~0c\",\"value\":\"2\"}]",
     "  set annotation a/b~c  /metadata/annotations/a~1b~0c\n    - 1\n    + 2\n"},
    {"[{\"op\":\"add\",\"path\":\"/spec/volumes\",\"value\":[{\"name\":\"v\",\"emptyDir\":{}}]}]",
     "  add volumes  /spec/volumes\n    + - name: v\n    +   emptyDir: {}\n"},
    {"[{\"op\":\"remove\",\"path\":\"/spec/nothing\"}]",
     "  remove nothing  /spec/nothing\n    this operation does not apply\n"},
    {"[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"k\":\"\\u001b[31m\"}}]",
     "  add labels  /metadata/labels\n    + k: \\u001b[31m\n"},
};

static void show(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    const struct ps_cli cli = {.out = {.file = file, .columns = 80}};
    const struct ps_session session = {.cli = &cli, .arena = arena};
    struct ps_json *doc = NULL;
    struct ps_json *patch = NULL;
    ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(object), &doc, NULL)));
    ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(row->patch), &patch, NULL)));
    ps_show_changes(&session, doc, patch);
    char text[1024];
    rewind(file);
    size_t got = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[got] = '\0';
    ck_assert_str_eq(text, row->expected);
}

START_TEST(test_changes)
{
    ps_in_arena(show, &rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cli_change");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_changes, 0, (int)PS_COUNT(rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
