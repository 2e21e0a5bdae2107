/* after_copy.h - runs the statements of backfill.after_copy, once each.
 *
 * Why: indexes cost less after the copy than during it, and unique ones could
 *   not be there while the table may mix moments. They are built CONCURRENTLY,
 *   each statement by itself and outside a transaction, while the links go on.
 * Resuming: pgtandem.after_copy says which statements are done; those are not
 *   run again, and must not have changed. One that was interrupted is run again
 *   after what it left is removed (an index that is not valid); if it then says
 *   that its object exists, it had done its work.
 * Locks: limits.lock_timeout holds for every statement that is not
 *   CONCURRENTLY, and is tried again; those that are block nobody.
 * Names without a schema are looked up in the new tables' schemas, then in
 *   public: pgtandem's other sessions look nowhere. */
#ifndef PGTANDEM_COPY_AFTER_COPY_H
#define PGTANDEM_COPY_AFTER_COPY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/migration.h"

/* Waits until all statements of all files are done. False with an error when one
 * failed (the message names it, the hint says how to go on) or a signal came; the
 * statement under way is then cancelled. Needs m->pairs and the state schema. */
bool after_copy_run(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* Is CONCURRENTLY among the statement's first words? Pure. */
bool after_copy_is_concurrent(const char *statement);

#endif
