/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/str.h"

#include <string.h>

bool ps_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ps_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ps_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char ps_to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char ps_to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

struct ps_str ps_str_slice(struct ps_str s, size_t begin, size_t end)
{
    if (s.ptr == NULL) {
        return PS_STR("");
    }
    end = end > s.len ? s.len : end;
    begin = begin > end ? end : begin;
    return (struct ps_str){s.ptr + begin, end - begin};
}

bool ps_str_equal(struct ps_str a, struct ps_str b)
{
    return a.len == b.len &&
           (a.len == 0 || (a.ptr[0] == b.ptr[0] && memcmp(a.ptr, b.ptr, a.len) == 0));
}

bool ps_str_equal_nocase(struct ps_str a, struct ps_str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (ps_to_lower(a.ptr[i]) != ps_to_lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

int ps_str_compare(struct ps_str a, struct ps_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool ps_str_ends(struct ps_str s, const char *suffix)
{
    size_t len = strlen(suffix);
    return len == 0 || (s.len >= len && memcmp(s.ptr + s.len - len, suffix, len) == 0);
}

size_t ps_str_find(struct ps_str s, struct ps_str part, size_t from)
{
    if (part.len == 0) {
        return from < s.len ? from : s.len;
    }
    for (size_t i = from; i + part.len <= s.len; i++) {
        const char *hit = memchr(s.ptr + i, part.ptr[0], s.len - part.len - i + 1);
        if (hit == NULL) {
            return s.len;
        }
        i = (size_t)(hit - s.ptr);
        if (memcmp(hit, part.ptr, part.len) == 0) {
            return i;
        }
    }
    return s.len;
}

bool ps_str_contains(struct ps_str s, const char *part)
{
    size_t len = strlen(part);
    return len == 0 || (s.len >= len && ps_str_find(s, ps_str_of(part), 0) < s.len);
}

bool ps_str_contains_any(struct ps_str s, const char *const *parts)
{
    for (; *parts != NULL; parts++) {
        if (ps_str_contains(s, *parts)) {
            return true;
        }
    }
    return false;
}

bool ps_str_contains_nocase(struct ps_str s, const char *part)
{
    struct ps_str wanted = ps_str_of(part);
    for (size_t i = 0; i + wanted.len <= s.len; i++) {
        if (ps_str_equal_nocase(ps_str_slice(s, i, i + wanted.len), wanted)) {
            return true;
        }
    }
    return false;
}

size_t ps_str_index(struct ps_str s, char c)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
    return hit == NULL ? s.len : (size_t)(hit - s.ptr);
}

size_t ps_str_last_index(struct ps_str s, char c)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == c) {
            return i - 1;
        }
    }
    return s.len;
}

/* Length that the first byte of a sequence announces; 0 if none begins so. */
static size_t announced_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* Three and four bytes: overlong forms, surrogates and what lies above U+10FFFF are malformed. */
static bool is_second_byte_wrong(unsigned char lead, unsigned char second)
{
    return (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90) ||
           (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
}

size_t ps_str_rune(struct ps_str s, size_t at)
{
    if (at >= s.len) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)s.ptr + at;
    size_t len = announced_length(bytes[0]);
    if (len > s.len - at) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    return len > 2 && is_second_byte_wrong(bytes[0], bytes[1]) ? 0 : len;
}

struct ps_str ps_str_trim(struct ps_str s)
{
    size_t begin = 0;
    size_t end = s.len;
    while (begin < end && ps_is_space(s.ptr[begin])) {
        begin++;
    }
    while (end > begin && ps_is_space(s.ptr[end - 1])) {
        end--;
    }
    return ps_str_slice(s, begin, end);
}

/* The rest becomes {NULL, 0} once the last element was taken. */
bool ps_str_split(struct ps_str *rest, char separator, struct ps_str *ret_element)
{
    if (rest->ptr == NULL) {
        return false;
    }
    size_t at = ps_str_index(*rest, separator);
    *ret_element = ps_str_slice(*rest, 0, at);
    *rest = at == rest->len ? (struct ps_str){NULL, 0} : ps_str_slice(*rest, at + 1, rest->len);
    return true;
}

bool ps_str_to_uint(struct ps_str s, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (!ps_is_digit(s.ptr[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (max - digit) / 10 || digit > max) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}
