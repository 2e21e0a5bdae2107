/* backoff.h - how long to wait before the next try: the one rule for all that is tried
 * again. */
#ifndef PGTANDEM_BASE_BACKOFF_H
#define PGTANDEM_BASE_BACKOFF_H

#include "base/timestamp.h"

/* Twice as long after each try, and never longer than `longest`. `tries`: how many have
 * failed before this wait; 0 waits for `first`. Pure. */
usec_t backoff_delay(usec_t first, usec_t longest, unsigned tries);

#endif
