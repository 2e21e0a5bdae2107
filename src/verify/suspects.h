/* suspects.h - the keys that looked different and are to be read again.
 *
 * Bounded, in number and in bytes: what does not fit any more is counted as it
 * looked, and reported as not read again. Memory: keys are copied into the
 * list's arena. */
#ifndef PGTANDEM_VERIFY_SUSPECTS_H
#define PGTANDEM_VERIFY_SUSPECTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"
#include "verify/compare.h"

enum { SUSPECTS_MAX = 100000, SUSPECTS_MAX_BYTES = 16 * 1024 * 1024 };

struct suspects {
    size_t n_key;       /* columns of a key */
    struct value *keys; /* count * n_key */
    enum verdict *verdicts;
    size_t count, capacity;
    int64_t dropped[VERDICT_COUNT]; /* did not fit */
    struct arena arena;
};

void suspects_init(struct suspects *list, size_t n_key);
void suspects_fini(struct suspects *list);

void suspects_add(struct suspects *list, const struct value *key, enum verdict verdict);
/* Empties the list; what was dropped stays counted. */
void suspects_clear(struct suspects *list);

#endif
