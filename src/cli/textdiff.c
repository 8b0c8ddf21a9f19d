/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Difference of two texts by lines: the longest common subsequence of what is left when the equal
 * lines at both ends are taken off. Made for files of some hundred lines.
 */
#include "cmd_review.h"

#define CONTEXT 2U
/* A larger table costs more than the answer is worth: then all lines count as different. */
#define CELLS_MAX ((size_t)4 * 1024 * 1024)

struct lines {
    struct ps_str *list;
    size_t count;
};

struct diff {
    struct lines old;
    struct lines new;
    size_t head; /* equal lines at the begin */
    size_t tail; /* equal lines at the end */
    size_t width;
    uint32_t *table; /* length of the common subsequence of old[i…] and new[j…]; NULL: too large */
    struct ps_buf out;
};

static struct lines split_lines(struct ps_arena *arena, struct ps_str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += text.ptr[i] == '\n';
    }
    struct lines lines = {.list = PS_ARENA_ARRAY(arena, struct ps_str, count)};
    struct ps_str rest = text;
    struct ps_str line;
    while (ps_str_split(&rest, '\n', &line)) {
        lines.list[lines.count++] = line;
    }
    /* A text that ends in a line break has no line behind it. */
    if (lines.count > 0 && lines.list[lines.count - 1].len == 0) {
        lines.count--;
    }
    return lines;
}

static void trim_equal(struct diff *diff)
{
    size_t least = diff->old.count < diff->new.count ? diff->old.count : diff->new.count;
    while (diff->head < least &&
           ps_str_equal(diff->old.list[diff->head], diff->new.list[diff->head])) {
        diff->head++;
    }
    while (diff->tail < least - diff->head &&
           ps_str_equal(diff->old.list[diff->old.count - 1 - diff->tail],
                        diff->new.list[diff->new.count - 1 - diff->tail])) {
        diff->tail++;
    }
}

static uint32_t *cell(const struct diff *diff, size_t i, size_t j)
{
    return &diff->table[(i - diff->head) * diff->width + (j - diff->head)];
}

static void fill_table(struct ps_arena *arena, struct diff *diff)
{
    size_t old_end = diff->old.count - diff->tail;
    size_t new_end = diff->new.count - diff->tail;
    size_t height = old_end - diff->head + 1;
    diff->width = new_end - diff->head + 1;
    if (height > CELLS_MAX / diff->width) {
        return;
    }
    diff->table = PS_ARENA_ARRAY(arena, uint32_t, height * diff->width);
    for (size_t i = old_end; i-- > diff->head;) {
        for (size_t j = new_end; j-- > diff->head;) {
            uint32_t down = *cell(diff, i + 1, j);
            uint32_t right = *cell(diff, i, j + 1);
            bool equal = ps_str_equal(diff->old.list[i], diff->new.list[j]);
            uint32_t best = down > right ? down : right;
            *cell(diff, i, j) = equal ? *cell(diff, i + 1, j + 1) + 1 : best;
        }
    }
}

static void put_line(struct diff *diff, char mark, struct ps_str line)
{
    ps_buf_putc(&diff->out, mark);
    ps_buf_putc(&diff->out, ' ');
    ps_buf_put(&diff->out, line);
    ps_buf_putc(&diff->out, '\n');
}

/* Lines that both have: a few of them near a difference, a count of the others. */
static void put_equal(struct diff *diff, size_t begin, size_t end, bool behind, bool before)
{
    size_t lead = behind ? CONTEXT : 0;
    size_t trail = before ? CONTEXT : 0;
    if (end - begin <= lead + trail + 1) {
        lead = end - begin;
        trail = 0;
    }
    for (size_t i = begin; i < begin + lead; i++) {
        put_line(diff, ' ', diff->old.list[i]);
    }
    if (end - begin > lead + trail) {
        ps_buf_printf(&diff->out, "@ %zu lines as expected\n", end - begin - lead - trail);
    }
    for (size_t i = end - trail; i < end; i++) {
        put_line(diff, ' ', diff->old.list[i]);
    }
}

/* True if the next line of both is the same line. */
static bool is_common(const struct diff *diff, size_t i, size_t j)
{
    return diff->table != NULL && i < diff->old.count - diff->tail &&
           j < diff->new.count - diff->tail &&ps_str_equal(diff->old.list[i], diff->new.list[j]);
}

/* True if dropping old[i] keeps the longest common part; when in doubt '-' comes before '+'. */
static bool drops_old(const struct diff *diff, size_t i, size_t j)
{
    if (j >= diff->new.count - diff->tail || diff->table == NULL) {
        return i < diff->old.count - diff->tail;
    }
    return i < diff->old.count - diff->tail && *cell(diff, i + 1, j) >= *cell(diff, i, j + 1);
}

static void walk(struct diff *diff)
{
    size_t old_end = diff->old.count - diff->tail;
    size_t new_end = diff->new.count - diff->tail;
    size_t i = diff->head;
    size_t j = diff->head;
    while (i < old_end || j < new_end) {
        size_t begin = i;
        while (is_common(diff, i, j)) {
            i++;
            j++;
        }
        if (i > begin) {
            put_equal(diff, begin, i, true, i < old_end || j < new_end);
        } else if (drops_old(diff, i, j)) {
            put_line(diff, '-', diff->old.list[i++]);
        } else {
            put_line(diff, '+', diff->new.list[j++]);
        }
    }
}

struct ps_str ps_textdiff(struct ps_arena *arena, struct ps_str expected, struct ps_str actual)
{
    if (ps_str_equal(expected, actual)) {
        return PS_STR("");
    }
    struct diff diff = {.old = split_lines(arena, expected), .new = split_lines(arena, actual)};
    trim_equal(&diff);
    fill_table(arena, &diff);
    ps_buf_init(&diff.out, arena, 1024);
    put_equal(&diff, 0, diff.head, false, true);
    walk(&diff);
    put_equal(&diff, diff.old.count - diff.tail, diff.old.count, true, false);
    return ps_buf_view(&diff.out);
}
