/* planner.c - see planner.h. */
#include "copy/planner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "copy/bound.h"
#include "copy/ledger.h"
#include "pg/operators.h"
#include "pg/quote.h"

/* A server that gives no sign of life for so long is asked anew: whoever waits for the
 * planner hears no pause meanwhile. What it asks for takes seconds, on a slow disk minutes. */
static const usec_t planner_patience = 600 * USEC_SECOND;

void planner_init(struct planner *planner, struct job *job, const char *snapshot) {
    struct migration *m = job->m;
    memset(planner, 0, sizeof *planner);
    planner->job = job;
    planner->lent = snapshot;
    planner->n_tables = m->n_tables;
    planner->tables = mem_zero(m->n_tables, sizeof *planner->tables);
    for (size_t i = 0; i < m->n_tables; i++) {
        planner->tables[i].mapping = migration_mapping(m, i, FORWARD);
    }
    db_init(&planner->db, m->loop, SESSION_SQL, m->old_side.dsn, m->old_side.label,
            "pgtandem copy planner");
    planner->db.pinned = true; /* its snapshot goes with it */
    planner->db.patience = planner_patience;
    planner->db.session.settings = "-c enable_seqscan=off -c max_parallel_workers_per_gather=0";
}

void planner_fini(struct planner *planner) {
    db_close(&planner->db);
    for (size_t i = 0; i < planner->n_tables; i++) {
        chunk_free(planner->tables[i].last);
        begun_fini(&planner->tables[i].begun);
    }
    free(planner->tables);
}

/* the ledger */

static void add_todo(void *owner, struct chunk *chunk) {
    job_add(owner, chunk);
}

