/* offender.c - see offender.h. Everything that goes into a query comes from the catalogs,
 * quoted there, or from the user's own statement. */
#include "after/offender.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/disclosure.h"

/* Of rows that are equal, and of groups of them; more are counted. */
enum { ROWS_SHOWN = 3, OFFENDERS_SHOWN = 10 };

static const char *field(struct arena *arena, const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column)
               ? NULL
               : arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

static const char *take(struct arena *arena, struct buf *sql) {
    const char *copy = arena_copy(arena, sql->data, sql->size);
    buf_fini(sql);
    return copy;
}

static PGresult *ask(struct db *db, struct arena *arena, const char *sql, uint32_t oid,
                     const char *name, struct err *err) {
    const char *params[] = {arena_printf(arena, "%u", oid), name};
    return db_query(db, err, sql, name != NULL ? 2 : 1, params);
}

/* the table's key */

struct columns {
    const char **names; /* quoted */
    size_t count;
    bool may_be_shown;
};

static const char key_sql[] =
    "SELECT quote_ident(a.attname), a.atttypid"
    "  FROM (SELECT * FROM pg_index WHERE indrelid = $1::oid AND indisvalid"
    "           AND (indisprimary OR indisreplident) ORDER BY indisprimary DESC LIMIT 1) i"
    " CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (attnum, n)"
    "  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
    " WHERE k.n <= i.indnkeyatts ORDER BY k.n";

static bool read_key(const struct task_table *table, struct db *db, struct arena *arena,
                     struct columns *key, struct err *err) {
    PGresult *r = ask(db, arena, key_sql, table->oid, NULL, err);
    if (r == NULL) {
        return false;
    }
    key->count = (size_t)PQntuples(r);
    key->names = arena_zero(arena, key->count, sizeof *key->names);
    key->may_be_shown = true;
    for (int i = 0; i < PQntuples(r); i++) {
        key->names[i] = field(arena, r, i, 0);
        key->may_be_shown &= disclosure_allows_type((uint32_t)result_int(r, i, 1));
    }
    PQclear(r);
    return true;
}

/* "t.a, t.b" */
static void add_list(struct buf *sql, const char *prefix, const char *const *items, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_add_format(sql, "%s%s%s", i > 0 ? ", " : "", prefix, items[i]);
    }
}

/* "(id)" for people, as a text in the query, and whether keys may be shown */
static void add_key_names(struct buf *sql, const struct columns *key) {
    buf_add_text(sql, "'(");
    for (size_t i = 0; i < key->count; i++) {
        buf_add_text(sql, i > 0 ? ", " : "");
        for (const char *p = key->names[i]; *p != '\0'; p++) {
            buf_add_text(sql, *p == '\'' ? "''" : (const char[]){*p, '\0'});
        }
    }
    buf_add_format(sql, ")', %s", key->may_be_shown ? "true" : "false");
}

/* "(10)": the key of a row as a text */
static void add_key_text(struct buf *sql, const char *prefix, const struct columns *key) {
    buf_add_text(sql, "'(' || concat_ws(', ', ");
    add_list(sql, prefix, key->names, key->count);
    buf_add_text(sql, ") || ')'");
}

/* rows that are equal */

/* NULLs are equal to nothing, unless the index says so. IS DISTINCT FROM NULL is true of a
 * row of NULLs, too, which is a value. */
static void add_condition(struct buf *sql, const struct ddl_keys *keys) {
    buf_add_text(sql, " WHERE ");
    buf_add_format(sql, "(%s)", keys->predicate != NULL ? keys->predicate : "true");
    for (size_t i = 0; !keys->nulls_not_distinct && i < keys->count; i++) {
        buf_add_format(sql, " AND (%s) IS DISTINCT FROM NULL", keys->items[i]);
    }
}

/* One row a group: what add_key_names() has added, groups in all, rows in this one, and the
 * first keys of these. Windows compare with the types' own operators; a join would look
 * for "=" in the search_path. */
static const char *equal_rows_sql(const struct task_table *table, const struct columns *key,
                                  const struct ddl_keys *keys, struct arena *arena) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT ");
    add_key_names(&sql, key);
    buf_add_text(&sql, ", count(*) OVER (), max(n)");
    for (int i = 1; i <= ROWS_SHOWN; i++) {
        buf_add_format(&sql, ", max(key) FILTER (WHERE nr = %d)", i);
    }
    buf_add_text(&sql, " FROM (SELECT ");
    add_key_text(&sql, "", key);
    buf_add_text(&sql, " AS key, row_number() OVER equal_in_order AS nr,"
                       " first_value(");
    add_key_text(&sql, "", key);
    buf_add_text(&sql, ") OVER equal_in_order AS first, count(*) OVER equal AS n FROM ");
    buf_add_text(&sql, table->name);
    add_condition(&sql, keys);
    buf_add_text(&sql, " WINDOW equal AS (PARTITION BY ");
    add_list(&sql, "", keys->items, keys->count);
    buf_add_text(&sql, "), equal_in_order AS (equal ORDER BY ");
    add_list(&sql, "", key->names, key->count);
    buf_add_format(&sql,
                   ")) AS numbered WHERE n > 1 AND nr <= %d GROUP BY first ORDER BY first LIMIT %d",
                   ROWS_SHOWN, OFFENDERS_SHOWN);
    return take(arena, &sql);
}

