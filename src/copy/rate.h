/* rate.h - how fast a copy goes, and how to tell people.
 *
 * Plain arithmetic and text: time and counts come as arguments. */
#ifndef PGTANDEM_COPY_RATE_H
#define PGTANDEM_COPY_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/timestamp.h"

/* The speed of the last RATE_WINDOW or so: what an estimate is made from. */
enum { RATE_SAMPLES = 21 };
#define RATE_INTERVAL (USEC_SECOND / 2)
#define RATE_WINDOW ((RATE_SAMPLES - 1) * RATE_INTERVAL)

struct rate {
    struct {
        usec_t at;
        int64_t rows;
    } samples[RATE_SAMPLES]; /* a ring */
    size_t count, newest;
};

void rate_init(struct rate *rate, int64_t rows, usec_t now);
/* `rows` so far. Cheap: a sample is kept each RATE_INTERVAL. */
void rate_note(struct rate *rate, int64_t rows, usec_t now);
/* Rows a second; 0 when nothing moved. */
double rate_per_second(const struct rate *rate, int64_t rows, usec_t now);

/* "45s", "12m05s", "3h20m", and "?" when nothing moves. */
void rate_add_duration(struct buf *text, double seconds);
void rate_add_eta(struct buf *text, int64_t rows_left, double rows_per_second);
/* 1,234,567 */
void rate_add_count(struct buf *text, int64_t n);

/* " 45.2%  4,520,000/10,000,000 rows  180,000/s  ETA 30s  [#######       ]"; the bar
 * comes last, for lines that are cut. */
void rate_add_bar(struct buf *text, int64_t rows, int64_t total, double rows_per_second);

#endif
