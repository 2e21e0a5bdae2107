/* rate.c - see rate.h. */
#include "copy/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void rate_init(struct rate *rate, int64_t rows, usec_t now) {
    memset(rate, 0, sizeof *rate);
    rate->samples[0].at = now;
    rate->samples[0].rows = rows;
    rate->count = 1;
}

void rate_note(struct rate *rate, int64_t rows, usec_t now) {
    if (now - rate->samples[rate->newest].at < RATE_INTERVAL) {
        return;
    }
    rate->newest = (rate->newest + 1) % RATE_SAMPLES;
    rate->samples[rate->newest].at = now;
    rate->samples[rate->newest].rows = rows;
    if (rate->count < RATE_SAMPLES) {
        rate->count++;
    }
}

double rate_per_second(const struct rate *rate, int64_t rows, usec_t now) {
    size_t oldest = (rate->newest + RATE_SAMPLES + 1 - rate->count) % RATE_SAMPLES;
    double seconds = (double)(now - rate->samples[oldest].at) / 1e6;
    double moved = (double)(rows - rate->samples[oldest].rows);
    return seconds > 0 && moved > 0 ? moved / seconds : 0;
}

void rate_add_duration(struct buf *text, double seconds) {
    int64_t s = (int64_t)(seconds + 0.5);
    if (s < 60) {
        buf_add_format(text, "%" PRId64 "s", s);
    } else if (s < 3600) {
        buf_add_format(text, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    } else {
        buf_add_format(text, "%" PRId64 "h%02" PRId64 "m", s / 3600, s % 3600 / 60);
    }
}

void rate_add_eta(struct buf *text, int64_t rows_left, double rows_per_second) {
    if (rows_per_second <= 0) {
        buf_add_char(text, '?');
        return;
    }
    rate_add_duration(text, (double)rows_left / rows_per_second);
}

void rate_add_count(struct buf *text, int64_t n) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, n);
    for (int i = 0; i < size; i++) {
        buf_add_char(text, digits[i]);
        int left = size - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-') {
            buf_add_char(text, ',');
        }
    }
}

void rate_add_bar(struct buf *text, int64_t rows, int64_t total, double rows_per_second) {
    enum { WIDTH = 24 };
    double part = total > 0 ? (double)rows / (double)total : 1;
    if (part > 1) {
        part = 1;
    }
    char bar[WIDTH + 1];
    memset(bar, ' ', WIDTH);
    memset(bar, '#', (size_t)(part * WIDTH));
    bar[WIDTH] = '\0';
    buf_add_format(text, "%5.1f%%  ", part * 100);
    rate_add_count(text, rows);
    buf_add_char(text, '/');
    rate_add_count(text, total);
    buf_add_text(text, " rows  ");
    rate_add_count(text, (int64_t)rows_per_second);
    buf_add_text(text, "/s  ETA ");
    rate_add_eta(text, total > rows ? total - rows : 0, rows_per_second);
    buf_add_format(text, "  [%s]", bar);
}
