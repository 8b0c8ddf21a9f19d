/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second reader of JSON, RFC 8259 by the letter, that shares no code with the first one: what the
 * product writes is judged by it, and so is what the product's own reader accepts. It checks, finds
 * a member, and takes the escapes out of a string; it makes no tree.
 */
#pragma once

#include "fuzz/fuzz.h"

/* Deeper than anything the product reads, and harmless to a stack with sanitizers. */
#define WITNESS_DEPTH_MAX 1000U

struct witness {
    const unsigned char *at;
    const unsigned char *end;
    unsigned depth;
    unsigned deepest;
    bool odd; /* valid, but the product refuses it: U+0000, a lone surrogate, a long number */
};

static inline bool witness_value(struct witness *witness);

static inline void witness_space(struct witness *witness)
{
    while (witness->at < witness->end && *witness->at != '\0' &&
           strchr(" \t\r\n", *witness->at) != NULL) {
        witness->at++;
    }
}

static inline bool witness_take(struct witness *witness, char c)
{
    bool is_there = witness->at < witness->end && *witness->at == (unsigned char)c;
    witness->at += is_there;
    return is_there;
}

/* The code unit of four hex digits; false if they are none. */
static inline bool witness_hex(struct witness *witness, unsigned *ret_unit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    unsigned unit = 0;
    for (int i = 0; i < 4; i++, witness->at++) {
        const char *digit = witness->at < witness->end && *witness->at != '\0'
                                ? strchr(digits, *witness->at)
                                : NULL;
        if (digit == NULL) {
            return false;
        }
        unit = unit * 16 + (unsigned)(digit - digits) % 16;
    }
    *ret_unit = unit;
    return true;
}

/* Appends a code point as UTF-8. */
static inline void witness_put(char **out, unsigned point)
{
    if (point < 0x80) {
        *(*out)++ = (char)point;
        return;
    }
    unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    *(*out)++ = (char)((0xF00U >> more & 0xFFU) | point >> (6 * more));
    while (more-- > 0) {
        *(*out)++ = (char)(0x80U | (point >> (6 * more) & 0x3FU));
    }
}

/* Behind "\u": two of them for what lies beyond the first plane. */
static inline bool witness_unicode(struct witness *witness, unsigned *ret_point)
{
    unsigned low = 0;
    if (!witness_hex(witness, ret_point)) {
        return false;
    }
    bool high = (*ret_point & 0xFC00U) == 0xD800U;
    struct witness ahead = *witness;
    if (high && witness_take(&ahead, '\\') && witness_take(&ahead, 'u') &&
        witness_hex(&ahead, &low) && (low & 0xFC00U) == 0xDC00U) {
        *ret_point = 0x10000U + ((*ret_point & 0x3FFU) << 10) + (low & 0x3FFU);
        witness->at = ahead.at;
        return true;
    }
    witness->odd |= *ret_point == 0 || (*ret_point & 0xF800U) == 0xD800U;
    return true;
}

/* One sequence of UTF-8 (RFC 3629): its shortest form, no surrogates, up to U+10FFFF. */
static inline bool witness_utf8(struct witness *witness, unsigned *ret_point)
{
    static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    unsigned first = *witness->at++;
    unsigned more = first < 0x80 ? 0 : first < 0xC0 ? 9 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned point = more == 0 ? first : first & (0x3FU >> more);
    if (more == 9 || first > 0xF7 || witness->end - witness->at < (ptrdiff_t)more) {
        return false;
    }
    for (unsigned i = 0; i < more; i++, witness->at++) {
        if ((*witness->at & 0xC0U) != 0x80U) {
            return false;
        }
        point = point << 6 | (*witness->at & 0x3FU);
    }
    *ret_point = point;
    return point >= least[more] && point <= 0x10FFFFU && (point & 0x1FF800U) != 0xD800U;
}

/* A string; its text behind *out if out is not NULL: never more bytes than it had with escapes. */
static inline bool witness_string(struct witness *witness, char **out)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (!witness_take(witness, '"')) {
        return false;
    }
    while (witness->at < witness->end && *witness->at != '"') {
        unsigned point = 0;
        if (witness_take(witness, '\\')) {
            unsigned char c = witness->at < witness->end ? *witness->at++ : '\0';
            const char *escape = c == '\0' ? NULL : strchr(escapes, c);
            if (escape == NULL && (c != 'u' || !witness_unicode(witness, &point))) {
                return false;
            }
            point = escape == NULL ? point : (unsigned char)meanings[escape - escapes];
        } else if (*witness->at < 0x20 || !witness_utf8(witness, &point)) {
            return false;
        }
        if (out != NULL) {
            witness_put(out, point);
        }
    }
    return witness_take(witness, '"');
}

