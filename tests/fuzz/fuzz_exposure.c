/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: lines key=value, the keys without their prefix. What is accepted is within the bounds that
 * the rest of the core relies on; what is refused has a message.
 */
#include "fuzz/fuzz.h"
#include "portside/exposure.h"
#include "portside/jw.h"

struct input {
    struct ps_arena *arena;
    struct ps_str text;
};

/* The lines as an object of annotations; NULL if they make no valid one (a key twice, no UTF-8). */
static const struct ps_json *annotations_of(struct ps_arena *arena, struct ps_str text)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_str line;
    ps_buf_init(&buf, arena, text.len + 64);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    while (ps_str_split(&text, '\n', &line)) {
        size_t equals = ps_str_index(line, '=');
        struct ps_str key = ps_str_slice(line, 0, equals);
        ps_jw_key_str(&jw, ps_arena_printf(arena, "portside.dev/%.*s", PS_FMT(key)));
        ps_jw_str(&jw, ps_str_slice(line, equals + 1, line.len));
    }
    ps_jw_object_end(&jw);
    struct ps_json *root = NULL;
    return ps_ok(ps_json_parse(arena, ps_buf_view(&buf), &root, NULL)) ? root : NULL;
}

static void check_exposure(struct ps_arena *arena, const struct ps_exposure *exposure)
{
    const struct ps_template_facts facts = {7, PS_STR("kafka-7"), PS_STR("kafka"), PS_STR("ns")};
    FUZZ_CHECK(exposure->name.len > 0 && exposure->env_prefix.len > 0);
    FUZZ_CHECK(exposure->listener_name.len > 0 && exposure->listener_port > 0);
    FUZZ_CHECK(exposure->address_type_count <= PS_ADDRESS_TYPES_MAX);
    struct ps_str host = ps_template_expand(arena, exposure->advertised_host, &facts);
    FUZZ_CHECK(!ps_str_contains(host, "{"));
    struct ps_str port = ps_template_expand(arena, exposure->advertised_port, &facts);
    FUZZ_CHECK(!ps_str_contains(port, "{"));
}

static struct ps_status try_exposures(void *arg)
{
    const struct input *input = arg;
    struct ps_config config;
    ps_config_init(&config);
    const struct ps_json *annotations = annotations_of(input->arena, input->text);
    struct ps_exposures exposures;
    struct ps_exposure_problem problem;
    if (!ps_exposures_parse(input->arena, &config.policy, annotations, &exposures, &problem)) {
        FUZZ_CHECK(problem.message.len > 0);
        return ps_success();
    }
    FUZZ_CHECK(exposures.count <= PS_EXPOSURES_MAX);
    for (size_t i = 0; i < exposures.count; i++) {
        check_exposure(input->arena, &exposures.list[i]);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {fuzz_arena(), fuzz_text(data, size)};
    fuzz_run(input.arena, try_exposures, &input);
    return 0;
}
