/* timer.h - a one-shot timer whose owner may vanish at any time.
 *
 * timer_free() may be called from anywhere, the timer's own callback included;
 * libuv's memory is given back by the loop. */
#ifndef PGTANDEM_PG_TIMER_H
#define PGTANDEM_PG_TIMER_H

#include "base/timestamp.h"
#include "pg/loop.h"

struct timer;

struct timer *timer_new(struct loop *loop, void (*fire)(void *owner), void *owner)
    __attribute__((returns_nonnull));
void timer_free(struct timer *timer);

/* Fires once after `delay`; an earlier appointment is forgotten. */
void timer_start(struct timer *timer, usec_t delay);
void timer_stop(struct timer *timer);

#endif
