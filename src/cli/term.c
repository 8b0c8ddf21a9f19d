/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "portside/cli.h"

#define COLUMNS_DEFAULT 80U
#define COLUMNS_MIN 40U
/* Longer lines than this are hard to read, however wide the window is. */
#define COLUMNS_MAX 100U

static const char *const escapes[] = {
    [PS_STYLE_PLAIN] = "",        [PS_STYLE_BOLD] = "\033[1m",   [PS_STYLE_DIM] = "\033[2m",
    [PS_STYLE_RED] = "\033[31m",  [PS_STYLE_GREEN] = "\033[32m", [PS_STYLE_YELLOW] = "\033[33m",
    [PS_STYLE_CYAN] = "\033[36m",
};

bool ps_term_wants_colour(bool is_terminal, const char *no_color, const char *term_name)
{
    bool refused = no_color != NULL && no_color[0] != '\0';
    bool dumb = term_name == NULL || strcmp(term_name, "dumb") == 0;
    return is_terminal && !refused && !dumb;
}

static size_t columns_of(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return COLUMNS_DEFAULT;
    }
    size_t columns = size.ws_col;
    if (columns < COLUMNS_MIN) {
        return COLUMNS_MIN;
    }
    return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

void ps_term_init(struct ps_term *term, FILE *file)
{
    int fd = fileno(file);
    bool is_terminal = isatty(fd) == 1;
    *term = (struct ps_term){
        .file = file,
        .is_terminal = is_terminal,
        .colour = ps_term_wants_colour(is_terminal, getenv("NO_COLOR"), getenv("TERM")),
        .columns = columns_of(fd),
    };
}

static void begin_style(const struct ps_term *term, enum ps_style style)
{
    if (term->colour && style != PS_STYLE_PLAIN) {
        (void)fputs(escapes[style], term->file);
    }
}

static void end_style(const struct ps_term *term, enum ps_style style)
{
    if (term->colour && style != PS_STYLE_PLAIN) {
        (void)fputs("\033[0m", term->file);
    }
}

void ps_term_printf(const struct ps_term *term, enum ps_style style, const char *format, ...)
{
    va_list args;
    begin_style(term, style);
    va_start(args, format);
    (void)vfprintf(term->file, format, args); /* main() checks the stream at the end */
    va_end(args);
    end_style(term, style);
}

/* U+0080 to U+009F are control characters too; in UTF-8 they are C2 80 to C2 9F. */
static bool is_c1(struct ps_str text, size_t i)
{
    if ((unsigned char)text.ptr[i] != 0xC2 || i + 1 >= text.len) {
        return false;
    }
    unsigned char next = (unsigned char)text.ptr[i + 1];
    return next >= 0x80 && next <= 0x9F;
}

void ps_term_text(const struct ps_term *term, enum ps_style style, struct ps_str text)
{
    begin_style(term, style);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_c1(text, i)) {
            (void)fprintf(term->file, "\\u%04x", (unsigned char)text.ptr[++i]);
        } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) {
            (void)fprintf(term->file, "\\u%04x", c);
        } else {
            (void)fputc(c, term->file);
        }
    }
    end_style(term, style);
}

static void put_spaces(const struct ps_term *term, size_t count)
{
    (void)fprintf(term->file, "%*s", (int)count, "");
}

/* Characters of a word, where UTF-8 continuation bytes count nothing. */
static size_t width_of(const char *word, size_t bytes)
{
    size_t width = 0;
    for (size_t i = 0; i < bytes; i++) {
        width += ((unsigned char)word[i] & 0xC0) != 0x80;
    }
    return width;
}

void ps_term_wrap(const struct ps_term *term, size_t column, size_t indent, const char *text)
{
    size_t at = column;
    const char *gap = "";
    while (*text != '\0') {
        if (*text == '\n') {
            (void)fputc('\n', term->file);
            at = 0;
            gap = "";
            text++;
            continue;
        }
        text += *text == ' ';
        size_t bytes = strcspn(text, " \n");
        size_t width = width_of(text, bytes);
        if (at > indent && at + 1 + width > term->columns) {
            (void)fputc('\n', term->file);
            at = 0;
            gap = "";
        }
        if (at < indent) {
            put_spaces(term, indent - at);
            at = indent;
        }
        (void)fprintf(term->file, "%s%.*s", gap, (int)bytes, text);
        at += strlen(gap) + width;
        gap = " ";
        text += bytes;
    }
    (void)fputc('\n', term->file);
}
