/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8259 by the letter. cJSON takes control characters in strings, invalid UTF-8, "01", and cuts
 * strings at U+0000: a decision that rests on such text would not be the API server's.
 *
 * No recursion: open containers stand on a small stack of brackets.
 */
#include "json_scan.h"

#include "json_bytes.h"

#define NUMBER_BYTES_MAX 32U
/* With as many digits in front as fit, a double is still finite: below 1.8e308. */
#define EXPONENT_MAX 270U

struct scan {
    struct ps_str text;
    size_t at;
    struct ps_error *err;
    char open[PS_JSON_DEPTH_MAX]; /* the bracket that closes each open container */
    size_t depth;
    struct ps_json_holes *holes; /* NULL: none are wanted */
    size_t hole_depth;           /* of the hole that the cursor is in; 0: it is in none */
    const struct ps_str *known;  /* strings that need no look */
    size_t known_count;
};

static struct ps_status bad(struct scan *scan, const char *what)
{
    return ps_fail(scan->err, PS_CODE_INPUT, "invalid JSON at byte %zu: %s", scan->at, what);
}

/* The byte at the cursor; NUL behind the end, which is never valid JSON either. */
static char peek(const struct scan *scan)
{
    return scan->at < scan->text.len ? scan->text.ptr[scan->at] : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Inline, as is what else runs once for each key: what the API server sends has no space. */
static inline void skip_space(struct scan *scan)
{
    while (is_space(peek(scan))) {
        scan->at++;
    }
}

/* The cursor stands on a byte that is neither plain ASCII nor the closing quote. */
static struct ps_status special_byte(struct scan *scan)
{
    unsigned char c = (unsigned char)scan->text.ptr[scan->at];
    if (c == '\\') {
        const char *flaw = ps_json_pass_escape(scan->text, &scan->at);
        return flaw == NULL ? ps_success() : bad(scan, flaw);
    }
    if (c < 0x20) {
        return bad(scan, "a string holds a control character");
    }
    size_t len = ps_str_rune(scan->text, scan->at);
    if (len == 0) {
        return bad(scan, "a string is not valid UTF-8");
    }
    scan->at += len;
    return ps_success();
}

/* Index of the first byte from at on that is not plain ASCII; text.len if there is none. */
static inline size_t skip_plain(struct ps_str text, size_t at)
{
    for (; text.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t marks = ps_mark_not_plain(text.ptr + at);
        if (marks != 0) {
            return at + ps_first_marked(marks);
        }
    }
    while (at < text.len && !ps_is_special(text.ptr[at]) && (text.ptr[at] & 0x80) == 0) {
        at++;
    }
    return at;
}

/* The cursor stands on the first byte of a string that is not plain. */
static struct ps_status rest_of_string(struct scan *scan)
{
    while (scan->at < scan->text.len && scan->text.ptr[scan->at] != '"') {
        PS_TRY(special_byte(scan));
        scan->at = skip_plain(scan->text, scan->at);
    }
    if (scan->at == scan->text.len) {
        return bad(scan, "a string does not end");
    }
    scan->at++;
    return ps_success();
}

/* The cursor stands on the opening quote. Most strings have nothing but plain bytes. */
static inline struct ps_status string(struct scan *scan)
{
    scan->at = skip_plain(scan->text, scan->at + 1);
    if (peek(scan) == '"') {
        scan->at++;
        return ps_success();
    }
    return rest_of_string(scan);
}

/* The cursor stands on the opening quote. */
static struct ps_status string_value(struct scan *scan)
{
    for (size_t i = 0; i < scan->known_count; i++) {
        struct ps_str known = scan->known[i];
        if (ps_str_equal(ps_str_slice(scan->text, scan->at, scan->at + known.len), known)) {
            scan->at += known.len;
            return ps_success();
        }
    }
    return string(scan);
}

static size_t take_digits(struct scan *scan)
{
    size_t begin = scan->at;
    while (ps_is_digit(peek(scan))) {
        scan->at++;
    }
    return scan->at - begin;
}

/* The cursor stands behind "e" or "E". */
static struct ps_status exponent(struct scan *scan)
{
    uint64_t value = 0;
    if (peek(scan) == '+' || peek(scan) == '-') {
        scan->at++;
    }
    size_t begin = scan->at;
    if (take_digits(scan) == 0) {
        return bad(scan, "a number has an exponent without digits");
    }
    if (!ps_str_to_uint(ps_str_slice(scan->text, begin, scan->at), EXPONENT_MAX, &value)) {
        return bad(scan, "a number is too large");
    }
    return ps_success();
}

static struct ps_status number(struct scan *scan)
{
    size_t begin = scan->at;
    if (peek(scan) == '-') {
        scan->at++;
    }
    bool zero = peek(scan) == '0';
    size_t digits = take_digits(scan);
    if (digits == 0 || (zero && digits > 1)) {
        return bad(scan, "a value is wanted");
    }
    if (peek(scan) == '.') {
        scan->at++;
        if (take_digits(scan) == 0) {
            return bad(scan, "a number has no digits after its point");
        }
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        PS_TRY(exponent(scan));
    }
    if (scan->at - begin > NUMBER_BYTES_MAX) {
        return bad(scan, "a number is too long");
    }
    return ps_success();
}

static struct ps_status literal(struct scan *scan, const char *word)
{
    struct ps_str wanted = ps_str_of(word);
    struct ps_str found = ps_str_slice(scan->text, scan->at, scan->at + wanted.len);
    if (!ps_str_equal(found, wanted)) {
        return bad(scan, "a value is wanted");
    }
    scan->at += wanted.len;
    return ps_success();
}

static struct ps_status open_container(struct scan *scan, char closing)
{
    if (scan->depth == PS_JSON_DEPTH_MAX) {
        return bad(scan, "nested too deeply");
    }
    scan->open[scan->depth++] = closing;
    scan->at++;
    return ps_success();
}

/* A scalar, or the opening bracket of a container. */
static struct ps_status value(struct scan *scan)
{
    switch (peek(scan)) {
    case '"':
        return string_value(scan);
    case '{':
        return open_container(scan, '}');
    case '[':
        return open_container(scan, ']');
    case 't':
        return literal(scan, "true");
    case 'f':
        return literal(scan, "false");
    case 'n':
        return literal(scan, "null");
    default:
        return scan->at < scan->text.len ? number(scan) : bad(scan, "the text ends too early");
    }
}

static bool is_skipped(const struct scan *scan, struct ps_str key)
{
    for (size_t i = 0; i < scan->holes->skip_count; i++) {
        const struct ps_json_skip *skip = &scan->holes->skips[i];
        if (skip->depth == scan->depth && ps_str_equal(skip->key, key)) {
            return true;
        }
    }
    return false;
}

/* The cursor stands behind the colon after key, which is as it was written. */
static void begin_hole(struct scan *scan, struct ps_str key)
{
    struct ps_json_holes *holes = scan->holes;
    if (scan->hole_depth == 0 && holes->count < PS_JSON_HOLES_MAX && is_skipped(scan, key)) {
        scan->hole_depth = scan->depth;
        holes->list[holes->count].begin = scan->at;
    }
}

/* The cursor stands behind a value of the innermost container. */
static void end_hole(struct scan *scan)
{
    struct ps_json_holes *holes = scan->holes;
    if (scan->hole_depth == scan->depth) {
        scan->hole_depth = 0;
        holes->list[holes->count++].end = scan->at;
    }
}

static struct ps_status key(struct scan *scan)
{
    skip_space(scan);
    size_t begin = scan->at + 1;
    if (peek(scan) != '"') {
        return bad(scan, "a key in quotes is wanted");
    }
    PS_TRY(string(scan));
    size_t end = scan->at - 1;
    skip_space(scan);
    if (peek(scan) != ':') {
        return bad(scan, "a colon is wanted");
    }
    scan->at++;
    if (scan->holes != NULL) {
        begin_hole(scan, ps_str_slice(scan->text, begin, end));
    }
    return ps_success();
}

/* Closes what ends at the cursor; *ret_more says that another element follows. */
static struct ps_status after_value(struct scan *scan, bool *ret_more)
{
    *ret_more = false;
    while (scan->depth > 0) {
        char closing = scan->open[scan->depth - 1];
        end_hole(scan);
        skip_space(scan);
        if (peek(scan) == ',') {
            scan->at++;
            *ret_more = true;
            return closing == '}' ? key(scan) : ps_success();
        }
        if (peek(scan) != closing) {
            return bad(scan, scan->at < scan->text.len ? "a comma or the end of the list is wanted"
                                                       : "the text ends too early");
        }
        scan->at++;
        scan->depth--;
    }
    return ps_success();
}

/* Behind a bracket that was just opened: true if it closes at once. */
static bool is_empty_container(struct scan *scan)
{
    skip_space(scan);
    return peek(scan) == scan->open[scan->depth - 1];
}

static struct ps_status values(struct scan *scan)
{
    bool more = true;
    while (more) {
        skip_space(scan);
        size_t depth = scan->depth;
        PS_TRY(value(scan));
        if (scan->depth > depth && !is_empty_container(scan)) {
            if (scan->open[depth] == '}') {
                PS_TRY(key(scan));
            }
            continue;
        }
        PS_TRY(after_value(scan, &more));
    }
    return ps_success();
}

/* The text as a whole, by a scan that was set up. */
static struct ps_status document(struct scan *scan)
{
    PS_TRY(values(scan));
    skip_space(scan);
    if (scan->at < scan->text.len) {
        return bad(scan, "there is something behind the value");
    }
    return ps_success();
}

struct ps_status ps_json_scan_holes(struct ps_str text, struct ps_json_holes *holes,
                                    struct ps_error *err)
{
    struct scan scan = {.text = text, .err = err, .holes = holes};
    return document(&scan);
}

struct ps_status ps_json_scan_known(struct ps_str text, const struct ps_str *known,
                                    size_t known_count, struct ps_error *err)
{
    struct scan scan = {.text = text, .err = err, .known = known, .known_count = known_count};
    return document(&scan);
}

struct ps_status ps_json_scan(struct ps_str text, struct ps_error *err)
{
    return ps_json_scan_known(text, NULL, 0, err);
}
