/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product on damaged reviews: an answer is always one of the known ones, never an internal
 * error; the same bytes give the same bytes; the uid is echoed; once the patch is applied there is
 * nothing left to patch.
 */
#include "fuzz/fuzz.h"
#include "portside/admit.h"
#include "portside/jw.h"
#include "portside/patch.h"

struct round {
    struct ps_arena *arena;
    struct ps_str request;
    struct ps_admission admission;
    struct ps_str patched; /* the request with the patch applied; empty if it cannot be written */
};

static void check_answer(const struct round *round)
{
    const struct ps_admission *admission = &round->admission;
    struct ps_json *answer = NULL;
    struct ps_error err;
    FUZZ_CHECK(admission->http_status == 200);
    FUZZ_CHECK(ps_ok(ps_json_parse(round->arena, admission->body, &answer, &err)));
    const struct ps_json *response = ps_json_get(answer, "response");
    FUZZ_CHECK(ps_str_equal(ps_json_get_text(response, "uid"), admission->uid));
    bool patched = ps_json_get(response, "patch") != NULL;
    FUZZ_CHECK(patched == (ps_json_get(response, "patchType") != NULL));
    FUZZ_CHECK(patched == (admission->patch.len > 0));
    FUZZ_CHECK(!patched || ps_json_is_true(ps_json_get(response, "allowed")));
}

/* Applies the patch to request.object, as the API server does. */
static struct ps_status apply(void *arg)
{
    struct round *round = arg;
    struct ps_json *root = NULL;
    struct ps_json *patch = NULL;
    struct ps_error err;
    check_answer(round);
    if (round->admission.patch.len == 0) {
        return ps_success();
    }
    PS_TRY(ps_json_parse(round->arena, round->request, &root, &err));
    FUZZ_CHECK(ps_ok(ps_json_parse(round->arena, round->admission.patch, &patch, &err)));
    struct ps_json *request = ps_json_mutable_get(root, PS_STR("request"));
    struct ps_json *object =
        ps_json_copy(round->arena, ps_json_mutable_get(request, PS_STR("object")));
    FUZZ_CHECK(ps_ok(ps_patch_apply(round->arena, &object, patch, &err)));
    ps_json_object_set(round->arena, request, PS_STR("object"), object);
    if (ps_jw_can_copy(root)) {
        struct ps_buf buf;
        struct ps_jw jw;
        ps_buf_init(&buf, round->arena, round->request.len * 2);
        ps_jw_init(&jw, &buf);
        ps_jw_copy(&jw, root);
        round->patched = ps_buf_view(&buf);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct round round = {.arena = fuzz_arena(), .request = fuzz_text(data, size)};
    struct ps_config config;
    ps_config_init(&config);
    ps_admit(&config.policy, round.arena, round.request, &round.admission);
    FUZZ_CHECK(round.admission.http_status != 500 && round.admission.body.len > 0);
    struct ps_admission again;
    ps_admit(&config.policy, round.arena, round.request, &again);
    FUZZ_CHECK(ps_str_equal(round.admission.body, again.body));
    if (round.admission.http_status != 200 || !fuzz_run(round.arena, apply, &round) ||
        round.patched.len == 0) {
        return 0;
    }
    ps_admit(&config.policy, round.arena, round.patched, &again);
    FUZZ_CHECK(again.http_status == 200 && again.patch.len == 0);
    return 0;
}
