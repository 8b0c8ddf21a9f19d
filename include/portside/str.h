/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: bytes that somebody else owns.
 *
 * A struct ps_str is passed by value, is not NUL-terminated, and lives as long as what it looks at.
 * ptr is never NULL in a view made by these functions; {NULL, 0} is the view of nothing and equals
 * the empty view. All comparisons are of bytes, independent of the locale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "portside/attr.h"

struct ps_str {
    const char *ptr;
    size_t len;
};

/* A view of a string literal. */
#define PS_STR(literal) ((struct ps_str){"" literal, sizeof(literal) - 1})
/* The same where the language wants a constant, as in static tables. */
#define PS_STR_INIT(literal)                                                                       \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

/* The two arguments of a "%.*s" conversion. */
#define PS_FMT(view) (int)(view).len, (view).ptr == NULL ? "" : (view).ptr

/* Views the C string text; NULL gives the empty view. Inline: a literal's length is a constant. */
static inline struct ps_str ps_str_of(const char *text)
{
    return text == NULL ? PS_STR("") : (struct ps_str){text, strlen(text)};
}

/* Part of s from index begin to before end, both cut to its length. */
struct ps_str ps_str_slice(struct ps_str s, size_t begin, size_t end);

bool ps_str_equal(struct ps_str a, struct ps_str b);
static inline bool ps_str_is(struct ps_str s, const char *text)
{
    return ps_str_equal(s, ps_str_of(text));
}
/* Equal but for the case of ASCII letters. */
bool ps_str_equal_nocase(struct ps_str a, struct ps_str b);
/* Order of bytes, as memcmp; for sorting. */
int ps_str_compare(struct ps_str a, struct ps_str b);
static inline bool ps_str_starts(struct ps_str s, const char *prefix)
{
    size_t len = strlen(prefix);
    return len == 0 || (s.len >= len && memcmp(s.ptr, prefix, len) == 0);
}
bool ps_str_ends(struct ps_str s, const char *suffix);
bool ps_str_contains(struct ps_str s, const char *part);
/* True if one of parts, which end with NULL, occurs in s. */
bool ps_str_contains_any(struct ps_str s, const char *const *parts);
bool ps_str_contains_nocase(struct ps_str s, const char *part);

/* Index of the first part in s at or after from; s.len if there is none. */
size_t ps_str_find(struct ps_str s, struct ps_str part, size_t from);
/* Index of the first or last byte c in s; s.len if there is none. */
size_t ps_str_index(struct ps_str s, char c);
size_t ps_str_last_index(struct ps_str s, char c);

/* Bytes of the well-formed UTF-8 sequence (RFC 3629) at index at; 0 if there is none. */
size_t ps_str_rune(struct ps_str s, size_t at);

/* Without ASCII white space at both ends. */
struct ps_str ps_str_trim(struct ps_str s);

/*
 * Takes the next element of a separated list off *rest. False when nothing is left, and *rest is
 * {NULL, 0} then: "a,,b" has three elements, "a," has two, "" has one that is empty.
 */
bool ps_str_split(struct ps_str *rest, char separator, struct ps_str *ret_element);

/* Decimal digits only, no sign, at most max; false otherwise, and *ret_value is left alone. */
bool ps_str_to_uint(struct ps_str s, uint64_t max, uint64_t *ret_value);

bool ps_is_digit(char c);
bool ps_is_alpha(char c);
bool ps_is_space(char c);
char ps_to_lower(char c);
char ps_to_upper(char c);
