/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure_host.h"

#define HOST_NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES 63
#define IPV6_GROUPS 8

static bool is_hex(char c)
{
    return ps_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool ps_host_is_ipv4(struct ps_str text)
{
    struct ps_str rest = text;
    struct ps_str octet;
    size_t count = 0;
    while (ps_str_split(&rest, '.', &octet)) {
        uint64_t value = 0;
        bool padded = octet.len > 1 && octet.ptr[0] == '0';
        if (padded || !ps_str_to_uint(octet, 255, &value)) {
            return false;
        }
        count++;
    }
    return count == 4;
}

static bool is_group(struct ps_str group)
{
    if (group.len == 0 || group.len > 4) {
        return false;
    }
    for (size_t i = 0; i < group.len; i++) {
        if (!is_hex(group.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* Counts the groups of one side of "::"; an IPv4 tail counts as two. False if one is malformed. */
static bool count_groups(struct ps_str side, bool tail, size_t *ret_count)
{
    struct ps_str rest = side;
    struct ps_str group;
    size_t count = 0;
    while (side.len > 0 && ps_str_split(&rest, ':', &group)) {
        bool last = rest.ptr == NULL;
        if (is_group(group)) {
            count++;
        } else if (tail && last && ps_host_is_ipv4(group)) {
            count += 2;
        } else {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

bool ps_host_is_ipv6(struct ps_str text)
{
    size_t before = 0;
    size_t after = 0;
    size_t gap = ps_str_find(text, PS_STR("::"), 0);
    if (gap == text.len) {
        return count_groups(text, true, &before) && before == IPV6_GROUPS;
    }
    /* A second "::" leaves an empty group behind the gap, which is refused. */
    return count_groups(ps_str_slice(text, 0, gap), false, &before) &&
           count_groups(ps_str_slice(text, gap + 2, text.len), true, &after) &&
           before + after < IPV6_GROUPS;
}

static bool is_name_label(struct ps_str label)
{
    if (label.len == 0 || label.len > LABEL_MAX_BYTES || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!ps_is_alpha(c) && !ps_is_digit(c) && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

static bool is_all_digits(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ps_is_digit(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* Underscores are no part of RFC 1123, but are in use, and Kafka and its clients take them. */
static bool is_name(struct ps_str text)
{
    struct ps_str name = ps_str_ends(text, ".") ? ps_str_slice(text, 0, text.len - 1) : text;
    struct ps_str rest = name;
    struct ps_str label = PS_STR("");
    if (name.len > HOST_NAME_MAX_BYTES) {
        return false;
    }
    while (ps_str_split(&rest, '.', &label)) {
        if (!is_name_label(label)) {
            return false;
        }
    }
    /* A name whose last label is a number would be taken for an address by some resolvers. */
    return !is_all_digits(label) || ps_host_is_ipv4(name);
}

bool ps_host_is_valid(struct ps_str text)
{
    struct ps_str bare = text;
    bool bracketed = ps_str_starts(text, "[") && ps_str_ends(text, "]");
    if (bracketed) {
        bare = ps_str_slice(text, 1, text.len - 1);
    }
    if (ps_str_is(bare, "0.0.0.0") || ps_str_is(bare, "::")) {
        return false;
    }
    if (bracketed || ps_str_index(bare, ':') < bare.len) {
        return ps_host_is_ipv6(bare);
    }
    return is_name(bare);
}

bool ps_host_is_label(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '_' || (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')) {
            return false;
        }
    }
    return is_name_label(text);
}

static bool is_alphanumeric(char c)
{
    return ps_is_alpha(c) || ps_is_digit(c);
}

bool ps_host_is_label_value(struct ps_str text)
{
    bool valid = text.len > 0 && text.len <= LABEL_MAX_BYTES && is_alphanumeric(text.ptr[0]) &&
                 is_alphanumeric(text.ptr[text.len - 1]);
    for (size_t i = 0; valid && i < text.len; i++) {
        char c = text.ptr[i];
        valid = is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
    }
    return valid;
}
