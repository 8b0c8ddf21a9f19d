/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a document, a line feed with two '-' behind it, a patch. Applying does the same twice, and
 * the same as its operations one by one; each has the effect that RFC 6902 gives it, which another
 * one takes back. A failure names the operation, and those before it were applied; what is left of
 * the document, which the caller drops, can still be walked.
 */
#include "fuzz/fuzz.h"
#include "portside/patch.h"

#define STEPS_MAX 16U

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

/* One operation on a document. */
struct one {
    struct ps_arena *arena;
    struct ps_str name;
    struct ps_str path;
    const struct ps_json *node;
    const struct ps_json *before;
    struct ps_json *after;
};

static struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    return ps_ok(ps_json_parse(arena, text, &root, NULL)) ? root : NULL;
}

static struct ps_str parent_path(const struct one *one)
{
    return ps_str_slice(one->path, 0, ps_str_last_index(one->path, '/'));
}

static bool is_in_array(const struct one *one)
{
    const struct ps_json *parent = ps_pointer_find(one->arena, one->before, parent_path(one));
    return one->path.len > 0 && ps_json_type(parent) == PS_JSON_ARRAY;
}

/* The path with an index for "-". */
static struct ps_str place_of(const struct one *one)
{
    if (!is_in_array(one) || !ps_str_ends(one->path, "/-")) {
        return one->path;
    }
    const struct ps_json *parent = ps_pointer_find(one->arena, one->before, parent_path(one));
    return ps_pointer_index(one->arena, parent_path(one), ps_json_count(parent));
}

static void put(struct ps_jw *jw, struct ps_patch *patch, const struct ps_json *value)
{
    ps_jw_copy(jw, value);
    ps_patch_end(patch);
}

/* What takes the operation back; nothing for those that have no such thing. */
static struct ps_str inverse(const struct one *one)
{
    const struct ps_json *old = ps_pointer_find(one->arena, one->before, one->path);
    struct ps_patch patch;
    ps_patch_init(&patch, one->arena);
    bool adds = ps_str_is(one->name, "add") || ps_str_is(one->name, "copy");
    if (!ps_jw_can_copy(old)) {
        return PS_STR("[]");
    }
    if (ps_str_is(one->name, "remove")) {
        put(ps_patch_add(&patch, one->path), &patch, old);
    } else if (ps_str_is(one->name, "replace") || (adds && old != NULL && !is_in_array(one))) {
        put(ps_patch_replace(&patch, one->path), &patch, old);
    } else if (adds) {
        ps_patch_remove(&patch, place_of(one));
    }
    return ps_patch_finish(&patch);
}

static void check_inverse(const struct one *one)
{
    struct ps_json *patch = parse(one->arena, inverse(one));
    struct ps_json *back = ps_json_copy(one->arena, one->after);
    if (ps_json_count(patch) > 0) {
        FUZZ_CHECK(ps_ok(ps_patch_apply(one->arena, &back, patch, NULL)));
        FUZZ_CHECK(ps_json_equal(back, one->before));
    }
}

/* What must stand at the path now; NULL: no rule. */
static const struct ps_json *wanted(const struct one *one)
{
    if (ps_str_is(one->name, "add") || ps_str_is(one->name, "replace") ||
        ps_str_is(one->name, "test")) {
        return ps_json_get(one->node, "value");
    }
    bool from = ps_str_is(one->name, "copy") || ps_str_is(one->name, "move");
    return from ? ps_pointer_find(one->arena, one->before, ps_json_get_text(one->node, "from"))
                : NULL;
}

static void check_effect(const struct one *one)
{
    const struct ps_json *value = wanted(one);
    bool moves = ps_str_is(one->name, "move"); /* may shift what its path speaks of */
    if (value != NULL && !(moves && ps_str_ends(one->path, "/-"))) {
        const struct ps_json *there = ps_pointer_find(one->arena, one->after, place_of(one));
        FUZZ_CHECK(ps_json_equal(there, value));
    }
    if (ps_str_is(one->name, "test")) {
        FUZZ_CHECK(ps_json_equal(one->before, one->after));
    } else if (!moves) {
        check_inverse(one);
    }
}

/* True if the operation could be applied. */
static bool step(struct ps_arena *arena, struct ps_json **document, const struct ps_json *node)
{
    struct ps_json *alone = parse(arena, PS_STR("[]"));
    struct one one = {
        .arena = arena,
        .name = ps_json_get_text(node, "op"),
        .path = ps_json_get_text(node, "path"),
        .node = node,
        .before = ps_json_copy(arena, *document),
    };
    FUZZ_CHECK(ps_json_array_insert(alone, 0, ps_json_copy(arena, node)));
    bool applied = ps_ok(ps_patch_apply(arena, document, alone, NULL));
    FUZZ_CHECK(ps_json_equal(*document, ps_json_copy(arena, *document)));
    if (applied) {
        one.after = *document;
        check_effect(&one);
    }
    return applied;
}

/* The operations one by one come to the same end, or fail at the one that the message names. */
static void check_steps(struct ps_arena *arena, struct ps_json *document,
                        const struct ps_json *patch, const struct ps_json *whole,
                        const char *failure)
{
    size_t index = 0;
    PS_JSON_EACH(node, patch)
    {
        if (!step(arena, &document, node)) {
            struct ps_str named = ps_arena_printf(arena, "operation %zu ", index);
            FUZZ_CHECK(whole == NULL && strncmp(failure, named.ptr, named.len) == 0);
            return;
        }
        index++;
    }
    FUZZ_CHECK(whole != NULL && ps_json_equal(document, whole));
}

static struct ps_status try_patch(void *arg)
{
    const struct input *input = arg;
    struct ps_error err = {.message = ""};
    size_t cut = ps_str_find(input->text, PS_STR("\n--"), 0);
    struct ps_json *first = parse(input->arena, ps_str_slice(input->text, 0, cut));
    struct ps_json *patch =
        parse(input->arena, ps_str_slice(input->text, cut + 3, input->text.len));
    if (first == NULL || patch == NULL) {
        return ps_success();
    }
    struct ps_json *second = ps_json_copy(input->arena, first);
    struct ps_json *third = ps_json_copy(input->arena, first);
    bool applied = ps_ok(ps_patch_apply(input->arena, &first, patch, &err));
    FUZZ_CHECK(applied || err.message[0] != '\0');
    FUZZ_CHECK(applied == ps_ok(ps_patch_apply(input->arena, &second, patch, &err)));
    FUZZ_CHECK(ps_json_equal(first, second));
    if (ps_json_type(patch) == PS_JSON_ARRAY && ps_json_count(patch) <= STEPS_MAX) {
        check_steps(input->arena, third, patch, applied ? first : NULL, err.message);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_patch, &input);
    return 0;
}
