/* close.c - see collection_close() in collect.h. */
#include <inttypes.h>
#include <stdio.h>

#include "apply/array.h"
#include "mend/collect.h"
#include "mend/key.h"

/* settling */

/* " FROM unnest($4, ...) AS u(k0, ...)" */
static void add_unnest(struct buf *sql, size_t n_key) {
    buf_add_text(sql, " FROM unnest(");
    for (size_t k = 0; k < n_key; k++) {
        buf_add_format(sql, "%s$%zu::text[]", k > 0 ? ", " : "", k + 4);
    }
    buf_add_text(sql, ") AS u(");
    for (size_t k = 0; k < n_key; k++) {
        buf_add_format(sql, "%sk%zu", k > 0 ? ", " : "", k);
    }
    buf_add_char(sql, ')');
}

/* Each key is looked up by the index on open records, which OFFSET 0 sees to: a planner
 * without statistics of a table that has just grown would go through all of its records
 * for each key. */
static void add_settle_sql(struct buf *sql, const struct mapping_pair *pair, bool parked) {
    const char *table = parked ? "parked" : "conflict";
    buf_add_format(sql,
                   "UPDATE pgtandem.%s AS t SET settled_at = clock_timestamp()"
                   " FROM (SELECT found.ctid",
                   table);
    add_unnest(sql, pair->forward.n_key);
    buf_add_format(sql,
                   " CROSS JOIN LATERAL (SELECT r.ctid FROM pgtandem.%s AS r"
                   " WHERE r.migration = $1 AND r.table_name = $2 AND r.settled_at IS NULL"
                   " AND r.key = ",
                   table);
    key_add_object_sql(sql, pair);
    buf_add_format(sql,
                   " OFFSET 0) AS found) AS at"
                   " WHERE t.ctid = at.ctid AND t.settled_at IS NULL AND t.%s <= $3::timestamptz",
                   parked ? "parked_at" : "recorded_at");
}

/* One array for each column of the key, of the table's items that agree. */
static size_t add_equal_keys(const struct agenda *agenda, size_t table, struct buf *arrays,
                             size_t n_key) {
    size_t n = 0;
    for (size_t i = 0; i < agenda->count; i++) {
        const struct item *item = agenda->items[i];
        if (item->table != table || item->fate != FATE_equal) {
            continue;
        }
        for (size_t k = 0; k < n_key; k++) {
            buf_add_char(&arrays[k], n == 0 ? '{' : ',');
            array_add_element(&arrays[k], item->key[k]);
        }
        n++;
    }
    for (size_t k = 0; k < n_key; k++) {
        buf_add_char(&arrays[k], '}');
    }
    return n;
}

static bool settle_in(struct collection *c, size_t table, bool parked, const struct buf *arrays,
                      struct err *err) {
    const struct mapping_pair *pair = &c->m->pairs[table];
    size_t n_key = pair->forward.n_key;
    const char **params = arena_zero(&c->arena, n_key + 3, sizeof *params);
    struct buf sql;
    buf_init(&sql);
    add_settle_sql(&sql, pair, parked);
    params[0] = c->m->config->migration;
    params[2] = c->collected_at;
    for (size_t k = 0; k < n_key; k++) {
        params[k + 3] = arrays[k].data;
    }
    bool ok = true;
    for (enum direction d = FORWARD; ok && d <= REVERSE; d++) {
        params[1] = mapping_target_text(migration_mapping(c->m, table, d), &c->arena);
        ok = !c->here[d] || db_exec(c->db, err, sql.data, (int)n_key + 3, params);
    }
    buf_fini(&sql);
    return ok;
}

static bool settle_table(struct collection *c, const struct agenda *agenda, size_t table,
                         bool conflicts, bool parked, struct err *err) {
    size_t n_key = c->m->pairs[table].forward.n_key;
    struct buf *arrays = arena_zero(&c->arena, n_key, sizeof *arrays);
    bool ok = add_equal_keys(agenda, table, arrays, n_key) == 0 ||
              ((!conflicts || settle_in(c, table, false, arrays, err)) &&
               (!parked || settle_in(c, table, true, arrays, err)));
    for (size_t k = 0; k < n_key; k++) {
        buf_fini(&arrays[k]);
    }
    return ok;
}

