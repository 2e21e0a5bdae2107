/* job.c - see job.h. */
#include "copy/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/mem.h"
#include "pg/quote.h"

/* Somebody else's lock, or a predecessor's connection that is still ending, are
 * not worth a word if they are gone after that many tries. */
enum { QUIET_TRIES = 4 };

static const usec_t first_delay = USEC_SECOND / 10, longest_delay = 5 * USEC_SECOND;

void job_init(struct job *job, struct migration *m) {
    memset(job, 0, sizeof *job);
    job->m = m;
    job->log = (struct log_source){m->config->migration, "copy", 0};
    buf_init(&job->writer_settings);
    buf_init(&job->reader_path);
    job->chunked = m->config->backfill.snapshot == SNAPSHOT_CHUNKED;
    job->sizers = mem_zero(m->n_tables, sizeof *job->sizers);
    for (size_t i = 0; i < m->n_tables; i++) {
        sizer_init(&job->sizers[i], m->config->backfill.chunk_rows, m->config->backfill.chunk_time);
    }
    pedal_start(&job->pedal, m->config->backfill.warm_up, usec_monotonic());
    pace_init(&job->pace, m->config->backfill.max_rows_per_second, usec_monotonic());
}

static void free_chunks(struct chunk *first) {
    for (struct chunk *chunk = first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        chunk_free(chunk);
    }
}

void job_fini(struct job *job) {
    free_chunks(job->first);
    free_chunks(job->oversized);
    free(job->sizers);
    buf_fini(&job->writer_settings);
    buf_fini(&job->reader_path);
}

enum copy_format job_format(const struct job *job, const struct mapping *mapping) {
    return job->one_version ? copy_format_of(mapping, job->m->same_database) : FORMAT_TEXT;
}

void job_add_lock(const struct job *job, const struct mapping *mapping, struct buf *sql) {
    buf_add_text(sql, "LOCK TABLE ");
    for (size_t i = 0; i < job->m->n_tables; i++) {
        const struct mapping *one = migration_mapping(job->m, i, FORWARD);
        if (mapping == NULL || mapping == one) {
            buf_add_text(sql, mapping == NULL && i > 0 ? ", " : "");
            quote_table(sql, &one->source->name);
        }
    }
    buf_add_text(sql, " IN ACCESS SHARE MODE; ");
}

/* The catalog's row is the snapshot's, the function's answer is of now. */
void job_add_is_current(const struct job *job, struct buf *sql) {
    buf_add_text(sql, "(SELECT count(*) FROM pg_class WHERE relfilenode ="
                      " pg_relation_filenode(oid) AND oid IN (");
    for (size_t i = 0; i < job->m->n_tables; i++) {
        buf_add_format(sql, "%s%u", i > 0 ? ", " : "",
                       migration_mapping(job->m, i, FORWARD)->source->oid);
    }
    buf_add_format(sql, ")) = %zu", job->m->n_tables);
}

void job_add(struct job *job, struct chunk *chunk) {
    chunk->next = NULL;
    if (job->first == NULL) {
        job->first = chunk;
    } else {
        job->last->next = chunk;
    }
    job->last = chunk;
    job->n_queued++;
}

struct chunk *job_take(struct job *job) {
    struct chunk *chunk = job->pedal.holding ? NULL : job->first;
    if (chunk != NULL) {
        job->woken = true; /* there is room in the queue */
        job->first = chunk->next;
        chunk->next = NULL;
        job->n_queued--;
        job->n_running++;
    }
    return chunk;
}

/* A chunk that is held to so many rows a second is not to take longer for it. */
int64_t job_chunk_rows(const struct job *job, const struct mapping *mapping) {
    const struct config_backfill *backfill = &job->m->config->backfill;
    int64_t rows = job->sizers[mapping->number].rows;
    if (job->pace.rows_per_second == 0 || backfill->chunk_time == 0) {
        return rows;
    }
    double share = (double)job->pace.rows_per_second / (double)backfill->jobs;
    double most = share * (double)backfill->chunk_time / 1e6;
    if ((double)rows <= most) {
        return rows;
    }
    return most > SIZER_LEAST ? (int64_t)most : SIZER_LEAST;
}

void job_return(struct job *job, struct chunk *chunk, int64_t rows, usec_t duration) {
    const struct table_name *table = &chunk->mapping->source->name;
    log_line(&job->log, LOG_INFO, "chunk %d of %s.%s takes too long: it is cut into smaller ones",
             chunk->number, table->schema, table->name);
    sizer_note(&job->sizers[chunk->mapping->number], rows, duration);
    job->n_running--;
    chunk->next = job->oversized;
    job->oversized = chunk;
    job->woken = true;
}

/* In a small table a few rows are a large part of it, and easy to look at. */
enum { PARKED_FLOOR = 10000 };

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void look_at_parked(struct job *job) {
    const struct config_backfill *backfill = &job->m->config->backfill;
    int64_t rows = larger(larger(job->rows_estimated, job->rows_done), PARKED_FLOOR);
    struct err err;
    if ((double)job->rows_parked <= backfill->max_parked * (double)rows) {
        return;
    }
    err_set(&err, ERR_FAILED,
            "%" PRId64 " of about %" PRId64 " rows cannot be copied, more than "
            "backfill.max_parked allows (%g)",
            job->rows_parked, larger(job->rows_estimated, job->rows_done), backfill->max_parked);
    err_hint(&err, "pgtandem conflicts list tells why; mend the rows, the transform or the new "
                   "table, and begin again (teardown --all, TRUNCATE, start), or raise "
                   "backfill.max_parked and start again");
    job_fail(job, &err);
}

void job_finish(struct job *job, struct chunk *chunk, int64_t rows, int64_t parked,
                usec_t duration) {
    sizer_note(&job->sizers[chunk->mapping->number], rows, duration);
    job->n_running--;
    job->chunks_done++;
    job->rows_done += rows;
    job->rows_parked += parked;
    look_at_parked(job);
    job->woken = true;
    chunk_free(chunk);
}

static bool is_worth_a_word(const struct err *err, unsigned attempt) {
    return attempt >= QUIET_TRIES ||
           (err->class != ERR_CLASS_CONTENDED && !err_has_sqlstate(err, "55006"));
}

usec_t job_trouble(struct job *job, const struct err *err, unsigned attempt) {
    job->n_troubled += attempt == 0;
    if (!job->told && is_worth_a_word(err, attempt)) {
        job->told = true;
        err_copy_text(job->trouble, sizeof job->trouble, err->message);
        log_err(&job->log, LOG_WARNING, err);
        log_line(&job->log, LOG_WARNING, "the copy tries again until that has passed");
    }
    return backoff_delay(first_delay, longest_delay, attempt);
}

void job_recovered(struct job *job) {
    if (--job->n_troubled == 0 && job->told) {
        log_line(&job->log, LOG_INFO, "the copy goes on");
        job->told = false;
        job->trouble[0] = '\0';
    }
}

void job_fail(struct job *job, const struct err *err) {
    job->woken = true;
    if (!job->failed) {
        job->failed = true;
        job->error = *err;
    }
}
