/* state_guard_sql.h - sql/state_guard.sql, embedded by the build. */
#ifndef PGTANDEM_PG_STATE_GUARD_SQL_H
#define PGTANDEM_PG_STATE_GUARD_SQL_H

extern const char state_guard_sql[];

#endif
