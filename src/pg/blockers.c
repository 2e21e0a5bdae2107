/* blockers.c - see blockers.h. */
#include "pg/blockers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who waits for a row holds the row's own lock, in the queue, and waits for the
 * transaction that has written or locked it; the next in the queue waits for the row's
 * lock. */
static const char look_sql[] =
    "WITH mine AS MATERIALIZED (SELECT * FROM pg_locks WHERE pid = $1::int),"
    "     wanted AS (SELECT * FROM mine WHERE NOT granted LIMIT 1),"
    "     place AS (SELECT relation, page, tuple FROM mine WHERE locktype = 'tuple' LIMIT 1)"
    "SELECT CASE WHEN b.wait_event = 'SyncRep' THEN 'standby'"
    "            WHEN w.locktype IN ('transactionid', 'tuple') THEN 'row'"
    "            WHEN w.locktype IN ('relation', 'extend', 'page') THEN 'table'"
    "            WHEN w.locktype IS NOT NULL THEN 'other' ELSE '' END,"
    "       coalesce(p.relation, w.relation, 0),"
    "       (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c"
    "          JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    "         WHERE c.oid = coalesce(p.relation, w.relation)"
    "           AND b.datname = current_database()),"
    "       CASE WHEN b.datname = current_database()"
    "            THEN format('(%s,%s)', p.page, p.tuple) END, p.page IS NOT NULL,"
    "       CASE WHEN b.wait_event = 'SyncRep' THEN"
    "                 (SELECT string_agg(concat_ws(' ', application_name, state, sync_state), ', ')"
    "                    FROM pg_stat_replication WHERE sync_state <> 'async')"
    "            ELSE " BLOCKERS_OF(
        "$1::int") " END,"
                   "       concat_ws(' ', nullif(b.wait_event_type, 'Client'),"
                   "                 CASE WHEN b.wait_event_type <> 'Client' THEN b.wait_event END)"
                   "  FROM pg_stat_activity AS b LEFT JOIN wanted AS w ON true LEFT JOIN place AS "
                   "p ON true"
                   " WHERE b.pid = $1::int";

static enum blocked_by blocked_by_name(const char *name) {
    static const struct {
        const char *name;
        enum blocked_by by;
    } names[] = {{"row", BLOCKED_ROW},
                 {"table", BLOCKED_TABLE},
                 {"other", BLOCKED_OTHER},
                 {"standby", BLOCKED_STANDBY}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].by;
        }
    }
    return BLOCKED_NOT;
}

static void fill(struct blocked *blocked, const PGresult *r) {
    blocked->by = blocked_by_name(PQgetvalue(r, 0, 0));
    blocked->relation = (uint32_t)result_int(r, 0, 1);
    snprintf(blocked->table, sizeof blocked->table, "%s", PQgetvalue(r, 0, 2));
    snprintf(blocked->row, sizeof blocked->row, "%s",
             result_bool(r, 0, 4) ? PQgetvalue(r, 0, 3) : "");
    snprintf(blocked->who, sizeof blocked->who, "%s", PQgetvalue(r, 0, 5));
    snprintf(blocked->event, sizeof blocked->event, "%s", PQgetvalue(r, 0, 6));
}

bool blockers_look(struct db *db, int pid, struct blocked *blocked, struct err *err) {
    char number[16];
    memset(blocked, 0, sizeof *blocked);
    snprintf(number, sizeof number, "%d", pid);
    PGresult *r = db_query(db, err, look_sql, 1, (const char *const[]){number});
    if (r == NULL) {
        return false;
    }
    if (PQntuples(r) == 1) {
        fill(blocked, r);
    }
    PQclear(r);
    return true;
}

char *blockers_of_slot(struct db *db, int pid) {
    struct err ignored;
    char number[16];
    snprintf(number, sizeof number, "%d", pid);
    return db_text(db, &ignored,
                   "SELECT string_agg(who, '; ' ORDER BY since) FROM ("
                   "    SELECT " BLOCKER_PROCESS ", a.xact_start FROM pg_stat_activity AS a"
                   "     WHERE a.pid <> $1::int AND a.pid <> pg_backend_pid()"
                   "       AND (a.pid = ANY (pg_blocking_pids($1::int))"
                   "            OR (a.backend_xid IS NOT NULL"
                   "                AND a.xact_start < clock_timestamp() - interval '1 s'))"
                   "    UNION ALL"
                   "    SELECT " BLOCKER_PREPARED ", p.prepared FROM pg_prepared_xacts AS p"
                   "     LIMIT 10) AS t (who, since)",
                   1, (const char *const[]){number});
}

char *blockers_of_xids(struct db *db, const char *xids) {
    struct err ignored;
    return db_text(db, &ignored,
                   "SELECT string_agg(who, '; ') FROM ("
                   "    SELECT " BLOCKER_PROCESS
                   "        || CASE WHEN a.wait_event = 'SyncRep' THEN"
                   "               ', whose commit waits for a synchronous standby' ELSE '' END"
                   "      FROM pg_stat_activity AS a"
                   "     WHERE a.backend_xid::text = ANY (string_to_array($1, ','))"
                   "    UNION ALL"
                   "    SELECT " BLOCKER_PREPARED " FROM pg_prepared_xacts AS p"
                   "     WHERE p.transaction::text = ANY (string_to_array($1, ','))"
                   "     LIMIT 10) AS t (who)",
                   1, &xids);
}