const char *offender_keys_sql(const struct task_table *table, const struct ddl_keys *keys,
                              struct db *db, struct arena *arena, struct err *err) {
    struct columns key;
    if (keys->count == 0 || table->oid == 0 || !read_key(table, db, arena, &key, err) ||
        key.count == 0) {
        return NULL;
    }
    return equal_rows_sql(table, &key, keys, arena);
}

static const char index_keys_sql[] =
    "SELECT pg_get_expr(i.indpred, i.indrelid), i.indnullsnotdistinct,"
    "       pg_get_indexdef(i.indexrelid, k.n::int, true) ||"
    "       CASE WHEN c.oid IS NULL THEN ''"
    "            ELSE format(' COLLATE %I.%I', s.nspname, c.collname) END"
    "  FROM pg_index i CROSS JOIN unnest(i.indcollation) WITH ORDINALITY k (collated, n)"
    "  LEFT JOIN pg_collation c ON c.oid = k.collated"
    "  LEFT JOIN pg_namespace s ON s.oid = c.collnamespace"
    " WHERE i.indexrelid = $1::oid AND k.n <= i.indnkeyatts ORDER BY k.n";

const char *offender_index_sql(const struct task_table *table, uint32_t index, struct db *db,
                               struct arena *arena, struct err *err) {
    PGresult *r = ask(db, arena, index_keys_sql, index, NULL, err);
    if (r == NULL) {
        return NULL;
    }
    struct ddl_keys keys = {.count = (size_t)PQntuples(r)};
    keys.items = arena_zero(arena, keys.count, sizeof *keys.items);
    for (int i = 0; i < PQntuples(r); i++) {
        keys.predicate = field(arena, r, i, 0);
        keys.nulls_not_distinct = result_bool(r, i, 1);
        keys.items[i] = field(arena, r, i, 2);
    }
    PQclear(r);
    return offender_keys_sql(table, &keys, db, arena, err);
}

/* rows that a constraint refuses */

struct constraint {
    const char *check;      /* an expression over the table's columns */
    const char *references; /* the other table, quoted ... */
    const char *matches;    /* ... and when its row r is the one that f refers to */
    const char *has_null;   /* some column of f is NULL */
    const char *is_null;    /* all of them are */
    bool full;              /* MATCH FULL: only all may be NULL */
};

static const char constraint_sql[] =
    "SELECT pg_get_expr(c.conbin, c.conrelid), c.confmatchtype = 'f',"
    "       (SELECT quote_ident(n.nspname) || '.' || quote_ident(r.relname) FROM pg_class r"
    "          JOIN pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = c.confrelid),"
    "       string_agg(format('r.%I OPERATOR(%I.%s) f.%I', p.attname, s.nspname, o.oprname,"
    "                         f.attname), ' AND ') FILTER (WHERE k.f IS NOT NULL),"
    "       string_agg(format('f.%I IS NULL', f.attname), ' OR ') FILTER (WHERE k.f IS NOT NULL),"
    "       string_agg(format('f.%I IS NULL', f.attname), ' AND ') FILTER (WHERE k.f IS NOT NULL)"
    "  FROM pg_constraint c"
    "  LEFT JOIN unnest(c.conkey, c.confkey, c.conpfeqop) AS k (f, p, o) ON c.contype = 'f'"
    "  LEFT JOIN pg_attribute f ON f.attrelid = c.conrelid AND f.attnum = k.f"
    "  LEFT JOIN pg_attribute p ON p.attrelid = c.confrelid AND p.attnum = k.p"
    "  LEFT JOIN pg_operator o ON o.oid = k.o"
    "  LEFT JOIN pg_namespace s ON s.oid = o.oprnamespace"
    " WHERE c.conrelid = $1::oid AND c.conname = $2::name AND c.contype IN ('c', 'f')"
    " GROUP BY c.oid";

static bool read_constraint(const struct task_table *table, const char *name, struct db *db,
                            struct arena *arena, struct constraint *c, struct err *err) {
    PGresult *r = ask(db, arena, constraint_sql, table->oid, name, err);
    if (r == NULL) {
        return false;
    }
    bool found = PQntuples(r) == 1;
    if (found) {
        c->check = field(arena, r, 0, 0);
        c->full = result_bool(r, 0, 1);
        c->references = field(arena, r, 0, 2);
        c->matches = field(arena, r, 0, 3);
        c->has_null = field(arena, r, 0, 4);
        c->is_null = field(arena, r, 0, 5);
    }
    PQclear(r);
    return found && (c->check != NULL || c->references != NULL);
}

