/* worker_chunk.c - see worker_parts.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "copy/bound.h"
#include "copy/ledger.h"
#include "copy/worker_parts.h"
#include "pg/db.h"

enum {
    SEND_SIZE = 32 * 1024,   /* bytes of rows that are handed to the writer at once */
    PIECE_SIZE = 256 * 1024, /* of a large row, at a time */
    LOOK_ROWS = 64,          /* between two looks at the clock */
};
static const usec_t longest_chunk = 5 * USEC_SECOND;
static const usec_t hardening_pause = USEC_SECOND / 50; /* the log is written every 200 ms */

/* beginning */

static void drop_map(struct worker *worker) {
    if (worker->mapped) {
        row_map_fini(&worker->map);
        arena_reset(&worker->arena);
        worker->mapped = false;
    }
}

/* The map and its scratch memory serve all chunks of a table. */
static void use_table(struct worker *worker, const struct mapping *mapping) {
    enum copy_format format =
        worker->care != CARE_none ? FORMAT_TEXT : job_format(worker->job, mapping);
    if (worker->mapped && worker->map.mapping == mapping && worker->map.format == format) {
        return;
    }
    drop_map(worker);
    row_map_init(&worker->map, mapping, format, &worker->arena);
    worker->mapped = true;
}

struct chunk_id {
    char table[24], chunk[24];
};

static struct chunk_id id_of(const struct chunk *chunk) {
    struct chunk_id id;
    snprintf(id.table, sizeof id.table, "%zu", chunk->mapping->number);
    snprintf(id.chunk, sizeof id.chunk, "%d", chunk->number);
    return id;
}

/* A statement with parameters goes alone: BEGIN comes first, by itself. */
static void begin(struct worker *worker) {
    worker_set_state(worker, WORKER_beginning);
    worker_send(worker,
                worker->care == CARE_constraints ? "BEGIN; SET CONSTRAINTS ALL IMMEDIATE" : "BEGIN",
                0, NULL);
}

void worker_begin_chunk(struct worker *worker) {
    use_table(worker, worker->chunk->mapping);
    worker->rows_read = worker->rows_written = worker->rows_parked = 0;
    worker->begun_at = usec_monotonic();
    worker->pauses = 0;
    buf_reset(&worker->out);
    worker->fed = 0;
    begin(worker);
}

/* The time that is set here stays the session's, and dates the commit: rows that were
 * read from a snapshot are no newer than that, and a clock of the new server's has no
 * say in it. */
static void lock_ledger(struct worker *worker) {
    struct chunk_id id = id_of(worker->chunk);
    const struct chunk *chunk = worker->chunk;
    char *low = bound_array(chunk->low, chunk->mapping->n_key);
    char *high = bound_array(chunk->high, chunk->mapping->n_key);
    const char *params[] = {
        worker->job->m->config->migration, id.table, id.chunk, worker->read_at, low, high};
    worker->in_ledger = worker->same_bounds = worker->chunk_is_done = false;
    worker_set_state(worker, WORKER_locking);
    worker_send(worker,
                "SELECT done_at IS NOT NULL, rows_read, rows_parked,"
                "       low IS NOT DISTINCT FROM $5::text[]"
                "       AND high IS NOT DISTINCT FROM $6::text[],"
                "       pg_replication_origin_xact_setup('0/0', $4::timestamptz)"
                "  FROM pgtandem.chunk"
                " WHERE migration = $1 AND table_number = $2::int AND chunk = $3::int FOR UPDATE",
                6, params);
    free(low);
    free(high);
}

void worker_note_ledger(struct worker *worker, const PGresult *result) {
    worker->in_ledger = PQntuples(result) == 1;
    if (worker->in_ledger) {
        worker->chunk_is_done = result_bool(result, 0, 0);
        worker->rows_read = result_int(result, 0, 1);
        worker->rows_parked = result_int(result, 0, 2);
        worker->same_bounds = result_bool(result, 0, 3);
    }
}

static void open_copy(struct worker *worker) {
    struct buf sql;
    buf_init(&sql);
    chunk_sql_write(&sql, worker->chunk->mapping, worker->map.format);
    worker_set_state(worker, WORKER_opening);
    worker_send(worker, sql.data, 0, NULL);
    buf_fini(&sql);
}

