/* applier.h - writes batches to the target, each source transaction once.
 *
 * Why: this is where "exactly once" is kept. What a link has applied is
 *   recorded by the target's replication-origin progress in the same
 *   transaction as the rows.
 *
 * How a batch is written, in one pipeline round each where nothing goes wrong:
 *   blind:    BEGIN, the writes, the counters, the origin's progress, COMMIT
 *   careful:  BEGIN REPEATABLE READ, read the rows under the batch's keys;
 *             decide; then writes, counters, progress, COMMIT. The isolation
 *             level refuses to write a row that changed since it was read
 *             (40001): the batch is then read and decided again. What is not
 *             written (a row that was missing, or later) may change meanwhile:
 *             its key is put up for recheck.
 *   large:    a source transaction that does not fit into a batch is applied
 *             piece by piece in one target transaction, each piece behind a
 *             savepoint. It is READ COMMITTED and locks the rows it reads: a
 *             conflict must not throw away a million rows.
 *   by rows:  a batch that fails for its data is applied again, one source
 *             transaction after the other, each committed by itself, and those
 *             that fail change by change in the source's order, each behind a
 *             savepoint, to find the rows at fault. They are parked, or stop the
 *             link. Deferrable constraints are checked behind each of these
 *             slices, so that what would fail the COMMIT is found as well.
 *
 * What is missing must be: a row can be committed here, delivered by the other link
 * and changed there before it is visible here. So where a change finds nothing, the
 * slice is read again when the commits that were hidden then are visible.
 *
 * Nobody waits for long: a slice that meets others at its rows, while rows of
 * earlier slices are locked, lets all of them go before it is tried again.
 *
 * The session is pinned to one origin (pg_replication_origin_session_setup by
 * the owner). The origin's position is session state that survives a ROLLBACK:
 * it is set last before COMMIT, and reset after every error.
 *
 * Events come from the loop, or from within applier_submit(). */
#ifndef PGTANDEM_APPLY_APPLIER_H
#define PGTANDEM_APPLY_APPLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply/fetcher.h"
#include "apply/prepared.h"
#include "apply/recovery.h"
#include "apply/statement.h"
#include "base/log.h"
#include "model/breaker.h"
#include "model/change.h"
#include "model/effects.h"
#include "pg/session.h"
#include "pg/slot.h"
#include "pg/timer.h"

#define APPLIER_STATES(X)                                                                          \
    X(idle)     /* waiting for a batch */                                                          \
    X(fetching) /* completing changes from the source */                                           \
    X(asking)   /* which commits are hidden */                                                     \
    X(reading)  /* the target's rows under the slice's keys */                                     \
    X(writing)                                                                                     \
    X(counting) /* rows that deletes have not reached: are they gone? */                           \
    X(closing)  /* what was written is made final */                                               \
    X(undoing)  /* rolling back after an error */                                                  \
    X(pausing)  /* before the slice is tried again */

enum applier_state {
#define APPLIER_ENUM(name) APPLIER_##name,
    APPLIER_STATES(APPLIER_ENUM)
#undef APPLIER_ENUM
};

struct applier_events {
    /* The batch is in the target; committed, if it ends a transaction. */
    void (*applied)(void *owner, struct batch *batch);
    /* Nothing of the open target transaction remains. By the error's class: connect and
     * stream again, or a person must act. */
    void (*failed)(void *owner, const struct err *err);
};

/* What a target transaction adds to the link's counters. */
struct applier_totals {
    uint64_t transactions, changes, conflicts, parked;
    uint64_t rechecks; /* keys put up; not counted in the state schema */
};

struct applier_step;

struct applier {
    const char *migration, *link; /* borrowed; for state rows */
    struct log_source log;
    struct park_streak parks;         /* committed and not */
    struct origin_ids target_origins; /* ours in the target's server; borrowed */
    struct breaker breaker;
    uint64_t rechecks; /* keys put up since applier_init, committed */
    const struct applier_events *events;
    void *owner;
    enum policy policy; /* may be changed by the owner while idle */
    bool stop_on_row_error;

    struct session *session; /* borrowed; SESSION_PIPELINE while attached */
    struct fetcher fetcher;
    struct prepared prepared;
    struct statement statement;
    struct timer *again;

    /* the batch */
    struct batch *batch;
    size_t first, count;  /* the slice of it under way */
    size_t begun;         /* the first change in the open target transaction */
    size_t n_committed;   /* target transactions of this batch */
    size_t split_until;   /* up to there, slices are of one change */
    lsn_t strict_end;     /* of the source transaction whose constraints are checked strictly */
    lsn_t strict_counted; /* the same, once a row of it that was parked is counted in `parks` */
    unsigned restarts;    /* row by row, because others were at its rows */
    usec_t waits_since;   /* usec_monotonic(): others are in its way; 0: nobody */
    enum applier_state state;
    bool carries; /* pieces of earlier batches are in the open target transaction */
    bool by_rows; /* slices are of one source transaction, or of one change */
    bool locking; /* READ COMMITTED, rows locked when read */

    /* the slice */
    bool careful;       /* its rows are read before it is written */
    bool doubts;        /* it found nothing under a key: were there hidden commits? */
    bool is_sure;       /* there are none any more */
    bool slice_guarded; /* it is behind a savepoint */
    bool closes_apart;  /* it ends with a round of its own */
    bool slice_parks;   /* its one change is being parked, for `park_reason` */
    bool park_bare;     /* without its row, which could not be kept */
    bool prepared_anew; /* its statements were */
    unsigned attempts;
    struct buf hidden; /* ids of hidden commits, by commas, as long as they are */
    usec_t tried_at;   /* usec_monotonic(): last */
    struct arena arena;
    struct effects effects;
    struct err park_reason;

    /* the target transaction */
    bool in_transaction;                /* it is open between rounds */
    struct applier_totals totals;       /* of it */
    struct applier_totals totals_after; /* when the slice under way is in */

    /* the round of the pipeline under way */
    struct applier_step *steps; /* what its results belong to */
    size_t n_steps, step_capacity, step_at;
    enum recovery next;  /* what follows it, if it is an undo */
    struct err cause;    /* of the undo */
    struct err error;    /* the round's first */
    bool at_commit;      /* it came from the COMMIT */
    bool at_constraints; /* it came from the check of deferred constraints */
    bool moved;          /* a row with the same key has appeared meanwhile */
};

void applier_init(struct applier *applier, struct loop *loop, const struct applier_events *events,
                  void *owner);
void applier_fini(struct applier *applier);

/* Both sessions were opened (again) and are idle; the origin is set up. */
void applier_attach(struct applier *applier, struct session *target, struct session *source);
/* Forgets the batch under way without an event; the sessions are to be closed. */
void applier_abandon(struct applier *applier);

/* Only when idle. The batch must stay untouched until an event. */
void applier_submit(struct applier *applier, struct batch *batch);
bool applier_is_idle(const struct applier *applier);

/* For round.c: does the slice end its source transaction? Are that one's deferred
 * constraints asked behind each of its slices? */
bool applier_slice_ends_transaction(const struct applier *applier);
bool applier_is_strict(const struct applier *applier);

#endif
