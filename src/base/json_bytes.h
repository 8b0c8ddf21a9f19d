/* SPDX-License-Identifier: Apache-2.0 */
/* Eight bytes of JSON text at a time: what the scanner and the writer look for in strings. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "portside/str.h"

typedef unsigned char ps_eight __attribute__((vector_size(8)));

/* The first of them is in the lowest bits, whatever the machine. */
static inline uint64_t ps_marks_of(ps_eight found)
{
    uint64_t marks;
    memcpy(&marks, &found, sizeof(marks));
    return le64toh(marks);
}

/* RFC 8259 section 7: the quote, the backslash, and U+0000 to U+001F must be escaped. */
static inline bool ps_is_special(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* The bits of each of eight bytes that is special. */
static inline uint64_t ps_mark_special(const char *bytes)
{
    ps_eight eight;
    memcpy(&eight, bytes, sizeof(eight));
    return ps_marks_of((ps_eight)((eight < 0x20) | (eight == '"') | (eight == '\\')));
}

/* The same, and of each that is not ASCII. */
static inline uint64_t ps_mark_not_plain(const char *bytes)
{
    signed char __attribute__((vector_size(8))) eight;
    memcpy(&eight, bytes, sizeof(eight));
    return ps_marks_of((ps_eight)((eight < 0x20) | (eight == '"') | (eight == '\\')));
}

/* Index of the first byte that is marked; one must be. */
static inline size_t ps_first_marked(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / 8;
}
