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

/* Sixteen digits at a time: the compiler has vectors on every machine, if only of single bytes. */
typedef signed char lanes __attribute__((vector_size(16)));

#define GROUPS_BYTES 12U
#define READ_BYTES 14U /* of which two are not needed yet */

/* Six bytes to eight times six bits, the first of them in the lowest byte. */
static uint64_t spread(const unsigned char *in)
{
    uint64_t word;
    memcpy(&word, in, sizeof(word));
    word = be64toh(word) >> 16;
    word = (word & UINT64_C(0xFFFFFF000000)) << 8 | (word & UINT64_C(0xFFFFFF));
    word = (word & UINT64_C(0xFFF00000FFF000)) << 4 | (word & UINT64_C(0xFFF00000FFF));
    word = (word & UINT64_C(0x0FC00FC00FC00FC0)) << 2 | (word & UINT64_C(0x003F003F003F003F));
    return htobe64(word);
}

/* What each range of the alphabet is shifted by, relative to the one before. */
static void put_groups(char *out, const unsigned char *in)
{
    const uint64_t words[2] = {spread(in), spread(in + 6)};
    lanes d;
    memcpy(&d, words, sizeof(d));
    d += 'A' + ((d > 25) & ('a' - 'A' - 26)) - ((d > 51) & ('a' + 26 - '0')) -
         ((d > 61) & ('0' + 10 - '+')) + ((d > 62) & ('/' - '+' - 1));
    memcpy(out, &d, sizeof(d));
}

void ps_base64_write(struct ps_str bytes, char *out)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len;
    for (; left >= READ_BYTES; left -= GROUPS_BYTES, in += GROUPS_BYTES, out += 16) {
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
