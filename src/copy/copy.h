/* copy.h - copies the old tables into the new ones, in chunks, and resumes.
 *
 * Why chunks: each is one transaction with its row of the ledger
 *   (pgtandem.chunk), so that a copy that was interrupted, by whatever, goes on
 *   where it was, and no row is copied twice.
 * How: a planner finds the chunks' bounds just ahead; backfill.jobs workers copy
 *   them (COPY to COPY, the mapping in between), each with a connection to either
 *   side; rows that cannot be written are parked.
 * Memory: some hundred kilobytes a worker, whatever the size of table or chunk, and four
 *   times the largest row: libpq takes and gives rows as a whole.
 * Not here: phases, slot and origins, which must be there (command/); bringing a
 *   copy from several snapshots to one moment (stream/). */
#ifndef PGTANDEM_COPY_COPY_H
#define PGTANDEM_COPY_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/migration.h"

/* Copies what the ledger does not say is done, and waits for it. `snapshot`: the
 * name of an exported snapshot of the old database to read from; NULL: it makes
 * one. False with an error when it failed or a signal came: chunks that were
 * under way are then as if never begun. Trouble that passes is waited for, but for a
 * ledger that is not what it was: it fails with an error that passes, and is called again.
 *
 * Needs m->pairs, the state schema and the copy's origins. */
bool copy_run(struct migration *m, const char *snapshot, struct err *err)
    __attribute__((warn_unused_result));

/* From how many snapshots the chunks that are done were read: with more than one
 * the new table may mix moments until the stream was applied. */
bool copy_snapshot_count(struct migration *m, int64_t *count, struct err *err)
    __attribute__((warn_unused_result));

#endif
