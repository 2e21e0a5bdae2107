/* operators.c - see operators.h. */
#include "pg/operators.h"

#include <stdio.h>
#include <stdlib.h>

/* {"oid","oid"}: the types of all key columns on one side */
static void list_types(const struct migration *m, enum direction direction, struct buf *oids) {
    buf_add_char(oids, '{');
    for (size_t i = 0; i < m->n_tables; i++) {
        const struct mapping *mapping = migration_mapping(m, i, direction);
        for (size_t k = 0; k < mapping->n_key; k++) {
            size_t source = mapping->columns[mapping->key[k]].source;
            buf_add_format(oids, "%s%u", oids->size > 1 ? "," : "",
                           mapping->source->columns[source].type.base_oid);
        }
    }
    buf_add_char(oids, '}');
}

/* By the operators of the types' own order, not by the types: those of an enum, say, are
 * PostgreSQL's, whatever schema it is in. $1: the types. */
#define OPERATOR_SCHEMAS                                                                           \
    "SELECT DISTINCT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_opclass c"                     \
    "  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'"                                 \
    "  JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype"              \
    "  JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace"      \
    " WHERE c.opcdefault AND c.opcintype = ANY ($1::oid[]) AND n.nspname <> 'pg_catalog'"

/* pg_has_role() says of a superuser that he is a member of every role. */
static const char *const open_schema_sql =
    "WITH RECURSIVE mine (oid) AS ("
    "    SELECT oid FROM pg_roles WHERE rolname = current_user"
    "    UNION"
    "    SELECT m.roleid FROM pg_auth_members m JOIN mine ON mine.oid = m.member)"
    " SELECT quote_ident(s.nspname),"
    "        CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"
    "  FROM (" OPERATOR_SCHEMAS ") AS s, aclexplode(s.nspacl) AS a"
    " WHERE a.privilege_type = 'CREATE' AND a.grantee <> s.nspowner"
    "   AND a.grantee NOT IN (SELECT oid FROM mine)"
    "   AND a.grantee NOT IN (SELECT oid FROM pg_roles WHERE rolsuper)"
    " ORDER BY 1, 2 LIMIT 1";

/* What fits the types of a call better than PostgreSQL's own is called in its place. */
static bool refuse_open_schemas(struct db *db, const char *oids, struct err *err) {
    PGresult *r = db_query(db, err, open_schema_sql, 1, &oids);
    if (r == NULL) {
        return false;
    }
    bool is_open = PQntuples(r) > 0;
    if (is_open) {
        const char *schema = PQgetvalue(r, 0, 0), *who = PQgetvalue(r, 0, 1);
        err_set(err, ERR_NOT_READY,
                "the operators of a key's type are in the schema %s of %s, where %s may create "
                "functions that would be called in the place of PostgreSQL's",
                schema, db->label, who);
        err_hint(err, "REVOKE CREATE ON SCHEMA %s FROM %s", schema, who);
    }
    PQclear(r);
    return !is_open;
}

static bool find_path(struct db *db, const char *oids, struct buf *path, struct err *err) {
    char *text = db_text(db, err,
                         "SELECT 'pg_catalog' || coalesce(string_agg(', ' || quote_ident(nspname), "
                         "                                           '' ORDER BY nspname), '')"
                         "  FROM (" OPERATOR_SCHEMAS ") AS schemas",
                         1, &oids);
    if (text == NULL) {
        return err_context(err, "cannot look up the types of the keys in %s", db->label);
    }
    buf_add_text(path, text);
    free(text);
    return true;
}

bool operators_path_of_type(struct db *db, uint32_t oid, struct buf *path, struct err *err) {
    char oids[16];
    snprintf(oids, sizeof oids, "{%u}", oid);
    return find_path(db, oids, path, err);
}

bool operators_path(struct migration *m, enum direction direction, struct db *db, struct buf *path,
                    struct err *err) {
    struct buf oids;
    buf_init(&oids);
    list_types(m, direction, &oids);
    bool ok = refuse_open_schemas(db, oids.data, err) && find_path(db, oids.data, path, err);
    buf_fini(&oids);
    return ok;
}

bool operators_are_safe(struct migration *m, struct err *err) {
    struct buf ignored;
    buf_init(&ignored);
    bool ok = operators_path(m, FORWARD, &m->old_side.db, &ignored, err) &&
              operators_path(m, REVERSE, &m->new_side.db, &ignored, err);
    buf_fini(&ignored);
    return ok;
}

bool operators_find(struct migration *m, enum direction direction, struct db *db, struct err *err) {
    struct buf path;
    buf_init(&path);
    bool ok = operators_path(m, direction, db, &path, err) &&
              db_execf(db, err, "SET search_path = %s", path.data);
    buf_fini(&path);
    return ok;
}
