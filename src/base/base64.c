/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/base64.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The four digits of three bytes. */
static void put_group(char *out, unsigned group)
{
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[group >> 12 & 0x3F];
    out[2] = alphabet[group >> 6 & 0x3F];
    out[3] = alphabet[group & 0x3F];
}

/* Sixteen digits at a time: the compiler has vectors on every machine. */
typedef uint32_t groups __attribute__((vector_size(16)));
typedef signed char lanes __attribute__((vector_size(16)));

#define GROUPS_BYTES 12U
#define READ_BYTES 13U /* of which the last is not needed yet */

/* Three bytes in the lowest bits, the first of them lowest. */
static uint32_t load(const unsigned char *in)
{
    uint32_t word;
    memcpy(&word, in, sizeof(word));
    return word;
}

/* Each group to four times six bits; only where the first byte of a word is the lowest. */
static lanes spread(groups g)
{
    return (lanes)((g >> 2 & 0x3F) | (g << 12 & 0x3000) | (g >> 4 & 0x0F00) | (g << 10 & 0x3C0000) |
                   (g >> 6 & 0x030000) | (g << 8 & 0x3F000000));
}

/* What each range of the alphabet is shifted by, relative to the one before. */
static void put_groups(char *out, const unsigned char *in)
{
    const groups g = {load(in), load(in + 3), load(in + 6), load(in + 9)};
    lanes d = spread(g);
    d += 'A' + ((d > 25) & ('a' - 'A' - 26)) - ((d > 51) & ('a' + 26 - '0')) -
         ((d > 61) & ('0' + 10 - '+')) + ((d > 62) & ('/' - '+' - 1));
    memcpy(out, &d, sizeof(d));
}

void ps_base64_write(struct ps_str bytes, char *out)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len;
    const bool vectors = __BYTE_ORDER == __LITTLE_ENDIAN;
    for (; vectors && left >= READ_BYTES; left -= GROUPS_BYTES, in += GROUPS_BYTES, out += 16) {
        put_groups(out, in);
    }
    for (; left >= 3; left -= 3, in += 3, out += 4) {
        put_group(out, (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2]);
    }
    if (left > 0) {
        put_group(out, (unsigned)in[0] << 16 | (left == 2 ? (unsigned)in[1] << 8 : 0U));
        out[3] = '=';
        out[2] = left == 2 ? out[2] : '=';
    }
}

struct ps_str ps_base64_encode(struct ps_arena *arena, struct ps_str bytes)
{
    size_t len = PS_BASE64_LEN(bytes.len);
    char *text = ps_arena_alloc(arena, len + 1);
    ps_base64_write(bytes, text);
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
