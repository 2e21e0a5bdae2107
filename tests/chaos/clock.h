/* clock.h - sleeping. What time it is, base/timestamp.h knows. */
#ifndef CHAOS_CLOCK_H
#define CHAOS_CLOCK_H

#include "base/timestamp.h"

#define MILLISECOND INT64_C(1000) /* of usec_t */

void sleep_ms(int milliseconds);
/* usec_monotonic() is the clock meant; returns at once when it is past. */
void sleep_until(usec_t moment);

#endif
