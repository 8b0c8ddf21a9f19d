/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the distance of Damerau and Levenshtein (optimal string alignment). */
#include "portside/cli.h"

#define WORD_MAX 32U

static size_t least(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;
    return two < c ? two : c;
}

/* Edits that turn a into b; both at most WORD_MAX long. */
static size_t distance(struct ps_str a, struct ps_str b)
{
    size_t rows[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a.len; i++) {
        rows[i][0] = i;
    }
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        for (size_t j = 1; j <= b.len; j++) {
            size_t differs = a.ptr[i - 1] != b.ptr[j - 1];
            rows[i][j] =
                least(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + differs);
            bool swapped =
                i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
            if (swapped && rows[i - 2][j - 2] + 1 < rows[i][j]) {
                rows[i][j] = rows[i - 2][j - 2] + 1;
            }
        }
    }
    return rows[a.len][b.len];
}

size_t ps_nearest(struct ps_str word, const char *const *names, size_t count)
{
    size_t best = count;
    /* A third of a word may be wrong; more is another word. */
    size_t limit = word.len / 3 + 1;
    for (size_t i = 0; i < count && word.len <= WORD_MAX; i++) {
        struct ps_str name = ps_str_of(names[i]);
        size_t edits = name.len <= WORD_MAX ? distance(word, name) : limit + 1;
        if (edits <= limit && edits < name.len) {
            limit = edits == 0 ? 0 : edits - 1;
            best = i;
        }
    }
    return best;
}
