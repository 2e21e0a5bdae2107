/* governor.h - looks at the servers once a second, and holds the copy where it would
 * be too much for them, or where people ask it to.
 *
 * Why sequential code with connections of its own: nothing of it may wait behind a
 *   copy's rows, and a query of the user's that hangs must not keep a pause from
 *   being heard.
 * What it looks at: limits.h; a server that both sides are on is asked once. Log that
 *   the slot keeps holds the copy only where the copy itself adds to it; otherwise
 *   waiting would only make it more, and a warning is all there is.
 * What it says: in the log when a wait begins, every half minute, and when it ends;
 *   for `status`, each second, in pgtandem.copy.
 * Figures that cannot be read just now stay as they were, for a few seconds: a load that
 *   nobody knows is no leave to go on, and a pause may have been asked for. Then the copy
 *   holds, and says on whom it waits. A server that does not answer is asked again on a
 *   new connection. */
#ifndef PGTANDEM_COPY_GOVERNOR_H
#define PGTANDEM_COPY_GOVERNOR_H

#include <stdbool.h>

#include "copy/job.h"
#include "copy/limits.h"
#include "pg/control.h"
#include "pg/db.h"

/* One connection, and the question that it is asked again and again. */
struct probe {
    struct db db;
    bool asked;
    usec_t ask_at;       /* next */
    usec_t waited_since; /* usec_monotonic(); 0: it has answered what it was asked last */
    usec_t silent_since; /* the same by the clock, for people */
    char trouble[320];   /* why there was no answer, or "" */
};

/* What one server said last. */
struct server_load {
    double replica_lag;
    char replica[64];
    int64_t active_sessions;
};

struct governor {
    struct job *job;
    struct probe old_server, new_server, query;
    struct server_load servers[2]; /* old, new */
    struct control control;
    struct load load;
    bool heard_old, heard_new, heard_query; /* each was answered once */
    bool paused;                            /* the wait is a pause */
    usec_t said_at;                         /* what it waits for, in the log */
    bool warned;                            /* of the log that the slot keeps */
};

/* What `status` is to know of the copy. */
struct progress {
    int64_t rows_running;
    double rows_per_second, seconds_left; /* negative: nobody knows */
};

void governor_init(struct governor *governor, struct job *job);
void governor_fini(struct governor *governor);

/* The answer to limits.query: NaN for no row or NULL. False: it is not one number. */
bool governor_read_number(const PGresult *result, double *number)
    __attribute__((warn_unused_result));

/* Before the first chunk: waits for the control row and one look at each server, so
 * that nothing is copied that was not to be. */
bool governor_begin(struct governor *governor, struct err *err) __attribute__((warn_unused_result));
/* Now and then. Sets the job's pedal, pace and `waiting`; fails the job when
 * limits.query is no query. */
void governor_turn(struct governor *governor, const struct progress *progress);

#endif
