/* writer.c - executes plans, and records what the server said of them. */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "conn.h"

enum { RETRY_MS = 30, GIVE_UP_AFTER_MS = 60000 };

void writer_init(struct writer *w) {
    *w = (struct writer){0};
    tape_init(&w->tape);
    arena_init(&w->arena);
    statement_init(&w->statement);
}

void writer_fini(struct writer *w) {
    tape_fini(&w->tape);
    arena_fini(&w->arena);
    statement_fini(&w->statement);
}

/* ---- connection ---- */

static void disconnect(struct writer *w) {
    PQfinish(w->conn);
    w->conn = NULL;
}

static bool try_to_connect(struct writer *w) {
    w->conn = PQconnectdb(w->dsn);
    if (PQstatus(w->conn) != CONNECTION_OK) {
        disconnect(w);
        return false;
    }
    conn_silence(w->conn);
    backends_add(w->backends, PQbackendPID(w->conn));
    return true;
}

static bool ensure_connected(struct writer *w) {
    for (int waited = 0; w->conn == NULL; waited += RETRY_MS) {
        if (waited > GIVE_UP_AFTER_MS) {
            complain(w->complaints, "a writer of the %s side could not connect for a minute",
                     side_name(w->writing.side));
            return false;
        }
        if (!try_to_connect(w)) {
            sleep_ms(RETRY_MS);
        }
    }
    return true;
}

/* ---- errors ---- */

static bool is_outage(const char *sqlstate) {
    return strncmp(sqlstate, "57P", 3) == 0 || strncmp(sqlstate, "08", 2) == 0;
}

static void judge_error(struct writer *w, const PGresult *result) {
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (sqlstate == NULL || is_outage(sqlstate)) {
        return; /* the connection is lost, or was refused */
    }
    if (strcmp(sqlstate, "40P01") == 0) {
        if (detail == NULL || !backends_all_ours(w->backends, detail)) {
            complain(w->complaints, "a writer of the %s side was the victim of a deadlock: %s",
                     side_name(w->writing.side), detail != NULL ? detail : "without detail");
        }
        return;
    }
    if (strcmp(sqlstate, "23505") != 0) { /* an email that is taken is an application's own fault */
        complain(w->complaints, "a writer of the %s side failed: %s %s", side_name(w->writing.side),
                 sqlstate, PQresultErrorMessage(result));
    }
}

/* False when it failed; whether the connection still stands, w->conn tells. */
static bool check(struct writer *w, const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        return true;
    }
    judge_error(w, result);
    if (PQstatus(w->conn) != CONNECTION_OK) {
        disconnect(w);
    }
    return false;
}

static bool command(struct writer *w, const char *sql) {
    PGresult *result = PQexec(w->conn, sql);
    bool ok = check(w, result);
    PQclear(result);
    return ok;
}

/* ---- steps ---- */

static PGresult *execute(struct writer *w) {
    return PQexecParams(w->conn, buf_text(&w->statement.sql), w->statement.count, NULL,
                        w->statement.values, NULL, NULL, 0);
}

static enum write_kind kind_of(enum step_kind kind) {
    switch (kind) {
        case STEP_INSERT:
        case STEP_BULK_INSERT:
            return WRITE_INSERT;
        case STEP_DELETE:
        case STEP_BULK_DELETE:
            return WRITE_DELETE;
        case STEP_MOVE:
            return WRITE_MOVED_HERE;
        case STEP_UPDATE:
        case STEP_BULK_UPDATE:
        case STEP_SWAP:
        case STEP_SAVEPOINT:
        case STEP_ROLL_BACK:
            break;
    }
    return WRITE_UPDATE;
}

static void record_row(struct writer *w, struct txn *txn, const struct step *step,
                       const PGresult *result, int row) {
    struct image image;
    int64_t key = image_read(result, row, &w->tape.arena, &image);
    if (step->kind == STEP_MOVE) {
        (void)tape_write(&w->tape, txn, WRITE_MOVED_AWAY, step->key);
    }
    struct write *write = tape_write(&w->tape, txn, kind_of(step->kind), key);
    write->present = write->kind != WRITE_DELETE;
    write->image = image;
}

