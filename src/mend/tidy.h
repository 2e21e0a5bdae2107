/* tidy.h - old rows of the state schema, removed.
 *
 * What has been dealt with is bounded: the newest 10,000 settled conflicts of a migration
 * stay in each database, and the newest 10,000 settled parked rows. Open ones stay however
 * many they are: each says that something is still to be done. The xids by which pgtandem
 * knows its own writes are bounded, too: older rows have a version. Nothing is written
 * where nothing is old. */
#ifndef PGTANDEM_MEND_TIDY_H
#define PGTANDEM_MEND_TIDY_H

#include <stdbool.h>

#include "base/err.h"
#include "pg/db.h"

bool tidy(struct db *db, const char *migration, struct err *err)
    __attribute__((warn_unused_result));

#endif
