/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller keeps of the cluster: look-ups among many, strays, and what is cut off. */
#include "store.h"

#include "in_arena.h"
#include "portside/heap.h"
#include "support/runner.h"

#include <stdio.h>
#include <string.h>

#define MANY 3000U
#define MIB ((size_t)1024 * 1024)

/* Facts of an object of this name; text is borrowed. */
static struct ps_item_facts facts_of(const char *namespace_name, const char *name,
                                     const char *version, struct ps_str text)
{
    return (struct ps_item_facts){.namespace_name = ps_str_of(namespace_name),
                                  .name = ps_str_of(name),
                                  .owner = PS_STR("kafka"),
                                  .uid = PS_STR("u"),
                                  .version = ps_str_of(version),
                                  .text = text};
}

static enum ps_put put(struct ps_store *store, enum ps_kind kind, const char *namespace_name,
                       const char *name, struct ps_str text)
{
    static unsigned version;
    char words[16];
    struct ps_item *item = NULL;
    (void)snprintf(words, sizeof(words), "%u", ++version);
    struct ps_item_facts facts = facts_of(namespace_name, name, words, text);
    return ps_store_put(store, kind, &facts, 1, &item);
}

static size_t count(const struct ps_store *store, enum ps_kind kind, const char *namespace_name)
{
    size_t found = 0;
    const struct ps_item *item = ps_store_first(store, kind, ps_str_of(namespace_name));
    for (; item != NULL; item = item->next) {
        found++;
    }
    return found;
}

static void name_of(size_t i, char name[24], char namespace_name[24])
{
    (void)snprintf(name, 24, "kafka-%zu", i / 7);
    (void)snprintf(namespace_name, 24, "ns%zu", i % 7);
}

START_TEST(finds_each_among_many)
{
    struct ps_store store = {0};
    char name[24];
    char space[24];
    for (size_t i = 0; i < MANY; i++) {
        name_of(i, name, space);
        ck_assert_int_eq(put(&store, PS_KIND_POD, space, name, PS_STR("pod")), PS_PUT_CHANGED);
        ck_assert_int_eq(put(&store, PS_KIND_SERVICE, space, name, PS_STR("s")), PS_PUT_CHANGED);
    }
    for (size_t i = 0; i < MANY; i++) {
        name_of(i, name, space);
        const struct ps_item *pod =
            ps_store_find(&store, PS_KIND_POD, ps_str_of(space), ps_str_of(name));
        ck_assert_ptr_nonnull(pod);
        ck_assert(ps_str_is(pod->facts.name, name) && ps_str_is(pod->facts.text, "pod"));
    }
    ck_assert_ptr_null(ps_store_find(&store, PS_KIND_POD, PS_STR("ns1"), PS_STR("kafka-x")));
    ck_assert_ptr_null(ps_store_find(&store, PS_KIND_POD, PS_STR("ns"), PS_STR("kafka-1")));
    ck_assert_uint_eq(count(&store, PS_KIND_POD, "ns0"), (MANY + 6) / 7);
    ps_store_clear(&store);
}
END_TEST

START_TEST(takes_each_out_again)
{
    struct ps_store store = {0};
    char name[24];
    char space[24];
    for (size_t i = 0; i < MANY; i++) {
        name_of(i, name, space);
        (void)put(&store, PS_KIND_POD, space, name, PS_STR("pod"));
    }
    for (size_t i = 0; i < MANY; i += 2) {
        name_of(i, name, space);
        ps_item_free(ps_store_take(&store, PS_KIND_POD, ps_str_of(space), ps_str_of(name)));
    }
    for (size_t i = 0; i < MANY; i++) {
        name_of(i, name, space);
        bool there = ps_store_find(&store, PS_KIND_POD, ps_str_of(space), ps_str_of(name)) != NULL;
        ck_assert_int_eq(there, i % 2);
    }
    size_t left = 0;
    struct ps_item *item;
    while ((item = ps_store_take_older(&store, PS_KIND_POD, PS_STR(""), 1)) != NULL) {
        ps_item_free(item);
        left++;
    }
    ck_assert_uint_eq(left, MANY / 2);
    ck_assert_ptr_null(store.rooms);
    ck_assert_uint_eq(store.stray_bytes[PS_KIND_POD], 0);
    ps_store_clear(&store);
}
END_TEST

