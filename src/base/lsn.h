/* lsn.h - positions in a write-ahead log, as PostgreSQL writes them ("0/16B3748").
 *
 * Zero is no position (InvalidXLogRecPtr). */
#ifndef PGTANDEM_BASE_LSN_H
#define PGTANDEM_BASE_LSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t lsn_t; /* bytes since the log began */

enum { LSN_TEXT_SIZE = 18 }; /* "FFFFFFFF/FFFFFFFF" and its NUL */

struct lsn_text {
    char text[LSN_TEXT_SIZE];
};

/* Two hexadecimal numbers of 1 to 8 digits with a slash between them, and
 * nothing else in the `size` bytes. */
bool lsn_parse(const char *text, size_t size, lsn_t *lsn) __attribute__((warn_unused_result));

/* By value, to be used in the same expression: lsn_format(x).text */
struct lsn_text lsn_format(lsn_t lsn);

#endif
