/* worker.c - see worker.h. What happens when something fails is in
 * worker_failure.c, which rows cannot be written in sift.c. */
#include "copy/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "copy/worker_parts.h"
#include "pg/db.h"
#include "pg/quote.h"

/* Scans by key, also where a table was never analyzed; and a worker is one
 * process on the old server. */
static const char reader_settings[] = "-c enable_seqscan=off -c max_parallel_workers_per_gather=0";

static const char *state_name(enum worker_state state) {
    static const char *const names[] = {
#define WORKER_NAME(name) #name,
        WORKER_STATES(WORKER_NAME)
#undef WORKER_NAME
    };
    return names[state];
}

void worker_set_state(struct worker *worker, enum worker_state state) {
    log_line(&worker->job->log, LOG_DEBUG, "worker %d: %s -> %s", worker->number,
             state_name(worker->state), state_name(state));
    worker->state = state;
}

void worker_send(struct worker *worker, const char *sql, int n_params, const char *const *params) {
    worker->fault = FAULT_NONE;
    worker->affected = 0;
    session_send(&worker->writer, sql, n_params, params);
}

void worker_pause(struct worker *worker, int reason, bool pause) {
    worker->pauses = pause ? worker->pauses | reason : worker->pauses & ~reason;
    session_pause(&worker->reader, worker->pauses != 0);
}

void worker_pace(struct worker *worker) {
    if (worker->job->pace.rows_per_second == 0) {
        return;
    }
    usec_t wait = pace_take(&worker->job->pace, 1, usec_monotonic());
    if (wait > 0) {
        worker_pause(worker, PAUSE_PACE, true);
        timer_start(worker->timer, wait);
    }
}

/* getting ready */

static const char begin_sql[] = "; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ";
/* The snapshot, the time, and where the last record before them ends: at the start of a
 * page the log's position is behind the page's head (24 bytes, of a segment 40), which is
 * not on disk before the next record. */
static const char look_sql[] =
    "SELECT pg_current_snapshot(), clock_timestamp(),"
    "       (SELECT lsn - CASE WHEN at % pg_size_bytes(current_setting('wal_segment_size')) = 40"
    "                          THEN 40"
    "                          WHEN at % current_setting('wal_block_size')::int = 24 THEN 24"
    "                          ELSE 0 END"
    "          FROM (SELECT lsn, lsn - '0/0'::pg_lsn AS at"
    "                  FROM (SELECT pg_current_wal_insert_lsn() AS lsn) AS log) AS place), ";

/* The job's snapshot, or the worker's own. */
static void import_snapshot(struct worker *worker) {
    struct job *job = worker->job;
    struct buf sql;
    buf_init(&sql);
    buf_add(&sql, job->reader_path.data, job->reader_path.size);
    buf_add_text(&sql, begin_sql);
    if (job->chunked) {
        job_add_lock(job, worker->chunk->mapping, &sql);
        buf_add_text(&sql, look_sql);
        buf_add_text(&sql, "true");
    } else {
        memcpy(worker->importing, job->snapshot, sizeof worker->importing);
        memcpy(worker->read_at, job->snapshot_at, sizeof worker->read_at);
        buf_add_text(&sql, "SET TRANSACTION SNAPSHOT ");
        quote_literal(&sql, worker->importing, strlen(worker->importing));
        buf_add_text(&sql, "; ");
        job_add_lock(job, NULL, &sql);
        buf_add_text(&sql, look_sql);
        job_add_is_current(job, &sql);
    }
    worker_set_state(worker, WORKER_importing);
    worker->fault = FAULT_NONE;
    worker->outdated = false;
    session_send(&worker->reader, sql.data, 0, NULL);
    buf_fini(&sql);
}

static void keep_moment(struct worker *worker, const PGresult *result) {
    buf_reset(&worker->moment);
    buf_add_text(&worker->moment, PQgetvalue(result, 0, 0));
    if (worker->job->chunked) {
        snprintf(worker->read_at, sizeof worker->read_at, "%s", PQgetvalue(result, 0, 1));
    }
    snprintf(worker->shown, sizeof worker->shown, "%s", PQgetvalue(result, 0, 2));
    if (!result_bool(result, 0, 3)) {
        worker->fault = FAULT_READER; /* as if it could not be had */
        err_set(&worker->error, ERR_FAILED, "a table was rewritten since the snapshot was taken");
        err_set_class(&worker->error, ERR_CLASS_PASSING);
        worker->outdated = true;
    }
}

