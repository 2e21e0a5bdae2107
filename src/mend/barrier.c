/* barrier.c - see barrier.h. */
#include "mend/barrier.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/waiting.h"
#include "pg/blockers.h"
#include "stream/replication.h"

static const usec_t first_pause = USEC_SECOND / 100, longest_pause = USEC_SECOND / 5;

/* Where the links must come to, and which transactions must end, by direction of the
 * link that reads there. */
struct marks {
    lsn_t lsn[2];
    char xid[2][24];
};

struct patience {
    struct waiting waiting;
    unsigned tries;
};

static bool mark_side(struct db *db, lsn_t *lsn, char *xid, size_t size, struct err *err) {
    if (!db_lsn(db, err, lsn, "SELECT pg_current_wal_insert_lsn()", 0, NULL)) {
        return false;
    }
    /* a link hears of the marker, so that it comes past that position on an idle server */
    char *id = db_text(db, err,
                       "SELECT pg_current_xact_id()"
                       "  FROM pg_logical_emit_message(true, '" MARKER_PREFIX "', 'marker')",
                       0, NULL);
    if (id == NULL) {
        return false;
    }
    snprintf(xid, size, "%s", id);
    free(id);
    return true;
}

static bool mark_both(struct migration *m, struct marks *marks, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        struct side *side = migration_source(m, d);
        if (d == REVERSE && m->same_database) {
            marks->lsn[REVERSE] = marks->lsn[FORWARD];
            snprintf(marks->xid[REVERSE], sizeof marks->xid[REVERSE], "%s", marks->xid[FORWARD]);
        } else if (!mark_side(&side->db, &marks->lsn[d], marks->xid[d], sizeof marks->xid[d],
                              err)) {
            return err_context(err, "cannot write a marker in %s", side->label);
        }
    }
    return true;
}

/* waiting */

static bool wait_a_little(const struct barrier *barrier, struct patience *patience,
                          struct err *err) {
    if (!barrier->watch(barrier->owner, err) ||
        !loop_sleep(barrier->m->loop, backoff_delay(first_pause, longest_pause, patience->tries),
                    err)) {
        return false;
    }
    patience->tries++;
    return true;
}

static bool is_time_to_tell(struct patience *patience) {
    return waiting_is_due(&patience->waiting, usec_monotonic());
}

static double seconds(const struct patience *patience) {
    return waiting_seconds(&patience->waiting, usec_monotonic());
}

static bool wait_for_link(const struct barrier *barrier, enum direction direction, lsn_t lsn,
                          struct patience *patience, struct err *err) {
    const struct link *link = &barrier->links[direction];
    while (!link_has_passed(link, lsn)) {
        if (is_time_to_tell(patience)) {
            log_line(&barrier->log, LOG_INFO,
                     "rechecks have waited %.0f s for the %s link, which is %s", seconds(patience),
                     direction_name(direction), link_state_name(link->state));
        }
        if (!wait_a_little(barrier, patience, err)) {
            return false;
        }
    }
    return true;
}

/* Transactions of other databases write nothing here; where they cannot be told
 * (another role's sessions may hide theirs) they are waited for, too. */
#define RUNNING                                                                                    \
    "  FROM pg_snapshot_xip(pg_current_snapshot()) AS x(id)"                                       \
    " WHERE x.id < $1::xid8"                                                                       \
    "   AND NOT EXISTS (SELECT FROM pg_stat_activity AS a"                                         \
    "                    WHERE a.backend_xid = x.id::xid AND a.datname <> current_database())"     \
    "   AND NOT EXISTS (SELECT FROM pg_prepared_xacts AS p"                                        \
    "                    WHERE p.transaction = x.id::xid AND p.database <> current_database())"

static void tell_who_runs(const struct barrier *barrier, struct side *side, const char *xid,
                          const struct patience *patience) {
    struct err ignored;
    char *who = db_text(&side->db, &ignored,
                        "SELECT string_agg(coalesce("
                        "           (SELECT " BLOCKER_PROCESS " FROM pg_stat_activity AS a"
                        "             WHERE a.backend_xid = x.id::xid LIMIT 1),"
                        "           (SELECT " BLOCKER_PREPARED " FROM pg_prepared_xacts AS p"
                        "             WHERE p.transaction = x.id::xid),"
                        "           'id ' || x.id), '; ' ORDER BY x.id)" RUNNING,
                        1, &xid);
    log_line(&barrier->log, LOG_INFO,
             "rechecks have waited %.0f s for transactions in progress in %s: %s",
             seconds(patience), side->label, who != NULL ? who : "nobody knows whose");
    free(who);
}

static bool wait_for_transactions(const struct barrier *barrier, struct side *side, const char *xid,
                                  struct patience *patience, struct err *err) {
    for (;;) {
        bool running;
        if (!db_bool(&side->db, err, &running, "SELECT count(*) > 0" RUNNING, 1, &xid)) {
            return err_context(err, "cannot look at transactions in %s", side->label);
        }
        if (!running) {
            return true;
        }
        if (is_time_to_tell(patience)) {
            tell_who_runs(barrier, side, xid, patience);
        }
        if (!wait_a_little(barrier, patience, err)) {
            return false;
        }
    }
}

bool barrier_pass(const struct barrier *barrier, struct err *err) {
    struct marks marks;
    struct patience patience = {0};
    if (!mark_both(barrier->m, &marks, err)) {
        return false;
    }
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!wait_for_link(barrier, d, marks.lsn[d], &patience, err)) {
            return false;
        }
    }
    patience.tries = 0;
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!wait_for_transactions(barrier, migration_source(barrier->m, d), marks.xid[d],
                                   &patience, err)) {
            return false;
        }
    }
    return true;
}
