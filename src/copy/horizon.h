/* horizon.h - does a snapshot of the copy's own show all that the slot is past?
 *
 * Why: what was committed before the slot begins is in no stream, so the copy must
 *   see it. The snapshot that the slot exports does. Any other is taken later, and
 *   still may not: a transaction whose commit is in the log, and so before the
 *   slot, can be hidden from snapshots while it waits for a standby.
 * How: after the slot was made, the next transaction id is noted. A snapshot in
 *   which every id below it has ended shows all of those commits.
 * For sequential code. */
#ifndef PGTANDEM_COPY_HORIZON_H
#define PGTANDEM_COPY_HORIZON_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/migration.h"

enum { HORIZON_SIZE = 24 };

/* Reads the id from the state schema, or notes it there: at the first beginning of
 * a copy after its slot was made. */
bool horizon_read(struct migration *m, char horizon[HORIZON_SIZE], struct err *err)
    __attribute__((warn_unused_result));

/* Looks in the snapshot that `db` has now. False with an error that passes, naming
 * the processes it waits for, until it is so. */
bool horizon_is_past(struct db *db, const char *horizon, struct err *err)
    __attribute__((warn_unused_result));

#endif
