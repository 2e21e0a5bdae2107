/* runner_parts.h - what the files of a runner share; not for others.
 *
 *   statement_run.c    states, outcomes, trouble
 *   runner_steps.c     what is sent in each of them
 *   runner_session.c   the session that it is sent on */
#ifndef PGTANDEM_AFTER_RUNNER_PARTS_H
#define PGTANDEM_AFTER_RUNNER_PARTS_H

#include "after/statement_run.h"

/* statement_run.c */

void runner_set_state(struct runner *runner, enum runner_state state);
/* Looks at the task again in a moment, and says once whom it waits for. */
void runner_wait_for(struct runner *runner, const char *whom);
/* The task is at its end, but for the record: in whatever way; its work is done; it is
 * seen to have been done before; what it left is removed. */
void runner_finish(struct runner *runner, enum runner_outcome outcome);
void runner_finish_done(struct runner *runner);
void runner_finish_found(struct runner *runner);
void runner_finish_undoing(struct runner *runner);

/* Done and on record, or neither */
bool runner_is_exact(const struct task *task);

/* runner_steps.c: each sends something, waits, or finishes; false: there is trouble */

/* Whatever is next: from wherever it was left, record and catalogs tell. */
bool runner_step(struct runner *runner, struct err *err) __attribute__((warn_unused_result));
/* After the first step of a task that has two */
bool runner_step_second(struct runner *runner, struct err *err) __attribute__((warn_unused_result));
/* After an index was built CONCURRENTLY, or not: IF NOT EXISTS is content with anything. */
bool runner_step_look_back(struct runner *runner, struct err *err)
    __attribute__((warn_unused_result));
/* Looks for the rows that the statement, now in runner->error, has failed for. False: there
 * is nothing to look for, or no way to. */
bool runner_step_search(struct runner *runner);

/* runner_session.c */

/* Opens it if need be. Every SET that stands before the task holds in it, whichever session
 * it was first sent to: they are one after the other in the user's file. */
bool runner_session_open(struct runner *runner, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));
/* Takes the lock that belongs to the task: *locked is false while another session is at it. */
bool runner_session_lock(struct runner *runner, bool *locked, struct err *err)
    __attribute__((warn_unused_result));
void runner_session_unlock(struct runner *runner);
/* Waits for locks as long as it takes; else for limits.lock_timeout. */
bool runner_session_be_patient(struct runner *runner, bool patient, struct err *err)
    __attribute__((warn_unused_result));

#endif
