/* planner.h - cuts tables into chunks, just ahead of who copies them, and keeps
 * the snapshot that all of them are read from.
 *
 * Boundaries are found by going along the key's index: the key of the row that
 * is so many rows further on (sizer.h) ends the chunk, however the keys are
 * spread; the last chunk ends with the greatest key there was (begun.h). They are
 * in the ledger before the chunk is in the queue; after an interruption they are
 * taken from there.
 *
 * The planner's session holds the snapshot: the caller's, or one of its own. If
 * the session is lost, or the caller's snapshot has gone, the rest of the copy is
 * read from another one, taken then. With `snapshot: chunked` it holds none: each
 * worker reads each chunk in a snapshot of its own.
 *
 * For sequential code. */
#ifndef PGTANDEM_COPY_PLANNER_H
#define PGTANDEM_COPY_PLANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "copy/begun.h"
#include "copy/horizon.h"
#include "copy/job.h"
#include "pg/db.h"

struct planner_table {
    const struct mapping *mapping;
    struct begun begun;
    struct chunk *last; /* planned; NULL: none */
    bool planned;       /* to its end */
};

struct planner {
    struct job *job;
    struct db db;
    const char *lent;    /* the caller's snapshot, while it may be had; borrowed */
    bool holds_snapshot; /* chunked: a snapshot that is taken now shows all it must */
    char horizon[HORIZON_SIZE];
    struct planner_table *tables;
    size_t n_tables;
    bool stale; /* the ledger is not what was read: begin again from there */
    int64_t chunks_before, rows_before; /* what earlier runs had done */
};

void planner_init(struct planner *planner, struct job *job, const char *snapshot);
void planner_fini(struct planner *planner);

/* Reads the ledger: chunks that were planned and not done go into the queue. A
 * table of which none was planned yet must be empty on the new side; where rows are
 * left to be copied, tables and mapping must be what they were. */
bool planner_load(struct planner *planner, struct err *err) __attribute__((warn_unused_result));

/* Sees to it that job->snapshot can be imported; again when it was lost. */
bool planner_open(struct planner *planner, struct err *err) __attribute__((warn_unused_result));

/* Plans the next chunk, if there is more to plan; of one that took too long first. */
bool planner_next(struct planner *planner, struct err *err) __attribute__((warn_unused_result));
/* Nothing is left to be planned or cut. */
bool planner_is_done(const struct planner *planner);

#endif
