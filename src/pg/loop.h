/* loop.h - the process's one event loop, and how sequential code waits in it.
 *
 * Why: streaming and copying are driven by callbacks; everything that happens
 *   once and in order (setup, phases, checks) reads best from top to bottom.
 *   loop_wait() lets such code wait for one thing while the loop goes on
 *   turning for everything else.
 * Rule: loop_wait() is for code that was not called by the loop. Callbacks
 *   never wait.
 * Who waits is heard: what the loop waits for is on a list, the innermost first, and
 *   its owner is told of each wait that takes longer than a second (on_wait).
 * SIGTERM and SIGINT ask everyone to stop: loop->stopping becomes true, and
 *   waiting ends. A second signal ends the process at once. */
#ifndef PGTANDEM_PG_LOOP_H
#define PGTANDEM_PG_LOOP_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "base/timestamp.h"
#include "base/waiting.h"

enum { LOOP_FOREVER = 0 };

/* One wait of sequential code; on the stack of who waits. */
struct loop_wait {
    const char *what; /* completes "waiting for ..."; borrowed, and may change meanwhile */
    struct waiting waiting;
    bool heard; /* it took longer than a second */
    struct loop_wait *outer;
};

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

    /* Called now and then while somebody waits longer than a second, and once more
     * when that wait is over. For words only: it never waits itself. NULL: nobody hears. */
    void (*on_wait)(void *owner, struct loop_wait *wait, bool over);
    void *wait_owner;
    struct loop_wait *waits;
    usec_t heard_at;
};

bool loop_init(struct loop *loop, struct err *err) __attribute__((warn_unused_result));
/* Every handle must have been closed. */
void loop_fini(struct loop *loop);

/* Turns the loop until *done. False with an error when `timeout` (LOOP_FOREVER
 * for none) has passed (ERR_TIMEOUT, passing) or a signal came (ERR_FAILED,
 * loop->stopping). `what` completes "timed out waiting for ...", and is
 * what is said of a wait that takes longer than a second. */
bool loop_wait(struct loop *loop, const bool *done, usec_t timeout, const char *what,
               struct err *err) __attribute__((warn_unused_result));

/* Lets the loop turn for that long. False when a signal came. */
bool loop_sleep(struct loop *loop, usec_t duration, struct err *err)
    __attribute__((warn_unused_result));

/* What waits by looking again and again says so: everything between the two counts as
 * one wait. Waits end in the reverse order. */
void loop_wait_begin(struct loop *loop, struct loop_wait *wait, const char *what);
void loop_wait_end(struct loop *loop, struct loop_wait *wait);

/* One turn, waiting at most `patience` for something to happen. */
void loop_turn(struct loop *loop, usec_t patience);

#endif
