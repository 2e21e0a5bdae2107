/* begun.c - see begun.h. */
#include "copy/begun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "copy/bound.h"
#include "copy/chunk.h"

/* the mapping */

static void add_names(struct buf *text, const struct table *table, const size_t *columns,
                      size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_add_text(text, i > 0 ? ", " : "");
        buf_add_text(text, table->columns[columns[i]].name);
    }
}

static void add_outputs(struct buf *text, const struct mapping *mapping,
                        const struct mapping_transform *transform) {
    for (size_t i = 0; i < transform->n_outputs; i++) {
        size_t column = mapping->columns[transform->outputs[i]].target;
        buf_add_text(text, i > 0 ? ", " : "");
        buf_add_text(text, mapping->target->columns[column].name);
    }
}

static void add_column(struct buf *text, const struct mapping *mapping,
                       const struct mapping_column *column) {
    buf_add_format(text, "; %s <- %s", mapping->target->columns[column->target].name,
                   mapping->source->columns[column->source].name);
}

const char *begun_describe_mapping(const struct mapping *mapping, struct arena *arena) {
    struct buf text;
    buf_init(&text);
    buf_add_text(&text, "key:");
    for (size_t i = 0; i < mapping->n_key; i++) {
        const struct mapping_column *key = &mapping->columns[mapping->key[i]];
        buf_add_format(&text, " %s", mapping->target->columns[key->target].name);
    }
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (mapping->columns[i].source != COLUMN_NONE) {
            add_column(&text, mapping, &mapping->columns[i]);
        }
    }
    for (size_t i = 0; i < mapping->n_transforms; i++) {
        const struct mapping_transform *transform = &mapping->transforms[i];
        buf_add_text(&text, "; ");
        add_outputs(&text, mapping, transform);
        buf_add_format(&text, " <- %s(", transform->transform->name);
        add_names(&text, mapping->source, transform->inputs, transform->n_inputs);
        buf_add_char(&text, ')');
    }
    const char *copy = arena_copy(arena, text.data, text.size);
    buf_fini(&text);
    return copy;
}

/* the tables */

/* How the key is sorted: where a newer version of a library sorts texts in another
 * way, ranges of keys no longer hold what they held. */
static const char order_sql[] =
    "SELECT coalesce(string_agg(a.attname || ' ' || c.collname || ' '"
    "           || coalesce(CASE WHEN c.collprovider = 'd'"
    "                            THEN pg_database_collation_actual_version(d.oid)"
    "                            ELSE pg_collation_actual_version(c.oid) END, '-'),"
    "           ', ' ORDER BY a.attname), '')"
    "  FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"
    "  JOIN pg_database d ON d.datname = current_database()"
    " WHERE a.attrelid = $1::oid AND a.attname = ANY ($2::text[])";

/* What must not change of a table: its columns, and how its key is sorted. */
static const char *describe_table(struct db *db, const struct table *table,
                                  const struct mapping *mapping, struct arena *arena,
                                  struct err *err) {
    char oid[16];
    snprintf(oid, sizeof oid, "%u", table->oid);
    const char **names = arena_zero(arena, mapping->n_key, sizeof *names);
    for (size_t i = 0; i < mapping->n_key; i++) {
        const struct mapping_column *key = &mapping->columns[mapping->key[i]];
        names[i] = mapping->target->columns[key->target].name;
    }
    char **bound = bound_new(names, mapping->n_key);
    char *array = bound_array(bound, mapping->n_key);
    char *order = db_text(db, err, order_sql, 2, (const char *const[]){oid, array});
    const char *columns = order != NULL ? catalog_fingerprint(db, &table->name, arena, err) : NULL;
    const char *text = columns != NULL ? arena_printf(arena, "%s; %s", columns, order) : NULL;
    bound_free(bound, mapping->n_key);
    free(array);
    free(order);
    return text;
}

struct texts {
    const char *old_table, *new_table, *mapping;
};

static bool describe(struct migration *m, const struct mapping *mapping, struct arena *arena,
                     struct texts *texts, struct err *err) {
    texts->old_table = describe_table(&m->old_side.db, mapping->source, mapping, arena, err);
    texts->new_table = texts->old_table == NULL
                           ? NULL
                           : describe_table(&m->new_side.db, mapping->target, mapping, arena, err);
    texts->mapping = begun_describe_mapping(mapping, arena);
    return texts->new_table != NULL ||
           err_context(err, "cannot read what the copy of %s.%s is made of",
                       mapping->source->name.schema, mapping->source->name.name);
}

/* reading */

