/* ledger.c - see ledger.h. */
#include "copy/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/bound.h"
#include "pg/db.h"

static bool read_sums(struct migration *m, const struct mapping *mapping,
                      struct ledger_table *table, struct err *err) {
    char number[24];
    snprintf(number, sizeof number, "%zu", mapping->number);
    const char *params[] = {m->config->migration, number};
    PGresult *r = db_query(&m->new_side.db, err,
                           "SELECT count(*), count(done_at), coalesce(sum(rows_read), 0),"
                           "       coalesce(sum(rows_parked), 0)"
                           "  FROM pgtandem.chunk WHERE migration = $1 AND table_number = $2::int",
                           2, params);
    if (r == NULL) {
        return false;
    }
    table->chunks = result_int(r, 0, 0);
    table->chunks_done = result_int(r, 0, 1);
    table->rows_done = result_int(r, 0, 2);
    table->rows_parked = result_int(r, 0, 3);
    PQclear(r);
    return true;
}

static struct chunk *chunk_at(const struct mapping *mapping, const PGresult *r, int row) {
    size_t n = mapping->n_key;
    return chunk_new(mapping, (int)result_int(r, row, 0), bound_from_result(r, row, 2, n),
                     bound_from_result(r, row, 2 + (int)n, n));
}

static PGresult *query_chunks(struct migration *m, const struct mapping *mapping, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT chunk, done_at IS NOT NULL");
    bound_add_columns(&sql, "low", mapping->n_key);
    bound_add_columns(&sql, "high", mapping->n_key);
    buf_add_text(&sql, "  FROM pgtandem.chunk WHERE migration = $1 AND table_number = $2::int"
                       "   AND (done_at IS NULL OR chunk = (SELECT max(chunk) FROM pgtandem.chunk"
                       "                                     WHERE migration = $1"
                       "                                       AND table_number = $2::int))"
                       " ORDER BY chunk");
    char number[24];
    snprintf(number, sizeof number, "%zu", mapping->number);
    const char *params[] = {m->config->migration, number};
    PGresult *r = db_query(&m->new_side.db, err, sql.data, 2, params);
    buf_fini(&sql);
    return r;
}

bool ledger_read(struct migration *m, const struct mapping *mapping, struct ledger_table *table,
                 void (*todo)(void *owner, struct chunk *chunk), void *owner, struct err *err) {
    memset(table, 0, sizeof *table);
    PGresult *r = read_sums(m, mapping, table, err) ? query_chunks(m, mapping, err) : NULL;
    if (r == NULL) {
        return err_context(err, "cannot read the ledger of the copy");
    }
    int n = PQntuples(r);
    for (int i = 0; i < n; i++) {
        if (!result_bool(r, i, 1)) {
            todo(owner, chunk_at(mapping, r, i));
        }
    }
    table->last = n > 0 ? chunk_at(mapping, r, n - 1) : NULL;
    PQclear(r);
    return true;
}

bool ledger_set_stale(struct err *err) {
    err_set(err, ERR_FAILED, "the ledger of the copy is not what it was: it must be read again");
    return err_set_class(err, ERR_CLASS_PASSING);
}

/* No row: there is nothing to be had in the way it was asked for. */
static bool write_chunk(struct migration *m, const char *sql, const char *const *params,
                        int *number, bool *stale, struct err *err) {
    PGresult *r = db_query(&m->new_side.db, err, sql, 5, params);
    if (r == NULL) {
        return err_context(err, "cannot write the ledger of the copy");
    }
    *stale = PQntuples(r) == 0;
    *number = *stale ? 0 : (int)result_int(r, 0, 0);
    PQclear(r);
    return !*stale || ledger_set_stale(err);
}

/* Never over a chunk that is there: another process, or an earlier try without an answer,
 * may have planned it with other bounds, and what is behind it. */
static const char add_sql[] =
    "INSERT INTO pgtandem.chunk (migration, table_number, chunk, low, high)"
    " VALUES ($1, $2::int, $3::int, $4::text[], $5::text[])"
    " ON CONFLICT (migration, table_number, chunk) DO NOTHING RETURNING chunk";

bool ledger_add(struct migration *m, const struct chunk *chunk, bool *stale, struct err *err) {
    char table[24], text[24];
    int number;
    snprintf(table, sizeof table, "%zu", chunk->mapping->number);
    snprintf(text, sizeof text, "%d", chunk->number);
    char *low = bound_array(chunk->low, chunk->mapping->n_key);
    char *high = bound_array(chunk->high, chunk->mapping->n_key);
    const char *params[] = {m->config->migration, table, text, low, high};
    bool ok = write_chunk(m, add_sql, params, &number, stale, err);
    free(low);
    free(high);
    return ok;
}

static const char cut_sql[] =
    "WITH rest AS ("
    "    UPDATE pgtandem.chunk SET low = $5::text[]"
    "     WHERE migration = $1 AND table_number = $2::int AND chunk = $3::int"
    "       AND done_at IS NULL AND low IS NOT DISTINCT FROM $4::text[]"
    "    RETURNING 1)"
    " INSERT INTO pgtandem.chunk (migration, table_number, chunk, low, high)"
    " SELECT $1, $2::int, (SELECT least(min(chunk), 0) - 1 FROM pgtandem.chunk"
    "                       WHERE migration = $1 AND table_number = $2::int),"
    "        $4::text[], $5::text[] FROM rest"
    " RETURNING chunk";

bool ledger_cut(struct migration *m, const struct chunk *chunk, char *const *at, int *number,
                bool *stale, struct err *err) {
    char table[24], text[24];
    snprintf(table, sizeof table, "%zu", chunk->mapping->number);
    snprintf(text, sizeof text, "%d", chunk->number);
    char *low = bound_array(chunk->low, chunk->mapping->n_key);
    char *mid = bound_array(at, chunk->mapping->n_key);
    const char *params[] = {m->config->migration, table, text, low, mid};
    bool ok = write_chunk(m, cut_sql, params, number, stale, err);
    free(low);
    free(mid);
    return ok;
}

bool ledger_count_snapshots(struct migration *m, int64_t *count, struct err *err) {
    return db_int(&m->new_side.db, err, count,
                  "SELECT count(DISTINCT snapshot) FROM pgtandem.chunk"
                  " WHERE migration = $1 AND done_at IS NOT NULL",
                  1, (const char *const[]){m->config->migration}) ||
           err_context(err, "cannot read the ledger of the copy");
}
