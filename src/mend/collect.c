/* collect.c - see collect.h. What is taken off again is in close.c. */
#include "mend/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mend/key.h"

void collection_init(struct collection *c, struct migration *m, enum direction direction,
                     struct db *db) {
    memset(c, 0, sizeof *c);
    c->m = m;
    c->db = db;
    c->log = (struct log_source){m->config->migration, "recheck", 0};
    c->here[direction] = true;
    c->here[direction == FORWARD ? REVERSE : FORWARD] = m->same_database;
    arena_init(&c->arena);
}

void collection_fini(struct collection *c) {
    arena_fini(&c->arena);
}

bool collection_is_due(struct collection *c, bool *due, struct err *err) {
    return db_bool(c->db, err, due,
                   "SELECT EXISTS (SELECT FROM pgtandem.recheck WHERE migration = $1)"
                   "    OR EXISTS (SELECT FROM pgtandem.parked WHERE migration = $1"
                   "                  AND settled_at IS NULL AND retry_at <= clock_timestamp())",
                   1, (const char *const[]){c->m->config->migration});
}

bool collection_mark(struct collection *c, struct collection_mark *mark, struct err *err) {
    PGresult *r = db_query(c->db, err,
                           "SELECT (SELECT coalesce(max(id), 0) FROM pgtandem.recheck"
                           "         WHERE migration = $1), clock_timestamp()",
                           1, (const char *const[]){c->m->config->migration});
    if (r == NULL) {
        return false;
    }
    mark->last = result_int(r, 0, 0);
    snprintf(mark->at, sizeof mark->at, "%s", PQgetvalue(r, 0, 1));
    PQclear(r);
    return true;
}

bool collection_is_left(struct collection *c, const struct collection_mark *mark, bool *left,
                        struct err *err) {
    char last[24];
    snprintf(last, sizeof last, "%" PRId64, mark->last);
    return db_bool(c->db, err, left,
                   "SELECT EXISTS (SELECT FROM pgtandem.recheck"
                   "                WHERE migration = $1 AND id <= $2::bigint)"
                   "    OR EXISTS (SELECT FROM pgtandem.parked WHERE migration = $1"
                   "                  AND settled_at IS NULL AND retry_at <= $3::timestamptz)",
                   3, (const char *const[]){c->m->config->migration, last, mark->at});
}

/* tables */

/* False when no table of the migration has that name there. */
static bool find_table(struct collection *c, enum direction direction, const char *name,
                       size_t *table) {
    for (size_t i = 0; c->here[direction] && i < c->m->n_tables; i++) {
        const struct mapping *mapping = migration_mapping(c->m, i, direction);
        if (strcmp(mapping_target_text(mapping, &c->arena), name) == 0) {
            *table = i;
            return true;
        }
    }
    return false;
}

/* records */

enum { RECORD_ID, RECORD_LINK, RECORD_TABLE, RECORD_SIZE, RECORD_VALUE };

/* What concerns a record as a whole comes with its first value only. */
static const char records_sql[] =
    "WITH oldest AS (SELECT id, link, table_name, keys, cardinality(keys) AS n"
    "                  FROM pgtandem.recheck WHERE migration = $1 ORDER BY id LIMIT $2::int),"
    "     counted AS (SELECT *, sum(n) OVER (ORDER BY id) - n AS before FROM oldest)"
    " SELECT id, CASE WHEN coalesce(u.i, 1) = 1 THEN link END,"
    "        CASE WHEN coalesce(u.i, 1) = 1 THEN table_name END,"
    "        CASE WHEN coalesce(u.i, 1) = 1 THEN n END, u.value"
    "   FROM counted LEFT JOIN LATERAL unnest(keys[:$3::int]) WITH ORDINALITY AS u(value, i) ON "
    "true"
    "  WHERE before < $3::int ORDER BY id, u.i LIMIT $3::int";

static size_t at_most(size_t stuck, size_t room) {
    return room + (stuck < COLLECT_STUCK * room ? stuck : COLLECT_STUCK * room);
}

static PGresult *query_records(struct collection *c, struct err *err) {
    char records[24], values[24];
    snprintf(records, sizeof records, "%zu", at_most(c->stuck, COLLECT_RECORDS));
    snprintf(values, sizeof values, "%zu", at_most(c->stuck_values, COLLECT_VALUES));
    PGresult *r = db_query(c->db, err, records_sql, 3,
                           (const char *const[]){c->m->config->migration, records, values});
    if (r == NULL) {
        err_context(err, "cannot read what is up for recheck in %s", c->db->label);
    }
    return r;
}

static int rows_of_record(const PGresult *r, int row) {
    int n = 1;
    while (row + n < PQntuples(r) &&
           strcmp(PQgetvalue(r, row, RECORD_ID), PQgetvalue(r, row + n, RECORD_ID)) == 0) {
        n++;
    }
    return n;
}

static void add_items(struct collection *c, struct record *record, struct agenda *agenda,
                      const PGresult *r, int row) {
    const struct mapping_pair *pair = &c->m->pairs[record->table];
    size_t n_key = pair->forward.n_key;
    const size_t *order = key_order(pair, record->direction, &c->arena);
    struct value *key = arena_zero(&c->arena, n_key, sizeof *key);
    for (size_t i = 0; i < record->n_items; i++) {
        for (size_t k = 0; k < n_key; k++) {
            key[k] = result_value(r, row + (int)(i * n_key + order[k]), RECORD_VALUE);
        }
        record->items[i] = agenda_add(agenda, record->table, key, n_key);
    }
}

