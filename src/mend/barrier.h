/* barrier.h - waits until nothing that was committed before is on its way.
 *
 * Why: a row may differ between the sides only because its change has not been
 *   applied yet. Behind a barrier that is no reason any more: both links have
 *   passed all that either side had committed when the barrier was raised.
 * Rule: a commit can be decoded, and so be on the other side, before snapshots of
 *   its own side see it. So each side's transactions that were in progress, too,
 *   must have ended. The log's position is read first, then an id is taken: what
 *   had committed before that position has a lower id.
 * A barrier writes one marker to each database, which keeps no one waiting; links
 * that are down, and transactions left open, keep it waiting. */
#ifndef PGTANDEM_MEND_BARRIER_H
#define PGTANDEM_MEND_BARRIER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "stream/link.h"

/* Asked while it waits; false ends it. */
typedef bool barrier_watch_fn(void *owner, struct err *err);

struct barrier {
    struct migration *m;
    const struct link *links; /* by direction */
    struct log_source log;
    barrier_watch_fn *watch;
    void *owner;
};

/* Raises a barrier on both sides and waits for it. Uses the control connections. */
bool barrier_pass(const struct barrier *barrier, struct err *err)
    __attribute__((warn_unused_result));

#endif
