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

static bool path_of_types(struct db *db, const char *oids, struct buf *path, struct err *err) {
    char *text = db_text(db, err,
                         "SELECT 'pg_catalog'"
                         "       || coalesce(string_agg(DISTINCT ', ' || quote_ident(nspname), ''),"
                         "                   '')"
                         "  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
                         " WHERE t.oid = ANY ($1::oid[]) AND nspname <> 'pg_catalog'",
                         1, (const char *const[]){oids});
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
    return path_of_types(db, oids, path, err);
}

bool operators_path(struct migration *m, enum direction direction, struct db *db, struct buf *path,
                    struct err *err) {
    struct buf oids;
    buf_init(&oids);
    list_types(m, direction, &oids);
    bool ok = path_of_types(db, oids.data, path, err);
    buf_fini(&oids);
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
