/* pace.c - see pace.h. */
#include "copy/pace.h"

static const double burst_seconds = 0.1;

void pace_init(struct pace *pace, int64_t rows_per_second, usec_t now) {
    pace->rows_per_second = rows_per_second;
    pace->tokens = 0;
    pace->filled_at = now;
}

usec_t pace_take(struct pace *pace, int64_t rows, usec_t now) {
    if (pace->rows_per_second <= 0) {
        return 0;
    }
    double speed = (double)pace->rows_per_second;
    pace->tokens += speed * (double)(now - pace->filled_at) / 1e6;
    pace->filled_at = now;
    if (pace->tokens > speed * burst_seconds) {
        pace->tokens = speed * burst_seconds;
    }
    pace->tokens -= (double)rows;
    return pace->tokens >= 0 ? 0 : (usec_t)(-pace->tokens / speed * 1e6) + 1;
}
