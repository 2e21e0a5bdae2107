/* estimate.h - how many rows there are to copy, for people.
 *
 * Counting a large table takes longer than they want to wait for a progress bar.
 *   - up to some thousand pages: counted
 *   - else the statistics' rows a page, times the pages that there are now, since
 *     the table may have grown; as the server's own planner does it
 *   - without statistics: the rows of some of its pages, picked at random
 * For sequential code. */
#ifndef PGTANDEM_COPY_ESTIMATE_H
#define PGTANDEM_COPY_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/migration.h"

/* Of all old tables together. */
bool estimate_rows(struct migration *m, int64_t *rows, struct err *err)
    __attribute__((warn_unused_result));

#endif
