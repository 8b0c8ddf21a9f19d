/* SPDX-License-Identifier: Apache-2.0 */
#include "listener_parse.h"

#include "portside/buf.h"

bool ps_listener_name_valid(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!ps_is_alpha(c) && !ps_is_digit(c) && c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return name.len > 0;
}

/*
 * The port is what stands behind the last colon, so that IPv6 literals and ${file:…} placeholders
 * in the host do no harm. A port that is no number may still be one at run time.
 */
static bool parse_endpoint(struct ps_str text, struct ps_endpoint *ret_endpoint)
{
    size_t at = ps_str_find(text, PS_STR("://"), 0);
    struct ps_str name = ps_str_slice(text, 0, at);
    struct ps_str rest = ps_str_slice(text, at + 3, text.len);
    size_t colon = ps_str_last_index(rest, ':');
    if (at == text.len || !ps_listener_name_valid(name) || colon == rest.len ||
        colon + 1 == rest.len) {
        return false;
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '\n' || rest.ptr[i] == '\r' || rest.ptr[i] == '\\') {
            return false;
        }
    }
    *ret_endpoint = (struct ps_endpoint){.text = text, .name = name, .rest = rest};
    ret_endpoint->port_known =
        ps_str_to_uint(ps_str_slice(rest, colon + 1, rest.len), 65535, &ret_endpoint->port);
    return true;
}

bool ps_endpoints_add(struct ps_endpoints *endpoints, struct ps_str text)
{
    struct ps_endpoint endpoint;
    if (endpoints->count == PS_LISTENERS_MAX || !parse_endpoint(text, &endpoint)) {
        return false;
    }
    endpoints->list[endpoints->count++] = endpoint;
    return true;
}

bool ps_endpoints_parse(struct ps_str list, struct ps_endpoints *endpoints)
{
    struct ps_str element;
    while (ps_str_split(&list, ',', &element)) {
        element = ps_str_trim(element);
        if (element.len > 0 && !ps_endpoints_add(endpoints, element)) {
            return false;
        }
    }
    return true;
}

struct ps_endpoint *ps_endpoints_find(struct ps_endpoints *endpoints, struct ps_str name)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        if (ps_str_equal_nocase(endpoints->list[i].name, name)) {
            return &endpoints->list[i];
        }
    }
    return NULL;
}

struct ps_str ps_endpoints_format(struct ps_arena *arena, const struct ps_endpoints *endpoints)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    for (size_t i = 0; i < endpoints->count; i++) {
        ps_buf_puts(&buf, i == 0 ? "" : ",");
        ps_buf_put(&buf, endpoints->list[i].text);
    }
    return ps_buf_view(&buf);
}

bool ps_mappings_add(struct ps_mappings *mappings, struct ps_str name, enum ps_protocol protocol)
{
    if (mappings->count == PS_LISTENERS_MAX) {
        return false;
    }
    mappings->list[mappings->count++] = (struct ps_mapping){name, protocol};
    return true;
}

/* Java's split() drops empty elements at the end, and only there. */
static struct ps_str without_empty_end(struct ps_str list)
{
    list = ps_str_trim(list);
    while (ps_str_ends(list, ",")) {
        list = ps_str_trim(ps_str_slice(list, 0, list.len - 1));
    }
    return list;
}

/* Csv.parseCsvMap of Kafka throws at an element without a colon, so at an empty one. */
bool ps_mappings_parse(struct ps_str list, struct ps_mappings *mappings)
{
    struct ps_str element;
    list = without_empty_end(list);
    while (list.len > 0 && ps_str_split(&list, ',', &element)) {
        enum ps_protocol protocol = PS_PROTOCOL_MIRROR;
        element = ps_str_trim(element);
        size_t colon = ps_str_last_index(element, ':');
        struct ps_str name = ps_str_trim(ps_str_slice(element, 0, colon));
        struct ps_str value = ps_str_trim(ps_str_slice(element, colon + 1, element.len));
        if (!ps_listener_name_valid(name) || !ps_protocol_parse(value, &protocol) ||
            !ps_mappings_add(mappings, name, protocol)) {
            return false;
        }
    }
    return true;
}

/* In Kafka's map the last entry of a name stays. */
const struct ps_mapping *ps_mappings_find(const struct ps_mappings *mappings, struct ps_str name)
{
    for (size_t i = mappings->count; i > 0; i--) {
        if (ps_str_equal_nocase(mappings->list[i - 1].name, name)) {
            return &mappings->list[i - 1];
        }
    }
    return NULL;
}

struct ps_str ps_mappings_format(struct ps_arena *arena, const struct ps_mappings *mappings)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    for (size_t i = 0; i < mappings->count; i++) {
        const struct ps_mapping *mapping = &mappings->list[i];
        ps_buf_puts(&buf, i == 0 ? "" : ",");
        ps_buf_put(&buf, mapping->name);
        ps_buf_putc(&buf, ':');
        ps_buf_puts(&buf, ps_protocol_name(mapping->protocol));
    }
    return ps_buf_view(&buf);
}

bool ps_list_has(struct ps_str list, struct ps_str name)
{
    struct ps_str element;
    while (ps_str_split(&list, ',', &element)) {
        if (ps_str_equal_nocase(ps_str_trim(element), name)) {
            return true;
        }
    }
    return false;
}
