/* parked.c - see parked.h. */
#include "verify/parked.h"

#include <string.h>

#include "pg/quote.h"
#include "verify/comparison.h"

enum { SETTLE_MAX = 10000 }; /* beyond that something else is wrong */

/* "SELECT id, key->>'a', key->>'b' ..." of one table's parked rows */
static void add_list_sql(struct buf *sql, const struct mapping *mapping) {
    buf_add_text(sql, "SELECT id");
    for (size_t i = 0; i < mapping->n_key; i++) {
        const char *name = mapping->target->columns[mapping->columns[mapping->key[i]].target].name;
        buf_add_text(sql, ", key->>");
        quote_literal(sql, name, strlen(name));
    }
    buf_add_format(sql,
                   " FROM pgtandem.parked WHERE migration = $1 AND table_name = $2"
                   " AND link IN ('copy', 'forward') AND settled_at IS NULL"
                   " ORDER BY id LIMIT %d",
                   SETTLE_MAX);
}

static PGresult *list_parked(struct migration *m, const struct mapping *mapping, struct err *err) {
    const struct table_name *table = &mapping->target->name;
    struct buf sql, name;
    buf_init(&sql);
    buf_init(&name);
    add_list_sql(&sql, mapping);
    buf_add_format(&name, "%s.%s", table->schema, table->name);
    PGresult *list = db_query(&m->new_side.db, err, sql.data, 2,
                              (const char *const[]){m->config->migration, name.data});
    buf_fini(&sql);
    buf_fini(&name);
    return list;
}

static bool agrees_now(struct comparison *comparison, const struct value *key, bool *agrees,
                       struct err *err) {
    size_t before = comparison->suspects.count;
    bool ok = comparison_keys(comparison, key, 1, err);
    *agrees = comparison->suspects.count == before;
    suspects_clear(&comparison->suspects);
    return ok;
}

static bool settle_row(struct migration *m, struct comparison *comparison, const PGresult *list,
                       int row, int64_t *settled, struct err *err) {
    size_t n_key = comparison->pair->forward.n_key;
    struct value *key = arena_zero(&comparison->arena, n_key, sizeof *key);
    for (size_t i = 0; i < n_key; i++) {
        key[i] = result_value(list, row, (int)i + 1);
    }
    bool agrees;
    if (!agrees_now(comparison, key, &agrees, err)) {
        return false;
    }
    if (!agrees) {
        return true;
    }
    const char *id = PQgetvalue(list, row, 0);
    ++*settled;
    return db_exec(&m->new_side.db, err,
                   "UPDATE pgtandem.parked SET settled_at = clock_timestamp() WHERE id = $1", 1,
                   &id);
}

static bool settle_table(struct migration *m, size_t table, int64_t *settled, struct err *err) {
    PGresult *list = list_parked(m, migration_mapping(m, table, FORWARD), err);
    if (list == NULL) {
        return false;
    }
    struct comparison comparison;
    comparison_init(&comparison, m, table);
    bool ok = PQntuples(list) == 0 || comparison_prepare(m, err);
    for (int row = 0; row < PQntuples(list) && ok; row++) {
        ok = settle_row(m, &comparison, list, row, settled, err);
    }
    comparison_fini(&comparison);
    PQclear(list);
    return ok;
}

bool parked_settle(struct migration *m, int64_t *settled, struct err *err) {
    *settled = 0;
    for (size_t i = 0; i < m->n_tables; i++) {
        if (!settle_table(m, i, settled, err)) {
            return err_context(err, "cannot look after parked rows");
        }
    }
    return true;
}
