/* sift.c - see sift.h. */
#include "copy/sift.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apply/described.h"
#include "base/mem.h"
#include "copy/chunk.h"
#include "copy/park.h"
#include "copy/worker.h"
#include "model/disclosure.h"

void sift_init(struct sift *sift, int64_t most) {
    buf_init(&sift->lines);
    arena_init(&sift->arena);
    sift->parks.limit = sift->committed_parks.limit = most;
}

void sift_fini(struct sift *sift) {
    buf_fini(&sift->lines);
    arena_fini(&sift->arena);
}

static void empty_block(struct sift *sift) {
    buf_reset(&sift->lines);
    sift->n_rows = sift->n_waiting = 0;
    sift->sealed = false;
}

void sift_begin(struct worker *worker) {
    struct sift *sift = &worker->sift;
    empty_block(sift);
    sift->state = SIFT_gathering;
    sift->reader_done = false;
    sift->parks = sift->committed_parks; /* a try that failed has parked nothing */
}

void sift_committed(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker->care == CARE_none && worker->rows_written > 0) {
        park_streak_end(&sift->parks);
    }
    sift->committed_parks = sift->parks;
}

/* the block, range by range */

static void load(struct worker *worker, struct sift_range range) {
    struct sift *sift = &worker->sift;
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SAVEPOINT pgtandem; ");
    chunk_sql_write(&sql, worker->chunk->mapping, FORMAT_TEXT);
    sift->range = range;
    sift->guarded = true;
    sift->bare = false;
    sift->state = SIFT_loading;
    worker_send(worker, sql.data, 0, NULL);
    buf_fini(&sql);
}

static void gather(struct worker *worker) {
    worker->sift.state = SIFT_gathering;
    worker_pause(worker, PAUSE_SIFT, false);
}

static void seal(struct worker *worker) {
    struct sift *sift = &worker->sift;
    sift->sealed = true;
    sift->waiting[sift->n_waiting++] = (struct sift_range){0, sift->n_rows};
}

/* What is to be done when nothing is under way. */
static void proceed(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (sift->n_waiting > 0) {
        load(worker, sift->waiting[--sift->n_waiting]);
        return;
    }
    if (sift->sealed) {
        empty_block(sift);
    }
    if (!sift->reader_done) {
        gather(worker);
    } else if (sift->n_rows > 0) {
        seal(worker);
        proceed(worker);
    } else {
        worker_record(worker);
    }
}

static size_t line_start(const struct sift *sift, size_t row) {
    return row == 0 ? 0 : sift->ends[row - 1];
}

static void feed(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker_put(worker, sift->lines.data, line_start(sift, sift->range.to), &sift->fed)) {
        session_end_copy(&worker->writer, NULL);
    }
}

void sift_writer_copies(struct worker *worker) {
    worker->sift.fed = line_start(&worker->sift, worker->sift.range.from);
    feed(worker);
}

void sift_writer_drained(struct worker *worker) {
    if (worker->writer.state == SESSION_copy_in) {
        feed(worker);
    }
}

/* rows at fault */

static void fail(struct worker *worker, const struct err *err) {
    job_fail(worker->job, err);
    worker_fail(worker);
}

#define SHOWS_VALUES "pgtandem status --values shows its key and what the server said"

/* The one that was loaded by itself, or refused by its transform. */
static const struct value *row_at_fault(struct worker *worker) {
    struct sift *sift = &worker->sift;
    arena_reset(&sift->arena);
    if (!sift->guarded) {
        return row_map_refused(&worker->map, &sift->arena);
    }
    size_t from = line_start(sift, sift->range.from), to = line_start(sift, sift->range.to);
    return row_map_parse(worker->chunk->mapping, sift->lines.data + from, to - from, &sift->arena);
}

static void name_row(struct worker *worker, const struct value *row, struct err *err) {
    const struct mapping *mapping = worker->chunk->mapping;
    disclosure_name_row(err, mapping, park_key(mapping, row, &worker->sift.arena));
}

