/* catalog.c - see catalog.h. One statement for a table, one for its columns. */
#include "pg/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const table_sql =
    "SELECT c.oid, c.relkind, c.relpersistence = 'u', row_security_active(c.oid),"
    "       c.relreplident, EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),"
    "       c.relhastriggers OR c.relhasrules OR c.relrowsecurity,"
    "       EXISTS (SELECT FROM pg_rewrite WHERE ev_class = c.oid AND ev_type <> '1')"
    "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1 AND c.relname = $2";

/* A domain is followed to the type it is over. format_type(oid, -1) is that
 * type's name without a limit: a cast to it never cuts a value short. A cast to
 * the domain would, where it is over varchar(3): an assignment refuses. */
static const char *const columns_sql =
    "WITH RECURSIVE base(attnum, oid) AS ("
    "    SELECT attnum, atttypid FROM pg_attribute"
    "     WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped"
    "    UNION ALL"
    "    SELECT b.attnum, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.oid"
    "     WHERE t.typtype = 'd')"
    "SELECT a.attname, a.atttypid, t.oid, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END,"
    "       t.typtype, t.typcategory, a.atttypmod, format_type(t.oid, -1),"
    "       format_type(a.atttypid, a.atttypmod), a.attnotnull OR dt.typnotnull,"
    "       a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', a.attidentity = 'a',"
    "       a.attstorage <> 'p', t.typtype <> 'c' AND s.typsend <> 0 AND s.typreceive <> 0"
    "  FROM pg_attribute a"
    "  JOIN base b ON b.attnum = a.attnum"
    "  JOIN pg_type t ON t.oid = b.oid AND t.typtype <> 'd'"
    "  JOIN pg_type s ON s.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END"
    "  JOIN pg_type dt ON dt.oid = a.atttypid"
    " WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY a.attnum";

/* The primary key, and the index that REPLICA IDENTITY USING INDEX names. */
static const char *const keys_sql =
    "SELECT x.relname, i.indisprimary, NOT i.indimmediate, k.ord, a.attname"
    "  FROM pg_index i"
    "  JOIN pg_class x ON x.oid = i.indexrelid"
    " CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, ord)"
    "  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
    " WHERE i.indrelid = $1::oid AND i.indisvalid AND (i.indisprimary = $2::bool)"
    "   AND (i.indisprimary OR i.indisreplident)"
    " ORDER BY k.ord";

