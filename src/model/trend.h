/* trend.h - where a lag is going: how fast it shrinks, and when it will be gone.
 *
 * Why: the speed of a link alone does not tell when it will have caught up, since its
 *   source goes on writing; the lag itself, looked at again and again, does.
 * Pure: lags and times come as arguments. All zero is a trend of which nothing is known. */
#ifndef PGTANDEM_MODEL_TREND_H
#define PGTANDEM_MODEL_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "base/timestamp.h"

enum { TREND_SAMPLES = 16 };

struct trend {
    struct {
        usec_t at;
        int64_t bytes;
    } samples[TREND_SAMPLES]; /* a ring */
    size_t count, newest;
};

/* A lag as it is at `now` (usec_monotonic()). Two within a tenth of a second are one; after
 * half a minute without any, what was known before counts no longer. */
void trend_note(struct trend *trend, int64_t bytes, usec_t now);

/* Seconds until nothing is left if it goes on like that: 0 when nothing is, negative when
 * nobody knows, since it grows, or there was only one look. */
double trend_seconds_left(const struct trend *trend);

#endif
