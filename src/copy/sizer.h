/* sizer.h - how many rows the next chunk is to have.
 *
 * Why: a chunk is a transaction on both sides, and what an interruption costs.
 *   How long one takes matters, not how many rows it has: rows are small in one
 *   table and large in another, servers are fast or slow, and a copy may be held
 *   to a few rows a second.
 * How: from the speed of the chunks that were finished; up to twice as many rows
 *   as before, down to as few as it takes.
 * Pure. */
#ifndef PGTANDEM_COPY_SIZER_H
#define PGTANDEM_COPY_SIZER_H

#include <stdint.h>

#include "base/timestamp.h"

enum { SIZER_LEAST = 10, SIZER_MOST = 1000000 };

struct sizer {
    int64_t rows;  /* of the next chunk */
    usec_t target; /* what a chunk is to take; 0: the rows stay as they are */
};

void sizer_init(struct sizer *sizer, int64_t rows, usec_t target);
/* A chunk of `rows` rows has taken `duration`. */
void sizer_note(struct sizer *sizer, int64_t rows, usec_t duration);

#endif
