/* breaker.h - stops a link that meets more conflicts than anyone expects.
 *
 * Why: a conflict now and then is what two writers make; thousands a minute are a
 *   sign that something is wrong (both sides run the same batch job, a clock is
 *   off, writes go round in circles), and to go on would do harm.
 * How: a bucket of `per_minute` conflicts that fills again within a minute. Pure:
 *   time comes as an argument (usec_monotonic()). */
#ifndef PGTANDEM_MODEL_BREAKER_H
#define PGTANDEM_MODEL_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timestamp.h"

struct breaker {
    int64_t per_minute; /* 0: no limit */
    double room;        /* for so many conflicts, now */
    usec_t filled_at;
};

void breaker_init(struct breaker *breaker, int64_t per_minute);

/* False: so many more at once are too many. Takes nothing. */
bool breaker_allows(struct breaker *breaker, uint64_t conflicts, usec_t now);
/* They have happened. */
void breaker_count(struct breaker *breaker, uint64_t conflicts);

#endif