static void after_locking(struct worker *worker) {
    if (!worker->in_ledger) {
        worker->fault = FAULT_ODD;
        err_set(&worker->error, ERR_FAILED, "the ledger has no such chunk");
        err_hint(&worker->error, "somebody changed pgtandem.chunk: run teardown --all, empty the "
                                 "new table and begin again");
        worker_fail(worker);
    } else if (!worker->same_bounds) {
        worker->fault = FAULT_ODD; /* somebody else has planned it, or cut it */
        ledger_set_stale(&worker->error);
        worker_fail(worker);
    } else if (worker->chunk_is_done) {
        worker_set_state(worker, WORKER_committing); /* nothing, but it ends the transaction */
        worker_send(worker, "COMMIT", 0, NULL);
    } else if (worker->care != CARE_none) {
        sift_begin(worker);
        worker_read(worker, WORKER_sifting);
    } else {
        row_map_begin(&worker->map, &worker->out);
        open_copy(worker);
    }
}

/* rows */

void worker_read(struct worker *worker, enum worker_state state) {
    struct buf sql;
    buf_init(&sql);
    chunk_sql_read(&sql, worker->chunk, &worker->map.fields, worker->map.format);
    worker_set_state(worker, state);
    session_send(&worker->reader, sql.data, 0, NULL);
    buf_fini(&sql);
}

bool worker_put(struct worker *worker, const char *data, size_t size, size_t *done) {
    while (*done < size && !session_is_clogged(&worker->writer)) {
        size_t piece = size - *done < PIECE_SIZE ? size - *done : PIECE_SIZE;
        session_put_copy(&worker->writer, data + *done, piece);
        *done += piece;
    }
    return *done == size;
}

void worker_feed(struct worker *worker) {
    if (worker_put(worker, worker->out.data, worker->out.size, &worker->fed)) {
        buf_reset(&worker->out);
        worker->fed = 0;
    }
    worker_pause(worker, PAUSE_CLOGGED, session_is_clogged(&worker->writer));
}

/* A chunk that takes ten times its time, and five seconds at least: rows are larger
 * here than they were before, or slower to write. One that is half done is sooner
 * finished than begun anew, unless it drags on. */
static bool takes_too_long(const struct worker *worker) {
    usec_t time = 10 * worker->job->m->config->backfill.chunk_time;
    usec_t taken = usec_monotonic() - worker->begun_at;
    usec_t most = time < longest_chunk ? longest_chunk : time;
    if (time == 0 || worker->chunk->whole || taken < most || worker->rows_read < SIZER_LEAST) {
        return false;
    }
    return worker->rows_read * 2 < worker->chunk->rows || worker->chunk->rows == 0 ||
           taken > 3 * most;
}

static bool is_time_to_look(const struct worker *worker) {
    return worker->rows_read % LOOK_ROWS == 0 || worker->out.size >= SEND_SIZE;
}

void worker_copy_row(struct worker *worker, const char *data, size_t size) {
    switch (row_map_row(&worker->map, data, size, &worker->out, &worker->error)) {
        case ROW_MAPPED:
            worker->rows_read++;
            break;
        case ROW_NONE:
            return;
        case ROW_REFUSED:
            worker->fault = FAULT_ROW;
            worker_fail(worker);
            return;
        case ROW_ODD:
            worker->fault = FAULT_ODD;
            worker_fail(worker);
            return;
    }
    if (is_time_to_look(worker) && takes_too_long(worker)) {
        worker_give_back(worker);
        return;
    }
    if (worker->out.size >= SEND_SIZE) {
        worker_feed(worker);
    }
    worker_pace(worker);
}

/* The reader is not read from, up to its end, while a large row is on its way. */
void worker_end_copy(struct worker *worker) {
    row_map_end(&worker->map, &worker->out);
    session_put_copy(&worker->writer, worker->out.data + worker->fed,
                     worker->out.size - worker->fed);
    buf_reset(&worker->out);
    worker->fed = 0;
    worker_set_state(worker, WORKER_closing);
    session_end_copy(&worker->writer, NULL);
}

/* ending */

static const char record_sql[] =
    "WITH counted AS ("
    "    UPDATE pgtandem.progress SET parked = parked + $6::bigint"
    "     WHERE migration = $1 AND link = 'forward' AND $6::bigint > 0)"
    "UPDATE pgtandem.chunk"
    "   SET rows_read = $4::bigint, rows_written = $5::bigint, rows_parked = $6::bigint,"
    "       snapshot = $7, done_at = clock_timestamp()"
    " WHERE migration = $1 AND table_number = $2::int AND chunk = $3::int";

