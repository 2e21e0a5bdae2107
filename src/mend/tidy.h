/* tidy.h - old rows of the state schema, removed.
 *
 * What is told to people is bounded: the newest conflicts and settled parked rows of a
 * migration stay. So are the xids by which pgtandem knows its own writes: older rows
 * have a version. Nothing is written where nothing is old. */
#ifndef PGTANDEM_MEND_TIDY_H
#define PGTANDEM_MEND_TIDY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/db.h"

bool tidy(struct db *db, const char *migration, struct err *err)
    __attribute__((warn_unused_result));

#endif
