/* state_sql.h - sql/state.sql, embedded by the build. */
#ifndef PGTANDEM_PG_STATE_SQL_H
#define PGTANDEM_PG_STATE_SQL_H

extern const char state_sql[];

#endif
