/* statement_progress.h - how far the statements after the copy are: for the log, and for
 * anybody who asks from another host.
 *
 * All of it is in the new database: the record of the statements, the locks of the sessions
 * that are at them, and what the server says of builds under way. It works on the tables of
 * an earlier version, too. */
#ifndef PGTANDEM_AFTER_STATEMENT_PROGRESS_H
#define PGTANDEM_AFTER_STATEMENT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "pg/db.h"

/* What pg_stat_progress_create_index counts in this phase; -1: nothing is known */
struct statement_counts {
    int64_t blocks_done, blocks_total, tuples_done, tuples_total;
};

struct statement_progress {
    const char *file, *number, *statement; /* as in pgtandem.after_copy */
    const char *index;                     /* that it builds; NULL: none, or not known */
    const char *validates;                 /* a constraint; NULL: none */
    const char *phase;                     /* the server's word; NULL: it says nothing */
    const char *waits_for;                 /* "process 42 (...)"; "": nobody */
    double percent;                        /* of this phase; negative: not known */
};

struct statements_progress {
    int64_t total, done; /* without pgtandem's own */
    struct statement_progress *running;
    size_t n_running;
};

/* In `arena`. Needs the state schema. */
bool statements_progress_read(struct db *db, const char *migration, struct arena *arena,
                              struct statements_progress *progress, struct err *err)
    __attribute__((warn_unused_result));

/* "building idx_users_email: scanning table, 45 %". Pure. */
void statement_progress_add(struct buf *text, const struct statement_progress *progress);

/* Blocks are read first, then tuples are written. Pure. */
double statement_progress_percent(const struct statement_counts *counts);

#endif
