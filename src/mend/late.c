/* late.c - see late.h. */
#include "mend/late.h"

#include <string.h>

#include "mend/key.h"

enum { FIXED_PARAMS = 3 };

bool late_deletes_open(struct site *site, bool *any, struct err *err) {
    return db_bool(
        &site->db, err, any,
        "SELECT EXISTS (SELECT FROM pgtandem.conflict WHERE migration = $1 AND link = $2"
        "   AND kind = 'delete_missing' AND settled_at IS NULL)",
        2, (const char *const[]){site->m->config->migration, direction_name(site->direction)});
}

static void late_sql(struct buf *sql, const struct mapping_pair *pair) {
    buf_add_text(sql, "SELECT max(c.incoming_at) FROM pgtandem.conflict AS c, (SELECT ");
    for (size_t k = 0; k < pair->forward.n_key; k++) {
        buf_add_format(sql, "%s$%zu::text AS k%zu", k > 0 ? ", " : "", FIXED_PARAMS + k + 1, k);
    }
    buf_add_text(sql, ") AS u WHERE c.migration = $1 AND c.link = $2 AND c.table_name = $3"
                      " AND c.kind = 'delete_missing' AND c.settled_at IS NULL AND c.key = ");
    key_add_object_sql(sql, pair);
}

/* Can a time of commit be compared with the rows' stamps? A delete among numbers has
 * none that could. */
static bool has_time(const struct mapping *mapping) {
    enum { TYPE_TIMESTAMPTZ = 1184 };
    size_t version = mapping->version.column;
    return version == COLUMN_NONE ||
           mapping->target->columns[mapping->columns[version].target].type.base_oid ==
               TYPE_TIMESTAMPTZ;
}

static PGresult *ask(struct site *site, const struct item *item, struct arena *arena,
                     struct err *err) {
    const struct mapping_pair *pair = &site->m->pairs[item->table];
    const struct mapping *mapping = migration_mapping(site->m, item->table, site->direction);
    const char **params = arena_zero(arena, FIXED_PARAMS + item->n_key, sizeof *params);
    params[0] = site->m->config->migration;
    params[1] = direction_name(site->direction);
    params[2] = mapping_target_text(mapping, arena);
    for (size_t k = 0; k < item->n_key; k++) {
        params[FIXED_PARAMS + k] = arena_copy(arena, item->key[k].data, item->key[k].size);
    }
    struct buf sql;
    buf_init(&sql);
    late_sql(&sql, pair);
    PGresult *r = db_query(&site->db, err, sql.data, (int)(FIXED_PARAMS + item->n_key), params);
    buf_fini(&sql);
    return r;
}

bool late_delete(struct site *site, const struct item *item, struct row_state row,
                 struct arena *arena, bool *late, struct err *err) {
    *late = false;
    if (!has_time(migration_mapping(site->m, item->table, site->direction))) {
        return true;
    }
    PGresult *r = ask(site, item, arena, err);
    if (r == NULL) {
        return false;
    }
    usec_t deleted;
    struct value at = result_value(r, 0, 0);
    *late = at.kind == VALUE_TEXT && usec_parse(at.data, at.size, &deleted) &&
            !stamp_is_later(row.stamp, site->direction == FORWARD, deleted);
    PQclear(r);
    return true;
}
