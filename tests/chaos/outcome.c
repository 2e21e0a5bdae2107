/* outcome.c - pg_xact_status() and pg_xact_commit_timestamp(). */
#include "outcome.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "clock.h"
#include "conn.h"

enum { TRIES = 200, RETRY_MS = 50 };

static bool is_asked_for(const struct txn *txn, enum side side) {
    return txn->side == side && txn->xid != 0 && txn->outcome != OUTCOME_ABORTED;
}

static void list_xids(struct buf *list, enum side side, struct tape *const *tapes, size_t n_tapes) {
    buf_add_char(list, '{');
    for (size_t i = 0; i < n_tapes; i++) {
        for (const struct txn *txn = tapes[i]->first; txn != NULL; txn = txn->next) {
            if (is_asked_for(txn, side)) {
                buf_add_format(list, "%s%llu", list->size > 1 ? "," : "",
                               (unsigned long long)txn->xid);
            }
        }
    }
    buf_add_char(list, '}');
}

/* After a crash the server may not have come to an id again. */
#define STATUS                                                                                     \
    "CASE WHEN xid >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'aborted'"                      \
    " ELSE pg_xact_status(xid) END"

/* A commit may still wait for the standby when its client has given up on it. */
static PGresult *ask(PGconn *conn, const char *xids) {
    for (int i = 0;; i++) {
        PGresult *result = conn_query(
            conn,
            "SELECT status,"
            "       (extract(epoch FROM pg_xact_commit_timestamp(xid::xid)) * 1000000)::bigint,"
            "       count(*) FILTER (WHERE status = 'in progress') OVER ()"
            " FROM (SELECT xid, number, " STATUS " AS status"
            "       FROM (SELECT xid::text::xid8 AS xid, number"
            "             FROM unnest($1::bigint[]) WITH ORDINALITY AS a (xid, number)) AS b) AS c"
            " ORDER BY number",
            1, &xids);
        if (i == TRIES || PQntuples(result) == 0 || strcmp(PQgetvalue(result, 0, 2), "0") == 0) {
            return result;
        }
        PQclear(result);
        sleep_ms(RETRY_MS);
    }
}

/* A crash takes along what had not reached the log, ids included: they are given
 * away again. A commit after the client had given up is somebody else's. */
static bool is_of_another(const struct txn *txn, int64_t committed_at) {
    return txn->outcome == OUTCOME_UNKNOWN && committed_at > txn->gave_up_at;
}

/* A transaction that has got an id and has written nothing, because the row that it
 * waited for was gone, is acknowledged before it is on disk: nobody would miss it. */
static bool must_be_known(const struct txn *txn) {
    return txn->outcome == OUTCOME_COMMITTED && txn->n_writes > 0;
}

static void take(struct txn *txn, const PGresult *result, int row, struct complaints *complaints) {
    const char *status = PQgetvalue(result, row, 0);
    int64_t committed_at = strtoll(PQgetvalue(result, row, 1), NULL, 10);
    if (strcmp(status, "committed") == 0 && !is_of_another(txn, committed_at)) {
        txn->outcome = OUTCOME_COMMITTED;
        txn->committed_at = committed_at;
        return;
    }
    if (must_be_known(txn) || strcmp(status, "in progress") == 0) {
        complain(complaints, "harness: transaction %llu of the %s side with %zu writes is '%s'",
                 (unsigned long long)txn->xid, side_name(txn->side), txn->n_writes, status);
    }
    txn->outcome = OUTCOME_ABORTED;
}

void outcomes_resolve(PGconn *conn, enum side side, struct tape *const *tapes, size_t n_tapes,
                      struct complaints *complaints) {
    struct buf list;
    buf_init(&list);
    list_xids(&list, side, tapes, n_tapes);
    PGresult *result = ask(conn, buf_text(&list));
    int row = 0;
    for (size_t i = 0; i < n_tapes; i++) {
        for (struct txn *txn = tapes[i]->first; txn != NULL; txn = txn->next) {
            if (is_asked_for(txn, side)) {
                take(txn, result, row++, complaints);
            }
        }
    }
    PQclear(result);
    buf_fini(&list);
}
