/* db.c - see db.h. */
#include "pg/db.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pg/sqlstate.h"

static bool has_failed(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* The server would wait for rows for ever. What it then says of its end is not the reason. */
static void refuse_copy(struct db *db) {
    err_set(&db->lost, ERR_FAILED, "there are no rows for COPY FROM STDIN here");
    err_hint(&db->lost, "say INSERT, or COPY from a file of the server");
    session_end_copy(&db->session, "no rows");
}

static void on_result(void *owner, const PGresult *result) {
    struct db *db = owner;
    if (db->lost.code != ERR_NONE) {
        return;
    }
    if (has_failed(result)) {
        err_from_result(&db->lost, result);
        return;
    }
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        refuse_copy(db);
        return;
    }
    PQclear(db->answer);
    db->answer = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
}

static void end_request(struct db *db) {
    db->done = true;
    if (db->bell != NULL) {
        *db->bell = true;
    }
}

static void on_ready(void *owner) {
    end_request(owner);
}

static void on_lost(void *owner, const struct err *err) {
    struct db *db = owner;
    if (db->lost.code == ERR_NONE) {
        db->lost = *err;
    }
    end_request(db);
}

static void on_notice(void *owner, const struct session_notice *notice) {
    struct db *db = owner;
    if (strcmp(notice->severity, "WARNING") == 0) {
        snprintf(db->warning, sizeof db->warning, "%s", notice->text);
    }
}

static const struct session_events events = {
    .result = on_result,
    .ready = on_ready,
    .notice = on_notice,
    .lost = on_lost,
};

void db_init(struct db *db, struct loop *loop, enum session_kind kind, const char *dsn,
             const char *label, const char *application) {
    memset(db, 0, sizeof *db);
    session_init(&db->session, loop, kind, dsn, application, &events, db);
    db->kind = kind;
    db->label = db->session.label = label;
}

bool db_open(struct db *db, struct err *err) {
    db_close(db);
    /* its last life may have ended with another owner */
    session_rebind(&db->session, db->kind, &events, db);
    db->session.kind = db->kind;
    if (!session_open(&db->session, err)) {
        return err_context(err, "cannot connect to %s", db->label);
    }
    session_set_patience(&db->session, db->patience);
    db->opened++;
    return true;
}

void db_close(struct db *db) {
    if (db->session.state != SESSION_closed) {
        session_close(&db->session);
    }
    PQclear(db->answer);
    db->answer = NULL;
}

static bool ensure_open(struct db *db, struct err *err) {
    if (session_is_open(&db->session)) {
        return true;
    }
    if (!db->pinned) {
        return db_open(db, err);
    }
    err_set(err, ERR_FAILED, "the connection to %s was lost", db->label);
    return err_set_class(err, ERR_CLASS_PASSING);
}

static bool has_succeeded(struct db *db, struct err *err) {
    if (db->lost.code == ERR_NONE) {
        return true;
    }
    if (!session_is_open(&db->session)) {
        db_close(db);
    }
    *err = db->lost;
    return false;
}

static bool wait_until_done(struct db *db, struct err *err) {
    char what[160];
    snprintf(what, sizeof what, "an answer of %s (process %d)", db->label,
             session_backend(&db->session));
    if (loop_wait(db->session.loop, &db->done, db->timeout, what, err)) {
        return true;
    }
    db_close(db); /* its answer would come too late for everybody */
    return false;
}

/* Waits until what was sent has been answered. */
static bool wait_for_end(struct db *db, struct err *err) {
    return wait_until_done(db, err) && has_succeeded(db, err);
}

static bool begin_request(struct db *db, struct err *err) {
    if (!ensure_open(db, err)) {
        return false;
    }
    db->done = false;
    db->warning[0] = '\0';
    err_clear(&db->lost);
    return true;
}

bool db_send(struct db *db, struct err *err, const char *sql, int n_params,
             const char *const *params) {
    if (!begin_request(db, err)) {
        return false;
    }
    session_send(&db->session, sql, n_params, params);
    return true;
}

PGresult *db_take(struct db *db, struct err *err) {
    bool ok = has_succeeded(db, err);
    PGresult *answer = db->answer;
    db->answer = NULL;
    if (!ok) {
        PQclear(answer);
        return NULL;
    }
    return answer;
}

PGresult *db_query(struct db *db, struct err *err, const char *sql, int n_params,
                   const char *const *params) {
    if (!db_send(db, err, sql, n_params, params)) {
        return NULL;
    }
    return wait_until_done(db, err) ? db_take(db, err) : NULL;
}

/* transactions */

static void on_step_result(void *owner, const PGresult *result) {
    struct db *db = owner;
    db->n_results++;
    if (db->lost.code == ERR_NONE && has_failed(result)) {
        err_from_write(&db->lost, result);
        db->n_good = db->n_results - 1;
    }
}

