/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser accepts, it can copy and write again, and what it wrote is the same value. */
#include "fuzz/fuzz.h"
#include "portside/jw.h"

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

static struct ps_status try_json(void *arg)
{
    const struct input *input = arg;
    struct ps_json *root = NULL;
    struct ps_error err;
    PS_TRY(ps_json_parse(input->arena, input->text, &root, &err));
    FUZZ_CHECK(ps_json_equal(root, ps_json_copy(input->arena, root)));
    if (!ps_jw_can_copy(root)) {
        return ps_success();
    }
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, input->arena, input->text.len);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, root);
    struct ps_json *again = NULL;
    FUZZ_CHECK(ps_ok(ps_json_parse(input->arena, ps_buf_view(&buf), &again, &err)));
    FUZZ_CHECK(ps_json_equal(root, again));
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_json, &input);
    return 0;
}
