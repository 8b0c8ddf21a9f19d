/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: text with {ordinal}, {pod}, {statefulset}, {namespace} and, in ports, {ordinal + N}.
 *
 * Checking and expanding walk the same pieces, so that what was accepted cannot fail later.
 */
#include <assert.h>

#include "exposure_reader.h"
#include "exposure_template.h"
#include "portside/buf.h"

#define ADDEND_MAX 65535

enum variable {
    VARIABLE_ORDINAL = 0,
    VARIABLE_POD,
    VARIABLE_STATEFULSET,
    VARIABLE_NAMESPACE,
    VARIABLE_COUNT,
};

static const char *const variables[] = {
    [VARIABLE_ORDINAL] = "ordinal",
    [VARIABLE_POD] = "pod",
    [VARIABLE_STATEFULSET] = "statefulset",
    [VARIABLE_NAMESPACE] = "namespace",
};

static_assert(PS_COUNT(variables) == VARIABLE_COUNT, "a name for each variable");

enum piece_kind {
    PIECE_LITERAL = 0,
    PIECE_PLACEHOLDER,
    PIECE_UNKNOWN,  /* braces around something else */
    PIECE_UNCLOSED, /* a '{' without its '}' */
    PIECE_STRAY,    /* a '}' without its '{' */
};

struct piece {
    enum piece_kind kind;
    size_t begin;
    struct ps_str text; /* braces included */
    enum variable variable;
    bool sum;
    uint64_t addend;
};

static bool find_variable(struct ps_str name, enum variable *ret_variable)
{
    for (size_t i = 0; i < PS_COUNT(variables); i++) {
        if (ps_str_is(name, variables[i])) {
            *ret_variable = (enum variable)i;
            return true;
        }
    }
    return false;
}

/* "pod", "ordinal + 9000"; white space around each part is free. */
static void read_placeholder(struct ps_str body, struct piece *piece)
{
    size_t plus = ps_str_index(body, '+');
    struct ps_str name = ps_str_trim(ps_str_slice(body, 0, plus));
    struct ps_str number = ps_str_trim(ps_str_slice(body, plus + 1, body.len));
    piece->kind = PIECE_UNKNOWN;
    if (!find_variable(name, &piece->variable)) {
        return;
    }
    piece->sum = plus < body.len;
    if (piece->sum && (piece->variable != VARIABLE_ORDINAL ||
                       !ps_str_to_uint(number, ADDEND_MAX, &piece->addend))) {
        return;
    }
    piece->kind = PIECE_PLACEHOLDER;
}

/* Takes the piece that begins at *at; false at the end of text. */
static bool next_piece(struct ps_str text, size_t *at, struct piece *ret_piece)
{
    struct ps_str rest = ps_str_slice(text, *at, text.len);
    struct piece piece = {.kind = PIECE_LITERAL, .begin = *at};
    if (rest.len == 0) {
        return false;
    }
    size_t len = 0;
    if (rest.ptr[0] == '{') {
        size_t close = ps_str_index(rest, '}');
        len = close < rest.len ? close + 1 : rest.len;
        if (close < rest.len) {
            read_placeholder(ps_str_slice(rest, 1, close), &piece);
        } else {
            piece.kind = PIECE_UNCLOSED;
        }
    } else if (rest.ptr[0] == '}') {
        piece.kind = PIECE_STRAY;
        len = 1;
    } else {
        while (len < rest.len && rest.ptr[len] != '{' && rest.ptr[len] != '}') {
            len++;
        }
    }
    piece.text = ps_str_slice(rest, 0, len);
    *at += len;
    *ret_piece = piece;
    return true;
}

/* Offset of the first byte that is no digit; text.len if there is none. */
static size_t find_other_than_digit(struct ps_str text)
{
    size_t i = 0;
    while (i < text.len && ps_is_digit(text.ptr[i])) {
        i++;
    }
    return i;
}

static bool fits(const struct piece *piece, enum ps_template_kind kind)
{
    switch (kind) {
    case PS_TEMPLATE_HOST:
        return !piece->sum;
    case PS_TEMPLATE_TEXT:
        return true;
    case PS_TEMPLATE_PORT:
        return piece->variable == VARIABLE_ORDINAL;
    }
    return false;
}

