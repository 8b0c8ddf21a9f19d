/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The four digits of three bytes. */
static void put_group(char *out, unsigned group)
{
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[group >> 12 & 0x3F];
    out[2] = alphabet[group >> 6 & 0x3F];
    out[3] = alphabet[group & 0x3F];
}

struct ps_str ps_base64_encode(struct ps_arena *arena, struct ps_str bytes)
{
    size_t len = (bytes.len + 2) / 3 * 4;
    char *text = ps_arena_alloc(arena, len + 1);
    char *out = text;
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len;
    for (; left >= 3; left -= 3, in += 3, out += 4) {
        put_group(out, (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2]);
    }
    if (left > 0) {
        put_group(out, (unsigned)in[0] << 16 | (left == 2 ? (unsigned)in[1] << 8 : 0U));
        out[3] = '=';
        out[2] = left == 2 ? out[2] : '=';
    }
    text[len] = '\0';
    return (struct ps_str){text, len};
}

/* Value of a digit; -1 if c is none. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (ps_is_digit(c)) {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* True if nothing but padding and white space stands from at on. */
static bool is_end(struct ps_str text, size_t at)
{
    while (at < text.len && (text.ptr[at] == '=' || ps_is_space(text.ptr[at]))) {
        at++;
    }
    return at == text.len;
}

bool ps_base64_decode(struct ps_str text, char *out, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned digits = 0;
    size_t len = 0;
    size_t at = 0;
    for (; at < text.len && text.ptr[at] != '='; at++) {
        if (ps_is_space(text.ptr[at])) {
            continue;
        }
        int value = digit(text.ptr[at]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        digits = (digits + 1) % 4;
        if (digits != 1) {
            out[len++] = (char)(unsigned char)(bits >> (6 - 2 * ((digits + 3) % 4)));
        }
    }
    *ret_len = len;
    return is_end(text, at) && digits != 1;
}
