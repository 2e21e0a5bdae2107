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

/* An error that says the ledger is not what it was taken for: a request had no answer, or
 * somebody else plans as well. It passes, if the ledger is read again. */
bool ledger_set_stale(struct err *err);

/* Plans a chunk: from now on it must be copied. False with *stale when one of its number
 * is there already: it may have been planned with other bounds. */
bool ledger_add(struct migration *m, const struct chunk *chunk, bool *stale, struct err *err)
    __attribute__((warn_unused_result));

/* Cuts the rows up to `at` off a chunk that nobody has: they become chunk *number,
 * below 0, and the rest keeps its number, which may be the table's last. False with
 * *stale when the ledger is not what the chunk says. */
bool ledger_cut(struct migration *m, const struct chunk *chunk, char *const *at, int *number,
                bool *stale, struct err *err) __attribute__((warn_unused_result));

/* How many snapshots the chunks that are done were read from. */
bool ledger_count_snapshots(struct migration *m, int64_t *count, struct err *err)
    __attribute__((warn_unused_result));

#endif
