/* suggest.c - see suggest.h. The distance is Levenshtein's, one row at a time. */
#include "base/suggest.h"

#include <string.h>

enum { WORD_MAX = 63, FAR = WORD_MAX + 1, CLOSE = 2 };

static size_t least(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static size_t distance(const char *one, const char *other) {
    size_t n_one = strlen(one), n_other = strlen(other);
    if (n_one > WORD_MAX || n_other > WORD_MAX) {
        return FAR;
    }
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= n_other; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= n_one; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_other; j++) {
            size_t above = row[j];
            size_t changed = diagonal + (one[i - 1] != other[j - 1]);
            row[j] = least(above + 1, row[j - 1] + 1, changed);
            diagonal = above;
        }
    }
    return row[n_other];
}

const char *suggest_closest(const char *word, const char *const *known, size_t n_known) {
    const char *closest = NULL;
    size_t best = CLOSE + 1;
    for (size_t i = 0; i < n_known; i++) {
        size_t d = distance(word, known[i]);
        if (d < best && d * 2 <= strlen(known[i])) {
            best = d;
            closest = known[i];
        }
    }
    return closest;
}
