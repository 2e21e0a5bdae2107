/* mender.h - rechecks: brings rows that two sides' writers have set apart together.
 *
 * Why: links apply what they can decide by themselves, and put up for recheck what
 *   they cannot. A recheck reads a key on both sides when nothing is on its way any
 *   more, and mends it if the rows differ (model/remedy.h says how). Parked rows are
 *   tried again in the same way, so that they heal when their reason has gone.
 * A round: collect what is up (collect.h), raise a barrier and wait for it (barrier.h),
 *   read, compare, mend (review.h), take off what agrees. What differs for the first
 *   time is left for the next round, and what was mended stays up until it is seen to
 *   agree.
 * Sequential code, from live on, with both links running. Idle, it only looks whether
 *   there is something to do, once a second.
 * Source of the rules: tests/model/convergence.py. */
#ifndef PGTANDEM_MEND_MENDER_H
#define PGTANDEM_MEND_MENDER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/waiting.h"
#include "mend/agenda.h"
#include "mend/barrier.h"
#include "mend/collect.h"
#include "mend/review.h"
#include "mend/site.h"
#include "stream/link.h"

struct mender {
    struct migration *m;
    struct barrier barrier;
    struct log_source log;
    struct site sites[2]; /* by the direction of the link that writes there */
    struct collection collections[2];
    size_t n_collections; /* 1 when both sides are in one database */
    struct agenda agenda;
    struct review review;

    usec_t next_at;              /* when to look again, usec_monotonic() */
    usec_t ended_at;             /* the last round */
    usec_t pause;                /* between two rounds */
    usec_t tidied_at;            /* old rows were removed */
    uint64_t heard;              /* the links' counts of what they have put up */
    bool said_trouble;           /* one log line an outage */
    struct waiting contended;    /* others are at the rows that are to be compared or mended */
    struct review_counts totals; /* since they were told last */
};

/* `watch` is asked while the mender waits: false ends it. Needs m->pairs. */
bool mender_init(struct mender *mender, struct migration *m, const struct link *links,
                 barrier_watch_fn *watch, void *owner, struct err *err)
    __attribute__((warn_unused_result));
void mender_fini(struct mender *mender);

/* Does one round if it is time for one, and there is something to do. Trouble that
 * passes is no error: it is told once, and tried again. */
bool mender_work(struct mender *mender, struct err *err) __attribute__((warn_unused_result));

/* Rounds until nothing is left of what is up now, but for parked rows that cannot be
 * mended, or until several rounds have brought nothing. */
bool mender_settle(struct mender *mender, struct err *err) __attribute__((warn_unused_result));

#endif