static bool check_empty(struct migration *m, const struct mapping *mapping, struct err *err) {
    const struct table_name *name = &mapping->target->name;
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT NOT EXISTS (SELECT FROM ");
    quote_table(&sql, name);
    buf_add_char(&sql, ')');
    bool empty;
    bool ok = db_bool(&m->new_side.db, err, &empty, sql.data, 0, NULL);
    buf_fini(&sql);
    if (!ok || empty) {
        return ok;
    }
    err_set(err, ERR_FAILED, "the new table %s.%s is not empty, and the copy has not begun",
            name->schema, name->name);
    return err_hint(err,
                    "empty it (TRUNCATE %s.%s), or go on without a copy, if every row of the old "
                    "table is there already: run --no-backfill",
                    name->schema, name->name);
}

/* Has the last chunk that was planned reached the table's end? */
static bool is_planned(const struct planner_table *table) {
    const struct chunk *last = table->last;
    return last != NULL && (last->high == NULL ||
                            bound_equal(last->high, table->begun.last_key, table->mapping->n_key));
}

/* Nothing is left to be copied: then the tables may be what they like. */
static bool is_done(const struct planner_table *table, const struct ledger_table *sums) {
    return is_planned(table) && sums->chunks_done == sums->chunks;
}

/* Reads how the table's copy was begun; *changed: with something else. */
static bool load_beginning(struct planner *planner, struct planner_table *table,
                           struct err *changed, struct err *err) {
    err_clear(changed);
    if (begun_read(planner->job->m, table->mapping, &table->begun, changed) ||
        changed->code == ERR_USAGE) {
        return true;
    }
    *err = *changed;
    return false;
}

static bool load_table(struct planner *planner, struct planner_table *table, struct err *err) {
    struct job *job = planner->job;
    struct ledger_table sums;
    struct err changed;
    if (!load_beginning(planner, table, &changed, err) ||
        !ledger_read(job->m, table->mapping, &sums, add_todo, job, err)) {
        return false;
    }
    table->last = sums.last;
    table->planned = is_planned(table);
    if (changed.code != ERR_NONE && !is_done(table, &sums)) {
        *err = changed;
        return false;
    }
    planner->chunks_before += sums.chunks_done;
    planner->rows_before += sums.rows_done;
    job->rows_done += sums.rows_done;
    job->rows_parked += sums.rows_parked;
    return sums.chunks > 0 || check_empty(job->m, table->mapping, err);
}

static bool find_operators(struct planner *planner, struct err *err) {
    struct migration *m = planner->job->m;
    buf_add_text(&planner->job->reader_path, "SET search_path = ");
    return operators_path(m, FORWARD, &m->old_side.db, &planner->job->reader_path, err);
}

bool planner_load(struct planner *planner, struct err *err) {
    for (size_t i = 0; i < planner->n_tables; i++) {
        if (!load_table(planner, &planner->tables[i], err)) {
            return false;
        }
    }
    return find_operators(planner, err) && horizon_read(planner->job->m, planner->horizon, err);
}

/* the snapshot */

static const char begin_sql[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/* Runs `sql`, which gives the snapshot's name and the time: no commit that the
 * snapshot shows is later than that. */
static bool note_snapshot(struct planner *planner, const char *sql, struct err *err) {
    struct job *job = planner->job;
    PGresult *r = db_query(&planner->db, err, sql, 0, NULL);
    if (r == NULL || PQntuples(r) == 0) {
        PQclear(r);
        return false; /* or a table was rewritten since: it is empty there */
    }
    snprintf(job->snapshot, sizeof job->snapshot, "%s", PQgetvalue(r, 0, 0));
    snprintf(job->snapshot_at, sizeof job->snapshot_at, "%s", PQgetvalue(r, 0, 1));
    PQclear(r);
    return true;
}

static bool open_lent(struct planner *planner, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_format(&sql, "%s; SET TRANSACTION SNAPSHOT ", begin_sql);
    quote_literal(&sql, planner->lent, strlen(planner->lent));
    buf_add_text(&sql, "; ");
    job_add_lock(planner->job, NULL, &sql);
    buf_add_text(&sql, "SELECT ");
    quote_literal(&sql, planner->lent, strlen(planner->lent));
    buf_add_text(&sql, ", clock_timestamp() WHERE ");
    job_add_is_current(planner->job, &sql);
    bool ok = note_snapshot(planner, sql.data, err);
    buf_fini(&sql);
    return ok;
}

static bool begin_own(struct planner *planner, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_format(&sql, "%s; ", begin_sql);
    job_add_lock(planner->job, NULL, &sql);
    bool ok = db_exec(&planner->db, err, sql.data, 0, NULL);
    buf_fini(&sql);
    return ok;
}

static bool open_own(struct planner *planner, struct err *err) {
    return (begin_own(planner, err) && horizon_is_past(&planner->db, planner->horizon, err) &&
            note_snapshot(planner, "SELECT pg_export_snapshot(), clock_timestamp()", err)) ||
           err_context(err, "cannot export a snapshot of %s", planner->db.label);
}

static bool reconnect(struct planner *planner, struct err *err) {
    return db_open(&planner->db, err) &&
           db_exec(&planner->db, err, planner->job->reader_path.data, 0, NULL);
}

static bool open_any(struct planner *planner, struct err *err) {
    struct job *job = planner->job;
    if (planner->lent != NULL && !job->snapshot_gone) {
        if (!reconnect(planner, err)) {
            return false;
        }
        if (open_lent(planner, err)) {
            return true;
        }
    }
    bool is_first = job->snapshot[0] == '\0' && planner->lent == NULL;
    if (!reconnect(planner, err) || !open_own(planner, err)) {
        return false;
    }
    planner->lent = NULL;
    job->snapshot_gone = false;
    if (!is_first) {
        log_line(&job->log, LOG_INFO,
                 "the snapshot has gone: what is still to be read is read from a new one");
    }
    return true;
}

/* Nothing is held: once a snapshot shows all it must, each later one does. */
static bool open_chunked(struct planner *planner, struct err *err) {
    return (session_is_open(&planner->db.session) || reconnect(planner, err)) &&
           (planner->holds_snapshot || horizon_is_past(&planner->db, planner->horizon, err));
}

bool planner_open(struct planner *planner, struct err *err) {
    if (planner->job->chunked) {
        planner->holds_snapshot = open_chunked(planner, err);
        return planner->holds_snapshot;
    }
    bool is_alive = planner->holds_snapshot && session_is_open(&planner->db.session);
    if (!is_alive || planner->job->snapshot_gone) {
        planner->holds_snapshot = open_any(planner, err);
    }
    return planner->holds_snapshot;
}

/* planning */

static struct planner_table *table_to_plan(const struct planner *planner) {
    for (size_t i = 0; i < planner->n_tables; i++) {
        if (!planner->tables[i].planned) {
            return &planner->tables[i];
        }
    }
    return NULL;
}

bool planner_is_done(const struct planner *planner) {
    return table_to_plan(planner) == NULL && planner->job->oversized == NULL;
}

static int add_params(const char **params, int count, char *const *bound, size_t n) {
    for (size_t i = 0; bound != NULL && i < n; i++) {
        params[count++] = bound[i];
    }
    return count;
}

/* The key with which a chunk that begins behind `low` ends; none when fewer rows are
 * left up to `last`. */
static PGresult *query_boundary(struct planner *planner, const struct mapping *mapping,
                                char *const *low, char *const *last, int64_t rows,
                                struct err *err) {
    const char **params = mem_zero(2 * mapping->n_key, sizeof *params);
    int n = add_params(params, 0, low, mapping->n_key);
    n = add_params(params, n, last, mapping->n_key);
    struct buf sql;
    buf_init(&sql);
    chunk_sql_boundary(&sql, mapping, low != NULL, last != NULL, rows);
    PGresult *r = db_query(&planner->db, err, sql.data, n, params);
    buf_fini(&sql);
    free(params);
    if (r == NULL) {
        planner->holds_snapshot = false; /* its transaction has failed */
        err_context(err, "while looking for the next chunk of %s.%s", mapping->source->name.schema,
                    mapping->source->name.name);
    }
    return r;
}

static char **copy_of(char *const *bound, size_t n) {
    return bound_new((const char *const *)bound, n);
}

/* The chunk behind the table's last, which has `rows` rows if it has a boundary. */
static struct chunk *chunk_after(const struct planner_table *table, const PGresult *boundary,
                                 int64_t rows) {
    const struct mapping *mapping = table->mapping;
    const struct chunk *before = table->last;
    bool bounded = PQntuples(boundary) > 0;
    char **low = before != NULL ? copy_of(before->high, mapping->n_key) : NULL;
    char **high = bounded ? bound_from_result(boundary, 0, 0, mapping->n_key)
                          : copy_of(table->begun.last_key, mapping->n_key);
    struct chunk *chunk = chunk_new(mapping, before != NULL ? before->number + 1 : 1, low, high);
    chunk->rows = bounded ? rows : 0;
    return chunk;
}

/* A ledger of an earlier version has chunks and does not say how it was begun. */
static bool begin_table(struct planner *planner, struct planner_table *table, struct err *err) {
    if (table->begun.exists ||
        begun_write(planner->job->m, table->mapping, &planner->db, &table->begun, err)) {
        return true;
    }
    planner->holds_snapshot = false;
    return false;
}

static bool plan_next_of(struct planner *planner, struct planner_table *table, struct err *err) {
    if (!begin_table(planner, table, err)) {
        return false;
    }
    int64_t rows = job_chunk_rows(planner->job, table->mapping);
    PGresult *boundary =
        query_boundary(planner, table->mapping, table->last != NULL ? table->last->high : NULL,
                       table->begun.last_key, rows, err);
    if (boundary == NULL) {
        return false;
    }
    struct chunk *chunk = chunk_after(table, boundary, rows);
    PQclear(boundary);
    if (!ledger_add(planner->job->m, chunk, &planner->stale, err)) {
        chunk_free(chunk);
        return false;
    }
    chunk_free(table->last);
    table->last = chunk;
    table->planned = is_planned(table);
    job_add(planner->job, chunk_copy(chunk));
    return true;
}

/* one that takes too long */

/* It takes as long as it takes: given up once more it would be cut no better. */
static void queue_as_it_is(struct job *job) {
    struct chunk *chunk = job->oversized;
    job->oversized = chunk->next;
    chunk->whole = true;
    job_add(job, chunk);
}

/* The rows up to `at` are a chunk of their own from now on. */
static bool cut_at(struct planner *planner, char **at, int64_t rows, struct err *err) {
    struct job *job = planner->job;
    struct chunk *rest = job->oversized;
    int number;
    if (!ledger_cut(job->m, rest, at, &number, &planner->stale, err)) {
        return false;
    }
    struct chunk *piece =
        chunk_new(rest->mapping, number, rest->low, copy_of(at, rest->mapping->n_key));
    piece->rows = rows;
    rest->low = copy_of(at, rest->mapping->n_key);
    rest->rows = rest->rows > rows ? rest->rows - rows : 0;
    job_add(job, piece);
    return true;
}

static bool cut(struct planner *planner, struct err *err) {
    struct job *job = planner->job;
    const struct mapping *mapping = job->oversized->mapping;
    int64_t rows = job_chunk_rows(job, mapping);
    PGresult *boundary =
        query_boundary(planner, mapping, job->oversized->low, job->oversized->high, rows, err);
    if (boundary == NULL) {
        return false;
    }
    char **at = PQntuples(boundary) > 0 ? bound_from_result(boundary, 0, 0, mapping->n_key) : NULL;
    PQclear(boundary);
    bool whole = at == NULL || bound_equal(at, job->oversized->high, mapping->n_key);
    bool ok = whole || cut_at(planner, at, rows, err);
    if (whole) {
        queue_as_it_is(job);
    }
    bound_free(at, mapping->n_key);
    return ok;
}

bool planner_next(struct planner *planner, struct err *err) {
    struct planner_table *table = table_to_plan(planner);
    if (planner->job->oversized != NULL) {
        return cut(planner, err);
    }
    return table == NULL || plan_next_of(planner, table, err);
}
