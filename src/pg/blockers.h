/* blockers.h - who is in the way of a server process: for people, as text.
 *
 * Why: "canceling statement due to lock timeout" helps nobody. Who can end the wait
 *   needs the process or the prepared transaction that holds the lock, whose it is,
 *   and since when.
 * Sessions and transactions of other databases count: locks on shared objects and
 *   transaction ids are the whole server's. What the role may not see of others'
 *   sessions is left out.
 * Not here: values of rows. A row is told by its place (page and tuple). */
#ifndef PGTANDEM_PG_BLOCKERS_H
#define PGTANDEM_PG_BLOCKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "pg/db.h"

enum { BLOCKERS_SIZE = 512 };

/* SQL: "process 42 (psql, user app, database shop, idle in transaction, since 2026-11-22
 * 09:10:23 UTC)" of a row `a` of pg_stat_activity; "since" is its transaction's start. */
#define BLOCKER_PROCESS                                                                            \
    "format('process %s (%s)', a.pid, concat_ws(', ', nullif(a.application_name, ''),"             \
    "   'user ' || a.usename, 'database ' || a.datname, a.state,"                                  \
    "   'since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'))"
/* The same of a row `p` of pg_prepared_xacts. */
#define BLOCKER_PREPARED                                                                           \
    "format('the prepared transaction %L (%s)', p.gid, concat_ws(', ', 'user ' || p.owner,"        \
    "   'database ' || p.database, 'since '"                                                       \
    "   || to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'))"

/* All that are in the way of the server process `pid` (SQL, of type int). A prepared
 * transaction has no process: pg_blocking_pids() has 0 for it. */
#define BLOCKERS_OF(pid)                                                                           \
    "(SELECT string_agg(who, '; ') FROM ("                                                         \
    "    SELECT " BLOCKER_PROCESS " FROM pg_stat_activity AS a"                                    \
    "     WHERE a.pid = ANY (pg_blocking_pids(" pid "))"                                           \
    "    UNION ALL"                                                                                \
    "    SELECT " BLOCKER_PREPARED " FROM pg_prepared_xacts AS p"                                  \
    "     WHERE 0 = ANY (pg_blocking_pids(" pid ")) AND EXISTS ("                                  \
    "           SELECT FROM pg_locks AS w LEFT JOIN pg_locks AS h"                                 \
    "               ON h.granted AND h.pid IS NULL AND h.locktype = w.locktype"                    \
    "              AND h.virtualtransaction = '-1/' || p.transaction"                              \
    "              AND h.relation IS NOT DISTINCT FROM w.relation"                                 \
    "              AND h.objid IS NOT DISTINCT FROM w.objid"                                       \
    "            WHERE w.pid = " pid " AND NOT w.granted"                                          \
    "              AND (p.transaction = w.transactionid"                                           \
    "                   OR (w.transactionid IS NULL AND h.granted)))) AS blockers (who))"

enum blocked_by {
    BLOCKED_NOT,     /* by nobody: it works, or waits for its disk, its client, ... */
    BLOCKED_ROW,     /* a row's lock, or the transaction that has written the row */
    BLOCKED_TABLE,   /* a table's lock */
    BLOCKED_OTHER,   /* another lock */
    BLOCKED_STANDBY, /* its commit waits for a synchronous standby */
};

struct blocked {
    enum blocked_by by;
    uint32_t relation; /* of the row or table; 0: not known */
    char table[160];   /* its name; "": not known, or in another database */
    char row[32];      /* "(page,tuple)" of the row; "": not known */
    char who[BLOCKERS_SIZE];
    char event[80]; /* what the server says that it waits for, "IO DataFileRead"; or "" */
};

/* What the server process `pid` waits for just now, asked on another connection to the
 * same database. */
bool blockers_look(struct db *db, int pid, struct blocked *blocked, struct err *err)
    __attribute__((warn_unused_result));

/* Transactions that have an id and are in `pid`'s way, or have lasted for a second: what
 * a slot's creation waits for. NULL: nobody is known. The caller frees it. */
char *blockers_of_slot(struct db *db, int pid) __attribute__((warn_unused_result));

/* Whose transactions these are ("742,743"). NULL: nobody's that is known. */
char *blockers_of_xids(struct db *db, const char *xids) __attribute__((warn_unused_result));

#endif
