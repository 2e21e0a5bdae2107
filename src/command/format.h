/* format.h - figures as people read them: "1.5 GB", "2 min 10 s", "99.99 %".
 *
 * Pure. Results are by value, to be used in the same expression:
 * format_bytes(n).text */
#ifndef PGTANDEM_COMMAND_FORMAT_H
#define PGTANDEM_COMMAND_FORMAT_H

#include <stdint.h>

#include "base/timestamp.h"

enum { FORMAT_SIZE = 48 };

struct format {
    char text[FORMAT_SIZE];
};

/* "12,345,678" */
struct format format_count(int64_t n);

/* "0 bytes", "1.5 MB": as PostgreSQL counts, 1 kB = 1024 bytes. */
struct format format_bytes(int64_t bytes);

/* "0.25 s", "59.9 s", "2 min 10 s", "3 h 5 min", "2 d 1 h" */
struct format format_seconds(double seconds);

/* "2026-11-22 09:10:23 UTC" */
struct format format_moment(usec_t moment);

/* part of whole in percent, "37.5 %"; never "100 %" before it is all of it. */
struct format format_percent(int64_t part, int64_t whole);

/* The same with so many digits that one row of `whole` shows: "99.9999 %" for
 * one of a million that does not match. */
struct format format_accuracy(int64_t part, int64_t whole);

#endif
