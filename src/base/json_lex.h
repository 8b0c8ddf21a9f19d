/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scalars of JSON text: strings and numbers, checked by the letter of RFC 8259 and read in the
 * same pass. json_parse.c puts them together.
 */
#pragma once

#include "portside/error.h"
#include "portside/str.h"

struct ps_json_lex {
    struct ps_str text;
    size_t at;
    char *out; /* where the next string is put; see PS_JSON_LEX_ROOM */
    struct ps_error *err;
};

/*
 * Bytes at out for all strings of a text: each one shrinks, or stays as long, and its NUL takes the
 * place of a quote. They are copied eight bytes at a time, hence some more.
 */
#define PS_JSON_LEX_ROOM(text) ((text).len + 8U)

/* Fails with PS_CODE_INPUT, and with the place in the text. */
struct ps_status ps_json_lex_bad(struct ps_json_lex *lex, const char *what) PS_MUST_USE;

/* The byte at the cursor; NUL behind the end, which is never valid JSON either. */
static inline char ps_json_lex_peek(const struct ps_json_lex *lex)
{
    return lex->at < lex->text.len ? lex->text.ptr[lex->at] : '\0';
}

/* The cursor stands on the opening quote. The string is NUL-terminated. */
struct ps_status ps_json_lex_string(struct ps_json_lex *lex, struct ps_str *ret_text) PS_MUST_USE;

struct ps_status ps_json_lex_number(struct ps_json_lex *lex, double *ret_number) PS_MUST_USE;
