/* tidy.h - old rows of the state schema, removed.
 *
 * What is told to people is bounded: the newest 10,000 settled conflicts and parked rows
 * of a migration stay, and the newest 100,000 open conflicts. So are the xids by which pgtandem
 * knows its own writes: older rows have a version. Nothing is written where nothing is old. */
#ifndef PGTANDEM_MEND_TIDY_H
#define PGTANDEM_MEND_TIDY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/db.h"

bool tidy(struct db *db, const char *migration, struct err *err)
    __attribute__((warn_unused_result));

#endif
