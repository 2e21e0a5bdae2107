/* parked.h - parked rows that have found their place since.
 *
 * Why: until live, a row may be refused for a moment only. After an interrupted
 *   copy the new table mixes moments, so that a row can meet a unique value
 *   that, in the old table, was never there at the same time; a later change of
 *   the stream then brings it. What was parked on the way and agrees by now
 *   need not bother anybody. */
#ifndef PGTANDEM_VERIFY_PARKED_H
#define PGTANDEM_VERIFY_PARKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "pg/migration.h"

/* Looks at the open rows that the copy and the forward link have parked, and
 * settles those whose key agrees on both sides. For the moment before going live,
 * when the link has passed a marker; from then on mend/mender.h looks after them.
 * Needs m->pairs. */
bool parked_settle(struct migration *m, int64_t *settled, struct err *err)
    __attribute__((warn_unused_result));

#endif
