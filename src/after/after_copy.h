/* after_copy.h - runs the statements of backfill.after_copy, once each, then ANALYZE of
 * the new tables.
 *
 * Why: indexes cost less after the copy than during it, and unique ones could
 *   not be there while the table may mix moments. They are built while the links
 *   go on, backfill.index_jobs of them at a time (order.h has the rules), each
 *   statement by itself on a connection of its own (statement_run.h).
 * Resuming: pgtandem.after_copy says which statements are done; those are not
 *   run again, and must not have changed. One that was interrupted is run again
 *   after what it left is removed (an index that is not valid).
 * Locks: limits.lock_timeout holds for every statement that is not
 *   CONCURRENTLY, and is tried again; those that are block nobody. A CHECK or
 *   FOREIGN KEY is added NOT VALID, then validated, which blocks nobody either.
 * Failures: when a statement fails for good no other is started, and those that
 *   run are waited for.
 * Names without a schema are looked up in the new tables' schemas, then in
 *   public: pgtandem's other sessions look nowhere. */
#ifndef PGTANDEM_AFTER_AFTER_COPY_H
#define PGTANDEM_AFTER_AFTER_COPY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/migration.h"

/* Whether the files can be read and run at all: a copy that takes hours should not come
 * before that is known. */
bool after_copy_check(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* Waits until all is done. False with an error when a statement failed (the message names
 * it, the hint says how to go on) or a signal came; the statements under way are then
 * cancelled. Needs m->pairs and the state schema. */
bool after_copy_run(struct migration *m, struct err *err) __attribute__((warn_unused_result));

#endif
