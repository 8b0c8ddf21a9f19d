/* SPDX-License-Identifier: Apache-2.0 */
#include "items.h"

/* Index behind the string that begins at the quote at; text.len if it has no end. */
static size_t skip_string(struct ps_str text, size_t at)
{
    for (size_t i = at + 1; i < text.len; i++) {
        if (text.ptr[i] == '\\') {
            i++;
        } else if (text.ptr[i] == '"') {
            return i + 1;
        }
    }
    return text.len;
}

static size_t skip_space(struct ps_str text, size_t at)
{
    while (at < text.len && ps_is_space(text.ptr[at])) {
        at++;
    }
    return at;
}

static bool ends_word(char c)
{
    return c == ',' || c == ']' || c == '}' || ps_is_space(c);
}

/* Index behind a number, true, false or null. */
static size_t skip_word(struct ps_str text, size_t at)
{
    while (at < text.len && !ends_word(text.ptr[at])) {
        at++;
    }
    return at;
}

/* Index behind the value that begins at; text.len if it has no end. */
static size_t skip_value(struct ps_str text, size_t at)
{
    if (at >= text.len || text.ptr[at] == '"') {
        return at >= text.len ? text.len : skip_string(text, at);
    }
    if (text.ptr[at] != '{' && text.ptr[at] != '[') {
        return skip_word(text, at);
    }
    size_t depth = 0;
    while (at < text.len) {
        char c = text.ptr[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        at++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return at;
        }
    }
    return text.len;
}

/* One member of the object, from its key on; false if it is none. *at is behind its value then. */
static bool next_member(struct ps_str text, size_t *at, struct ps_str *ret_key,
                        struct ps_str *ret_value)
{
    size_t begin = skip_space(text, *at);
    if (begin >= text.len || text.ptr[begin] != '"') {
        return false;
    }
    size_t end = skip_string(text, begin);
    size_t colon = skip_space(text, end);
    if (colon >= text.len || text.ptr[colon] != ':') {
        return false;
    }
    size_t value = skip_space(text, colon + 1);
    *at = skip_value(text, value);
    *ret_key = ps_str_slice(text, begin, end);
    *ret_value = ps_str_slice(text, value, *at);
    return *at > value;
}

bool ps_items_init(struct ps_items *items, struct ps_str text)
{
    text = ps_str_trim(text);
    *items = (struct ps_items){.text = text};
    if (text.len < 2 || text.ptr[0] != '{' || text.ptr[text.len - 1] != '}') {
        return false;
    }
    size_t at = skip_space(text, 1);
    if (text.ptr[at] == '}') {
        return at + 1 == text.len;
    }
    struct ps_str key;
    struct ps_str value;
    for (;;) {
        if (!next_member(text, &at, &key, &value)) {
            return false;
        }
        if (ps_str_is(key, "\"items\"") && value.ptr[0] == '[') {
            items->array = value;
            items->at = 1;
        }
        at = skip_space(text, at);
        if (at >= text.len) {
            return false;
        }
        char c = text.ptr[at++];
        if (c != ',') {
            return c == '}' && at == text.len;
        }
    }
}

bool ps_items_next(struct ps_items *items, struct ps_str *ret_item)
{
    size_t begin = skip_space(items->array, items->at);
    if (begin < items->array.len && items->array.ptr[begin] == ',') {
        begin = skip_space(items->array, begin + 1);
    }
    size_t end = skip_value(items->array, begin);
    if (end <= begin || end >= items->array.len) {
        return false; /* the last byte is the bracket of the array */
    }
    *ret_item = ps_str_slice(items->array, begin, end);
    items->at = end;
    return true;
}
