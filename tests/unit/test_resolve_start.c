/* SPDX-License-Identifier: Apache-2.0 */
/* What a broker starts with besides host and port: its rack, or nothing at all. */
#include "in_arena.h"
#include "portside/resolve.h"
#include "support/runner.h"
#include "test_resolve_rows.h"
#include "test_service_support.h"

/* The node and what is said of its rack, or the rack behind "=". */
static const struct rack_row {
    const char *node;
    const char *expected;
} racks[] = {
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'eu-1.a_B'}}}", "=eu-1.a_B"},
    {"{'metadata':{'name':'n1','labels':{'zone':'a'}}}",
     "node 'n1' has no label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1'}}", "node 'n1' has no label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':''}}}",
     "node 'n1' has no value for label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'a b'}}}",
     "node 'n1' has no value for label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'-a'}}}",
     "node 'n1' has no value for label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'a.'}}}",
     "node 'n1' has no value for label 'topology.kubernetes.io/zone'"},
    {"{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':['a']}}}",
     "node 'n1' has no value for label 'topology.kubernetes.io/zone'"},
    {NULL, "the pod is bound to no node whose labels are known"},
};

/* Host and port are known without the node, so that the rack alone decides. */
static void check_rack(struct ps_arena *arena, const void *arg)
{
    const struct rack_row *row = arg;
    const struct ps_exposure exposure = {
        .name = PS_STR("external"),
        .type = PS_EXPOSURE_NONE,
        .listener_port = 9194,
        .advertised_host = PS_STR("kafka-{ordinal}.example"),
    };
    const struct ps_resolve_input input = {
        .exposure = &exposure,
        .facts = {2, PS_STR("kafka-2"), PS_STR("kafka"), PS_STR("shop")},
        .rack_label = PS_STR("topology.kubernetes.io/zone"),
        .node = row->node == NULL ? NULL : ps_quoted(arena, row->node),
    };
    struct ps_resolved resolved;
    ps_resolve_endpoint(arena, &input, &resolved);
    struct ps_str text =
        resolved.known ? ps_arena_printf(arena, "=%.*s", PS_FMT(resolved.rack)) : resolved.reason;
    ck_assert_msg(ps_str_is(text, row->expected), "%.*s", PS_FMT(text));
    ck_assert(resolved.rack_wanted);
    ck_assert((resolved.rack.len > 0) == resolved.known);
    ck_assert((resolved.host.len > 0) == resolved.known);
}

START_TEST(test_rack)
{
    ps_in_arena(check_rack, &racks[_i]);
}
END_TEST

/* As for a changed endpoint, with on-missing: start. */
static const struct start_row {
    const char *name;
    const char *pod;
    const char *host; /* NULL: not known now */
    const char *rack;
    const char *patch;
    bool found;   /* the broker runs without */
    bool literal; /* host and port are known at admission */
    bool waits;   /* on-missing: wait */
} starts[] = {
    {"started without an endpoint that is known now", POD("", RUNS("c1")), "10.0.0.7", "",
     PATCH(AT("10.0.0.7", "31002") "," MARK("", "c1")), true, false, false},
    {"started without, and still not known", POD("", RUNS("c1")), NULL, "", NULL, true, false,
     false},
    {"waits for one", POD("", "{'name':'kafka','state':{'waiting':{}}}"), NULL, "", NULL, false,
     false, false},
    {"another container runs", POD("", "{'name':'x','containerID':'c','state':{'running':{}}}"),
     NULL, "", NULL, false, false, false},
    {"still without", POD(AT("10.0.0.7", "31002") "," MARK("", "c1"), RUNS("c1")), "10.0.0.7", "",
     NULL, true, false, false},
    {"still without, and not known just now",
     POD(AT("10.0.0.7", "31002") "," MARK("", "c1"), RUNS("c1")), NULL, "", NULL, true, false,
     false},
    {"without, and changed once more", POD(AT("10.0.0.7", "31002") "," MARK("", "c1"), RUNS("c1")),
     "10.0.0.8", "", PATCH("'external.portside.dev/host':'10.0.0.8'"), true, false, false},
    {"restarted with it since", POD(AT("10.0.0.7", "31002") "," MARK("", "c1"), RUNS("c2")),
     "10.0.0.7", "", PATCH("'portside.dev/stale':null"), false, false, false},
    {"with 'wait' somebody took the annotations away", POD("", RUNS("c1")), NULL, "", NULL, false,
     false, true},
    {"it was there in time", POD(AT("10.0.0.7", "31002"), RUNS("c1")), "10.0.0.7", "", NULL, false,
     false, false},
    {"nothing was waited for", POD("", RUNS("c1")), "10.0.0.7", "", PATCH(AT("10.0.0.7", "31002")),
     false, true, false},
    {"only the rack was waited for", POD("", RUNS("c1")), "10.0.0.7", "a",
     PATCH(AT("10.0.0.7", "31002") ",'portside.dev/rack':'a'," MARK("", "c1")), true, true, false},
};

static struct ps_resolved resolved_of(const struct start_row *row)
{
    return (struct ps_resolved){
        .known = row->host != NULL,
        .host = ps_str_of(row->host),
        .port = row->host == NULL ? PS_STR("") : PS_STR("31002"),
        .rack_wanted = row->rack[0] != '\0',
        .rack = ps_str_of(row->rack),
        .reason = row->host == NULL ? PS_STR("no address") : PS_STR(""),
    };
}

static void check_body(struct ps_arena *arena, const struct start_row *row, struct ps_str text)
{
    struct ps_json *body = NULL;
    if (row->patch == NULL) {
        ck_assert_msg(text.len == 0, "%s: %.*s", row->name, PS_FMT(text));
        return;
    }
    ck_assert_msg(ps_ok(ps_json_parse(arena, text, &body, NULL)), "%s: no patch", row->name);
    ck_assert_msg(ps_json_equal(body, ps_quoted(arena, row->patch)), "%s: %.*s", row->name,
                  PS_FMT(text));
}

static void check_start(struct ps_arena *arena, const void *arg)
{
    const struct start_row *row = arg;
    struct ps_resolve_patch patch;
    const struct ps_exposure exposure = {
        .name = PS_STR("external"),
        .start_when_missing = !row->waits,
        .advertised_host = ps_str_of(row->literal ? "10.0.0.7" : ""),
        .advertised_port = ps_str_of(row->literal ? "31002" : ""),
    };
    const struct ps_resolve_target target = {&exposure, resolved_of(row)};
    ps_endpoint_patch(arena, ps_quoted(arena, row->pod), PS_STR("kafka"), 1, &target, &patch);
    check_body(arena, row, patch.body);
    ck_assert_msg(patch.stale_count == (row->found ? 1 : 0), "%s", row->name);
    if (row->found) {
        ck_assert_msg(patch.stale[0].kind == PS_FINDING_NO_ENDPOINT, "%s", row->name);
        ck_assert(ps_str_is(patch.stale[0].object, "pod kafka-2"));
        ck_assert(ps_str_is(patch.stale[0].was, ""));
        ck_assert(ps_str_is(patch.stale[0].detail, row->host == NULL ? "no address" : ""));
    }
}

START_TEST(test_start)
{
    ps_in_arena(check_start, &starts[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("resolve_start");
    TCase *tcase = tcase_create("start");
    tcase_add_loop_test(tcase, test_rack, 0, PS_COUNT(racks));
    tcase_add_loop_test(tcase, test_start, 0, PS_COUNT(starts));
    suite_add_tcase(suite, tcase);
    return suite;
}
