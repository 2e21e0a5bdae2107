/* estimate.c - see estimate.h. */
#include "copy/estimate.h"

#include <stdio.h>

#include "base/buf.h"
#include "pg/quote.h"

enum {
    COUNTED_PAGES = 4000, /* a table of 32 MB */
    SAMPLED_PAGES = 2000,
};

struct extent {
    int64_t pages;
    double rows_a_page; /* negative: nobody knows */
};

static bool read_extent(struct db *db, const struct table *table, struct extent *extent,
                        struct err *err) {
    char oid[24];
    snprintf(oid, sizeof oid, "%u", table->oid);
    PGresult *r = db_query(db, err,
                           "SELECT pg_relation_size(oid) / current_setting('block_size')::int,"
                           "       CASE WHEN reltuples >= 0 AND relpages > 0"
                           "            THEN (1000 * reltuples / relpages)::bigint ELSE -1 END"
                           "  FROM pg_class WHERE oid = $1::oid",
                           1, (const char *const[]){oid});
    if (r == NULL) {
        return false;
    }
    extent->pages = PQntuples(r) == 1 ? result_int(r, 0, 0) : 0;
    extent->rows_a_page = PQntuples(r) == 1 ? (double)result_int(r, 0, 1) / 1000 : 0;
    PQclear(r);
    return true;
}

static bool count(struct db *db, const struct table *table, double percent, int64_t *rows,
                  struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT count(*) FROM ");
    quote_table(&sql, &table->name);
    if (percent < 100) {
        buf_add_format(&sql, " TABLESAMPLE SYSTEM (%.6f)", percent);
    }
    bool ok = db_int(db, err, rows, sql.data, 0, NULL);
    buf_fini(&sql);
    return ok;
}

static bool sample(struct db *db, const struct table *table, int64_t pages, int64_t *rows,
                   struct err *err) {
    double percent = 100.0 * SAMPLED_PAGES / (double)pages;
    if (!count(db, table, percent, rows, err)) {
        return false;
    }
    *rows = (int64_t)((double)*rows * 100 / percent);
    return true;
}

static bool estimate_table(struct db *db, const struct table *table, int64_t *rows,
                           struct err *err) {
    struct extent extent;
    if (!read_extent(db, table, &extent, err)) {
        return false;
    }
    if (extent.pages <= COUNTED_PAGES) {
        return count(db, table, 100, rows, err);
    }
    if (extent.rows_a_page < 0) {
        return sample(db, table, extent.pages, rows, err);
    }
    *rows = (int64_t)(extent.rows_a_page * (double)extent.pages);
    return true;
}

bool estimate_rows(struct migration *m, int64_t *rows, struct err *err) {
    *rows = 0;
    for (size_t i = 0; i < m->n_tables; i++) {
        int64_t one;
        const struct table *table = migration_mapping(m, i, FORWARD)->source;
        if (!estimate_table(&m->old_side.db, table, &one, err)) {
            return err_context(err, "cannot estimate the number of rows of %s.%s",
                               table->name.schema, table->name.name);
        }
        *rows += one;
    }
    return true;
}
