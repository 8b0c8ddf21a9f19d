/* SPDX-License-Identifier: Apache-2.0 */
/* The distance of Damerau and Levenshtein (optimal string alignment). */
#include "portside/nearest.h"

#define WORD_MAX 64U

static size_t least(size_t a, size_t b, size_t c)
{
    size_t two = a < b ? a : b;
    return two < c ? two : c;
}

static bool same(struct ps_str a, size_t i, struct ps_str b, size_t j)
{
    return ps_to_lower(a.ptr[i]) == ps_to_lower(b.ptr[j]);
}

/* Edits that turn a into b; both at most WORD_MAX long. */
static size_t distance(struct ps_str a, struct ps_str b)
{
    size_t rows[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        rows[i][0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t changed = rows[i - 1][j - 1] + (same(a, i - 1, b, j - 1) ? 0 : 1);
            rows[i][j] = least(rows[i - 1][j] + 1, rows[i][j - 1] + 1, changed);
            bool swapped = i > 1 && j > 1 && same(a, i - 1, b, j - 2) && same(a, i - 2, b, j - 1);
            if (swapped && rows[i - 2][j - 2] + 1 < rows[i][j]) {
                rows[i][j] = rows[i - 2][j - 2] + 1;
            }
        }
    }
    return rows[a.len][b.len];
}

void ps_nearest_init(struct ps_nearest *nearest, struct ps_str word)
{
    *nearest =
        (struct ps_nearest){word, word.len == 0 || word.len > WORD_MAX ? 0 : word.len / 3 + 2};
}

bool ps_nearest_try(struct ps_nearest *nearest, struct ps_str candidate)
{
    if (nearest->limit == 0 || candidate.len > WORD_MAX) {
        return false;
    }
    size_t edits = distance(nearest->word, candidate);
    if (edits >= nearest->limit || edits >= candidate.len) {
        return false;
    }
    nearest->limit = edits;
    return true;
}
