/* waiting.h - when a wait is worth a word: after a second, and then at intervals that
 * grow, up to a minute. Pure: time comes in as an argument.
 *
 * A wait of zeroes is none: it begins when it is first asked about. */
#ifndef PGTANDEM_BASE_WAITING_H
#define PGTANDEM_BASE_WAITING_H

#include <stdbool.h>

#include "base/timestamp.h"

struct waiting {
    usec_t since;   /* usec_monotonic(); 0: nobody waits */
    usec_t told_at; /* the last word; 0: none yet */
};

/* Begins the wait, unless it has begun. */
void waiting_begin(struct waiting *waiting, usec_t now);
/* Is it time for a word? Then the next is further off. Begins the wait. */
bool waiting_is_due(struct waiting *waiting, usec_t now) __attribute__((warn_unused_result));
/* Ends it. True: there was a word of it, so its end is worth one, too. */
bool waiting_end(struct waiting *waiting);
/* For how long; 0 for none. */
usec_t waiting_time(const struct waiting *waiting, usec_t now);
double waiting_seconds(const struct waiting *waiting, usec_t now);

#endif
