/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd_check.h"
#include "portside/jw.h"

static const struct {
    const char *word;
    enum ps_style style;
} results[] = {
    [PS_CHECKUP_OK] = {"ok", PS_STYLE_GREEN},
    [PS_CHECKUP_FAILED] = {"failed", PS_STYLE_RED},
    [PS_CHECKUP_UNKNOWN] = {"unknown", PS_STYLE_YELLOW},
};

static size_t count(const struct ps_checkup *check, enum ps_checkup_result result)
{
    size_t found = 0;
    for (size_t i = 0; i < check->count; i++) {
        found += check->rows[i].result == result;
    }
    return found;
}

static int width_of(const struct ps_checkup *check)
{
    size_t width = 0;
    for (size_t i = 0; i < check->count; i++) {
        size_t len = strlen(check->rows[i].about);
        width = len > width ? len : width;
    }
    return (int)width;
}

void ps_checkup_show(const struct ps_checkup *check, const struct ps_term *term)
{
    int width = width_of(check);
    for (size_t i = 0; i < check->count; i++) {
        const struct ps_checkup_row *row = &check->rows[i];
        ps_term_printf(term, results[row->result].style, "%-9s", results[row->result].word);
        ps_term_printf(term, PS_STYLE_BOLD, "%-*s  ", width, row->about);
        ps_term_text(term, PS_STYLE_PLAIN, ps_str_of(row->says));
        ps_term_printf(term, PS_STYLE_PLAIN, "\n");
        if (row->cure[0] != '\0') {
            ps_term_printf(term, PS_STYLE_CYAN, "%*s-> ", width + 11, "");
            ps_term_text(term, PS_STYLE_CYAN, ps_str_of(row->cure));
            ps_term_printf(term, PS_STYLE_PLAIN, "\n");
        }
    }
    if (check->more > 0) {
        ps_term_printf(term, PS_STYLE_PLAIN, "and %zu more\n", check->more);
    }
    ps_term_printf(term, PS_STYLE_BOLD, "%zu ok, %zu failed, %zu unknown\n",
                   count(check, PS_CHECKUP_OK), count(check, PS_CHECKUP_FAILED),
                   count(check, PS_CHECKUP_UNKNOWN));
}

struct ps_str ps_checkup_json(const struct ps_checkup *check)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, check->arena, 4096);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member_bool(&jw, "ok", count(check, PS_CHECKUP_FAILED) == 0);
    ps_jw_key(&jw, "rows");
    ps_jw_array(&jw);
    for (size_t i = 0; i < check->count; i++) {
        const struct ps_checkup_row *row = &check->rows[i];
        ps_jw_object(&jw);
        ps_jw_member(&jw, "check", ps_str_of(row->about));
        ps_jw_member(&jw, "result", ps_str_of(results[row->result].word));
        ps_jw_member(&jw, "says", ps_str_of(row->says));
        if (row->cure[0] != '\0') {
            ps_jw_member(&jw, "cure", ps_str_of(row->cure));
        }
        ps_jw_object_end(&jw);
    }
    ps_jw_array_end(&jw);
    ps_jw_member_int(&jw, "more", (int64_t)check->more);
    ps_jw_object_end(&jw);
    ps_buf_putc(&buf, '\n');
    return ps_buf_view(&buf);
}