static const struct session_events transaction_events = {
    .result = on_step_result,
    .ready = on_ready,
    .lost = on_lost,
};

static void queue_steps(struct db *db, const struct db_step *steps, size_t n) {
    session_queue(&db->session, "BEGIN", 0, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct db_step *step = &steps[i];
        if (step->lengths != NULL) {
            session_queue_binary(&db->session, step->sql, step->n_params, step->params,
                                 step->lengths);
        } else {
            session_queue(&db->session, step->sql, step->n_params, step->params);
        }
    }
    session_queue(&db->session, "COMMIT", 0, NULL);
    session_sync(&db->session);
}

/* An error has ended the transaction already, but not its block. */
static void end_block(struct db *db) {
    struct err ignored;
    if (session_is_open(&db->session) && !db_exec(db, &ignored, "ROLLBACK", 0, NULL)) {
        db_close(db);
    }
}

bool db_transact(struct db *db, struct err *err, const struct db_step *steps, size_t n,
                 size_t *failed) {
    *failed = n;
    if (!begin_request(db, err)) {
        return false;
    }
    db->n_results = db->n_good = 0;
    session_rebind(&db->session, SESSION_PIPELINE, &transaction_events, db);
    queue_steps(db, steps, n);
    bool ok = wait_for_end(db, err);
    session_rebind(&db->session, SESSION_SQL, &events, db);
    if (ok) {
        return true;
    }
    /* behind BEGIN */
    *failed = db->n_good > 0 && db->n_good <= n ? db->n_good - 1 : n;
    end_block(db);
    return false;
}

bool db_exec(struct db *db, struct err *err, const char *sql, int n_params,
             const char *const *params) {
    PGresult *result = db_query(db, err, sql, n_params, params);
    PQclear(result);
    return result != NULL;
}

bool db_execf(struct db *db, struct err *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *sql = NULL;
    int n = vasprintf(&sql, format, args);
    va_end(args);
    if (n < 0) {
        abort();
    }
    bool ok = db_exec(db, err, sql, 0, NULL);
    free(sql);
    return ok;
}

char *db_text(struct db *db, struct err *err, const char *sql, int n_params,
              const char *const *params) {
    err_clear(err);
    PGresult *result = db_query(db, err, sql, n_params, params);
    char *text = NULL;
    if (result != NULL && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0)) {
        text = mem_strdup(PQgetvalue(result, 0, 0));
    }
    PQclear(result);
    return text;
}

static bool fetch_one(struct db *db, struct err *err, char **text, const char *sql, int n_params,
                      const char *const *params) {
    struct err failure;
    *text = db_text(db, &failure, sql, n_params, params);
    if (*text == NULL) {
        *err = failure;
        return failure.code == ERR_NONE
                   ? err_set(err, ERR_FAILED, "%s answered nothing to \"%.60s\"", db->label, sql)
                   : false;
    }
    return true;
}

bool db_bool(struct db *db, struct err *err, bool *value, const char *sql, int n_params,
             const char *const *params) {
    char *text;
    if (!fetch_one(db, err, &text, sql, n_params, params)) {
        return false;
    }
    *value = strcmp(text, "t") == 0;
    free(text);
    return true;
}

bool db_int(struct db *db, struct err *err, int64_t *value, const char *sql, int n_params,
            const char *const *params) {
    char *text;
    if (!fetch_one(db, err, &text, sql, n_params, params)) {
        return false;
    }
    *value = strtoll(text, NULL, 10);
    free(text);
    return true;
}

bool db_lsn(struct db *db, struct err *err, lsn_t *value, const char *sql, int n_params,
            const char *const *params) {
    char *text;
    if (!fetch_one(db, err, &text, sql, n_params, params)) {
        return false;
    }
    bool ok = lsn_parse(text, strlen(text), value) ||
              err_set(err, ERR_FAILED, "\"%s\" is not a log position", text);
    free(text);
    return ok;
}

struct value result_value(const PGresult *result, int row, int column) {
    if (PQgetisnull(result, row, column)) {
        return value_null();
    }
    return value_text(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

int64_t result_int(const PGresult *result, int row, int column) {
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

bool result_bool(const PGresult *result, int row, int column) {
    return PQgetvalue(result, row, column)[0] == 't';
}

lsn_t result_lsn(const PGresult *result, int row, int column) {
    lsn_t lsn = 0;
    const char *text = PQgetvalue(result, row, column);
    return lsn_parse(text, strlen(text), &lsn) ? lsn : 0;
}

/* libpq asks for a result that it does not change. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
int64_t result_affected(const PGresult *result) {
    return strtoll(PQcmdTuples((PGresult *)result), NULL, 10);
}
#pragma GCC diagnostic pop