static bool refuse(const struct mapping *mapping, const char *what, struct err *err) {
    const struct table_name *name = &mapping->target->name;
    err_set(err, ERR_USAGE, "%s since the copy of %s.%s was begun", what,
            mapping->source->name.schema, mapping->source->name.name);
    return err_hint(err,
                    "put it back as it was; or begin again: teardown --all, TRUNCATE %s.%s, and "
                    "start",
                    name->schema, name->name);
}

static bool compare(const struct mapping *mapping, const struct texts *now, const PGresult *r,
                    struct err *err) {
    if (strcmp(now->old_table, PQgetvalue(r, 0, 0)) != 0) {
        return refuse(mapping, "the old table has changed", err);
    }
    if (strcmp(now->new_table, PQgetvalue(r, 0, 1)) != 0) {
        return refuse(mapping, "the new table has changed", err);
    }
    if (strcmp(now->mapping, PQgetvalue(r, 0, 2)) != 0) {
        return refuse(mapping, "the mapping has changed", err);
    }
    return true;
}

static PGresult *query(struct migration *m, const struct mapping *mapping, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT old_table, new_table, mapping");
    bound_add_columns(&sql, "last_key", mapping->n_key);
    buf_add_text(&sql, " FROM pgtandem.copied_table WHERE migration = $1 AND table_number = $2");
    char number[24];
    snprintf(number, sizeof number, "%zu", mapping->number);
    const char *params[] = {m->config->migration, number};
    PGresult *r = db_query(&m->new_side.db, err, sql.data, 2, params);
    buf_fini(&sql);
    return r;
}

bool begun_read(struct migration *m, const struct mapping *mapping, struct begun *begun,
                struct err *err) {
    memset(begun, 0, sizeof *begun);
    begun->n_key = mapping->n_key;
    PGresult *r = query(m, mapping, err);
    if (r == NULL) {
        return err_context(err, "cannot read the ledger of the copy");
    }
    bool ok = true;
    if (PQntuples(r) == 1) {
        struct arena arena;
        struct texts now;
        arena_init(&arena);
        ok = describe(m, mapping, &arena, &now, err) && compare(mapping, &now, r, err);
        arena_fini(&arena);
        begun->exists = true;
        begun->last_key = bound_from_result(r, 0, 3, mapping->n_key);
    }
    PQclear(r);
    return ok;
}

/* writing */

static bool find_last_key(const struct mapping *mapping, struct db *db, struct begun *begun,
                          struct err *err) {
    struct buf sql;
    buf_init(&sql);
    chunk_sql_last(&sql, mapping);
    PGresult *r = db_query(db, err, sql.data, 0, NULL);
    buf_fini(&sql);
    if (r == NULL) {
        return err_context(err, "while looking for the last key of %s.%s",
                           mapping->source->name.schema, mapping->source->name.name);
    }
    begun->last_key = PQntuples(r) == 1 ? bound_from_result(r, 0, 0, mapping->n_key) : NULL;
    PQclear(r);
    return true;
}

static bool record(struct migration *m, const struct mapping *mapping, const struct texts *texts,
                   const struct begun *begun, struct err *err) {
    char number[24];
    snprintf(number, sizeof number, "%zu", mapping->number);
    char *last_key = bound_array(begun->last_key, begun->n_key);
    const char *params[] = {m->config->migration, number,         texts->old_table,
                            texts->new_table,     texts->mapping, last_key};
    bool ok = db_exec(&m->new_side.db, err,
                      "INSERT INTO pgtandem.copied_table"
                      "    (migration, table_number, old_table, new_table, mapping, last_key)"
                      " VALUES ($1, $2::int, $3, $4, $5, $6::text[])"
                      " ON CONFLICT (migration, table_number) DO UPDATE"
                      "   SET old_table = excluded.old_table, new_table = excluded.new_table,"
                      "       mapping = excluded.mapping, last_key = excluded.last_key",
                      6, params) ||
              err_context(err, "cannot write the ledger of the copy");
    free(last_key);
    return ok;
}

bool begun_write(struct migration *m, const struct mapping *mapping, struct db *db,
                 struct begun *begun, struct err *err) {
    struct arena arena;
    struct texts texts;
    begun_fini(begun);
    begun->n_key = mapping->n_key;
    arena_init(&arena);
    bool ok = find_last_key(mapping, db, begun, err) && describe(m, mapping, &arena, &texts, err) &&
              record(m, mapping, &texts, begun, err);
    arena_fini(&arena);
    begun->exists = ok;
    return ok;
}

void begun_fini(struct begun *begun) {
    bound_free(begun->last_key, begun->n_key);
    begun->last_key = NULL;
}
