/* control.c - see control.h. */
#include "pg/control.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void control_init(struct control *control) {
    memset(control, 0, sizeof *control);
    control->rows_per_second = CONTROL_AS_CONFIGURED;
    control->replica_lag = CONTROL_AS_CONFIGURED;
    control->active_sessions = CONTROL_AS_CONFIGURED;
    control->slot_wal = CONTROL_AS_CONFIGURED;
    control->query_max = NAN;
}

static void read_int(int64_t *n, const PGresult *result, int row, int column) {
    if (!PQgetisnull(result, row, column)) {
        *n = result_int(result, row, column);
    }
}

void control_from_result(struct control *control, const PGresult *result, int row, int column) {
    control_init(control);
    control->paused = !PQgetisnull(result, row, column);
    snprintf(control->paused_at, sizeof control->paused_at, "%s", PQgetvalue(result, row, column));
    read_int(&control->rows_per_second, result, row, column + 1);
    if (!PQgetisnull(result, row, column + 2)) {
        control->replica_lag = (usec_t)(strtod(PQgetvalue(result, row, column + 2), NULL) * 1e6);
    }
    read_int(&control->active_sessions, result, row, column + 3);
    read_int(&control->slot_wal, result, row, column + 4);
    if (!PQgetisnull(result, row, column + 5)) {
        control->query_max = strtod(PQgetvalue(result, row, column + 5), NULL);
    }
}

bool control_read(struct migration *m, struct control *control, struct err *err) {
    control_init(control);
    PGresult *r = db_query(&m->new_side.db, err,
                           "SELECT " CONTROL_COLUMNS " FROM pgtandem.control WHERE migration = $1",
                           1, (const char *const[]){m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read what was asked of the copy");
    }
    if (PQntuples(r) == 1) {
        control_from_result(control, r, 0, 0);
    }
    PQclear(r);
    return true;
}

struct number {
    char text[40];
};

static const char *int_param(struct number *number, int64_t n) {
    snprintf(number->text, sizeof number->text, "%" PRId64, n);
    return n == CONTROL_AS_CONFIGURED ? NULL : number->text;
}

static const char *real_param(struct number *number, double x, bool given) {
    snprintf(number->text, sizeof number->text, "%.17g", x);
    return given ? number->text : NULL;
}

static const char pause_sql[] = "INSERT INTO pgtandem.control (migration, paused_at)"
                                " VALUES ($1, CASE WHEN $2::bool THEN clock_timestamp() END)"
                                " ON CONFLICT (migration) DO UPDATE"
                                "    SET paused_at = CASE WHEN $2::bool THEN "
                                "coalesce(control.paused_at, excluded.paused_at) END,"
                                "        changed_at = clock_timestamp()";

bool control_write_pause(struct migration *m, bool paused, struct err *err) {
    const char *params[] = {m->config->migration, paused ? "t" : "f"};
    return db_exec(&m->new_side.db, err, pause_sql, 2, params) ||
           err_context(err, "cannot write what is asked of the copy");
}

static const char limits_sql[] =
    "INSERT INTO pgtandem.control (migration, max_rows_per_second, replica_lag, active_sessions,"
    "                              slot_wal, query_max)"
    " VALUES ($1, $2::bigint, $3::float8, $4::bigint, $5::bigint, $6::float8)"
    " ON CONFLICT (migration) DO UPDATE"
    "    SET max_rows_per_second = excluded.max_rows_per_second,"
    "        replica_lag = excluded.replica_lag, active_sessions = excluded.active_sessions,"
    "        slot_wal = excluded.slot_wal, query_max = excluded.query_max,"
    "        changed_at = clock_timestamp()";

bool control_write_limits(struct migration *m, const struct control *control, struct err *err) {
    struct number rows, lag, sessions, wal, query;
    const char *params[] = {
        m->config->migration,
        int_param(&rows, control->rows_per_second),
        real_param(&lag, (double)control->replica_lag / 1e6,
                   control->replica_lag != CONTROL_AS_CONFIGURED),
        int_param(&sessions, control->active_sessions),
        int_param(&wal, control->slot_wal),
        real_param(&query, control->query_max, !isnan(control->query_max)),
    };
    return db_exec(&m->new_side.db, err, limits_sql, 6, params) ||
           err_context(err, "cannot write what is asked of the copy");
}