/* One that nobody could put up counts as dealt with. */
static void take_record(struct collection *c, struct agenda *agenda, const PGresult *r, int row,
                        int n) {
    struct record *record = &c->records[c->n_records++];
    const char *link = PQgetvalue(r, row, RECORD_LINK), *name = PQgetvalue(r, row, RECORD_TABLE);
    record->id = result_int(r, row, RECORD_ID);
    record->n_values = (size_t)result_int(r, row, RECORD_SIZE);
    record->n_read = record->n_values;
    record->direction = strcmp(link, "reverse") == 0 ? REVERSE : FORWARD;
    if (!find_table(c, record->direction, name, &record->table) ||
        record->n_values % c->m->pairs[record->table].forward.n_key != 0) {
        log_line(&c->log, LOG_WARNING,
                 "record %" PRId64 " of pgtandem.recheck in %s is left out: it is of no table that "
                 "the %s link writes to, or not of whole keys",
                 record->id, c->db->label, direction_name(record->direction));
        return;
    }
    size_t n_key = c->m->pairs[record->table].forward.n_key;
    size_t rows = record->n_values == 0 ? 0 : (size_t)n;
    record->n_items = rows / n_key;
    record->n_read = record->n_items * n_key;
    record->items = arena_zero(&c->arena, record->n_items, sizeof(struct item *));
    add_items(c, record, agenda, r, row);
}

static bool read_records(struct collection *c, struct agenda *agenda, struct err *err) {
    PGresult *r = query_records(c, err);
    if (r == NULL) {
        return false;
    }
    c->n_records = 0;
    c->records = arena_zero(&c->arena, at_most(c->stuck, COLLECT_RECORDS), sizeof *c->records);
    for (int row = 0, n; row < PQntuples(r); row += n) {
        n = rows_of_record(r, row);
        take_record(c, agenda, r, row, n);
    }
    PQclear(r);
    return true;
}

/* parked rows */

/* Rows that wait for each other's unique values must meet in one round: when one is
 * due, all are. */
static void add_parked_sql(struct buf *sql, const struct mapping_pair *pair) {
    buf_add_text(sql, "SELECT ");
    key_add_fields_sql(sql, pair);
    buf_add_format(sql,
                   " FROM pgtandem.parked"
                   " WHERE migration = $1 AND table_name = $2 AND settled_at IS NULL"
                   "   AND (retry_at <= clock_timestamp() OR (sqlstate = '23505'"
                   "        AND EXISTS (SELECT FROM pgtandem.parked"
                   "                     WHERE migration = $1 AND table_name = $2"
                   "                       AND settled_at IS NULL AND sqlstate = '23505'"
                   "                       AND retry_at <= clock_timestamp())))"
                   " ORDER BY retry_at LIMIT %d",
                   COLLECT_PARKED);
}

static bool read_parked_of(struct collection *c, size_t table, const char *name,
                           struct agenda *agenda, struct err *err) {
    const struct mapping_pair *pair = &c->m->pairs[table];
    size_t n_key = pair->forward.n_key;
    struct buf sql;
    buf_init(&sql);
    add_parked_sql(&sql, pair);
    PGresult *r =
        db_query(c->db, err, sql.data, 2, (const char *const[]){c->m->config->migration, name});
    buf_fini(&sql);
    if (r == NULL) {
        return err_context(err, "cannot read parked rows in %s", c->db->label);
    }
    struct value *key = arena_zero(&c->arena, n_key, sizeof *key);
    for (int row = 0; row < PQntuples(r); row++) {
        for (size_t k = 0; k < n_key; k++) {
            key[k] = result_value(r, row, (int)k);
        }
        agenda_add(agenda, table, key, n_key)->from_parked = true;
    }
    PQclear(r);
    return true;
}

static bool read_parked(struct collection *c, struct agenda *agenda, struct err *err) {
    PGresult *r = db_query(c->db, err,
                           "SELECT DISTINCT table_name FROM pgtandem.parked"
                           " WHERE migration = $1 AND settled_at IS NULL"
                           "   AND retry_at <= clock_timestamp()",
                           1, (const char *const[]){c->m->config->migration});
    bool ok = r != NULL;
    for (int row = 0; ok && row < PQntuples(r); row++) {
        const char *name = PQgetvalue(r, row, 0);
        for (enum direction d = FORWARD; ok && d <= REVERSE; d++) {
            size_t table;
            ok = !find_table(c, d, name, &table) || read_parked_of(c, table, name, agenda, err);
        }
    }
    PQclear(r);
    return ok;
}

static bool read_clock(struct collection *c, struct err *err) {
    char *now = db_text(c->db, err, "SELECT clock_timestamp()", 0, NULL);
    if (now == NULL) {
        return false;
    }
    snprintf(c->collected_at, sizeof c->collected_at, "%s", now);
    free(now);
    return true;
}

bool collection_read(struct collection *c, struct agenda *agenda, struct err *err) {
    arena_reset(&c->arena);
    /* in this order: else a conflict that commits in between would lose its record, and
     * count as one that the round has not seen */
    return read_records(c, agenda, err) && read_parked(c, agenda, err) && read_clock(c, err);
}
