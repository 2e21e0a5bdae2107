/* statement_run.h - a runner: a connection of its own on which one task after the other is done,
 * each until it is done or has failed for good.
 *
 * Again after contention and lost connections, and never twice at once, also when an
 * earlier process was killed whose statement the server is still running. What can be sent
 * in one transaction with its own record is; of other statements one that was interrupted
 * has done its work if its object is there.
 *
 *   idle -> locking -> [dropping] -> working -> [validating] -> recording -> ended
 *             |  ^                      |
 *             |  +-- pausing <----------+   what passes
 *             |                         +-> [searching] -> undoing -> recording -> ended
 *             +- until no session of an earlier run is at it
 *
 * Waiting: what may take long is sent, and runner_turn() takes its answer; everything else
 *   is short and waits in the loop. For sequential code that turns all runners, which
 *   pg/db.h's bell tells when. */
#ifndef PGTANDEM_AFTER_STATEMENT_RUN_H
#define PGTANDEM_AFTER_STATEMENT_RUN_H

#include <stdbool.h>

#include "after/task.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "pg/db.h"
#include "pg/migration.h"

#define RUNNER_STATES(X)                                                                           \
    X(idle)                                                                                        \
    X(locking)    /* somebody else is in the way: looks again */                                   \
    X(pausing)    /* after trouble that passes */                                                  \
    X(dropping)   /* an index that is not valid */                                                 \
    X(working)    /* the statement */                                                              \
    X(validating) /* the constraint that it has added */                                           \
    X(searching)  /* for the rows that it failed for */                                            \
    X(undoing)    /* what it left */                                                               \
    X(recording)                                                                                   \
    X(ended)

enum runner_state {
#define RUNNER_ENUM(name) RUNNER_##name,
    RUNNER_STATES(RUNNER_ENUM)
#undef RUNNER_ENUM
};

enum runner_outcome {
    RUNNER_DONE,
    RUNNER_LEFT,   /* before it was begun, or between two tries: others have failed */
    RUNNER_FAILED, /* and what it left is removed */
};

struct runner {
    struct migration *m;
    struct task_list *tasks;
    const bool *no_more; /* nothing new is to be begun */
    struct log_source log;
    struct db db;         /* pinned: what its session holds matters */
    char *settings;       /* of its session */
    size_t settings_upto; /* the session has the SETs of so many tasks */

    /* the task */
    struct task *task;
    enum runner_state state;
    enum runner_outcome outcome; /* RUNNER_ended, or on the way there */
    struct err error;            /* RUNNER_FAILED */
    bool locked;                 /* the session holds the task's lock */
    bool started;                /* it is on record that it was */
    bool unsure;                 /* a session was lost: the record may know more */
    bool undo;                   /* what is left to do is removing what it left */
    bool told_wait, told_trouble;
    unsigned attempts, cancels;
    usec_t wake_at; /* locking, pausing */
    usec_t began_at;
    const char *dropping; /* which index */
    struct arena arena;   /* of the task */
};

void runner_init(struct runner *runner, struct migration *m, struct task_list *tasks,
                 const bool *no_more, bool *bell);
void runner_fini(struct runner *runner);

/* Looks the task's table up, as it will be found when its turn comes. For an idle runner. */
bool runner_look_up(struct runner *runner, struct task *task, struct err *err)
    __attribute__((warn_unused_result));

/* Opens an idle runner's connection, as the task will want it. */
bool runner_connect(struct runner *runner, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));

/* Begins an idle runner's next task. */
void runner_start(struct runner *runner, struct task *task);

/* Does what is due, until there is something to wait for. */
void runner_turn(struct runner *runner);

/* RUNNER_ended: has said how it went; RUNNER_idle follows. */
void runner_release(struct runner *runner);

/* Is a statement under way? */
bool runner_is_busy(const struct runner *runner);
/* Asks the server to give it up. */
void runner_cancel(struct runner *runner);
/* The loop is stopping, and has waited a moment: what was finished in the last moment is
 * recorded, and the connection is closed. */
void runner_stop(struct runner *runner);

#endif
