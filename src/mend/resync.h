/* resync.h - writes what was planned: one row by its key, from what the other side
 * holds now. The one way in which a row is mended.
 *
 * First all of them in one transaction; when one cannot be written, row by row, to
 * find out which. Each learns its outcome; only trouble with the connection, or
 * what no row is to blame for, is an error. */
#ifndef PGTANDEM_MEND_RESYNC_H
#define PGTANDEM_MEND_RESYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "mend/plan.h"
#include "mend/site.h"

/* Those that are planned, all of one table. `turn` says with which of them to begin
 * when it goes row by row, so that a row that is always locked does not keep the same
 * others waiting. Memory for reasons: `arena`. */
bool resync_write(struct site *site, struct mend *mends, size_t n, size_t turn, struct arena *arena,
                  struct err *err) __attribute__((warn_unused_result));

/* Those that are blocked, by each other as it may be: a row's unique value is free as
 * soon as the row that has it is written. Row by row as long as that helps, for chains;
 * then, for swaps, what remains is deleted and inserted anew together, where nothing
 * answers to that and no column would be lost. */
bool resync_untangle(struct site *site, struct mend *mends, size_t n, struct arena *arena,
                     struct err *err) __attribute__((warn_unused_result));

#endif