static void stop(struct worker *worker, const struct value *row, const struct err *why) {
    const struct mapping *mapping = worker->chunk->mapping;
    struct err err = *why;
    err_context(&err, "it cannot be copied to %s.%s", mapping->target->name.schema,
                mapping->target->name.name);
    name_row(worker, row, &err);
    err_hint(&err, "mend the row in the old table, or set conflicts.on_row_error to park; then "
                   "start again; " SHOWS_VALUES);
    err_set_class(&err, ERR_CLASS_FATAL);
    fail(worker, &err);
}

static void stop_for_all(struct worker *worker, const struct value *row, const struct err *why) {
    struct err err = *why;
    name_row(worker, row, &err);
    err_context(&err,
                "%" PRId64 " rows one after the other could not be copied to %s.%s and were to be "
                "parked, the next one neither",
                worker->sift.parks.length, worker->chunk->mapping->target->name.schema,
                worker->chunk->mapping->target->name.name);
    err_hint(
        &err,
        "it is not the rows but the new table, one of its triggers or constraints, or "
        "the mapping that refuses them: mend that; if each row is at fault by itself, "
        "raise conflicts.max_parked_in_a_row; then start again; of the next one " SHOWS_VALUES);
    fail(worker, &err);
}

static void stop_for_parking(struct worker *worker) {
    struct err err = worker->error;
    err_context(&err, "it cannot be parked");
    err_context_server(&err, "%s; it cannot be parked", worker->row_error.server);
    name_row(worker, row_at_fault(worker), &err);
    err_append(&err, "; the row was to be parked because of: %s", worker->row_error.message);
    err_hint(&err, "mend what keeps rows from being written to pgtandem.parked, or the row in the "
                   "old table; then start again; " SHOWS_VALUES);
    err.class = ERR_CLASS_FATAL;
    fail(worker, &err);
}

/* For worker->row_error. */
static void park(struct worker *worker, const struct value *row, bool has_image) {
    struct sift *sift = &worker->sift;
    const struct config *config = worker->job->m->config;
    if (config->conflicts.on_row_error == ROW_ERROR_STOP) {
        stop(worker, row, &worker->row_error);
        return;
    }
    if (!sift->bare && !park_streak_allows(&sift->parks, worker->row_error.sqlstate)) {
        stop_for_all(worker, row, &worker->row_error);
        return;
    }
    log_err(&worker->job->log, LOG_DEBUG, &worker->row_error);
    const char *params[PARK_PARAMS];
    park_params(worker->chunk->mapping, config->migration, row, has_image, &worker->row_error,
                &sift->arena, params);
    sift->state = SIFT_parking;
    worker_send(worker, park_sql, PARK_PARAMS, params);
    arena_reset(&sift->arena);
}

static void park_refused(struct worker *worker, const struct err *why) {
    struct sift *sift = &worker->sift;
    worker->row_error = *why;
    snprintf(worker->row_error.sqlstate, sizeof worker->row_error.sqlstate, "22000");
    sift->guarded = sift->bare = false;
    worker_pause(worker, PAUSE_SIFT, true);
    park(worker, row_at_fault(worker), false);
}

static void park_written(struct worker *worker) {
    struct sift *sift = &worker->sift;
    size_t size = line_start(sift, sift->range.to) - line_start(sift, sift->range.from);
    park(worker, row_at_fault(worker), !sift->bare && size <= DESCRIBED_ROW_MAX);
}

/* events */

void sift_row(struct worker *worker, const char *line, size_t size) {
    struct sift *sift = &worker->sift;
    struct err err;
    worker->rows_read++;
    worker_pace(worker);
    switch (row_map_row(&worker->map, line, size, &sift->lines, &err)) {
        case ROW_MAPPED:
            sift->ends[sift->n_rows++] = sift->lines.size;
            break;
        case ROW_REFUSED:
            park_refused(worker, &err);
            return;
        case ROW_NONE:
            return;
        case ROW_ODD:
            worker->fault = FAULT_ODD;
            worker->error = err;
            worker_fail(worker);
            return;
    }
    if (sift->n_rows == SIFT_ROWS || sift->lines.size >= SIFT_BYTES) {
        worker_pause(worker, PAUSE_SIFT, true);
        seal(worker);
        proceed(worker);
    }
}

