/* sift.c - see sift.h. */
#include "copy/sift.h"

#include <stdio.h>

#include "base/mem.h"
#include "copy/chunk.h"
#include "copy/park.h"
#include "copy/worker.h"

void sift_init(struct sift *sift) {
    buf_init(&sift->lines);
    arena_init(&sift->arena);
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
}

/* the block, range by range */

static void load(struct worker *worker, struct sift_range range) {
    struct sift *sift = &worker->sift;
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SAVEPOINT pgtandem; ");
    chunk_sql_write(&sql, worker->chunk->mapping, FORMAT_TEXT);
    sift->range = range;
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

void sift_writer_copies(struct worker *worker) {
    const struct sift *sift = &worker->sift;
    size_t from = line_start(sift, sift->range.from), to = line_start(sift, sift->range.to);
    session_put_copy(&worker->writer, sift->lines.data + from, to - from);
    session_end_copy(&worker->writer, NULL);
}

/* rows at fault */

static void stop(struct worker *worker, const struct value *row, const struct err *why) {
    const struct mapping *mapping = worker->chunk->mapping;
    struct err err;
    err_set(&err, ERR_FAILED, "the row with %s of %s.%s cannot be copied to %s.%s: %s",
            park_key_text(mapping, row, &worker->sift.arena), mapping->source->name.schema,
            mapping->source->name.name, mapping->target->name.schema, mapping->target->name.name,
            why->message);
    err_hint(&err, "mend the row in the old table, or set conflicts.on_row_error to park; then "
                   "start again");
    job_fail(worker->job, &err);
    worker_fail(worker);
}

static void park(struct worker *worker, const struct value *row, bool has_image,
                 const struct err *why) {
    const struct config *config = worker->job->m->config;
    if (config->conflicts.on_row_error == ROW_ERROR_STOP) {
        stop(worker, row, why);
        return;
    }
    const char *params[PARK_PARAMS];
    park_params(worker->chunk->mapping, config->migration, row, has_image, why, &worker->sift.arena,
                params);
    worker->sift.state = SIFT_parking;
    worker_send(worker, park_sql, PARK_PARAMS, params);
}

static void park_refused(struct worker *worker, struct err *why) {
    struct sift *sift = &worker->sift;
    snprintf(why->sqlstate, sizeof why->sqlstate, "22000");
    arena_reset(&sift->arena);
    worker_pause(worker, PAUSE_SIFT, true);
    park(worker, row_map_refused(&worker->map, &sift->arena), false, why);
}

static void park_written(struct worker *worker) {
    struct sift *sift = &worker->sift;
    arena_reset(&sift->arena);
    size_t from = line_start(sift, sift->range.from), to = line_start(sift, sift->range.to);
    const struct value *row =
        row_map_parse(worker->chunk->mapping, sift->lines.data + from, to - from, &sift->arena);
    park(worker, row, true, &worker->row_error);
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

static void after_loading(struct worker *worker) {
    struct sift *sift = &worker->sift;
    if (worker->fault == FAULT_NONE) {
        worker->rows_written += worker->affected;
        sift->state = SIFT_releasing;
        worker_send(worker, "RELEASE SAVEPOINT pgtandem", 0, NULL);
    } else if (worker->error.class == ERR_CLASS_ROW) {
        worker->row_error = worker->error;
        sift->state = SIFT_undoing;
        worker_send(worker, "ROLLBACK TO SAVEPOINT pgtandem; RELEASE SAVEPOINT pgtandem", 0, NULL);
    } else {
        worker_fail(worker);
    }
}

static void after_undoing(struct worker *worker) {
    struct sift *sift = &worker->sift;
    struct sift_range range = sift->range;
    if (range.to - range.from == 1) {
        park_written(worker);
        return;
    }
    size_t middle = range.from + (range.to - range.from) / 2;
    sift->waiting[sift->n_waiting++] = (struct sift_range){middle, range.to};
    sift->waiting[sift->n_waiting++] = (struct sift_range){range.from, middle};
    proceed(worker);
}

void sift_writer_ready(struct worker *worker) {
    enum sift_state state = worker->sift.state;
    if (state == SIFT_loading) {
        after_loading(worker);
    } else if (worker->fault != FAULT_NONE) {
        worker_fail(worker);
    } else if (state == SIFT_undoing) {
        after_undoing(worker);
    } else {
        worker->rows_parked += state == SIFT_parking;
        proceed(worker);
    }
}
