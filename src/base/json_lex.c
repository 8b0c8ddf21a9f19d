/* SPDX-License-Identifier: Apache-2.0 */
#include "json_lex.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES_MAX 32U
/* With as many digits in front as fit, a double is still finite: below 1.8e308. */
#define EXPONENT_MAX 270U
/* Digits that fit an int64 whatever they are. */
#define INT_DIGITS_MAX 18U

struct ps_status ps_json_lex_bad(struct ps_json_lex *lex, const char *what)
{
    return ps_fail(lex->err, PS_CODE_INPUT, "invalid JSON at byte %zu: %s", lex->at, what);
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
static bool take_hex4(struct ps_json_lex *lex, unsigned *ret_value)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(ps_json_lex_peek(lex));
        if (digit < 0) {
            return false;
        }
        value = value * 16 + (unsigned)digit;
        lex->at++;
    }
    *ret_value = value;
    return true;
}

/* Behind a high surrogate, RFC 8259 section 7 wants \uDC00 to \uDFFF. */
static bool take_low_surrogate(struct ps_json_lex *lex, unsigned *ret_value)
{
    if (ps_json_lex_peek(lex) != '\\') {
        return false;
    }
    lex->at++;
    if (ps_json_lex_peek(lex) != 'u') {
        return false;
    }
    lex->at++;
    return take_hex4(lex, ret_value) && *ret_value >= 0xDC00 && *ret_value <= 0xDFFF;
}

static void put(struct ps_json_lex *lex, unsigned byte)
{
    *lex->out++ = (char)(unsigned char)byte;
}

/* The code point as UTF-8 (RFC 3629), never longer than its escape. */
static void put_rune(struct ps_json_lex *lex, unsigned rune)
{
    if (rune < 0x80) {
        put(lex, rune);
        return;
    }
    if (rune < 0x800) {
        put(lex, 0xC0U | rune >> 6);
    } else if (rune < 0x10000) {
        put(lex, 0xE0U | rune >> 12);
        put(lex, 0x80U | (rune >> 6 & 0x3FU));
    } else {
        put(lex, 0xF0U | rune >> 18);
        put(lex, 0x80U | (rune >> 12 & 0x3FU));
        put(lex, 0x80U | (rune >> 6 & 0x3FU));
    }
    put(lex, 0x80U | (rune & 0x3FU));
}

/* The cursor stands behind "\u". */
static struct ps_status unicode_escape(struct ps_json_lex *lex)
{
    unsigned value = 0;
    unsigned low = 0;
    if (!take_hex4(lex, &value)) {
        return ps_json_lex_bad(lex, "four hex digits are wanted after \\u");
    }
    if (value == 0) {
        return ps_json_lex_bad(lex, "a string holds U+0000");
    }
    if (value >= 0xDC00 && value <= 0xDFFF) {
        return ps_json_lex_bad(lex, "a string holds a lone surrogate");
    }
    if (value >= 0xD800 && value <= 0xDBFF) {
        if (!take_low_surrogate(lex, &low)) {
            return ps_json_lex_bad(lex, "a string holds a lone surrogate");
        }
        value = 0x10000U + ((value - 0xD800U) << 10) + (low - 0xDC00U);
    }
    put_rune(lex, value);
    return ps_success();
}

/* The cursor stands behind the backslash. */
static struct ps_status escape(struct ps_json_lex *lex)
{
    static const char meaning[] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    unsigned char c = (unsigned char)ps_json_lex_peek(lex);
    if (c < sizeof(meaning) && meaning[c] != '\0') {
        lex->at++;
        put(lex, (unsigned char)meaning[c]);
        return ps_success();
    }
    if (c != 'u') {
        return ps_json_lex_bad(lex, "unknown escape in a string");
    }
    lex->at++;
    return unicode_escape(lex);
}

/* The cursor stands on a byte that is neither plain ASCII nor the closing quote. */
static struct ps_status special_byte(struct ps_json_lex *lex)
{
    unsigned char c = (unsigned char)lex->text.ptr[lex->at];
    if (c == '\\') {
        lex->at++;
        return escape(lex);
    }
    if (c < 0x20) {
        return ps_json_lex_bad(lex, "a string holds a control character");
    }
    size_t len = ps_str_rune(lex->text, lex->at);
    if (len == 0) {
        return ps_json_lex_bad(lex, "a string is not valid UTF-8");
    }
    memcpy(lex->out, lex->text.ptr + lex->at, len);
    lex->out += len;
    lex->at += len;
    return ps_success();
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))
#define HIGH_BITS EACH_BYTE(0x80U)