/* Every row that was sent must be there: the servers' counts are not ours. */
static bool counts_are_right(struct worker *worker) {
    if (worker->rows_read == worker->rows_written + worker->rows_parked &&
        worker->rows_read == worker->rows_sent) {
        return true;
    }
    worker->fault = FAULT_ODD;
    if (worker->rows_read != worker->rows_sent) {
        return err_set(&worker->error, ERR_FAILED,
                       "%" PRId64 " rows were sent, but %" PRId64 " came", worker->rows_sent,
                       worker->rows_read);
    }
    return err_set(&worker->error, ERR_FAILED,
                   "%" PRId64 " rows were read, but %" PRId64 " written and %" PRId64 " parked",
                   worker->rows_read, worker->rows_written, worker->rows_parked);
}

void worker_record(struct worker *worker) {
    if (!counts_are_right(worker)) {
        worker_fail(worker);
        return;
    }
    struct chunk_id id = id_of(worker->chunk);
    char read[24], written[24], parked[24];
    snprintf(read, sizeof read, "%" PRId64, worker->rows_read);
    snprintf(written, sizeof written, "%" PRId64, worker->rows_written);
    snprintf(parked, sizeof parked, "%" PRId64, worker->rows_parked);
    const char *params[] = {worker->job->m->config->migration,
                            id.table,
                            id.chunk,
                            read,
                            written,
                            parked,
                            worker->moment.data};
    worker_set_state(worker, WORKER_recording);
    worker_send(worker, record_sql, 7, params);
}

/* A trigger that leaves a row out says nothing of it. */
static void after_closing(struct worker *worker) {
    worker->rows_written = worker->affected;
    if (worker->rows_written < worker->rows_read) {
        worker->fault = FAULT_ROW;
        worker_fail(worker);
    } else {
        worker_record(worker);
    }
}

void worker_rest(struct worker *worker) {
    usec_t rest = pedal_rest(&worker->job->pedal, worker->worked, usec_monotonic());
    if (rest > 0) {
        worker_set_state(worker, WORKER_resting);
        timer_start(worker->timer, rest);
    } else {
        worker_proceed(worker);
    }
}

static void release_snapshot(struct worker *worker) {
    worker_set_state(worker, WORKER_releasing);
    worker->fault = FAULT_NONE;
    session_send(&worker->reader, "COMMIT", 0, NULL);
}

static void after_commit(struct worker *worker) {
    struct chunk *chunk = worker->chunk;
    worker->chunk = NULL;
    sift_committed(worker);
    worker->care = CARE_none;
    worker->worked = usec_monotonic() - worker->begun_at;
    job_finish(worker->job, chunk, worker->rows_read, worker->rows_parked, worker->worked);
    worker_recover(worker);
    if (worker->job->chunked) {
        release_snapshot(worker);
    } else {
        worker_rest(worker);
    }
}

void worker_harden(struct worker *worker) {
    struct buf sql;
    buf_init(&sql);
    buf_add_format(&sql, "SELECT pg_current_wal_flush_lsn() >= '%s'", worker->shown);
    worker_set_state(worker, WORKER_hardening);
    session_send(&worker->reader, sql.data, 0, NULL);
    buf_fini(&sql);
}

static void commit(struct worker *worker) {
    worker_set_state(worker, WORKER_committing);
    worker_send(worker, "COMMIT", 0, NULL);
}

void worker_next_step(struct worker *worker) {
    switch (worker->state) {
        case WORKER_beginning:
            lock_ledger(worker);
            break;
        case WORKER_locking:
            after_locking(worker);
            break;
        case WORKER_closing:
            after_closing(worker);
            break;
        case WORKER_recording:
            if (worker->job->one_server) { /* this commit is on disk behind those */
                commit(worker);
            } else {
                worker_harden(worker);
            }
            break;
        case WORKER_hardening:
            if (worker->hard) {
                commit(worker);
            } else {
                timer_start(worker->timer, hardening_pause);
            }
            break;
        case WORKER_committing:
            after_commit(worker);
            break;
        case WORKER_claiming:
            worker_proceed(worker);
            break;
        case WORKER_down:
        case WORKER_resting:
        case WORKER_importing:
        case WORKER_idle:
        case WORKER_opening: /* goes on with COPY's own answer */
        case WORKER_copying:
        case WORKER_sifting:
        case WORKER_releasing:
        case WORKER_draining:
        case WORKER_undoing:
            break;
    }
}
