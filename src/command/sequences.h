/* sequences.h - sees to it that the two sides never give away one number twice, and that
 * the new side's next number is right.
 *
 * Why: model/sequence_plan.h. Facts are read anew after each statement, so one that was
 *   run by somebody else, or by a predecessor that was killed, is not run again.
 * Locks: a statement waits for transactions that have drawn from the sequence, for no
 *   longer than limits.lock_timeout, and is tried again until it succeeds.
 * Rights: what the role may not do is logged, as statements for the owner; only going
 *   live depends on them.
 * With `sequences: leave` nothing is changed and nothing refused. */
#ifndef PGTANDEM_COMMAND_SEQUENCES_H
#define PGTANDEM_COMMAND_SEQUENCES_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/sequences.h"

/* Puts the sequences apart, or lets both tables draw from one. Needs m->pairs. False: a
 * signal, or the facts could not be read. */
bool sequences_manage(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* The same, and moves the new side's sequences beyond what is there: when the rows have
 * been copied and before anybody else draws from them. */
bool sequences_advance(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* The same, and ERR_NOT_READY where both sides would give away one number after all. */
bool sequences_gate(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* Are there statements left that the role may not run? Those of the plan are run
 * together or not at all. */
bool sequences_are_barred(const struct sequence_plan *plan);

/* What a plan says, and its cure, for people: in `arena`, "" where there is nothing to
 * cure. */
const char *sequences_describe(const struct migration *m, size_t table,
                               const struct sequence_case *c, const struct sequence_plan *plan,
                               struct arena *arena);
const char *sequences_cure(const struct sequence_case *c, const struct sequence_plan *plan,
                           struct arena *arena);
/* "in the old database: ...; in the new database: ..." */
const char *sequences_list_steps(const struct sequence_case *c, const struct sequence_plan *plan,
                                 struct arena *arena);

#endif
