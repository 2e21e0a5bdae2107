/* record.h - what a slice leaves in the state schema, beside its rows and in the
 * same transaction: parked rows, conflicts, keys to be rechecked, the ids of own
 * transactions, and the link's counters. Queued on the round under way. */
#ifndef PGTANDEM_APPLY_RECORD_H
#define PGTANDEM_APPLY_RECORD_H

#include "apply/applier.h"

/* The slice's one change could not be written. */
void record_parked(struct applier *applier, const struct change *change);

/* What the slice's changes met. To be queued before the slice's writes: it holds
 * the rows as they were. */
void record_conflicts(struct applier *applier);

/* The slice's keys to be compared again, one row for each table. */
void record_rechecks(struct applier *applier);

/* Where a column tells which of two changes is later: the id that the slice's
 * rows will bear. Behind a savepoint that is the subtransaction's, which no
 * function tells: a row of the state schema does, by its own xmin. */
void record_own_write(struct applier *applier);

/* What the target transaction has applied, up to this transaction of the source. */
void record_counters(struct applier *applier, const struct applier_totals *totals,
                     const struct transaction *applied);

#endif
