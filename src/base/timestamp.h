/* timestamp.h - moments in UTC, in microseconds since 1970-01-01.
 *
 * Sessions are pinned to TimeZone=UTC and DateStyle=ISO, so that a server's
 * timestamps read "2026-11-22 09:10:23.020492+00". */
#ifndef PGTANDEM_BASE_TIMESTAMP_H
#define PGTANDEM_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t usec_t;

/* PostgreSQL counts from 2000-01-01; this is that moment here. */
#define USEC_POSTGRES_EPOCH INT64_C(946684800000000)
#define USEC_SECOND INT64_C(1000000)

enum { USEC_TEXT_SIZE = 40 };

struct usec_text {
    char text[USEC_TEXT_SIZE];
};

/* "YYYY-MM-DD HH:MM:SS[.ffffff]+00", all of the `size` bytes */
bool usec_parse(const char *text, size_t size, usec_t *usec) __attribute__((warn_unused_result));

/* "2026-11-22 09:10:23.020492+00" */
struct usec_text usec_format(usec_t usec);

/* now, by the system's clock */
usec_t usec_now(void);

/* a clock that never steps back, for measuring; its zero means nothing */
usec_t usec_monotonic(void);

#endif
