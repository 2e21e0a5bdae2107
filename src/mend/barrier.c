/* barrier.c - see barrier.h. */
#include "mend/barrier.h"

#include <stdio.h>
#include <stdlib.h>

#include "stream/replication.h"

static const usec_t first_pause = USEC_SECOND / 100, longest_pause = USEC_SECOND / 5;
static const usec_t quiet_time = 30 * USEC_SECOND; /* before telling who is waited for */

/* Where the links must come to, and which transactions must end, by direction of the
 * link that reads there. */
struct marks {
    lsn_t lsn[2];
    char xid[2][24];
};

struct waiting {
    usec_t since, pause;
    bool said;
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

static bool wait_a_little(const struct barrier *barrier, struct waiting *waiting, struct err *err) {
    if (!barrier->watch(barrier->owner, err) ||
        !loop_sleep(barrier->m->loop, waiting->pause, err)) {
        return false;
    }
    waiting->pause = waiting->pause * 2 < longest_pause ? waiting->pause * 2 : longest_pause;
    return true;
}

static bool is_time_to_tell(struct waiting *waiting) {
    bool now = !waiting->said && usec_monotonic() - waiting->since > quiet_time;
    waiting->said |= now;
    return now;
}

static bool wait_for_link(const struct barrier *barrier, enum direction direction, lsn_t lsn,
                          struct waiting *waiting, struct err *err) {
    const struct link *link = &barrier->links[direction];
    while (!link_has_passed(link, lsn)) {
        if (is_time_to_tell(waiting)) {
            log_line(&barrier->log, LOG_INFO, "rechecks wait for the %s link, which is %s",
                     direction_name(direction), link_state_name(link->state));
        }
        if (!wait_a_little(barrier, waiting, err)) {
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

static void tell_who_runs(const struct barrier *barrier, struct side *side, const char *xid) {
    struct err ignored;
    char *who =
        db_text(&side->db, &ignored,
                "SELECT string_agg(coalesce((SELECT 'pid ' || a.pid FROM pg_stat_activity AS a"
                "                             WHERE a.backend_xid = x.id::xid),"
                "                           (SELECT 'prepared as ' || quote_literal(p.gid)"
                "                              FROM pg_prepared_xacts AS p"
                "                             WHERE p.transaction = x.id::xid),"
                "                           'id ' || x.id), ', ' ORDER BY x.id)" RUNNING,
                1, &xid);
    log_line(&barrier->log, LOG_INFO, "rechecks wait for transactions in progress in %s (%s)",
             side->label, who != NULL ? who : "unknown");
    free(who);
}

static bool wait_for_transactions(const struct barrier *barrier, struct side *side, const char *xid,
                                  struct waiting *waiting, struct err *err) {
    for (;;) {
        bool running;
        if (!db_bool(&side->db, err, &running, "SELECT count(*) > 0" RUNNING, 1, &xid)) {
            return err_context(err, "cannot look at transactions in %s", side->label);
        }
        if (!running) {
            return true;
        }
        if (is_time_to_tell(waiting)) {
            tell_who_runs(barrier, side, xid);
        }
        if (!wait_a_little(barrier, waiting, err)) {
            return false;
        }
    }
}

bool barrier_pass(const struct barrier *barrier, struct err *err) {
    struct marks marks;
    struct waiting waiting = {usec_monotonic(), first_pause, false};
    if (!mark_both(barrier->m, &marks, err)) {
        return false;
    }
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!wait_for_link(barrier, d, marks.lsn[d], &waiting, err)) {
            return false;
        }
    }
    waiting.pause = first_pause;
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!wait_for_transactions(barrier, migration_source(barrier->m, d), marks.xid[d], &waiting,
                                   err)) {
            return false;
        }
    }
    return true;
}