static const char *allowed(enum ps_template_kind kind)
{
    switch (kind) {
    case PS_TEMPLATE_HOST:
        return "{ordinal}, {pod}, {statefulset} or {namespace}";
    case PS_TEMPLATE_TEXT:
        return "{ordinal}, {ordinal + 9000}, {pod}, {statefulset} or {namespace}";
    case PS_TEMPLATE_PORT:
        return "digits, {ordinal} or {ordinal + 9000}";
    }
    return "";
}

/* What is wrong with the part of text from offset on, which is len bytes long. */
static struct ps_str name_flaw(struct ps_arena *arena, const struct piece *piece, size_t offset,
                               size_t len, const char *what)
{
    struct ps_str part = ps_str_slice(piece->text, offset, offset + len);
    struct ps_str shown = ps_exposure_show(arena, part);
    return ps_arena_printf(arena, "'%.*s' at position %zu %s", PS_FMT(shown),
                           piece->begin + offset + 1, what);
}

/* The flaw of one piece, empty if it has none. */
static struct ps_str flaw_of(struct ps_arena *arena, const struct piece *piece,
                             enum ps_template_kind kind)
{
    size_t other = 0;
    switch (piece->kind) {
    case PIECE_LITERAL:
        other = find_other_than_digit(piece->text);
        if (kind != PS_TEMPLATE_PORT || other == piece->text.len) {
            return PS_STR("");
        }
        return name_flaw(arena, piece, other, 1, "is not a digit");
    case PIECE_PLACEHOLDER:
        if (fits(piece, kind)) {
            return PS_STR("");
        }
        return name_flaw(arena, piece, 0, piece->text.len, "has no place in this annotation");
    case PIECE_UNKNOWN:
        return name_flaw(arena, piece, 0, piece->text.len, "is not a placeholder");
    case PIECE_UNCLOSED:
        return name_flaw(arena, piece, 0, 1, "is never closed");
    case PIECE_STRAY:
        return name_flaw(arena, piece, 0, 1, "was never opened");
    }
    return PS_STR("");
}

bool ps_template_check(struct ps_arena *arena, struct ps_str text, enum ps_template_kind kind,
                       struct ps_str *ret_flaw)
{
    struct piece piece;
    for (size_t at = 0; next_piece(text, &at, &piece);) {
        struct ps_str flaw = flaw_of(arena, &piece, kind);
        if (flaw.len > 0) {
            *ret_flaw = ps_arena_printf(arena, "%.*s: use %s", PS_FMT(flaw), allowed(kind));
            return false;
        }
    }
    return true;
}

bool ps_template_varies(struct ps_str text)
{
    return ps_str_index(text, '{') < text.len;
}

bool ps_template_varies_by_broker(struct ps_str text)
{
    struct piece piece;
    for (size_t at = 0; next_piece(text, &at, &piece);) {
        if (piece.kind == PIECE_PLACEHOLDER &&
            (piece.variable == VARIABLE_ORDINAL || piece.variable == VARIABLE_POD)) {
            return true;
        }
    }
    return false;
}

static void put_value(struct ps_buf *buf, const struct piece *piece,
                      const struct ps_template_facts *facts)
{
    switch (piece->variable) {
    case VARIABLE_ORDINAL:
        ps_buf_printf(buf, "%llu", (unsigned long long)(facts->ordinal + piece->addend));
        return;
    case VARIABLE_POD:
        ps_buf_put(buf, facts->pod);
        return;
    case VARIABLE_STATEFULSET:
        ps_buf_put(buf, facts->statefulset);
        return;
    case VARIABLE_NAMESPACE:
        ps_buf_put(buf, facts->namespace_name);
        return;
    case VARIABLE_COUNT:
        return;
    }
}

struct ps_str ps_template_expand(struct ps_arena *arena, struct ps_str text,
                                 const struct ps_template_facts *facts)
{
    struct ps_buf buf;
    struct piece piece;
    ps_buf_init(&buf, arena, text.len + 64);
    for (size_t at = 0; next_piece(text, &at, &piece);) {
        if (piece.kind == PIECE_PLACEHOLDER) {
            put_value(&buf, &piece, facts);
        } else {
            ps_buf_put(&buf, piece.text);
        }
    }
    return ps_buf_view(&buf);
}