START_TEST(takes_only_what_was_not_told_of)
{
    struct ps_store store = {0};
    (void)put(&store, PS_KIND_POD, "a", "old", PS_STR(""));
    store.generation++;
    (void)put(&store, PS_KIND_POD, "a", "new", PS_STR(""));
    (void)put(&store, PS_KIND_POD, "b", "new", PS_STR(""));
    ck_assert_ptr_null(ps_store_take_older(&store, PS_KIND_POD, PS_STR("b"), 1));
    ck_assert_ptr_null(ps_store_take_older(&store, PS_KIND_SERVICE, PS_STR(""), 1));
    struct ps_item *item = ps_store_take_older(&store, PS_KIND_POD, PS_STR(""), 1);
    ck_assert(item != NULL && ps_str_is(item->facts.name, "old"));
    ps_item_free(item);
    ck_assert_ptr_null(ps_store_take_older(&store, PS_KIND_POD, PS_STR(""), 1));
    ps_store_clear(&store);
}
END_TEST

/* A megabyte of text (owned). */
static char *make_large(void)
{
    char *text = ps_heap_new(MIB + 1, 1);
    memset(text, 'x', MIB);
    return text;
}

static size_t flood(struct ps_store *store, struct ps_str text)
{
    char name[24];
    size_t kept = 0;
    for (size_t i = 0; i < 3 * PS_STRAY_BYTES_MAX / MIB; i++) {
        (void)snprintf(name, sizeof(name), "flood-%zu", i);
        kept += put(store, PS_KIND_CONFIG_MAP, "stranger", name, text) == PS_PUT_CHANGED;
    }
    return kept;
}

START_TEST(strays_have_a_limit)
{
    struct ps_store store = {0};
    char *large = make_large();
    size_t kept = flood(&store, ps_str_of(large));
    ck_assert_uint_ge(kept, PS_STRAY_BYTES_MAX / MIB - 1);
    ck_assert_uint_le(store.stray_bytes[PS_KIND_CONFIG_MAP], PS_STRAY_BYTES_MAX);
    ck_assert(!ps_store_is_roomy(&store, PS_KIND_CONFIG_MAP));
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "other", "x", ps_str_of(large)), PS_PUT_STRAY);
    /* Other kinds and namespaces that are looked after are not touched by that. */
    ck_assert_int_eq(put(&store, PS_KIND_POD, "other", "x", ps_str_of(large)), PS_PUT_CHANGED);
    ps_store_want(&store, PS_STR("ours"), true);
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "ours", "x", ps_str_of(large)),
                     PS_PUT_CHANGED);
    ps_store_clear(&store);
    ps_heap_free(large);
}
END_TEST

/* What is known of it is out of date then, but it is known. */
START_TEST(a_stray_that_grows_stays_as_it_was)
{
    struct ps_store store = {0};
    char *large = make_large();
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "a", "small", PS_STR("1")), PS_PUT_CHANGED);
    (void)flood(&store, ps_str_of(large));
    store.generation++;
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "a", "small", ps_str_of(large)), PS_PUT_STRAY);
    const struct ps_item *item =
        ps_store_find(&store, PS_KIND_CONFIG_MAP, PS_STR("a"), PS_STR("small"));
    ck_assert(item != NULL && ps_str_is(item->facts.text, "1"));
    ck_assert_uint_eq(item->generation, 1);
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "a", "small", PS_STR("22")), PS_PUT_CHANGED);
    ps_store_clear(&store);
    ps_heap_free(large);
}
END_TEST

START_TEST(the_label_makes_room)
{
    struct ps_store store = {0};
    char *large = make_large();
    size_t kept = flood(&store, ps_str_of(large));
    ps_store_want(&store, PS_STR("stranger"), true);
    ck_assert_uint_eq(store.stray_bytes[PS_KIND_CONFIG_MAP], 0);
    ck_assert(ps_store_is_roomy(&store, PS_KIND_CONFIG_MAP));
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "b", "x", ps_str_of(large)), PS_PUT_CHANGED);
    ps_store_want(&store, PS_STR("stranger"), false);
    ck_assert_uint_gt(store.stray_bytes[PS_KIND_CONFIG_MAP], kept * MIB);
    ck_assert_int_eq(put(&store, PS_KIND_CONFIG_MAP, "b", "y", ps_str_of(large)), PS_PUT_STRAY);
    ps_store_want(&store, PS_STR("nobody"), false);
    ps_store_clear(&store);
    ps_heap_free(large);
}
END_TEST