/* Most of the time there is nothing to settle, and then this costs one look. */
static bool settle(struct collection *c, const struct agenda *agenda, struct err *err) {
    PGresult *r = db_query(c->db, err,
                           "SELECT EXISTS (SELECT FROM pgtandem.conflict WHERE migration = $1"
                           "                  AND settled_at IS NULL),"
                           "       EXISTS (SELECT FROM pgtandem.parked WHERE migration = $1"
                           "                  AND settled_at IS NULL)",
                           1, (const char *const[]){c->m->config->migration});
    if (r == NULL) {
        return false;
    }
    bool conflicts = result_bool(r, 0, 0), parked = result_bool(r, 0, 1);
    PQclear(r);
    for (size_t i = 0; (conflicts || parked) && i < c->m->n_tables; i++) {
        if (!settle_table(c, agenda, i, conflicts, parked, err)) {
            return false;
        }
    }
    return true;
}

/* records that were dealt with */

static size_t count_open(const struct record *record) {
    size_t open = 0;
    for (size_t i = 0; i < record->n_items; i++) {
        open += record->items[i]->fate == FATE_open;
    }
    return open;
}

/* Behind the keys that are still open stand those that were not read. */
static void add_open_keys(struct collection *c, const struct record *record, struct buf *array) {
    size_t n_key = c->m->pairs[record->table].forward.n_key;
    const size_t *order = key_order(&c->m->pairs[record->table], record->direction, &c->arena);
    struct value *key = arena_zero(&c->arena, n_key, sizeof *key);
    buf_add_char(array, '{');
    for (size_t i = 0; i < record->n_items; i++) {
        if (record->items[i]->fate != FATE_open) {
            continue;
        }
        for (size_t k = 0; k < n_key; k++) {
            key[order[k]] = record->items[i]->key[k];
        }
        for (size_t k = 0; k < n_key; k++) {
            buf_add_text(array, array->size > 1 ? "," : "");
            array_add_element(array, key[k]);
        }
    }
    buf_add_char(array, '}');
}

static bool cut_record(struct collection *c, const struct record *record, struct err *err) {
    char id[24], behind[24];
    struct buf array;
    buf_init(&array);
    add_open_keys(c, record, &array);
    snprintf(id, sizeof id, "%" PRId64, record->id);
    snprintf(behind, sizeof behind, "%zu", record->n_read + 1);
    bool ok = db_exec(c->db, err,
                      "UPDATE pgtandem.recheck SET keys = $2::text[] || keys[$3::int:]"
                      " WHERE id = $1",
                      3, (const char *const[]){id, array.data, behind});
    buf_fini(&array);
    return ok;
}

static bool delete_records(struct collection *c, const struct buf *ids, struct err *err) {
    return db_exec(c->db, err, "DELETE FROM pgtandem.recheck WHERE id = ANY ($1::bigint[])", 1,
                   (const char *const[]){ids->data});
}

static bool close_records(struct collection *c, struct err *err) {
    bool ok = true;
    struct buf ids;
    buf_init(&ids);
    buf_add_char(&ids, '{');
    c->stuck = c->stuck_values = 0;
    for (size_t i = 0; ok && i < c->n_records; i++) {
        const struct record *record = &c->records[i];
        size_t open = count_open(record);
        if (open > 0) {
            c->stuck++;
            c->stuck_values += open * c->m->pairs[record->table].forward.n_key;
        }
        if (open == 0 && record->n_read == record->n_values) {
            buf_add_format(&ids, "%s%" PRId64, ids.size > 1 ? "," : "", record->id);
        } else if (open < record->n_items) {
            ok = cut_record(c, record, err);
        }
    }
    buf_add_char(&ids, '}');
    ok = ok && (ids.size == 2 || delete_records(c, &ids, err));
    buf_fini(&ids);
    return ok;
}

bool collection_close(struct collection *c, const struct agenda *agenda, struct err *err) {
    return (settle(c, agenda, err) && close_records(c, err)) ||
           err_context(err, "cannot close rechecks in %s", c->db->label);
}

bool collection_hurry(struct collection *c, struct err *err) {
    return db_exec(c->db, err,
                   "UPDATE pgtandem.parked SET retry_at = clock_timestamp()"
                   " WHERE migration = $1 AND settled_at IS NULL AND sqlstate = '23505'"
                   "   AND retry_at > clock_timestamp()",
                   1, (const char *const[]){c->m->config->migration});
}
