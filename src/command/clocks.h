/* clocks.h - how far apart two servers' clocks are, as seen from here. Pure.
 *
 * A server's clock was read at some moment between asking and being answered. So
 * each reading bounds the server's distance from our own clock from below and
 * above, and several readings bound it more closely than any of them. */
#ifndef PGTANDEM_COMMAND_CLOCKS_H
#define PGTANDEM_COMMAND_CLOCKS_H

#include "base/timestamp.h"

/* The server's clock is ahead of ours by at least `least`, at most `most`. */
struct clock_range {
    usec_t least, most;
};

/* Nothing is known yet. */
struct clock_range clock_range_unknown(void);
/* `server` was answered to a question that was asked and answered at these times
 * of our clock. */
void clock_range_note(struct clock_range *range, usec_t asked, usec_t answered, usec_t server);

/* By how much b is surely ahead of a; negative: behind; 0: it may be neither. */
usec_t clock_range_difference(struct clock_range a, struct clock_range b);

#endif