/* A CHECK passes where it is NULL. */
static void add_refused(struct buf *sql, const struct task_table *table,
                        const struct constraint *c) {
    if (c->check != NULL) {
        buf_add_format(sql, " FROM %s WHERE (%s) IS FALSE", table->name, c->check);
        return;
    }
    buf_add_format(sql, " FROM %s f WHERE ", table->name);
    if (c->full) {
        buf_add_format(sql, "NOT (%s) AND ((%s) OR ", c->is_null, c->has_null);
    } else {
        buf_add_format(sql, "NOT (%s) AND (", c->has_null);
    }
    buf_add_format(sql, "NOT EXISTS (SELECT FROM %s r WHERE %s))", c->references, c->matches);
}

const char *offender_constraint_sql(const struct task_table *table, const char *constraint,
                                    struct db *db, struct arena *arena, struct err *err) {
    struct columns key;
    struct constraint c = {0};
    if (table->oid == 0 || !read_key(table, db, arena, &key, err) || key.count == 0 ||
        !read_constraint(table, constraint, db, arena, &c, err)) {
        return NULL;
    }
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT ");
    add_key_names(&sql, &key);
    buf_add_text(&sql, ", ");
    add_key_text(&sql, c.check != NULL ? "" : "f.", &key);
    add_refused(&sql, table, &c);
    buf_add_format(&sql, " LIMIT %d", OFFENDERS_SHOWN + 1);
    return take(arena, &sql);
}

/* what was found */

enum { FOUND_NAMES, FOUND_MAY_BE_SHOWN, FOUND_GROUPS, FOUND_KEY = FOUND_GROUPS };
enum { FOUND_ROWS = FOUND_GROUPS + 1, FOUND_FIRST_KEY }; /* of a group */

/* "(10) and (20)", "(10), (20), (30) and 4 more" */
static void add_group(struct buf *text, const PGresult *r, int row) {
    int64_t n = result_int(r, row, FOUND_ROWS);
    int shown = n < ROWS_SHOWN ? (int)n : ROWS_SHOWN;
    for (int i = 0; i < shown; i++) {
        bool last = i == shown - 1 && n == shown;
        buf_add_text(text, i == 0 ? "" : last ? " and " : ", ");
        buf_add_text(text, PQgetvalue(r, row, FOUND_FIRST_KEY + i));
    }
    if (n > shown) {
        buf_add_format(text, " and %" PRId64 " more", n - shown);
    }
}

static void add_keys_of_groups(struct buf *text, const PGresult *r) {
    int64_t groups = result_int(r, 0, FOUND_GROUPS);
    int shown = PQntuples(r);
    for (int i = 0; i < shown; i++) {
        buf_add_text(text, i > 0 ? "; " : "");
        add_group(text, r, i);
    }
    if (groups > shown) {
        buf_add_format(text, "; and %" PRId64 " more", groups - shown);
    }
}

static void add_keys_of_rows(struct buf *text, const PGresult *r) {
    int shown = PQntuples(r) < OFFENDERS_SHOWN ? PQntuples(r) : OFFENDERS_SHOWN;
    for (int i = 0; i < shown; i++) {
        buf_add_format(text, "%s%s", i > 0 ? ", " : "", PQgetvalue(r, i, FOUND_KEY));
    }
    if (PQntuples(r) > shown) {
        buf_add_text(text, " and more");
    }
}

static void add_what(struct buf *text, const struct task_table *table, const PGresult *r,
                     bool is_group) {
    int64_t groups = is_group ? result_int(r, 0, FOUND_GROUPS) : 0;
    if (groups > 1) {
        buf_add_format(text, "%" PRId64 " groups of ", groups);
    }
    buf_add_format(text, is_group ? "rows of %s have the same values" : "rows of %s do not pass",
                   table->name);
}

void offender_add(struct err *err, const struct task_table *table, const PGresult *found) {
    if (PQntuples(found) == 0) {
        err_hint(err, "no such rows are left by now: start again");
        return;
    }
    bool is_group = PQnfields(found) > FOUND_KEY + 1;
    struct buf what, keys;
    buf_init(&what);
    buf_init(&keys);
    add_what(&what, table, found, is_group);
    (is_group ? add_keys_of_groups : add_keys_of_rows)(&keys, found);
    const char *names = PQgetvalue(found, 0, FOUND_NAMES);
    if (result_bool(found, 0, FOUND_MAY_BE_SHOWN)) {
        err_append(err, ": %s: %s = %s", what.data, names, keys.data);
    } else {
        err_append(err, ": %s", what.data);
        err_context_server(err, "%s: %s = %s", what.data, names, keys.data);
        err_hint(err, "%s; pgtandem status --values shows the rows' keys", err->hint);
    }
    buf_fini(&what);
    buf_fini(&keys);
}
