/* quantity.h - numbers with a unit, as people write them in a configuration and on
 * a command line.
 *
 * A number is digits; a unit may follow with or without a space between them.
 * False: it is none, or too large for 64 bits. */
#ifndef PGTANDEM_BASE_QUANTITY_H
#define PGTANDEM_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* "20000" */
bool quantity_number(const char *text, int64_t *number) __attribute__((warn_unused_result));
/* "0.8", "-3", "1e6" */
bool quantity_real(const char *text, double *number) __attribute__((warn_unused_result));
/* Microseconds: "500ms", "5s", "2min", "1h", "1d", plain seconds */
bool quantity_duration(const char *text, int64_t *usec) __attribute__((warn_unused_result));
/* Bytes: "64kB", "10GB", "1TB", plain bytes */
bool quantity_size(const char *text, int64_t *bytes) __attribute__((warn_unused_result));

#endif
