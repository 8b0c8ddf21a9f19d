/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of an answer. Taken apart as a list, it has the items that the parser sees; as a failure
 * it has an outcome and words for every HTTP status.
 */
#include "answer.h"
#include "fuzz/fuzz.h"
#include "items.h"

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

static bool is_inside(struct ps_str part, struct ps_str text)
{
    return part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len;
}

/* As many items as a parser finds, and each the same. */
static void check_items(struct ps_arena *arena, struct ps_str text, const struct ps_json *root)
{
    struct ps_items items;
    struct ps_str item;
    const struct ps_json *array = ps_json_get(root, "items");
    size_t index = 0;
    bool object = ps_json_type(root) == PS_JSON_OBJECT;
    FUZZ_CHECK(ps_items_init(&items, text) == object);
    array = ps_json_type(array) == PS_JSON_ARRAY ? array : NULL;
    while (object && ps_items_next(&items, &item)) {
        struct ps_json *parsed = NULL;
        FUZZ_CHECK(is_inside(item, text));
        FUZZ_CHECK(ps_ok(ps_json_parse(arena, item, &parsed, NULL)));
        FUZZ_CHECK(ps_json_equal(parsed, ps_json_at(array, index++)));
    }
    FUZZ_CHECK(index == ps_json_count(array));
}

static struct ps_status try_answer(void *arg)
{
    static const int statuses[] = {0,   200, 301, 400, 401, 403, 404, 409, 410,
                                   415, 422, 429, 500, 502, 503, 504, 599};
    const struct input *input = arg;
    struct ps_json *root = NULL;
    struct ps_items items;
    struct ps_str item;
    if (ps_items_init(&items, input->text)) {
        while (ps_items_next(&items, &item)) {
            FUZZ_CHECK(item.len > 0 && is_inside(item, input->text));
        }
    }
    if (!ps_ok(ps_json_parse(input->arena, input->text, &root, NULL))) {
        root = NULL;
    } else {
        check_items(input->arena, input->text, root);
    }
    for (size_t i = 0; i < PS_COUNT(statuses); i++) {
        struct ps_error err = {.message = ""};
        const struct ps_kube_answer answer = {"get pods 'a'", statuses[i],
                                              statuses[i] == 0 ? "connection refused" : NULL, root};
        enum ps_kube_outcome outcome = ps_kube_outcome(&answer);
        FUZZ_CHECK((outcome == PS_KUBE_OK) == ps_kube_is_success(&answer));
        FUZZ_CHECK(outcome >= PS_KUBE_OK && outcome <= PS_KUBE_FAILED);
        ps_kube_explain(&answer, "get", "pods", &err);
        FUZZ_CHECK(ps_str_starts(ps_str_of(err.message), "get pods 'a': "));
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_answer, &input);
    return 0;
}
