/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser accepts what a second reader accepts, but for what it refuses on purpose, and nothing
 * else. What it accepts it can copy and write again; what it wrote the second reader takes, is the
 * same value, and is written once more with the same bytes. With members left out the parser takes
 * the same texts, and those that a key twice in such a member spoils.
 */
#include "fuzz/witness.h"

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

/* Refused is: no JSON, a key twice, what is odd, what is nested too deeply. Each with a message. */
static void check_refusal(struct ps_str text, const struct ps_error *err)
{
    struct witness witness;
    bool valid = witness_reads(text, &witness);
    struct ps_str message = ps_str_of(err->message);
    FUZZ_CHECK(ps_str_starts(message, "invalid JSON"));
    FUZZ_CHECK(!valid || witness.odd || witness.deepest > PS_JSON_DEPTH_MAX ||
               ps_str_ends(message, "occurs twice"));
}

static void check_written(struct ps_arena *arena, const struct ps_json *root)
{
    struct ps_str written = fuzz_write(arena, root);
    struct witness witness;
    struct ps_json *again = NULL;
    FUZZ_CHECK(witness_reads(written, &witness) && !witness.odd);
    FUZZ_CHECK(ps_ok(ps_json_parse(arena, written, &again, NULL)));
    FUZZ_CHECK(ps_json_equal(root, again));
    FUZZ_CHECK(ps_str_equal(written, fuzz_write(arena, again)));
}

static void check_without(const struct input *input)
{
    static const struct ps_json_skip skips[] = {
        {1, PS_STR_INIT("a")}, {2, PS_STR_INIT("")}, {3, PS_STR_INIT("name")}};
    struct ps_json *all = NULL;
    struct ps_json *rest = NULL;
    bool taken = ps_ok(ps_json_parse(input->arena, input->text, &all, NULL));
    bool without = ps_ok(
        ps_json_parse_without(input->arena, input->text, skips, PS_COUNT(skips), &rest, NULL));
    FUZZ_CHECK(!taken || (without && ps_json_count(rest) == ps_json_count(all)));
    FUZZ_CHECK(!without || ps_ok(ps_json_scan(input->text, NULL)));
}

static struct ps_status try_json(void *arg)
{
    const struct input *input = arg;
    struct ps_json *root = NULL;
    struct ps_error err = {.message = ""};
    struct witness witness;
    check_without(input);
    if (!ps_ok(ps_json_parse(input->arena, input->text, &root, &err))) {
        check_refusal(input->text, &err);
        return ps_success();
    }
    FUZZ_CHECK(witness_reads(input->text, &witness) && witness.deepest <= PS_JSON_DEPTH_MAX);
    FUZZ_CHECK(ps_json_equal(root, ps_json_copy(input->arena, root)));
    if (ps_jw_can_copy(root)) {
        check_written(input->arena, root);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_json, &input);
    return 0;
}
