/* state_guard.c - see state_guard.h. One query, sql/state_guard.sql, has all the rules. */
#include "pg/state_guard.h"

#include "pg/state_guard_sql.h"
#include "pg/state_sql.h"

bool state_guard(struct db *db, struct err *err) {
    const char *wanted = state_sql;
    PGresult *r = db_query(db, err, state_guard_sql, 1, &wanted);
    if (r == NULL) {
        return err_context(err, "cannot look at the schema pgtandem in %s", db->label);
    }
    bool is_amiss = PQntuples(r) > 0;
    if (is_amiss) {
        err_set(err, ERR_NOT_READY, "the schema pgtandem in %s is refused: %s", db->label,
                PQgetvalue(r, 0, 0));
        err_hint(err, "%s", PQgetvalue(r, 0, 1));
    }
    PQclear(r);
    return !is_amiss;
}
