/* parking.h - parks a row that cannot be mended now, to be tried again later.
 *
 * A key has one open row at a time in the database where it was to be written; what
 * a link or the copier has parked serves as well, and gets the newest reason. Each
 * failure doubles the pause before the next try, from a second to a minute, so that
 * a row heals soon after its reason has gone. */
#ifndef PGTANDEM_MEND_PARKING_H
#define PGTANDEM_MEND_PARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "mend/plan.h"
#include "pg/migration.h"

/* `db`: any connection to the target of the mend's mapping. *new_id: of the record; 0 where
 * one was open for the key. */
bool parking_put(struct db *db, struct migration *m, const struct mend *mend, int64_t *new_id,
                 struct arena *arena, struct err *err) __attribute__((warn_unused_result));

/* Puts off what the other database has parked of the same key, likewise: `mapping` is
 * the one that leads there. */
bool parking_put_off(struct db *db, struct migration *m, const struct mapping *mapping,
                     const struct item *item, struct arena *arena, struct err *err)
    __attribute__((warn_unused_result));

#endif
