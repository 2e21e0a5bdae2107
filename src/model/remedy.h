/* remedy.h - what a recheck does about two rows of one key that differ.
 *
 * Pure. Both links have passed everything that was written before the rows were
 * put up for recheck, so that nothing on its way explains the difference:
 *
 *   old row    new row    remedy
 *   absent     absent     none
 *   original   absent     the old row goes over         (its copy was lost)
 *   copy       absent     the old row is removed        (its original is gone)
 *   absent     original   the new row goes over
 *   absent     copy       the new row is removed
 *   original   copy       the old row goes over
 *   copy       original   the new row goes over
 *   original   original   the later one goes over; the new side's in a tie
 *   copy       copy       the new row goes over
 *
 * One thing more is known of an original that is alone: where a delete that is later
 * has found nothing, it is removed (mend/late.h). What goes over is written as a copy.
 * Source: tests/model/convergence.py. */
#ifndef PGTANDEM_MODEL_REMEDY_H
#define PGTANDEM_MODEL_REMEDY_H

#include "model/stamp.h"

#define REMEDIES(X)                                                                                \
    X(none)                                                                                        \
    X(forward) /* the old side's row is written over the new side's */                             \
    X(reverse) /* and the other way */                                                             \
    X(remove_old)                                                                                  \
    X(remove_new)

enum remedy {
#define REMEDY_ENUM(name) REMEDY_##name,
    REMEDIES(REMEDY_ENUM)
#undef REMEDY_ENUM
};
const char *remedy_name(enum remedy remedy);

/* For rows that were seen to differ. */
enum remedy remedy_choose(struct row_state old_row, struct row_state new_row);

#endif
