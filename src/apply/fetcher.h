/* fetcher.h - reads from the source what the stream did not tell.
 *
 * Why: unchanged TOAST values are not in the stream, and NaN looks like NULL
 *   there. The row is read by key as it is now, which may be later than the
 *   change; later changes of the stream then bring the rest.
 * Rule: a commit can be decoded before snapshots see it, so the read counts
 *   only when the changes' own transactions are visible; else it is repeated.
 * Works on a SESSION_PIPELINE of the source, one batch at a time. */
#ifndef PGTANDEM_APPLY_FETCHER_H
#define PGTANDEM_APPLY_FETCHER_H

#include <stddef.h>

#include "apply/prepared.h"
#include "apply/statement.h"
#include "pg/session.h"
#include "pg/timer.h"

struct fetcher_events {
    /* The changes are complete (err: NULL), or could not be. */
    void (*done)(void *owner, const struct err *err);
    /* The session has ended, whether something was asked of it or not. */
    void (*lost)(void *owner, const struct err *err);
};

struct fetcher {
    struct session *session; /* borrowed */
    struct prepared prepared;
    struct statement statement;
    struct timer *again;
    struct batch *batch;
    size_t first, count;
    struct change **asked; /* those the statement under way is about */
    size_t n_asked, n_answered;
    const struct mapping *mapping;
    unsigned tries;     /* of the statement, while the changes are not visible */
    bool prepared_anew; /* for this slice */
    struct err error;
    const struct fetcher_events *events;
    void *owner;
};

void fetcher_init(struct fetcher *fetcher, struct loop *loop, const struct fetcher_events *events,
                  void *owner);
void fetcher_fini(struct fetcher *fetcher);
/* The session was opened (again) and is idle. Takes its events. */
void fetcher_attach(struct fetcher *fetcher, struct session *session);
/* Forgets what is under way; no event will come of it. */
void fetcher_abandon(struct fetcher *fetcher);

/* Completes every change of the slice that wants its source; then `done`. */
void fetcher_start(struct fetcher *fetcher, struct batch *batch, size_t first, size_t count);

#endif
