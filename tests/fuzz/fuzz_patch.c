/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a document, a line feed with two '-' behind it, a patch. Applying never crashes, does the
 * same twice, and a failure has a message.
 */
#include "fuzz/fuzz.h"
#include "portside/patch.h"

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

static struct ps_status try_patch(void *arg)
{
    const struct input *input = arg;
    struct ps_json *first = NULL;
    struct ps_json *patch = NULL;
    struct ps_error err;
    size_t cut = ps_str_find(input->text, PS_STR("\n--"), 0);
    struct ps_str document = ps_str_slice(input->text, 0, cut);
    PS_TRY(ps_json_parse(input->arena, document, &first, &err));
    PS_TRY(ps_json_parse(input->arena, ps_str_slice(input->text, cut + 3, input->text.len), &patch,
                         &err));
    struct ps_json *second = ps_json_copy(input->arena, first);
    err.message[0] = '\0';
    bool applied = ps_ok(ps_patch_apply(input->arena, &first, patch, &err));
    FUZZ_CHECK(applied || err.message[0] != '\0');
    FUZZ_CHECK(applied == ps_ok(ps_patch_apply(input->arena, &second, patch, &err)));
    FUZZ_CHECK(!applied || ps_json_equal(first, second));
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_patch, &input);
    return 0;
}
