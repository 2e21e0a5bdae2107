/* loop.h - the process's one event loop, and how sequential code waits in it.
 *
 * Why: streaming and copying are driven by callbacks; everything that happens
 *   once and in order (setup, phases, checks) reads best from top to bottom.
 *   loop_wait() lets such code wait for one thing while the loop goes on
 *   turning for everything else.
 * Rule: loop_wait() is for code that was not called by the loop. Callbacks
 *   never wait.
 * SIGTERM and SIGINT ask everyone to stop: loop->stopping becomes true, and
 *   waiting ends. A second signal ends the process at once. */
#ifndef PGTANDEM_PG_LOOP_H
#define PGTANDEM_PG_LOOP_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "base/timestamp.h"

enum { LOOP_FOREVER = 0 };

struct loop {
    uv_loop_t uv;
    uv_signal_t on_term, on_int;
    uv_timer_t alarm;   /* wakes loop_wait() at its deadline and for its chores */
    bool stopping;      /* a signal asked us to stop */
    usec_t stopping_at; /* usec_monotonic() of that moment */
    bool shielded;      /* waiting goes on although we are stopping: the last steps */

    /* Called between two turns while somebody waits, never from a callback;
     * it may wait itself, and is not called again while it does. This is where
     * a service looks after links that have lost their connection. */
    void (*chore)(void *owner);
    void *chore_owner;
    bool in_chore;
};

bool loop_init(struct loop *loop, struct err *err) __attribute__((warn_unused_result));
/* Every handle must have been closed. */
void loop_fini(struct loop *loop);

/* Turns the loop until *done. False with an error when `timeout` (LOOP_FOREVER
 * for none) has passed (ERR_TIMEOUT, passing) or a signal came (ERR_FAILED,
 * loop->stopping). `what` completes "timed out waiting for ...". */
bool loop_wait(struct loop *loop, const bool *done, usec_t timeout, const char *what,
               struct err *err) __attribute__((warn_unused_result));

/* Lets the loop turn for that long. False when a signal came. */
bool loop_sleep(struct loop *loop, usec_t duration, struct err *err)
    __attribute__((warn_unused_result));

/* One turn, waiting at most `patience` for something to happen. */
void loop_turn(struct loop *loop, usec_t patience);

#endif