static inline unsigned witness_digits(struct witness *witness)
{
    unsigned count = 0;
    while (witness->at < witness->end && *witness->at >= '0' && *witness->at <= '9') {
        witness->at++;
        count++;
    }
    return count;
}

static inline bool witness_number(struct witness *witness)
{
    const unsigned char *begin = witness->at;
    (void)witness_take(witness, '-');
    bool zero = witness->at < witness->end && *witness->at == '0';
    unsigned digits = witness_digits(witness);
    if (digits == 0 || (zero && digits > 1)) {
        return false;
    }
    if (witness_take(witness, '.') && witness_digits(witness) == 0) {
        return false;
    }
    if (witness_take(witness, 'e') || witness_take(witness, 'E')) {
        if (!witness_take(witness, '-')) {
            (void)witness_take(witness, '+');
        }
        digits = witness_digits(witness);
        witness->odd |= digits > 2;
        if (digits == 0) {
            return false;
        }
    }
    witness->odd |= witness->at - begin > 32;
    return true;
}

static inline bool witness_word(struct witness *witness, const char *word)
{
    while (*word != '\0' && witness_take(witness, *word)) {
        word++;
    }
    return *word == '\0';
}

static inline bool witness_member(struct witness *witness, bool object)
{
    witness_space(witness);
    if (object) {
        if (!witness_string(witness, NULL)) {
            return false;
        }
        witness_space(witness);
        if (!witness_take(witness, ':')) {
            return false;
        }
    }
    bool valid = witness_value(witness);
    witness_space(witness);
    return valid;
}

static inline bool witness_container(struct witness *witness, bool object)
{
    char closing = object ? '}' : ']';
    witness->at++;
    if (++witness->depth > WITNESS_DEPTH_MAX) {
        return false;
    }
    witness->deepest = witness->depth > witness->deepest ? witness->depth : witness->deepest;
    witness_space(witness);
    bool empty = witness_take(witness, closing);
    bool more = !empty;
    while (more) {
        if (!witness_member(witness, object)) {
            return false;
        }
        more = witness_take(witness, ',');
    }
    witness->depth--;
    return empty || witness_take(witness, closing);
}

static inline bool witness_value(struct witness *witness)
{
    witness_space(witness);
    switch (witness->at < witness->end ? *witness->at : '\0') {
    case '{':
    case '[':
        return witness_container(witness, *witness->at == '{');
    case '"':
        return witness_string(witness, NULL);
    case 't':
        return witness_word(witness, "true");
    case 'f':
        return witness_word(witness, "false");
    case 'n':
        return witness_word(witness, "null");
    default:
        return witness_number(witness);
    }
}

static inline struct witness witness_of(struct ps_str text)
{
    const unsigned char *begin = (const unsigned char *)text.ptr;
    return (struct witness){.at = begin, .end = begin + text.len};
}

/* True if text is one JSON value and nothing else; what is to be known of it is in *ret_witness. */
static inline bool witness_reads(struct ps_str text, struct witness *ret_witness)
{
    *ret_witness = witness_of(text);
    bool valid = witness_value(ret_witness);
    witness_space(ret_witness);
    return valid && ret_witness->at == ret_witness->end;
}

/* The text of a JSON string; empty if it is none. Valid as long as arena. */
static inline struct ps_str witness_text(struct ps_arena *arena, struct ps_str json)
{
    struct witness witness = witness_of(json);
    char *text = ps_arena_alloc(arena, json.len + 1);
    char *end = text;
    bool is_string = witness_string(&witness, &end);
    return is_string ? (struct ps_str){text, (size_t)(end - text)} : PS_STR("");
}

/* The JSON of the member key of an object; empty if there is none. object must be valid JSON. */
static inline struct ps_str witness_get(struct ps_arena *arena, struct ps_str object,
                                        const char *key)
{
    struct witness witness = witness_of(object);
    witness_space(&witness);
    bool more = witness_take(&witness, '{');
    while (more) {
        witness_space(&witness);
        struct ps_str name = {(const char *)witness.at, (size_t)(witness.end - witness.at)};
        if (!witness_string(&witness, NULL)) {
            break;
        }
        witness_space(&witness);
        (void)witness_take(&witness, ':');
        witness_space(&witness);
        const char *begin = (const char *)witness.at;
        FUZZ_CHECK(witness_value(&witness));
        if (ps_str_is(witness_text(arena, name), key)) {
            return (struct ps_str){begin, (size_t)((const char *)witness.at - begin)};
        }
        witness_space(&witness);
        more = witness_take(&witness, ',');
    }
    return PS_STR("");
}

/* The text of the member key of an object; empty if there is none. */
static inline struct ps_str witness_get_text(struct ps_arena *arena, struct ps_str object,
                                             const char *key)
{
    return witness_text(arena, witness_get(arena, object, key));
}