/* One object as it is kept, and what of it is to go. */
static const struct cut {
    const char *name;
    enum ps_kind kind;
    const char *object;
    const char *kept[3];
    const char *gone[3];
} cuts[] = {
    {"a ConfigMap",
     PS_KIND_CONFIG_MAP,
     "{\"metadata\":{\"name\":\"m\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\","
     "\"portside.dev/role\":\"ports\",\"theirs\":\"l\"},\"annotations\":{\"theirs\":\"a\","
     "\"portside.dev/applied\":\"d\"},\"managedFields\":[{\"x\":1}]},\"data\":{\"external-kafka-0\":"
     "\"31000\",\"brokers.json\":\"[]\",\"junk\":\"long\",\"number\":7},\"binaryData\":{\"b\":"
     "\"AA==\"}}",
     {"\"portside.dev/role\":\"ports\"",
      "\"data\":{\"external-kafka-0\":\"31000\",\"brokers.json\":"
      "\"[]\"}",
      "\"portside.dev/applied\":\"d\""},
     {"theirs", "junk", "binaryData"}},
    {"a ConfigMap without sense",
     PS_KIND_CONFIG_MAP,
     "{\"metadata\":{\"name\":\"m\",\"labels\":\"l\",\"annotations\":[1]},\"data\":\"text\"}",
     {"\"labels\":{}", "\"annotations\":{}", "\"data\":{}"},
     {"text"}},
    {"a Service",
     PS_KIND_SERVICE,
     "{\"metadata\":{\"name\":\"s\",\"annotations\":{\"theirs\":\"a\","
     "\"kubectl.kubernetes.io/last-applied-configuration\":\"copy\"}},\"spec\":{\"x\":1},"
     "\"other\":2}",
     {"\"annotations\":{\"theirs\":\"a\"}", "\"spec\":{\"x\":1}"},
     {"copy", "other"}},
    {"a StatefulSet",
     PS_KIND_STATEFULSET,
     "{\"metadata\":{\"name\":\"s\",\"annotations\":{\"portside.dev/type\":\"None\","
     "\"kubectl.kubernetes.io/last-applied-configuration\":\"copy\"}},\"spec\":{\"replicas\":1},"
     "\"status\":{\"replicas\":9}}",
     {"\"portside.dev/type\":\"None\"", "\"replicas\":1"},
     {"copy", "\"replicas\":9"}},
};

static void check_cut(struct ps_arena *arena, const void *row)
{
    const struct cut *cut = row;
    struct ps_json *object = NULL;
    struct ps_item_facts facts;
    ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(cut->object), &object, NULL)));
    ck_assert(ps_item_read(arena, cut->kind, object, &facts));
    for (size_t i = 0; i < PS_COUNT(cut->kept) && cut->kept[i] != NULL; i++) {
        ck_assert_msg(ps_str_contains(facts.text, cut->kept[i]), "%s: no %s in %.*s", cut->name,
                      cut->kept[i], PS_FMT(facts.text));
    }
    for (size_t i = 0; i < PS_COUNT(cut->gone) && cut->gone[i] != NULL; i++) {
        ck_assert_msg(!ps_str_contains(facts.text, cut->gone[i]), "%s: %s in %.*s", cut->name,
                      cut->gone[i], PS_FMT(facts.text));
    }
}

START_TEST(keeps_what_plans_read)
{
    ps_in_arena(check_cut, &cuts[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("store");
    TCase *tc = tcase_create("items");
    tcase_add_test(tc, finds_each_among_many);
    tcase_add_test(tc, takes_each_out_again);
    tcase_add_test(tc, takes_only_what_was_not_told_of);
    tcase_add_test(tc, strays_have_a_limit);
    tcase_add_test(tc, a_stray_that_grows_stays_as_it_was);
    tcase_add_test(tc, the_label_makes_room);
    tcase_add_loop_test(tc, keeps_what_plans_read, 0, (int)PS_COUNT(cuts));
    suite_add_tcase(suite, tc);
    return suite;
}
