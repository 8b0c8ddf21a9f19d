/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product on damaged reviews. An answer is always one of the known ones, never an internal
 * error; the same bytes give the same bytes. A second reader finds in it valid JSON, the uid of the
 * request, and the patch that was decided. A Pod is never denied. The patch applies, touches what
 * is ours and nothing else (touch.h), and once it is applied there is nothing left to patch.
 */
#include "fuzz/touch.h"
#include "fuzz/witness.h"
#include "portside/admit.h"
#include "portside/base64.h"
#include "portside/hazard.h"
#include "portside/patch.h"

struct round {
    struct ps_arena *arena;
    struct ps_str request;
    struct ps_admission admission;
    struct ps_str patched; /* the request with the patch applied; empty if it cannot be written */
};

static bool is_true(struct ps_str json)
{
    return ps_str_is(json, "true");
}

/* Only the author of a StatefulSet is there to read a refusal. */
static void check_refusal(struct round *round, struct ps_str request, struct ps_str response)
{
    struct ps_arena *arena = round->arena;
    struct ps_str kind = witness_get(arena, request, "kind");
    struct ps_str status = witness_get(arena, response, "status");
    FUZZ_CHECK(ps_str_is(witness_get_text(arena, kind, "kind"), "StatefulSet"));
    FUZZ_CHECK(ps_str_is(witness_get(arena, status, "code"), "422"));
    FUZZ_CHECK(witness_get_text(arena, status, "message").len > 0);
    FUZZ_CHECK(witness_get(arena, response, "patch").len == 0);
}

static void check_patch(struct round *round, struct ps_str response)
{
    struct ps_str text = witness_get_text(round->arena, response, "patch");
    struct ps_str type = witness_get_text(round->arena, response, "patchType");
    struct witness witness;
    size_t len = 0;
    if (round->admission.patch.len == 0) {
        FUZZ_CHECK(text.len == 0 && type.len == 0);
        return;
    }
    char *patch = ps_arena_alloc(round->arena, PS_BASE64_ROOM(text.len));
    FUZZ_CHECK(ps_str_is(type, "JSONPatch") && ps_base64_decode(text, patch, &len));
    FUZZ_CHECK(ps_str_equal((struct ps_str){patch, len}, round->admission.patch));
    FUZZ_CHECK(witness_reads(round->admission.patch, &witness) && !witness.odd);
}

static void check_answer(struct round *round)
{
    const struct ps_admission *admission = &round->admission;
    struct witness witness;
    FUZZ_CHECK(witness_reads(admission->body, &witness) && !witness.odd);
    struct ps_str request = witness_get(round->arena, round->request, "request");
    struct ps_str response = witness_get(round->arena, admission->body, "response");
    struct ps_str uid = witness_get_text(round->arena, request, "uid");
    FUZZ_CHECK(uid.len > 0);
    FUZZ_CHECK(ps_str_equal(uid, witness_get_text(round->arena, response, "uid")));
    FUZZ_CHECK(ps_str_equal(witness_get_text(round->arena, round->request, "apiVersion"),
                            witness_get_text(round->arena, admission->body, "apiVersion")));
    if (!is_true(witness_get(round->arena, response, "allowed"))) {
        check_refusal(round, request, response);
    }
    check_patch(round, response);
    for (size_t i = 0; i < admission->warning_count; i++) {
        FUZZ_CHECK(admission->warnings[i].len > 0);
        FUZZ_CHECK(admission->warnings[i].len <= PS_WARNING_BYTES_MAX);
    }
}

/* Applies the patch to request.object, as the API server does. */
static struct ps_status apply(void *arg)
{
    struct round *round = arg;
    struct ps_json *root = NULL;
    struct ps_json *patch = NULL;
    check_answer(round);
    if (round->admission.patch.len == 0) {
        return ps_success();
    }
    struct ps_error err = {.message = ""};
    if (!ps_ok(ps_json_parse(round->arena, round->request, &root, &err))) {
        /* In what the product does not read, as in managedFields. */
        FUZZ_CHECK(strstr(err.message, "occurs twice") != NULL);
        return ps_success();
    }
    FUZZ_CHECK(ps_ok(ps_json_parse(round->arena, round->admission.patch, &patch, NULL)));
    struct ps_json *request = ps_json_mutable_get(root, PS_STR("request"));
    const struct ps_json *before = ps_json_get(request, "object");
    struct ps_json *after = ps_json_copy(round->arena, before);
    FUZZ_CHECK(ps_ok(ps_patch_apply(round->arena, &after, patch, NULL)));
    struct ps_str kind = ps_json_get_text(ps_json_get(request, "kind"), "kind");
    FUZZ_CHECK(touch_is_fine(round->arena, kind, before, after));
    ps_json_object_set(round->arena, request, PS_STR("object"), after);
    if (ps_jw_can_copy(root)) {
        /* As it would come a second time, from the API server or another webhook behind us. */
        round->patched = fuzz_write(round->arena, root);
    }
    return ps_success();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct round round = {.arena = fuzz_arena(), .request = fuzz_text(data, size)};
    static struct ps_arena *second;
    struct ps_config config;
    ps_config_init(&config);
    ps_admit(&config.policy, round.arena, round.request, &round.admission);
    FUZZ_CHECK(round.admission.http_status == 200 || round.admission.http_status == 400 ||
               round.admission.http_status == 413);
    FUZZ_CHECK(round.admission.body.len > 0);
    struct ps_admission again;
    ps_admit(&config.policy, fuzz_empty(&second), round.request, &again);
    FUZZ_CHECK(round.admission.http_status == again.http_status);
    FUZZ_CHECK(ps_str_equal(round.admission.body, again.body));
    if (round.admission.http_status != 200 || !fuzz_run(round.arena, apply, &round) ||
        round.patched.len == 0) {
        return 0;
    }
    ps_admit(&config.policy, fuzz_empty(&second), round.patched, &again);
    FUZZ_CHECK(again.http_status == 200);
    FUZZ_CHECK(again.patch.len == 0);
    return 0;
}