void sift_reader_done(struct worker *worker) {
    worker->sift.reader_done = true;
    proceed(worker);
}

static size_t range_rows(const struct sift *sift) {
    return sift->range.to - sift->range.from;
}

/* Back to the savepoint, which a single row still needs, to be parked behind it. */
static void undo(struct worker *worker) {
    struct sift *sift = &worker->sift;
    sift->state = SIFT_undoing;
    worker_send(worker,
                range_rows(sift) == 1
                    ? "ROLLBACK TO SAVEPOINT pgtandem"
                    : "ROLLBACK TO SAVEPOINT pgtandem; RELEASE SAVEPOINT pgtandem",
                0, NULL);
}

static void release(struct worker *worker) {
    worker->sift.state = SIFT_releasing;
    worker_send(worker, "RELEASE SAVEPOINT pgtandem", 0, NULL);
}

/* triggered_action_exception */
static void set_left_out(struct err *err) {
    err_set(err, ERR_FAILED,
            "the table took the row without an error and does not have it: one of "
            "its triggers has left it out");
    err_set_class(err, ERR_CLASS_ROW);
    memcpy(err->sqlstate, "09000", sizeof err->sqlstate);
}

static void after_loading(struct worker *worker) {
    struct sift *sift = &worker->sift;
    bool kept = worker->affected == (int64_t)range_rows(sift);
    if (worker->fault == FAULT_NONE && kept) {
        worker->rows_written += worker->affected;
        park_streak_end(&sift->parks);
        release(worker);
    } else if (worker->fault == FAULT_NONE) {
        set_left_out(&worker->row_error);
        undo(worker);
    } else if (worker->error.class == ERR_CLASS_ROW) {
        worker->row_error = worker->error;
        undo(worker);
    } else {
        worker_fail(worker);
    }
}

static void add_halves(struct sift *sift) {
    struct sift_range range = sift->range;
    size_t middle = range.from + range_rows(sift) / 2;
    sift->waiting[sift->n_waiting++] = (struct sift_range){middle, range.to};
    sift->waiting[sift->n_waiting++] = (struct sift_range){range.from, middle};
}

static void after_undoing(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker->fault != FAULT_NONE) {
        worker_fail(worker);
    } else if (range_rows(sift) == 1) {
        park_written(worker);
    } else {
        add_halves(sift);
        proceed(worker);
    }
}

/* A row that cannot be kept with its image is kept without. */
static void after_parking_failed(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker->error.class != ERR_CLASS_ROW) {
        worker_fail(worker);
    } else if (sift->guarded && !sift->bare) {
        sift->bare = true;
        undo(worker);
    } else {
        stop_for_parking(worker);
    }
}

static void after_parking(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker->fault != FAULT_NONE) {
        after_parking_failed(worker);
        return;
    }
    worker->rows_parked++;
    park_streak_add(&sift->parks, worker->row_error.sqlstate);
    if (sift->guarded) {
        release(worker);
    } else {
        proceed(worker);
    }
}

static void after_releasing(struct worker *worker) {
    if (worker->fault != FAULT_NONE) {
        worker_fail(worker);
    } else {
        proceed(worker);
    }
}

void sift_writer_ready(struct worker *worker) {
    switch (worker->sift.state) {
        case SIFT_gathering:
            break; /* nothing was asked */
        case SIFT_loading:
            after_loading(worker);
            break;
        case SIFT_releasing:
            after_releasing(worker);
            break;
        case SIFT_undoing:
            after_undoing(worker);
            break;
        case SIFT_parking:
            after_parking(worker);
            break;
    }
}
