/* key_gate.c - see key_gate.h. */
#include "command/key_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/change.h"
#include "pg/operators.h"
#include "pg/quote.h"

/* A column of a key, and what is needed to ask about it. */
struct key_column {
    struct db *db;
    const struct table *table;
    const struct column *column;
    const char *path; /* the schemas of the keys' operators */
};

/* the order */

static void add_order_sql(struct buf *sql, const struct key_column *key) {
    const char *type = key->column->type.name;
    buf_add_format(sql,
                   "SET LOCAL search_path = %s;"
                   " SELECT FROM (SELECT NULL::%s AS k) AS t"
                   " WHERE k = NULL::%s AND k > NULL::%s AND k <= NULL::%s"
                   "   AND (k, k) > (NULL::%s, NULL::%s) AND (k, k) <= (NULL::%s, NULL::%s)"
                   " ORDER BY k",
                   key->path, type, type, type, type, type, type, type, type);
}

/* Does a server refuse a statement because the types at hand cannot do what it says? */
static bool is_about_types(const struct err *err) {
    return err_has_sqlstate(err, "42883") || /* no such operator, or no order */
           err_has_sqlstate(err, "42725") || /* more than one operator that might do */
           err_has_sqlstate(err, "42804") || /* one that gives no boolean */
           err_has_sqlstate(err, "0A000");   /* not of a btree family */
}

static bool look_at_order(const struct key_column *key, struct problem_list *problems,
                          struct err *err) {
    struct buf sql;
    buf_init(&sql);
    add_order_sql(&sql, key);
    bool sorts = db_exec(key->db, err, sql.data, 0, NULL);
    buf_fini(&sql);
    if (sorts || !is_about_types(err)) {
        return sorts;
    }
    problem_add(problems, 0,
                "key column \"%s\" of %s.%s in %s has the type %s, which does not sort by =, < "
                "and >: rows cannot be read and found by it",
                key->column->name, key->table->name.schema, key->table->name.name, key->db->label,
                key->column->type.full_name);
    problem_hint(problems, "make another column the primary key: one of a type with an order, "
                           "such as bigint, uuid or text");
    return true;
}

/* NaN and Infinity */

static const char checks_sql[] =
    "SELECT string_agg('(' || pg_get_expr(c.conbin, c.conrelid) || ') IS FALSE', ' OR ')"
    "  FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid"
    " WHERE c.conrelid = $1::oid AND a.attname = $2 AND c.contype = 'c' AND c.convalidated"
    "   AND c.conkey = ARRAY[a.attnum]";

/* Is each of the three refused by one of these conditions? */
static bool try_conditions(const struct key_column *key, const char *conditions, bool *finite,
                           struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_format(&sql,
                   "SELECT bool_and(%s) FROM"
                   " (SELECT unnest('{NaN,Infinity,-Infinity}'::%s[]) AS ",
                   conditions, key->column->type.name);
    quote_identifier(&sql, key->column->name);
    buf_add_text(&sql, ") AS t");
    bool ok = db_bool(key->db, err, finite, sql.data, 0, NULL);
    buf_fini(&sql);
    if (!ok && err->sqlstate[0] != '\0' && !err_passes(err)) {
        *finite = false; /* a condition that fails for such a value says nothing of it */
        return true;
    }
    return ok;
}

static bool is_finite(const struct key_column *key, bool *finite, struct err *err) {
    char oid[16];
    snprintf(oid, sizeof oid, "%u", key->table->oid);
    *finite = false;
    char *conditions =
        db_text(key->db, err, checks_sql, 2, (const char *const[]){oid, key->column->name});
    if (conditions == NULL) {
        return err->code == ERR_NONE;
    }
    bool ok = try_conditions(key, conditions, finite, err);
    free(conditions);
    return ok;
}

static void hint_at_check(const struct key_column *key, struct problem_list *problems) {
    struct buf table, column;
    buf_init(&table);
    buf_init(&column);
    quote_table(&table, &key->table->name);
    quote_identifier(&column, key->column->name);
    problem_hint(problems,
                 "ALTER TABLE %s ADD CONSTRAINT finite_key CHECK (%s > '-Infinity' AND %s < "
                 "'Infinity') NOT VALID; ALTER TABLE %s VALIDATE CONSTRAINT finite_key",
                 table.data, column.data, column.data, table.data);
    buf_fini(&table);
    buf_fini(&column);
}

static bool look_at_range(const struct key_column *key, struct problem_list *problems,
                          struct err *err) {
    bool finite = true;
    if (!change_column_hides_nan(key->column) || change_null_is_nan(key->column)) {
        return true;
    }
    if (!is_finite(key, &finite, err)) {
        return false;
    }
    if (!finite) {
        problem_add(problems, 0,
                    "key column \"%s\" of %s.%s in %s may hold NaN and Infinity, which the change "
                    "stream does not tell apart: such a row could not be found",
                    key->column->name, key->table->name.schema, key->table->name.name,
                    key->db->label);
        hint_at_check(key, problems);
    }
    return true;
}

/* all of it */

/* By which the old table's rows are found; the new table has it, too. */
static const struct table_key *key_of(const struct table *old_table) {
    return old_table->primary_key.constraint != NULL ? &old_table->primary_key
                                                     : &old_table->identity_index;
}

/* Column `k` of the key of that pair of tables, on one side; NULL: there is none. */
static const struct column *find_column(const struct table *old_table, const struct table *table,
                                        size_t k) {
    const char *name = old_table->columns[key_of(old_table)->columns[k]].name;
    size_t at = table_find_column(table, name, strlen(name));
    return at != COLUMN_NONE ? &table->columns[at] : NULL;
}

static bool look_at_key(struct db *db, const struct table *old_table, const struct table *table,
                        struct problem_list *problems, struct err *err) {
    bool ok = true;
    for (size_t k = 0; ok && k < key_of(old_table)->n_columns; k++) {
        struct key_column key = {db, table, find_column(old_table, table, k), NULL};
        struct buf path;
        buf_init(&path);
        ok =
            key.column == NULL || operators_path_of_type(db, key.column->type.base_oid, &path, err);
        if (ok && key.column != NULL) {
            key.path = path.data;
            ok = look_at_order(&key, problems, err) && look_at_range(&key, problems, err);
        }
        buf_fini(&path);
    }
    return ok;
}

bool key_gate_look(struct migration *m, struct side *side, struct problem_list *problems,
                   struct err *err) {
    for (size_t i = 0; i < m->n_tables; i++) {
        const struct table *table = side == &m->old_side ? m->old_tables[i] : m->new_tables[i];
        if (m->old_tables[i] != NULL && table != NULL &&
            !look_at_key(&side->db, m->old_tables[i], table, problems, err)) {
            return err_context(err, "cannot look at the keys of tables in %s", side->label);
        }
    }
    return true;
}

bool key_gate_pass(struct migration *m, struct side *side, struct err *err) {
    m->problems.count = 0;
    if (!key_gate_look(m, side, &m->problems, err)) {
        return false;
    }
    if (m->problems.count == 0) {
        return true;
    }
    err_set(err, ERR_NOT_READY, "%s", m->problems.items[0].message);
    return err_hint(err, "%s", m->problems.items[0].hint);
}
