/* mending.h - has rows compared on both sides and mended now.
 *
 * Why: rechecks and parked rows are the service's business. Commands put up what
 *   they want to be looked at, and then either wait for the service that runs,
 *   or, when none does, are one themselves for as long as it takes: links apply
 *   what both sides have committed, then the rows are mended.
 * Errors: ERR_NOT_READY before live, when there is no second link yet. */
#ifndef PGTANDEM_COMMAND_MENDING_H
#define PGTANDEM_COMMAND_MENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"
#include "pg/migration.h"

/* True from live on. */
bool mending_is_possible(struct migration *m, struct err *err) __attribute__((warn_unused_result));

/* What was put up: its first and last number in pgtandem.recheck of a database. */
struct mending_lot {
    int64_t first, last; /* last 0: nothing */
};

/* Puts up `n` keys of a table, each in the order of the forward mapping's key.
 * The lot is in the new database. Needs m->pairs. */
bool mending_put_up(struct migration *m, size_t table, const struct value *keys, size_t n,
                    struct mending_lot *lot, struct err *err) __attribute__((warn_unused_result));
/* How many keys of the lot still wait. */
bool mending_left(struct migration *m, size_t table, const struct mending_lot *lot, int64_t *keys,
                  struct err *err) __attribute__((warn_unused_result));

/* Asked now and then, and once more when this process has done it itself: has
 * what was put up been dealt with, or has it been waited for long enough? */
typedef bool mending_done_fn(void *owner, bool *done, struct err *err);

bool mending_run(struct migration *m, mending_done_fn *done, void *owner, struct err *err)
    __attribute__((warn_unused_result));

#endif
