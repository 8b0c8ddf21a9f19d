/* SPDX-License-Identifier: Apache-2.0 */
#include "json_tree.h"

enum ps_json_type ps_json_type(const struct ps_json *node)
{
    return node == NULL ? PS_JSON_ABSENT : node->type;
}

const char *ps_json_type_name(const struct ps_json *node)
{
    static const char *const names[] = {
        [PS_JSON_ABSENT] = "absent", [PS_JSON_NULL] = "null",     [PS_JSON_BOOL] = "boolean",
        [PS_JSON_NUMBER] = "number", [PS_JSON_STRING] = "string", [PS_JSON_ARRAY] = "array",
        [PS_JSON_OBJECT] = "object",
    };
    return names[ps_json_type(node)];
}

const struct ps_json *ps_json_first(const struct ps_json *node)
{
    bool has_children =
        node != NULL && (node->type == PS_JSON_ARRAY || node->type == PS_JSON_OBJECT);
    return has_children ? node->child : NULL;
}

const struct ps_json *ps_json_next(const struct ps_json *child)
{
    return child->next;
}

const struct ps_json *ps_json_get_str(const struct ps_json *node, struct ps_str key)
{
    if (ps_json_type(node) != PS_JSON_OBJECT) {
        return NULL;
    }
    PS_JSON_EACH(child, node)
    {
        if (ps_str_equal(ps_json_key(child), key)) {
            return child;
        }
    }
    return NULL;
}

const struct ps_json *ps_json_get2(const struct ps_json *node, const char *a, const char *b)
{
    return ps_json_get(ps_json_get(node, a), b);
}

size_t ps_json_count(const struct ps_json *node)
{
    size_t count = 0;
    PS_JSON_EACH(child, node)
    {
        count++;
    }
    return count;
}

const struct ps_json *ps_json_at(const struct ps_json *array, size_t index)
{
    if (ps_json_type(array) != PS_JSON_ARRAY) {
        return NULL;
    }
    const struct ps_json *child = ps_json_first(array);
    while (child != NULL && index > 0) {
        child = ps_json_next(child);
        index--;
    }
    return child;
}

struct ps_str ps_json_key(const struct ps_json *child)
{
    return child == NULL || child->key == NULL ? PS_STR("")
                                               : (struct ps_str){child->key, child->key_len};
}

bool ps_json_is_string(const struct ps_json *node)
{
    return ps_json_type(node) == PS_JSON_STRING;
}

struct ps_str ps_json_text(const struct ps_json *node)
{
    return ps_json_is_string(node) ? (struct ps_str){node->text, node->text_len} : PS_STR("");
}

struct ps_str ps_json_get_text(const struct ps_json *node, const char *key)
{
    return ps_json_text(ps_json_get(node, key));
}

bool ps_json_is_true(const struct ps_json *node)
{
    return ps_json_type(node) == PS_JSON_BOOL && node->truth;
}

bool ps_json_to_int(const struct ps_json *node, int64_t *ret_value)
{
    const double exact_max = 9007199254740991.0; /* 2^53 - 1 (RFC 8259 section 6) */
    if (ps_json_type(node) != PS_JSON_NUMBER) {
        return false;
    }
    double value = node->number;
    if (!(value >= -exact_max && value <= exact_max)) {
        return false;
    }
    int64_t whole = (int64_t)value;
    double fraction = value - (double)whole;
    if (fraction > 0 || fraction < 0) {
        return false;
    }
    *ret_value = whole;
    return true;
}
