/* pace.h - how fast a copy may go. Pure: time comes as an argument. */
#ifndef PGTANDEM_COPY_PACE_H
#define PGTANDEM_COPY_PACE_H

#include <stdint.h>

#include "base/timestamp.h"

/* A token bucket: rows are taken as they come, also when there are none to
 * take, and the debt is waited for. So the average is kept to the row, and no
 * burst is longer than a tenth of a second's worth. */
struct pace {
    int64_t rows_per_second; /* 0: no limit */
    double tokens;           /* negative: a debt */
    usec_t filled_at;
};

void pace_init(struct pace *pace, int64_t rows_per_second, usec_t now);
/* Takes `rows`. Returns how long to take none now: 0 when there is no debt. */
usec_t pace_take(struct pace *pace, int64_t rows, usec_t now);

#endif
