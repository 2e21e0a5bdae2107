/* leftover.h - indexes that are not valid: what CREATE INDEX CONCURRENTLY leaves
 * when it fails. They slow writes down, a unique one still refuses rows, and
 * IF NOT EXISTS takes them for good ones.
 *
 * Only indexes of the migration's new tables count, and none that somebody is
 * building at the moment. For sequential code. */
#ifndef PGTANDEM_COPY_LEFTOVER_H
#define PGTANDEM_COPY_LEFTOVER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/db.h"
#include "pg/migration.h"

struct leftovers {
    const char **oids;
    const char **names; /* quoted, with schema */
    int count;
};

/* Those there are now; in `arena`. */
bool leftovers_read(struct migration *m, struct db *db, struct arena *arena,
                    struct leftovers *leftovers, struct err *err)
    __attribute__((warn_unused_result));

/* Drops (CONCURRENTLY) all there are now but those in `spared`, which may be
 * NULL. */
bool leftovers_drop(struct migration *m, struct db *db, struct arena *arena,
                    const struct leftovers *spared, struct err *err)
    __attribute__((warn_unused_result));

#endif
