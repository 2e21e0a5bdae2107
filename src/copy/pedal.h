/* pedal.h - how hard a copy works: which part of the time its workers may spend on
 * copying.
 *
 * Why: nobody knows beforehand what a server bears. So a copy begins gently and
 *   speeds up; where a limit made it wait, it goes on with half of what it had, and
 *   speeds up slowly: it comes to rest near what the limit allows, instead of
 *   falling from full speed to none and back.
 * How: a worker that has copied for a while rests in proportion.
 * Pure: time comes as an argument. */
#ifndef PGTANDEM_COPY_PEDAL_H
#define PGTANDEM_COPY_PEDAL_H

#include <stdbool.h>

#include "base/timestamp.h"

struct pedal {
    usec_t warm_up;
    double share;    /* of the time, up to 1, at `since` */
    double doubling; /* seconds in which it doubles; 0: at once */
    usec_t since;
    bool holding;
};

/* Reaches full speed within `warm_up`; 0: at once. Also after a pause. */
void pedal_start(struct pedal *pedal, usec_t warm_up, usec_t now);
/* A limit is exceeded, and no longer so. */
void pedal_hold(struct pedal *pedal, usec_t now);
void pedal_release(struct pedal *pedal, usec_t now);

/* Between 0 (none while holding) and 1. */
double pedal_share(const struct pedal *pedal, usec_t now);
/* How long a worker rests that has copied for `worked`. */
usec_t pedal_rest(const struct pedal *pedal, usec_t worked, usec_t now);

#endif
