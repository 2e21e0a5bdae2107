/* check_limits.c - see check.h: can what the limits are about be seen? */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "command/check.h"
#include "command/format.h"
#include "copy/governor.h"

/* Others' sessions and standbys show nothing but their process ids to a role that
 * may not see them: the limit would never be reached. Our own links are no standbys. */
static const char *const blind_sql =
    "SELECT NOT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"
    "   AND ($1::bool OR EXISTS (SELECT FROM pg_stat_replication"
    "         WHERE coalesce(application_name, '') NOT LIKE 'pgtandem%'))";

void check_visibility(struct check *check, const struct site *site) {
    const struct config_limits *limits = &check->m->config->limits;
    struct err err;
    bool blind;
    err_clear(&err);
    if (limits->active_sessions == 0 && limits->replica_lag == 0) {
        return;
    }
    const char *params[] = {limits->active_sessions > 0 ? "t" : "f"};
    if (!db_bool(&site->side->db, &err, &blind, blind_sql, 1, params)) {
        findings_add_err(&check->findings, FINDING_error, "limits", &err);
    } else if (blind) {
        findings_add(&check->findings, FINDING_warning, "limits",
                     "the role cannot see standbys and sessions of others: limits.replica_lag and "
                     "limits.active_sessions will not hold the copy");
        findings_hint(&check->findings, "GRANT pg_read_all_stats TO \"%s\"",
                      PQuser(site->side->db.session.conn));
    } else {
        findings_add(&check->findings, FINDING_ok, "limits",
                     "what the copy is to give way to can be seen");
    }
}

/* What the copy writes goes into the log as well, and where both sides are one server the
 * slot keeps it: as much as the tables have, and something for each row and its key. */
static bool read_size(struct check *check, int64_t *bytes, struct err *err) {
    *bytes = 0;
    for (size_t i = 0; i < check->m->n_tables; i++) {
        const struct table *table = check->m->old_tables[i];
        char oid[16];
        int64_t one = 0;
        snprintf(oid, sizeof oid, "%u", table != NULL ? table->oid : 0);
        if (table != NULL && !db_int(&check->m->old_side.db, err, &one,
                                     "SELECT pg_table_size($1::oid::regclass) * 5 / 4", 1,
                                     (const char *const[]){oid})) {
            return false;
        }
        *bytes += one;
    }
    return true;
}

void check_log_of_copy(struct check *check) {
    const struct migration *m = check->m;
    int64_t limit = m->config->limits.slot_wal, bytes;
    struct err err;
    err_clear(&err);
    if (m->old_side.identity.system_identifier != m->new_side.identity.system_identifier ||
        (check->state.exists && check->state.backfill > BACKFILL_running)) {
        return;
    }
    if (!read_size(check, &bytes, &err)) {
        findings_add_err(&check->findings, FINDING_error, "limits", &err);
    } else if (bytes > limit) {
        findings_add(&check->findings, FINDING_warning, "limits",
                     "the copy will write about %s of log, which the slot keeps until the copy is "
                     "done: it would wait at limits.slot_wal (%s)",
                     format_bytes(bytes).text, format_bytes(limit).text);
        findings_hint(&check->findings, "have room for it on the disk, and raise limits.slot_wal, "
                                        "or later: pgtandem throttle --slot-wal");
    }
}

static void judge_answer(struct check *check, const PGresult *r) {
    const struct config_query *query = &check->m->config->limits.query;
    double x;
    if (!governor_read_number(r, &x)) {
        findings_add(&check->findings, FINDING_error, "limits",
                     "the result of limits.query is not one number");
        findings_hint(&check->findings, "let it be a SELECT of one number in one row");
    } else if (x > query->max) {
        findings_add(
            &check->findings, FINDING_warning, "limits",
            "limits.query gives %g now, which is above its limit (%g): the copy would wait", x,
            query->max);
        findings_hint(&check->findings, "start when it is lower, or raise the limit");
    } else {
        findings_add(&check->findings, FINDING_ok, "limits", "limits.query gives %s (limit %g)",
                     isnan(x) ? "nothing" : PQgetvalue(r, 0, 0), query->max);
    }
}

void check_query(struct check *check) {
    const struct config_query *query = &check->m->config->limits.query;
    struct side *side = query->on_new ? &check->m->new_side : &check->m->old_side;
    struct err err;
    err_clear(&err);
    if (query->sql == NULL || !session_is_open(&side->db.session)) {
        return;
    }
    PGresult *r = db_query(&side->db, &err, query->sql, 0, NULL);
    if (r == NULL) {
        err_context(&err, "limits.query");
        findings_add_err(&check->findings, FINDING_error, "limits", &err);
        return;
    }
    judge_answer(check, r);
    PQclear(r);
}
