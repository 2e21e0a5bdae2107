/* leftover.c - see leftover.h. */
#include "copy/leftover.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"

static const char leftovers_sql[] =
    "SELECT i.indexrelid, quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
    "  FROM pg_index i"
    "  JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'"
    "  JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE i.indrelid = ANY ($1::oid[]) AND NOT i.indisvalid"
    "   AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p"
    "                    WHERE p.datname = current_database()"
    "                      AND p.index_relid = i.indexrelid)"
    " ORDER BY 2";

/* {16401,16420}: the new tables */
static void add_tables(struct buf *oids, const struct migration *m) {
    for (size_t i = 0; i < m->n_tables; i++) {
        buf_add_format(oids, "%s%u", i == 0 ? "{" : ",",
                       migration_mapping(m, i, FORWARD)->target->oid);
    }
    buf_add_char(oids, '}');
}

static const char *copy_field(struct arena *arena, const PGresult *r, int row, int column) {
    return arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

bool leftovers_read(struct migration *m, struct db *db, struct arena *arena,
                    struct leftovers *leftovers, struct err *err) {
    struct buf oids;
    buf_init(&oids);
    add_tables(&oids, m);
    PGresult *r = db_query(db, err, leftovers_sql, 1, (const char *const[]){oids.data});
    buf_fini(&oids);
    if (r == NULL) {
        return err_context(err, "while looking for indexes that are not valid");
    }
    leftovers->count = PQntuples(r);
    size_t n = (size_t)leftovers->count;
    leftovers->oids = arena_zero(arena, n, sizeof *leftovers->oids);
    leftovers->names = arena_zero(arena, n, sizeof *leftovers->names);
    for (int i = 0; i < leftovers->count; i++) {
        leftovers->oids[i] = copy_field(arena, r, i, 0);
        leftovers->names[i] = copy_field(arena, r, i, 1);
    }
    PQclear(r);
    return true;
}

static bool is_among(const struct leftovers *leftovers, const char *oid) {
    for (int i = 0; leftovers != NULL && i < leftovers->count; i++) {
        if (strcmp(leftovers->oids[i], oid) == 0) {
            return true;
        }
    }
    return false;
}

bool leftovers_drop(struct migration *m, struct db *db, struct arena *arena,
                    const struct leftovers *spared, struct err *err) {
    struct leftovers now = {0};
    if (!leftovers_read(m, db, arena, &now, err)) {
        return false;
    }
    for (int i = 0; i < now.count; i++) {
        if (is_among(spared, now.oids[i])) {
            continue;
        }
        if (!db_execf(db, err, "DROP INDEX CONCURRENTLY IF EXISTS %s", now.names[i])) {
            return err_context(err, "cannot drop the index %s, which is not valid", now.names[i]);
        }
        log_line(&(struct log_source){m->config->migration, "after_copy", 0}, LOG_INFO,
                 "dropped the index %s, which an attempt that failed had left", now.names[i]);
    }
    return true;
}
