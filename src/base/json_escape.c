/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes in strings of JSON: RFC 8259 section 7. */
#include "json_scan.h"

struct cursor {
    struct ps_str text;
    size_t at;
};

/* The byte at the cursor; NUL behind the end, which is part of no escape. */
static char peek(const struct cursor *cursor)
{
    return cursor->at < cursor->text.len ? cursor->text.ptr[cursor->at] : '\0';
}

static int hex_value(char c)
{
    if (ps_is_digit(c)) {
        return c - '0';
    }
    c = ps_to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at the cursor. */
static bool take_hex4(struct cursor *cursor, unsigned *ret_value)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(peek(cursor));
        if (digit < 0) {
            return false;
        }
        value = value * 16 + (unsigned)digit;
        cursor->at++;
    }
    *ret_value = value;
    return true;
}

/* Behind a high surrogate, RFC 8259 section 7 wants \uDC00 to \uDFFF. */
static bool take_low_surrogate(struct cursor *cursor)
{
    unsigned value = 0;
    if (peek(cursor) != '\\') {
        return false;
    }
    cursor->at++;
    if (peek(cursor) != 'u') {
        return false;
    }
    cursor->at++;
    return take_hex4(cursor, &value) && value >= 0xDC00 && value <= 0xDFFF;
}

/* The cursor stands behind "\u". What is wrong; NULL: nothing. */
static const char *unicode_escape(struct cursor *cursor)
{
    unsigned value = 0;
    if (!take_hex4(cursor, &value)) {
        return "four hex digits are wanted after \\u";
    }
    if (value == 0) {
        return "a string holds U+0000";
    }
    if (value >= 0xDC00 && value <= 0xDFFF) {
        return "a string holds a lone surrogate";
    }
    if (value >= 0xD800 && value <= 0xDBFF && !take_low_surrogate(cursor)) {
        return "a string holds a lone surrogate";
    }
    return NULL;
}

/* The cursor stands behind the backslash. */
static const char *escape(struct cursor *cursor)
{
    char c = peek(cursor);
    switch (c) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        cursor->at++;
        return NULL;
    case 'u':
        cursor->at++;
        return unicode_escape(cursor);
    default:
        return "unknown escape in a string";
    }
}

const char *ps_json_pass_escape(struct ps_str text, size_t *at)
{
    struct cursor cursor = {text, *at + 1};
    const char *flaw = escape(&cursor);
    *at = cursor.at;
    return flaw;
}
