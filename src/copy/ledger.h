/* ledger.h - pgtandem.chunk, for sequential code: how tables were cut up, and
 * how much of it is done. Chunks are marked as done by who copies them. */
#ifndef PGTANDEM_COPY_LEDGER_H
#define PGTANDEM_COPY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "copy/chunk.h"
#include "pg/migration.h"

struct ledger_table {
    int64_t chunks, chunks_done;
    int64_t rows_done, rows_parked; /* in chunks that are done */
    struct chunk *last;             /* planned, done or not; NULL: none; to be freed */
};

/* Reads a table's sums and its last chunk, and calls `todo` with each chunk that
 * is planned and not done, in order; it belongs to the callee. */
bool ledger_read(struct migration *m, const struct mapping *mapping, struct ledger_table *table,
                 void (*todo)(void *owner, struct chunk *chunk), void *owner, struct err *err)
    __attribute__((warn_unused_result));

/* Plans a chunk: from now on it must be copied. */
bool ledger_add(struct migration *m, const struct chunk *chunk, struct err *err)
    __attribute__((warn_unused_result));

/* Cuts the rows up to `at` off a chunk that nobody has: they become chunk *number,
 * below 0, and the rest keeps its number, which may be the table's last. False also
 * when the ledger is not what the chunk says, after a request that was not answered:
 * then it must be read again (the error passes). */
bool ledger_cut(struct migration *m, const struct chunk *chunk, char *const *at, int *number,
                struct err *err) __attribute__((warn_unused_result));

/* How many snapshots the chunks that are done were read from. */
bool ledger_count_snapshots(struct migration *m, int64_t *count, struct err *err)
    __attribute__((warn_unused_result));

#endif
