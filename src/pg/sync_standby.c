/* sync_standby.c - see sync_standby.h.
 * Source: PostgreSQL's manual on synchronous_standby_names and pg_stat_replication. */
#include "pg/sync_standby.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "FIRST 2 (a, b)", "ANY 1 (*)", "2 (a, b)" or "a, b", which is "FIRST 1". Of a standby
 * that the role may not look at, sync_state is NULL. */
static const char *const read_sql =
    "SELECT CASE WHEN names = '' THEN 0"
    "            ELSE coalesce(substring(names FROM"
    "                     "
    "'^\\s*(?:[Ff][Ii][Rr][Ss][Tt]\\s|[Aa][Nn][Yy]\\s)?\\s*(\\d+)\\s*\\(')::int, 1)"
    "       END,"
    "       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),"
    "       NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IS NULL),"
    "       names"
    "  FROM (SELECT btrim(current_setting('synchronous_standby_names')) AS names) AS setting";

bool sync_standby_read(struct db *db, struct sync_standby *standby, struct err *err) {
    memset(standby, 0, sizeof *standby);
    PGresult *r = db_query(db, err, read_sql, 0, NULL);
    if (r == NULL) {
        return err_context(err, "cannot look for synchronous standbys of %s", db->label);
    }
    int present = (int)result_int(r, 0, 1);
    standby->wanted = (int)result_int(r, 0, 0);
    standby->present = present < standby->wanted ? present : standby->wanted;
    standby->is_known = result_bool(r, 0, 2);
    snprintf(standby->names, sizeof standby->names, "%s", PQgetvalue(r, 0, 3));
    PQclear(r);
    return true;
}

bool sync_standby_is_absent(const struct sync_standby *standby) {
    return standby->is_known && standby->present < standby->wanted;
}

bool sync_standby_waits(struct db *db, int *sessions, double *seconds, struct err *err) {
    PGresult *r =
        db_query(db, err,
                 "SELECT count(*),"
                 "       coalesce(extract(epoch FROM max(clock_timestamp() - state_change)), 0)"
                 "  FROM pg_stat_activity"
                 " WHERE wait_event = 'SyncRep' AND application_name LIKE 'pgtandem%'"
                 "   AND datname = current_database() AND usename = current_user",
                 0, NULL);
    if (r == NULL) {
        return err_context(err, "cannot look at the sessions of %s", db->label);
    }
    *sessions = (int)result_int(r, 0, 0);
    *seconds = strtod(PQgetvalue(r, 0, 1), NULL);
    PQclear(r);
    return true;
}
