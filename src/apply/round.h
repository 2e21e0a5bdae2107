/* round.h - one round of an applier's pipeline: what is queued, what came back.
 *
 * A round is a list of steps, one for each result to come, so that a result is
 * known for what it is. Not here: what follows from a round (applier.c). */
#ifndef PGTANDEM_APPLY_ROUND_H
#define PGTANDEM_APPLY_ROUND_H

#include "apply/applier.h"

enum step_kind {
    STEP_CONTROL, /* BEGIN, savepoints, counters, preparations */
    STEP_READ,
    STEP_HIDDEN, /* commits that are not visible yet */
    STEP_WRITE,
    STEP_GONE,        /* are rows left that were to be deleted? */
    STEP_CONSTRAINTS, /* those that were deferred are checked */
    STEP_COMMIT,
};

struct applier_step {
    enum step_kind kind;
    const struct mapping *mapping; /* reads and writes */
    /* of reads, in the order of their positions; of deletes that may be suppressed */
    const struct value *const *keys;
    size_t n_rows; /* writes: how many rows must be affected */
    bool exact;    /* writes: no more and no fewer */
    bool is_short; /* a delete: fewer */
    char label[160];
};

void round_begin(struct applier *applier);
/* One statement of one's own. With parameters it is prepared, since it comes with
 * every batch; `label` names it in messages. */
void round_queue(struct applier *applier, const char *sql);
void round_queue_with(struct applier *applier, const char *label, const char *sql, int n_params,
                      const char *const *params);
void round_send(struct applier *applier);

/* Opens the target transaction if it is not, and the slice's savepoint. */
void round_open(struct applier *applier, bool careful);
void round_read_rows(struct applier *applier);
/* Asks which commits are not visible yet: all of them, or those that are still left of
 * applier->hidden. When there are none, whatever takes its snapshot later sees all that
 * had been committed: so it comes before round_open(). */
void round_ask_hidden(struct applier *applier);
void round_write_rows(struct applier *applier);
/* Where deletes of the round that is over reached fewer rows than they were told to: begins
 * another one, which asks whether any are left. A foreign key's cascade may have been there
 * first, which is as good. False: there is nothing to ask. */
bool round_ask_gone(struct applier *applier) __attribute__((warn_unused_result));
/* Ends the slice, and with `commits` the target transaction: counters, the origin's
 * progress up to that source transaction, COMMIT. */
void round_close(struct applier *applier, const struct transaction *commits,
                 const struct applier_totals *totals);
/* Back to the slice's savepoint, or altogether. */
void round_undo(struct applier *applier, bool all);

/* Takes one result: rows go to applier->effects, the first error to
 * applier->error. */
void round_take(struct applier *applier, const PGresult *result);

#endif
