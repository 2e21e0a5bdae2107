/* plan.h - what is to be written to mend a row.
 *
 * Why: rows are written whole, from what the other side holds now; only where the
 *   target's own outputs of a transform already map back to the source's row are they
 *   left alone, so that a correction survives.
 * A write is guarded: it finds the row as it was read, or no row at all, or does
 * nothing; then it moved, and the next round looks again.
 * Pure. Memory: the arena given. */
#ifndef PGTANDEM_MEND_PLAN_H
#define PGTANDEM_MEND_PLAN_H

#include <stdbool.h>

#include "base/arena.h"
#include "mend/agenda.h"
#include "model/effects.h"
#include "verify/compare.h"

#define MEND_OUTCOMES(X)                                                                           \
    X(planned)                                                                                     \
    X(done)      /* written, or the row has moved */                                               \
    X(blocked)   /* another row has one of its unique values */                                    \
    X(refused)   /* the row cannot be written as it is */                                          \
    X(contended) /* somebody else is at the same row */

enum mend_outcome {
#define MEND_ENUM(name) MEND_##name,
    MEND_OUTCOMES(MEND_ENUM)
#undef MEND_ENUM
};

struct mend {
    struct item *item;
    struct write write;
    /* All values the row is to have, kept ones included; parallel to the mapping's
     * columns. NULL for a row that is removed, or was refused. */
    const struct value *whole;

    enum mend_outcome outcome;
    const struct err *reason; /* why a row was refused or is blocked */
};

/* Copies the reason into `arena`. */
void mend_set_outcome(struct mend *mend, enum mend_outcome outcome, const struct err *reason,
                      struct arena *arena);
/* The same for a row that no server has seen: the reason gets an SQLSTATE for the record. */
void mend_refuse(struct mend *mend, struct err *reason, struct arena *arena);

/* The row of the mapping's source over the one of its target, which may be missing.
 * Rows run parallel to their tables' columns. */
void mend_plan_write(struct mend *mend, const struct mapping *mapping, const struct value *source,
                     const struct value *target, const char *target_xmin, struct arena *arena);

/* The target's row is to go. */
void mend_plan_removal(struct mend *mend, const struct mapping *mapping, const struct value *target,
                       const char *target_xmin, struct arena *arena);

#endif