/* Sends w->statement and records every row that it returns. */
static bool write_rows(struct writer *w, struct txn *txn, const struct step *step) {
    PGresult *result = execute(w);
    bool ok = check(w, result);
    for (int row = 0; ok && row < PQntuples(result); row++) {
        record_row(w, txn, step, result, row);
    }
    PQclear(result);
    return ok;
}

static bool set_email(struct writer *w, struct txn *txn, const struct step *step, int64_t key,
                      const char *email) {
    statement_set_email(&w->statement, w->writing.side, step, key, email, &w->arena);
    return write_rows(w, txn, step);
}

static bool swap(struct writer *w, struct txn *txn, const struct step *step) {
    statement_lock_emails(&w->statement, w->writing.side, step, &w->arena);
    PGresult *result = execute(w);
    bool ok = check(w, result);
    if (ok && PQntuples(result) == 2) {
        ok = set_email(w, txn, step, step->key, step->email) &&
             set_email(w, txn, step, step->other, PQgetvalue(result, 0, 0)) &&
             set_email(w, txn, step, step->key, PQgetvalue(result, 1, 0));
    }
    PQclear(result);
    return ok;
}

static bool take_step(struct writer *w, struct txn *txn, const struct step *step, size_t *saved) {
    sleep_ms(step->pause);
    switch (step->kind) {
        case STEP_SAVEPOINT:
            *saved = txn->n_writes;
            return command(w, "SAVEPOINT here");
        case STEP_ROLL_BACK:
            txn_roll_back_to(txn, *saved);
            return command(w, "ROLLBACK TO SAVEPOINT here");
        case STEP_SWAP:
            return swap(w, txn, step);
        case STEP_INSERT:
        case STEP_UPDATE:
        case STEP_DELETE:
        case STEP_MOVE:
        case STEP_BULK_INSERT:
        case STEP_BULK_UPDATE:
        case STEP_BULK_DELETE:
            break;
    }
    statement_make(&w->statement, w->writing.side, step, &w->arena);
    return write_rows(w, txn, step);
}

/* ---- transactions ---- */

/* Without its id nothing could be learnt of a commit that is not answered. */
static bool learn_xid(struct writer *w, struct txn *txn) {
    PGresult *result = PQexec(w->conn, "SELECT pg_current_xact_id_if_assigned()");
    bool ok = check(w, result);
    if (ok && !PQgetisnull(result, 0, 0)) {
        txn->xid = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    }
    PQclear(result);
    return ok;
}

static void commit(struct writer *w, struct txn *txn) {
    if (command(w, "COMMIT")) {
        txn->outcome = txn->xid != 0 ? OUTCOME_COMMITTED : OUTCOME_ABORTED;
    } else if (w->conn == NULL && txn->xid != 0) {
        txn->outcome = OUTCOME_UNKNOWN;
        txn->gave_up_at = usec_now();
    }
}

static bool take_steps(struct writer *w, struct txn *txn) {
    size_t saved = 0;
    for (int i = 0; i < w->plan.count; i++) {
        if (!take_step(w, txn, &w->plan.steps[i], &saved)) {
            return false;
        }
    }
    return true;
}

static struct txn *run_plan(struct writer *w, int number) {
    struct txn *txn = tape_begin(&w->tape, w->writing.side, w->writing.writer, number);
    if (!ensure_connected(w) || !command(w, "BEGIN")) {
        return txn;
    }
    if (take_steps(w, txn) && w->plan.commit && learn_xid(w, txn)) {
        commit(w, txn);
    } else if (w->conn != NULL) {
        (void)command(w, "ROLLBACK");
    }
    return txn;
}

static void *run(void *argument) {
    struct writer *w = argument;
    for (int i = 0; i < w->transactions; i++) {
        arena_reset(&w->arena);
        plan_draw(&w->plan, &w->rng, &w->writing, i, &w->arena);
        sleep_ms(w->plan.gap);
        (void)run_plan(w, i);
    }
    disconnect(w);
    return NULL;
}

void writer_start(struct writer *w) {
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        abort();
    }
}

void writer_join(struct writer *w) {
    pthread_join(w->thread, NULL);
}

void writer_write_first(struct writer *w) {
    arena_reset(&w->arena);
    plan_first(&w->plan, &w->rng, &w->writing, &w->arena);
    while (run_plan(w, -1)->outcome == OUTCOME_ABORTED && w->complaints->count == 0) {
        sleep_ms(RETRY_MS);
    }
    disconnect(w);
}