/* High bit set in the first byte (at least) that is not plain; 0 if all eight are. */
static uint64_t special_bits(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE((unsigned)'"');
    uint64_t backslash = word ^ EACH_BYTE((unsigned)'\\');
    uint64_t found = (word - EACH_BYTE(0x20U)) & ~word;
    found |= (quote - EACH_BYTE(1U)) & ~quote;
    found |= (backslash - EACH_BYTE(1U)) & ~backslash;
    return (found | word) & HIGH_BITS;
}

/*
 * Copies what needs no thought, eight bytes at a time: a borrow may mark bytes behind the first
 * special one as well, but none before it.
 */
static void copy_plain(struct ps_json_lex *lex)
{
    const char *from = lex->text.ptr;
    while (lex->text.len - lex->at >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, from + lex->at, sizeof(word));
        memcpy(lex->out, &word, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t special = special_bits(word);
        size_t plain = special == 0 ? sizeof(word) : (size_t)__builtin_ctzll(special) / 8U;
        lex->at += plain;
        lex->out += plain;
        if (special != 0) {
            return;
        }
    }
    while (lex->at < lex->text.len && is_plain((unsigned char)from[lex->at])) {
        *lex->out++ = from[lex->at++];
    }
}

struct ps_status ps_json_lex_string(struct ps_json_lex *lex, struct ps_str *ret_text)
{
    const char *begin = lex->out;
    lex->at++;
    for (;;) {
        copy_plain(lex);
        if (lex->at >= lex->text.len) {
            return ps_json_lex_bad(lex, "a string does not end");
        }
        if (lex->text.ptr[lex->at] == '"') {
            break;
        }
        PS_TRY(special_byte(lex));
    }
    lex->at++;
    *ret_text = (struct ps_str){begin, (size_t)(lex->out - begin)};
    put(lex, 0);
    return ps_success();
}

static size_t take_digits(struct ps_json_lex *lex)
{
    size_t begin = lex->at;
    while (ps_is_digit(ps_json_lex_peek(lex))) {
        lex->at++;
    }
    return lex->at - begin;
}

/* The cursor stands behind "e" or "E". */
static struct ps_status exponent(struct ps_json_lex *lex)
{
    uint64_t value = 0;
    if (ps_json_lex_peek(lex) == '+' || ps_json_lex_peek(lex) == '-') {
        lex->at++;
    }
    size_t begin = lex->at;
    if (take_digits(lex) == 0) {
        return ps_json_lex_bad(lex, "a number has an exponent without digits");
    }
    if (!ps_str_to_uint(ps_str_slice(lex->text, begin, lex->at), EXPONENT_MAX, &value)) {
        return ps_json_lex_bad(lex, "a number is too large");
    }
    return ps_success();
}

/* What stands from begin to the cursor, which is a number. */
static double number_of(const struct ps_json_lex *lex, size_t begin, bool is_int)
{
    char copy[NUMBER_BYTES_MAX + 1];
    size_t len = lex->at - begin;
    const char *digits = lex->text.ptr + begin;
    bool negative = digits[0] == '-';
    if (!is_int || len > INT_DIGITS_MAX) {
        memcpy(copy, digits, len);
        copy[len] = '\0';
        return strtod(copy, NULL); /* nobody calls setlocale(): the point is a point */
    }
    int64_t value = 0;
    for (size_t i = negative ? 1 : 0; i < len; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return (double)(negative ? -value : value);
}

struct ps_status ps_json_lex_number(struct ps_json_lex *lex, double *ret_number)
{
    size_t begin = lex->at;
    if (ps_json_lex_peek(lex) == '-') {
        lex->at++;
    }
    bool zero = ps_json_lex_peek(lex) == '0';
    size_t digits = take_digits(lex);
    size_t whole_end = lex->at;
    if (digits == 0 || (zero && digits > 1)) {
        return ps_json_lex_bad(lex, "a value is wanted");
    }
    if (ps_json_lex_peek(lex) == '.') {
        lex->at++;
        if (take_digits(lex) == 0) {
            return ps_json_lex_bad(lex, "a number has no digits after its point");
        }
    }
    if (ps_json_lex_peek(lex) == 'e' || ps_json_lex_peek(lex) == 'E') {
        lex->at++;
        PS_TRY(exponent(lex));
    }
    if (lex->at - begin > NUMBER_BYTES_MAX) {
        return ps_json_lex_bad(lex, "a number is too long");
    }
    *ret_number = number_of(lex, begin, lex->at == whole_end);
    return ps_success();
}
