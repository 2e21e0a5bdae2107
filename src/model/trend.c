/* trend.c - see trend.h. */
#include "model/trend.h"

#include <string.h>

static const usec_t least_interval = USEC_SECOND / 10, longest_gap = 30 * USEC_SECOND;

void trend_note(struct trend *trend, int64_t bytes, usec_t now) {
    usec_t since = now - trend->samples[trend->newest].at;
    if (trend->count > 0 && since > longest_gap) {
        memset(trend, 0, sizeof *trend);
    }
    if (trend->count == 0 || since >= least_interval) {
        trend->newest = (trend->newest + 1) % TREND_SAMPLES;
        trend->count += trend->count < TREND_SAMPLES;
    }
    trend->samples[trend->newest].at = now;
    trend->samples[trend->newest].bytes = bytes;
}

double trend_seconds_left(const struct trend *trend) {
    size_t oldest = (trend->newest + TREND_SAMPLES + 1 - trend->count) % TREND_SAMPLES;
    double seconds = (double)(trend->samples[trend->newest].at - trend->samples[oldest].at) /
                     (double)USEC_SECOND;
    int64_t left = trend->samples[trend->newest].bytes;
    double shrunk = (double)(trend->samples[oldest].bytes - left);
    if (trend->count == 0) {
        return -1;
    }
    if (left == 0) {
        return 0;
    }
    return trend->count < 2 || shrunk <= 0 ? -1 : (double)left / shrunk * seconds;
}
