/* state_remove.c - see state_remove() in state.h.
 *
 * Only the tables of sql/state.sql are touched: should somebody have put
 * another one into the schema, it stays, and so does the schema. */
#include <string.h>

#include "pg/quote.h"
#include "pg/state.h"
#include "pg/state_guard.h"

/* In an order that foreign keys allow; `column` holds the migration's name. */
static const struct state_table {
    const char *name, *column;
} tables[] = {
    {"copied_table", "migration"}, {"control", "migration"},    {"copy", "migration"},
    {"chunk", "migration"},        {"after_copy", "migration"}, {"progress", "migration"},
    {"link", "migration"},         {"parked", "migration"},     {"recheck", "migration"},
    {"conflict", "migration"},     {"own_write", "migration"},  {"migration", "name"},
};
enum { TABLES = sizeof tables / sizeof *tables };

static bool table_exists(struct db *db, const struct state_table *table, bool *exists,
                         struct err *err) {
    return db_bool(db, err, exists,
                   "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n"
                   "    ON n.oid = c.relnamespace AND n.nspname = 'pgtandem'"
                   " WHERE c.relkind = 'r' AND c.relname = $1)",
                   1, &table->name);
}

/* Deletes this migration's rows; *others: some other migration has rows there. */
static bool empty_table(struct db *db, const struct state_table *table, const char *migration,
                        bool *found, bool *others, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_format(&sql,
                   "WITH gone AS (DELETE FROM pgtandem.\"%s\" WHERE \"%s\" = $1 RETURNING 1)"
                   " SELECT EXISTS (SELECT FROM gone),"
                   "        EXISTS (SELECT FROM pgtandem.\"%s\" WHERE \"%s\" <> $1)",
                   table->name, table->column, table->name, table->column);
    PGresult *r = db_query(db, err, sql.data, 1, &migration);
    buf_fini(&sql);
    if (r == NULL) {
        return false;
    }
    *found |= result_bool(r, 0, 0);
    *others |= result_bool(r, 0, 1);
    PQclear(r);
    return true;
}

/* `present` runs parallel to `tables`. */
static bool drop_schema(struct db *db, const bool *present, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    for (size_t i = 0; i < TABLES; i++) {
        if (present[i]) {
            buf_add_format(&sql, "DROP TABLE pgtandem.\"%s\"; ", tables[i].name);
        }
    }
    buf_add_text(&sql, "DROP SCHEMA pgtandem");
    bool ok = db_exec(db, err, sql.data, 0, NULL);
    buf_fini(&sql);
    return ok;
}

/* The schema may belong to somebody else, or hold what is not ours. */
static bool must_stay(const struct err *err) {
    return err_has_sqlstate(err, "42501") || err_has_sqlstate(err, "2BP01");
}

/* Where there is none of ours, the schema is somebody else's, whatever it is like. */
static bool find_tables(struct side *side, bool *present, bool *any, struct err *err) {
    for (size_t i = 0; i < TABLES; i++) {
        if (!table_exists(&side->db, &tables[i], &present[i], err)) {
            return false;
        }
        *any |= present[i];
    }
    return !*any || state_guard(&side->db, err);
}

static bool empty_tables(struct side *side, const char *migration, const bool *present, bool *found,
                         bool *others, struct err *err) {
    for (size_t i = 0; i < TABLES; i++) {
        if (present[i] && !empty_table(&side->db, &tables[i], migration, found, others, err)) {
            return false;
        }
    }
    return true;
}

bool state_remove(struct migration *m, struct side *side, enum state_removal *removal,
                  struct err *err) {
    bool present[TABLES], any = false, found = false, others = false;
    *removal = STATE_WAS_NOT_THERE;
    if (!find_tables(side, present, &any, err) ||
        !empty_tables(side, m->config->migration, present, &found, &others, err)) {
        return err_context(err, "cannot remove the state in %s", side->label);
    }
    if (found) {
        *removal = STATE_ROWS_REMOVED;
    }
    if (!any || others) {
        return true;
    }
    if (drop_schema(&side->db, present, err)) {
        *removal = STATE_SCHEMA_REMOVED;
        return true;
    }
    return must_stay(err) || err_context(err, "cannot drop the schema pgtandem in %s", side->label);
}
