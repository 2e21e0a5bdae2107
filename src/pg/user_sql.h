/* user_sql.h - how SQL of the user's own (new.ddl, after_copy) is run.
 *
 * pgtandem's sessions have an empty search_path; a user's file may name things
 * without their schema, and means the new tables' schemas, then public. */
#ifndef PGTANDEM_PG_USER_SQL_H
#define PGTANDEM_PG_USER_SQL_H

#include "pg/migration.h"

/* For session.settings; the caller frees it. */
char *user_sql_settings(const struct migration *m) __attribute__((returns_nonnull));

#endif
