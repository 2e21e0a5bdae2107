/* status_read.c - see status_read.h. */
#include "command/status_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *status_link_state(const struct slot_info *slot, bool running, const char *reported) {
    if (!slot->exists) {
        return "absent";
    }
    if (slot->lost) {
        return "lost";
    }
    return running && reported[0] != '\0' ? reported : "stopped";
}

int64_t status_lag_bytes(const struct slot_info *slot) {
    if (!slot->exists || slot->server_lsn <= slot->confirmed_flush) {
        return 0;
    }
    return (int64_t)(slot->server_lsn - slot->confirmed_flush);
}

double status_lag_seconds(const struct link_report *report, bool running, int64_t lag_bytes) {
    double seconds = running ? report->lag_seconds : report->seconds_since_level;
    if (!running && lag_bytes == 0) {
        return 0;
    }
    return seconds > 0 ? seconds : 0;
}

int64_t status_rows_total(enum backfill backfill, int64_t estimate, int64_t rows_done) {
    bool copied = backfill == BACKFILL_copied || backfill == BACKFILL_done;
    return copied || estimate < rows_done ? rows_done : estimate;
}

static bool read_rows_done(struct migration *m, int64_t *rows, struct err *err) {
    return db_int(&m->new_side.db, err, rows,
                  "SELECT coalesce(sum(rows_read), 0) FROM pgtandem.chunk"
                  " WHERE migration = $1 AND done_at IS NOT NULL",
                  1, (const char *const[]){m->config->migration});
}

static const char *const copy_sql =
    "SELECT control.paused_at IS NOT NULL,"
    "       coalesce(copy.changed_at > clock_timestamp() - interval '10 s', false),"
    "       copy.waiting_for, copy.rows_per_second, coalesce(copy.seconds_left, -1)"
    "  FROM pgtandem.migration m"
    "  LEFT JOIN pgtandem.control ON control.migration = m.name"
    "  LEFT JOIN pgtandem.copy ON copy.migration = m.name"
    " WHERE m.name = $1";

static bool read_copy(struct migration *m, struct copy_status *copy, struct err *err) {
    PGresult *r =
        db_query(&m->new_side.db, err, copy_sql, 1, (const char *const[]){m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read what the copy says of itself");
    }
    copy->seconds_left = -1;
    if (PQntuples(r) == 1) {
        copy->paused = result_bool(r, 0, 0);
        copy->speaks = result_bool(r, 0, 1);
    }
    if (copy->speaks) {
        snprintf(copy->waiting_for, sizeof copy->waiting_for, "%s", PQgetvalue(r, 0, 2));
        copy->rows_per_second = strtod(PQgetvalue(r, 0, 3), NULL);
        copy->seconds_left = strtod(PQgetvalue(r, 0, 4), NULL);
    }
    PQclear(r);
    return true;
}

static const char *const report_sql =
    "SELECT l.state, l.lag_seconds,"
    "       extract(epoch FROM clock_timestamp() - coalesce(l.caught_up_at, l.changed_at)),"
    "       l.last_error, p.applied_transactions, p.applied_changes, p.conflicts,"
    "       (SELECT count(*) FROM pgtandem.conflict c WHERE c.migration = $1"
    "           AND c.link = $2 AND c.settled_at IS NULL),"
    "       (SELECT count(*) FROM pgtandem.parked k WHERE k.migration = $1"
    "           AND (k.link = $2 OR (k.link = 'copy' AND $2 = 'forward'))"
    "           AND k.settled_at IS NULL),"
    "       (SELECT count(*) FROM pgtandem.recheck r WHERE r.migration = $1 AND r.link = $2)"
    "  FROM pgtandem.link l JOIN pgtandem.progress p USING (migration, link)"
    " WHERE l.migration = $1 AND l.link = $2";

static void fill_report(struct link_report *report, int64_t *rechecks, const PGresult *r) {
    snprintf(report->state, sizeof report->state, "%s", PQgetvalue(r, 0, 0));
    report->lag_seconds = strtod(PQgetvalue(r, 0, 1), NULL);
    report->seconds_since_level = strtod(PQgetvalue(r, 0, 2), NULL);
    snprintf(report->last_error, sizeof report->last_error, "%s", PQgetvalue(r, 0, 3));
    report->applied_transactions = result_int(r, 0, 4);
    report->applied_changes = result_int(r, 0, 5);
    report->conflicts = result_int(r, 0, 6);
    report->conflicts_open = result_int(r, 0, 7);
    report->parked = result_int(r, 0, 8);
    *rechecks += result_int(r, 0, 9);
}

/* Without a schema, or without rows there, everything stays zero. */
static bool read_report(struct migration *m, enum direction direction, struct link_report *report,
                        int64_t *rechecks, struct err *err) {
    struct db *db = &migration_target(m, direction)->db;
    bool exists;
    if (!state_schema_exists(db, &exists, err)) {
        return false;
    }
    if (!exists) {
        return true;
    }
    const char *params[] = {m->config->migration, direction_name(direction)};
    PGresult *r = db_query(db, err, report_sql, 2, params);
    if (r == NULL) {
        return false;
    }
    if (PQntuples(r) == 1) {
        fill_report(report, rechecks, r);
    }
    PQclear(r);
    return true;
}

static bool read_link(struct migration *m, enum direction direction, struct status *status,
                      struct err *err) {
    struct link_status *link = &status->links[direction];
    if (!slot_read(m, direction, &link->slot, err) ||
        !read_report(m, direction, &link->report, &status->rechecks, err)) {
        return err_context(err, "while reading the state of the %s link",
                           direction_name(direction));
    }
    link->state = status_link_state(&link->slot, status->running, link->report.state);
    link->lag_bytes = status_lag_bytes(&link->slot);
    link->lag_seconds = status_lag_seconds(&link->report, status->running, link->lag_bytes);
    return true;
}

bool status_read(struct migration *m, struct arena *arena, struct status *status, struct err *err) {
    memset(status, 0, sizeof *status);
    err_clear(err);
    if (!state_is_locked(m, &status->running, err) || !state_read(m, &status->state, err) ||
        (status->state.exists &&
         (!read_rows_done(m, &status->rows_done, err) || !read_copy(m, &status->copy, err) ||
          !statements_progress_read(&m->new_side.db, m->config->migration, arena,
                                    &status->after_copy, err)))) {
        return false;
    }
    status->copy.speaks &= status->running && status->state.backfill == BACKFILL_running;
    status->rows_total =
        status_rows_total(status->state.backfill, status->state.rows_estimated, status->rows_done);
    return read_link(m, FORWARD, status, err) && read_link(m, REVERSE, status, err);
}