static void claim_origin(struct worker *worker) {
    struct object_name origin = migration_copy_origin(worker->job->m, worker->number);
    const char *params[] = {origin.text};
    worker_set_state(worker, WORKER_claiming);
    worker_send(worker, "SELECT pg_replication_origin_session_setup($1)", 1, params);
}

/* It would wait for itself. */
static void tell_own_sessions(const struct config *config, struct err *err) {
    if (err_has_sqlstate(err, "53300")) {
        err_hint(err,
                 "the copy's own sessions count as well, %" PRId64 " on each side and a few "
                 "more: lower backfill.jobs, close other connections, or raise the limit that "
                 "is reached (max_connections, or the CONNECTION LIMIT of role or database)",
                 config->backfill.jobs);
    }
}

static bool open_session(struct worker *worker, struct session *session, struct err *err) {
    if (session->state != SESSION_closed) {
        return true;
    }
    if (!session_open(session, err)) {
        return false;
    }
    session_set_patience(session, worker->patience);
    return true;
}

void worker_connect(struct worker *worker) {
    struct err err;
    err_clear(&err);
    if (!open_session(worker, &worker->reader, &err) ||
        !open_session(worker, &worker->writer, &err)) {
        if (worker->job->m->loop->stopping) {
            return;
        }
        tell_own_sessions(worker->job->m->config, &err);
        err_context(&err, "cannot connect to %s",
                    session_is_open(&worker->reader) ? worker->job->m->new_side.label
                                                     : worker->job->m->old_side.label);
        worker->fault = session_is_open(&worker->reader) ? FAULT_WRITER : FAULT_READER;
        worker->error = err;
        worker_decide(worker);
        return;
    }
    worker_proceed(worker);
}

static void be_idle(struct worker *worker) {
    if (worker->state != WORKER_idle) {
        worker_set_state(worker, WORKER_idle);
        worker_recover(worker);
    }
}

/* The next step of a worker that has nothing under way. */
void worker_proceed(struct worker *worker) {
    bool open = session_is_open(&worker->reader) && session_is_open(&worker->writer);
    if (!open) {
        worker_set_state(worker, WORKER_down);
        worker->job->woken = true;
    } else if (!worker->claimed) {
        claim_origin(worker);
    } else if (worker->chunk == NULL && (worker->chunk = job_take(worker->job)) == NULL) {
        be_idle(worker);
    } else if (!worker->imported) {
        import_snapshot(worker);
    } else {
        worker_begin_chunk(worker);
    }
}

void worker_wake(struct worker *worker) {
    if (worker->state == WORKER_idle) {
        worker_proceed(worker);
    }
}

/* events of the reader */

static void on_reader_result(void *owner, const PGresult *result) {
    struct worker *worker = owner;
    if (worker_note_fault(worker, FAULT_READER, result)) {
        return;
    }
    if (worker->state == WORKER_importing && PQresultStatus(result) == PGRES_TUPLES_OK) {
        keep_moment(worker, result);
    } else if (worker->state == WORKER_hardening) {
        worker->hard = result_bool(result, 0, 0);
    } else if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        worker->rows_sent = result_affected(result);
    }
}

static void on_reader_data(void *owner, const char *line, size_t size) {
    struct worker *worker = owner;
    if (worker->state == WORKER_copying) {
        worker_copy_row(worker, line, size);
    } else if (worker->state == WORKER_sifting) {
        sift_row(worker, line, size);
    }
}

static void on_reader_ready(void *owner) {
    struct worker *worker = owner;
    if (worker->state == WORKER_draining) {
        worker_settle(worker);
    } else if (worker->fault != FAULT_NONE) {
        worker_fail(worker);
    } else if (worker->state == WORKER_importing) {
        worker->imported = true;
        worker_proceed(worker);
    } else if (worker->state == WORKER_releasing) {
        worker->imported = false;
        worker_rest(worker);
    } else if (worker->state == WORKER_hardening) {
        worker_next_step(worker);
    } else if (worker->state == WORKER_copying) {
        worker_end_copy(worker);
    } else if (worker->state == WORKER_sifting) {
        sift_reader_done(worker);
    }
}

static void on_reader_lost(void *owner, const struct err *err) {
    struct worker *worker = owner;
    worker_lose(worker, FAULT_READER, err);
}

/* events of the writer */

static void on_writer_copies(struct worker *worker) {
    if (worker->state == WORKER_opening) {
        worker_read(worker, WORKER_copying);
    } else if (worker->state == WORKER_sifting) {
        sift_writer_copies(worker);
    } else {
        worker_fail(worker); /* the reader was lost meanwhile */
    }
}

