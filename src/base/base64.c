/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/base64.h"

#include <stdint.h>

#include "portside/buf.h"

/* Where the padding stands in the alphabet. */
#define PAD 64U

struct ps_str ps_base64_encode(struct ps_arena *arena, struct ps_str bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    struct ps_buf buf;
    ps_buf_init(&buf, arena, bytes.len / 3 * 4 + 8);
    for (size_t i = 0; i < bytes.len; i += 3) {
        unsigned group = 0;
        size_t left = bytes.len - i;
        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (j < left ? (unsigned char)bytes.ptr[i + j] : 0U);
        }
        const char quad[] = {
            alphabet[group >> 18],
            alphabet[group >> 12 & 0x3F],
            alphabet[left > 1 ? group >> 6 & 0x3F : PAD],
            alphabet[left > 2 ? group & 0x3F : PAD],
        };
        ps_buf_put(&buf, (struct ps_str){quad, sizeof(quad)});
    }
    return ps_buf_view(&buf);
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
