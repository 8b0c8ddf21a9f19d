/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of others in a log line: a log reader must get valid JSON and a terminal no control
 * characters, whatever a request contains (CWE-117).
 */
#include "log_text.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define ESCAPE_MAX 8U              /* longest form of one character */

void ps_log_put(struct ps_log_line *line, struct ps_str text)
{
    if (line->room - line->len < text.len) {
        line->full = true;
        return;
    }
    if (text.len > 0) {
        memcpy(line->ptr + line->len, text.ptr, text.len);
        line->len += text.len;
    }
}

/* Bytes of a lead byte's sequence by RFC 3629; 0 if no sequence begins with it. */
static size_t sequence_length(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Excludes overlong forms, surrogates and what lies above U+10FFFF (RFC 3629 section 4). */
static bool second_byte_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

/* Length of the valid UTF-8 sequence at the beginning of text; 0 if there is none. */
static size_t valid_sequence(struct ps_str text)
{
    size_t len = sequence_length((unsigned char)text.ptr[0]);
    if (len == 0 || len > text.len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if (len > 1 && !second_byte_fits((unsigned char)text.ptr[0], (unsigned char)text.ptr[1])) {
        return 0;
    }
    return len;
}

/* The form of a control character, quote or backslash within quotes. */
static struct ps_str escape(char c, char form[ESCAPE_MAX])
{
    static const char shorts[] = "\"\"\\\\\nn\rr\tt"; /* pairs: character, letter */
    for (size_t i = 0; i + 1 < sizeof(shorts); i += 2) {
        if (shorts[i] == c) {
            form[0] = '\\';
            form[1] = shorts[i + 1];
            return (struct ps_str){form, 2};
        }
    }
    (void)snprintf(form, ESCAPE_MAX, "\\u%04x", (unsigned)(unsigned char)c);
    return (struct ps_str){form, 6};
}

/* The form of the first character of text within quotes; *ret_used says how long that was. */
static struct ps_str next_form(struct ps_str text, char form[ESCAPE_MAX], size_t *ret_used)
{
    size_t len = valid_sequence(text);
    *ret_used = len == 0 ? 1 : len;
    if (len == 0) {
        return PS_STR(REPLACEMENT);
    }
    char c = text.ptr[0];
    if (len == 1 && ((unsigned char)c < 0x20 || c == 0x7f || c == '"' || c == '\\')) {
        return escape(c, form);
    }
    return ps_str_slice(text, 0, len);
}

void ps_log_put_json(struct ps_log_line *line, struct ps_str text, size_t tail)
{
    size_t reserve = tail + sizeof(ELLIPSIS) + 1; /* and the closing quote */
    if (line->room - line->len < reserve + 1) {
        line->full = true;
        ps_log_put(line, PS_STR("\"\""));
        return;
    }
    ps_log_put(line, PS_STR("\""));
    for (size_t i = 0; i < text.len;) {
        char form[ESCAPE_MAX];
        size_t used;
        struct ps_str out = next_form(ps_str_slice(text, i, text.len), form, &used);
        if (line->room - line->len < out.len + reserve) {
            ps_log_put(line, PS_STR(ELLIPSIS));
            break;
        }
        ps_log_put(line, out);
        i += used;
    }
    ps_log_put(line, PS_STR("\""));
}

static bool needs_quotes(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7f) {
            return true;
        }
    }
    return text.len == 0;
}

void ps_log_put_text(struct ps_log_line *line, struct ps_str text, size_t tail)
{
    if (needs_quotes(text) || line->room - line->len < text.len + tail) {
        ps_log_put_json(line, text, tail);
        return;
    }
    ps_log_put(line, text);
}