static void on_writer_result(void *owner, const PGresult *result) {
    struct worker *worker = owner;
    if (worker_note_fault(worker, FAULT_WRITER, result)) {
        return;
    }
    worker->affected = result_affected(result);
    if (PQresultStatus(result) == PGRES_COPY_IN) {
        on_writer_copies(worker);
    } else if (worker->state == WORKER_locking && PQresultStatus(result) == PGRES_TUPLES_OK) {
        worker_note_ledger(worker, result);
    }
}

static void on_writer_ready(void *owner) {
    struct worker *worker = owner;
    bool failed = worker->fault != FAULT_NONE;
    switch (worker->state) {
        case WORKER_sifting:
            sift_writer_ready(worker); /* for which failures are nothing special */
            return;
        case WORKER_draining:
            worker_settle(worker);
            return;
        case WORKER_undoing:
            worker_decide(worker);
            return;
        case WORKER_claiming:
            worker->claimed = !failed;
            break;
        case WORKER_beginning:
        case WORKER_locking:
        case WORKER_opening:
        case WORKER_closing:
        case WORKER_recording:
        case WORKER_committing:
            break;
        case WORKER_down:
        case WORKER_resting:
        case WORKER_importing:
        case WORKER_idle:
        case WORKER_copying:
        case WORKER_hardening:
        case WORKER_releasing:
            return; /* nothing was asked */
    }
    if (failed) {
        worker_fail(worker);
    } else {
        worker_next_step(worker);
    }
}

static void on_writer_drained(void *owner) {
    struct worker *worker = owner;
    if (worker->state == WORKER_copying) {
        worker_feed(worker);
    } else if (worker->state == WORKER_sifting) {
        sift_writer_drained(worker);
    } else {
        worker_pause(worker, PAUSE_CLOGGED, false);
    }
}

static void on_writer_lost(void *owner, const struct err *err) {
    struct worker *worker = owner;
    worker_lose(worker, FAULT_WRITER, err);
}

static void on_timer(void *owner) {
    struct worker *worker = owner;
    if (worker->state == WORKER_resting) {
        worker_proceed(worker);
    } else if (worker->state == WORKER_hardening) {
        worker_harden(worker);
    } else {
        worker_pause(worker, PAUSE_PACE, false);
    }
}

/* life */

static const struct session_events reader_events = {
    .result = on_reader_result,
    .copy_data = on_reader_data,
    .ready = on_reader_ready,
    .lost = on_reader_lost,
};

static const struct session_events writer_events = {
    .result = on_writer_result,
    .ready = on_writer_ready,
    .drained = on_writer_drained,
    .lost = on_writer_lost,
};

static void init_sessions(struct worker *worker) {
    struct migration *m = worker->job->m;
    snprintf(worker->reader_name, sizeof worker->reader_name, "pgtandem copy %d reader",
             worker->number);
    snprintf(worker->writer_name, sizeof worker->writer_name, "pgtandem copy %d writer",
             worker->number);
    session_init(&worker->reader, m->loop, SESSION_SQL, m->old_side.dsn, worker->reader_name,
                 &reader_events, worker);
    session_init(&worker->writer, m->loop, SESSION_SQL, m->new_side.dsn, worker->writer_name,
                 &writer_events, worker);
    worker->reader.label = m->old_side.label;
    worker->writer.label = m->new_side.label;
    worker->reader.settings = reader_settings;
    worker->writer.settings = worker->job->writer_settings.data;
}

void worker_init(struct worker *worker, struct job *job, int number) {
    memset(worker, 0, sizeof *worker);
    worker->job = job;
    worker->number = number;
    worker->state = WORKER_down;
    worker->patience = WORKER_PATIENCE;
    worker->timer = timer_new(job->m->loop, on_timer, worker);
    init_sessions(worker);
    buf_init(&worker->moment);
    buf_init(&worker->out);
    arena_init(&worker->arena);
    sift_init(&worker->sift, job->m->config->conflicts.max_parked_in_a_row);
}

void worker_fini(struct worker *worker) {
    timer_free(worker->timer);
    session_close(&worker->reader);
    session_close(&worker->writer);
    chunk_free(worker->chunk);
    if (worker->mapped) {
        row_map_fini(&worker->map);
    }
    buf_fini(&worker->moment);
    buf_fini(&worker->out);
    arena_fini(&worker->arena);
    sift_fini(&worker->sift);
}
