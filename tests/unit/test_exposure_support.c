/* SPDX-License-Identifier: Apache-2.0 */
#include "test_exposure_support.h"

#include "portside/jw.h"
#include "support/runner.h"

#define ARENA_BYTES (4U << 20)

static struct ps_arena *arena;
static const struct ps_policy no_limits;

struct request {
    const struct ps_policy *policy;
    struct ps_str json;
    struct outcome outcome;
};

void set_up(void)
{
    arena = ps_arena_new(ARENA_BYTES);
    ck_assert_ptr_nonnull(arena);
}

void tear_down(void)
{
    ps_arena_free(arena);
}

struct ps_arena *test_arena(void)
{
    return arena;
}

static struct ps_status run(void *arg)
{
    struct request *request = arg;
    struct outcome *outcome = &request->outcome;
    struct ps_json *root = NULL;
    struct ps_error err;
    struct ps_status status = ps_json_parse(arena, request->json, &root, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
    outcome->accepted =
        ps_exposures_parse(arena, request->policy, root, &outcome->exposures, &outcome->problem);
    return ps_success();
}

struct outcome parse_json(const struct ps_policy *policy, struct ps_str json)
{
    struct request request = {.policy = policy == NULL ? &no_limits : policy, .json = json};
    struct ps_error err;
    struct ps_status status = ps_arena_run(arena, run, &request, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
    return request.outcome;
}

struct list {
    const struct annotation *annotations;
    size_t count;
    struct ps_str json;
};

static struct ps_status write_list(void *arg)
{
    struct list *list = arg;
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 256);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    for (size_t i = 0; i < list->count; i++) {
        ps_jw_key_str(&jw, ps_str_of(list->annotations[i].key));
        ps_jw_str(&jw, ps_str_of(list->annotations[i].value));
    }
    ps_jw_object_end(&jw);
    list->json = ps_buf_view(&buf);
    return ps_success();
}

struct outcome parse(const struct ps_policy *policy, const struct annotation *list, size_t count)
{
    struct list text = {.annotations = list, .count = count};
    struct ps_error err;
    struct ps_status status = ps_arena_run(arena, write_list, &text, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
    return parse_json(policy, text.json);
}

struct outcome parse_one(const struct ps_policy *policy, const char *name, const char *value)
{
    struct ps_str key = ps_arena_printf(arena, PS_ANNOTATION_PREFIX "%s", name);
    struct annotation annotation = {key.ptr, value};
    return parse(policy, &annotation, 1);
}

static const char *address_type_letter(enum ps_address_type type)
{
    static const char *const letters[] = {
        [PS_ADDRESS_EXTERNAL_DNS] = "E", [PS_ADDRESS_EXTERNAL_IP] = "e",
        [PS_ADDRESS_INTERNAL_DNS] = "I", [PS_ADDRESS_INTERNAL_IP] = "i",
        [PS_ADDRESS_HOSTNAME] = "H",
    };
    return letters[type];
}

/* Work for ps_arena_run is not needed here: a test's arena is far from its limit. */
const char *render(const struct ps_exposures *exposures)
{
    const struct ps_exposure *exposure = &exposures->list[0];
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    if (exposures->opted_out) {
        ps_buf_puts(&buf, "opted out ");
    }
    ps_buf_printf(&buf, "count=%zu type=%s name=%.*s%s port=%u%s protocol=%s base=%u types=",
                  exposures->count, ps_exposure_type_name(exposure->type),
                  PS_FMT(exposure->listener_name), exposure->listener_name_stated ? "!" : "",
                  (unsigned)exposure->listener_port, exposure->listener_port_stated ? "!" : "",
                  ps_protocol_name(exposure->protocol), exposure->node_port_base);
    for (size_t i = 0; i < exposure->address_type_count; i++) {
        ps_buf_puts(&buf, address_type_letter(exposure->address_types[i]));
    }
    ps_buf_printf(&buf, " host=%.*s advertised=%.*s container=%.*s family=%.*s delivery=%s.",
                  PS_FMT(exposure->advertised_host), PS_FMT(exposure->advertised_port),
                  PS_FMT(exposures->container), PS_FMT(exposures->family),
                  ps_delivery_name(exposures->delivery));
    return buf.ptr;
}

const char *describe(const struct outcome *outcome)
{
    return outcome->accepted ? render(&outcome->exposures) : outcome->problem.message.ptr;
}
