/* SPDX-License-Identifier: Apache-2.0 */
#include "port_record.h"

#include <stdlib.h>

#include "service_digest.h"
#include "service_spec.h"

static bool is_refused(const struct ps_service_input *input, struct ps_str name)
{
    for (size_t i = 0; i < input->refused_count; i++) {
        if (ps_str_equal(input->refused[i], name)) {
            return true;
        }
    }
    return false;
}

/* People may write into the record; what is no port there is none. */
static uint32_t to_port(const struct ps_json *value)
{
    uint64_t port = 0;
    (void)ps_str_to_uint(ps_json_text(value), UINT16_MAX, &port);
    return (uint32_t)port;
}

static uint32_t find_advertised(const struct ps_service_input *input, struct ps_str name)
{
    for (size_t i = 0; i < input->advertised_count; i++) {
        if (ps_str_equal(input->advertised[i].service, name)) {
            return input->advertised[i].port;
        }
    }
    return 0;
}

uint32_t ps_port_record_find(const struct ps_service_input *input, struct ps_str name)
{
    uint32_t port = 0;
    if (is_refused(input, name)) {
        return 0;
    }
    if (ps_service_is_ours(input->record)) {
        port = to_port(ps_json_get_str(ps_json_get(input->record, "data"), name));
    }
    return port > 0 ? port : find_advertised(input, name);
}

static void set_port(struct ps_arena *arena, struct ps_object_data *data, struct ps_str name,
                     uint32_t port)
{
    struct ps_str text = ps_arena_printf(arena, "%u", (unsigned)port);
    for (size_t i = 0; i < data->count; i++) {
        if (ps_str_equal(data->pairs[i].name, name)) {
            data->pairs[i].value = text;
            return;
        }
    }
    data->pairs[data->count++] = (struct ps_exposure_pair){name, text};
}

static int by_name(const void *a, const void *b)
{
    return ps_str_compare(((const struct ps_exposure_pair *)a)->name,
                          ((const struct ps_exposure_pair *)b)->name);
}

static struct ps_object_data merge(struct ps_arena *arena, const struct ps_service_input *input)
{
    const struct ps_json *recorded = ps_json_get(input->record, "data");
    size_t room = ps_json_count(recorded) + input->service_count + 1;
    struct ps_object_data data = {.pairs = PS_ARENA_ARRAY(arena, struct ps_exposure_pair, room)};
    PS_JSON_EACH(entry, recorded)
    {
        uint32_t port = ps_port_record_find(input, ps_json_key(entry));
        if (port > 0) {
            set_port(arena, &data, ps_json_key(entry), port);
        }
    }
    for (size_t i = 0; i < input->service_count; i++) {
        const struct ps_json *service = input->services[i];
        uint32_t port = ps_service_node_port(service);
        if (port > 0 && ps_service_is_ours(service) &&
            ps_str_equal(ps_label_of(service, PS_LABEL_STATEFULSET), input->owner->name)) {
            set_port(arena, &data, ps_json_get_text(ps_json_get(service, "metadata"), "name"),
                     port);
        }
    }
    qsort(data.pairs, data.count, sizeof(data.pairs[0]), by_name);
    return data;
}

struct ps_action ps_port_record_plan(struct ps_arena *arena, const struct ps_service_input *input)
{
    struct ps_object_data data = merge(arena, input);
    const struct ps_object object = {
        .owner = input->owner,
        .name = ps_service_record_name(arena, input->owner->name),
        .role = "ports",
        .ordinal = -1,
        .kind = PS_OBJECT_CONFIG_MAP,
        .put = ps_object_put_data,
        .what = &data,
    };
    if (data.count == 0 && input->record == NULL) {
        return (struct ps_action){.kind = PS_ACTION_NONE};
    }
    return ps_object_plan(arena, &object, input->record);
}