static const char *copy_field(struct arena *arena, const PGresult *r, int row, int column) {
    return arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

static struct column_type read_type(struct arena *arena, const PGresult *r, int row) {
    return (struct column_type){
        .oid = (uint32_t)result_int(r, row, 1),
        .base_oid = (uint32_t)result_int(r, row, 2),
        .element_oid = (uint32_t)result_int(r, row, 3),
        .kind = PQgetvalue(r, row, 4)[0],
        .category = PQgetvalue(r, row, 5)[0],
        .binary = result_bool(r, row, 14),
        .modifier = (int32_t)result_int(r, row, 6),
        .name = copy_field(arena, r, row, 7),
        .full_name = copy_field(arena, r, row, 8),
    };
}

static bool read_columns(struct db *db, struct table *table, const char *oid, struct arena *arena,
                         struct err *err) {
    PGresult *r = db_query(db, err, columns_sql, 1, &oid);
    if (r == NULL) {
        return false;
    }
    table->n_columns = (size_t)PQntuples(r);
    table->columns = arena_zero(arena, table->n_columns, sizeof *table->columns);
    for (int i = 0; i < PQntuples(r); i++) {
        table->columns[i] = (struct column){
            .name = copy_field(arena, r, i, 0),
            .type = read_type(arena, r, i),
            .not_null = result_bool(r, i, 9),
            .has_default = result_bool(r, i, 10),
            .generated = result_bool(r, i, 11),
            .identity_always = result_bool(r, i, 12),
            .toastable = result_bool(r, i, 13),
        };
    }
    PQclear(r);
    return true;
}

static bool read_key(struct db *db, struct table *table, const char *oid, bool primary,
                     struct arena *arena, struct table_key *key, struct err *err) {
    const char *params[] = {oid, primary ? "t" : "f"};
    PGresult *r = db_query(db, err, keys_sql, 2, params);
    if (r == NULL) {
        return false;
    }
    memset(key, 0, sizeof *key);
    int n = PQntuples(r);
    if (n > 0) {
        key->constraint = copy_field(arena, r, 0, 0);
        key->deferrable = result_bool(r, 0, 2);
        key->n_columns = (size_t)n;
        key->columns = arena_zero(arena, (size_t)n, sizeof *key->columns);
        for (int i = 0; i < n; i++) {
            const char *name = PQgetvalue(r, i, 4);
            key->columns[i] = table_find_column(table, name, strlen(name));
        }
    }
    PQclear(r);
    return true;
}

bool catalog_read_table(struct db *db, const struct table_name *name, struct arena *arena,
                        struct table **table, struct err *err) {
    const char *params[] = {name->schema, name->name};
    PGresult *r = db_query(db, err, table_sql, 2, params);
    if (r == NULL) {
        return err_context(err, "while reading %s.%s from %s", name->schema, name->name, db->label);
    }
    *table = NULL;
    if (PQntuples(r) == 0) {
        PQclear(r);
        return true;
    }
    struct table *t = arena_zero(arena, 1, sizeof *t);
    t->name.schema = arena_copy(arena, name->schema, strlen(name->schema));
    t->name.name = arena_copy(arena, name->name, strlen(name->name));
    t->oid = (uint32_t)result_int(r, 0, 0);
    t->kind = PQgetvalue(r, 0, 1)[0];
    t->unlogged = result_bool(r, 0, 2);
    t->row_security = result_bool(r, 0, 3);
    t->identity = (enum replica_identity)PQgetvalue(r, 0, 4)[0];
    t->has_children = result_bool(r, 0, 5);
    t->may_suppress = result_bool(r, 0, 6);
    t->has_rules = result_bool(r, 0, 7);
    const char *oid = copy_field(arena, r, 0, 0);
    PQclear(r);
    *table = t;
    return read_columns(db, t, oid, arena, err) &&
           read_key(db, t, oid, true, arena, &t->primary_key, err) &&
           (t->identity != IDENTITY_INDEX ||
            read_key(db, t, oid, false, arena, &t->identity_index, err));
}

/* Of a key that could hold NaN and Infinity: what rules them out. */
#define FINITE_CHECKS                                                                              \
    "(SELECT string_agg(' ' || pg_get_constraintdef(x.oid), '' ORDER BY x.conname)"                \
    "   FROM pg_constraint x JOIN pg_attribute k"                                                  \
    "     ON k.attrelid = x.conrelid AND x.conkey = ARRAY[k.attnum]"                               \
    "  WHERE x.conrelid = c.oid AND x.contype = 'c' AND x.convalidated"                            \
    "    AND k.atttypid IN (700, 701, 1700) AND k.atttypmod = -1"                                  \
    "    AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid"                              \
    "                   AND (i.indisprimary OR i.indisreplident) AND k.attnum = ANY (i.indkey)))"

const char *catalog_fingerprint(struct db *db, const struct table_name *name, struct arena *arena,
                                struct err *err) {
    const char *params[] = {name->schema, name->name};
    char *text = db_text(
        db, err,
        "SELECT c.oid || ' ' || c.relreplident::text || ' ' || string_agg(a.attname || ' ' ||"
        "       format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull, ', ' ORDER BY attnum)"
        "       || coalesce(" FINITE_CHECKS ", '')"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        "  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE n.nspname = $1 AND c.relname = $2 GROUP BY c.oid, c.relreplident",
        2, params);
    if (text == NULL) {
        return err->code == ERR_NONE ? "" : NULL;
    }
    const char *copy = arena_copy(arena, text, strlen(text));
    free(text);
    return copy;
}

bool catalog_read_reactions(struct db *db, uint32_t oid, struct table_reactions *reactions,
                            struct err *err) {
    char text[16];
    snprintf(text, sizeof text, "%u", oid);
    const char *params[] = {text};
    PGresult *r = db_query(
        db, err,
        "SELECT EXISTS (SELECT FROM pg_trigger t LEFT JOIN pg_constraint c ON c.oid = tgconstraint"
        "                WHERE tgrelid = $1::oid AND tgenabled = 'O'"
        "                  AND (NOT tgisinternal OR c.contype = 'f')),"
        "       EXISTS (SELECT FROM pg_index WHERE indrelid = $1::oid AND NOT indimmediate)",
        1, params);
    if (r == NULL) {
        return false;
    }
    reactions->triggers = result_bool(r, 0, 0);
    reactions->deferrable = result_bool(r, 0, 1);
    PQclear(r);
    return true;
}

bool catalog_read_identity(struct db *db, struct database_identity *identity, struct err *err) {
    PGresult *r = db_query(db, err,
                           "SELECT system_identifier, d.oid, d.datname"
                           "  FROM pg_control_system(), pg_database d"
                           " WHERE d.datname = current_database()",
                           0, NULL);
    if (r == NULL) {
        return err_context(err, "while identifying %s", db->label);
    }
    identity->system_identifier = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
    identity->oid = (uint32_t)result_int(r, 0, 1);
    snprintf(identity->name, sizeof identity->name, "%s", PQgetvalue(r, 0, 2));
    PQclear(r);
    return true;
}
