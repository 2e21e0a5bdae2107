/* records.c - see records.h. */
#include "command/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "pg/quote.h"
#include "pg/state.h"

/* A record's id in statements about its table, $2 being the ids that are meant */
#define CONFLICT_ID "left(link, 1) || id"
#define PARKED_ID "'p' || left(link, 1) || id"
#define IS_MEANT(id) "($2::text[] IS NULL OR " id " = ANY ($2))"

#define TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define KEY_TEXT                                                                                   \
    "CASE jsonb_typeof(key) WHEN 'object' THEN"                                                    \
    "     (SELECT string_agg(k.key || '=' || coalesce(k.value, ''), ', ')"                         \
    "        FROM jsonb_each_text(key) AS k)"                                                      \
    " ELSE key::text END"
#define KEY_IS_NUMBERS                                                                             \
    "CASE jsonb_typeof(key) WHEN 'object' THEN"                                                    \
    "     (SELECT bool_and(k.value ~ '^-?[0-9]+$') FROM jsonb_each_text(key) AS k)"                \
    " ELSE false END"

/* Columns as in RECORD_FIELDS, then how many there are without the limit. */
static const char conflicts_sql[] =
    "SELECT " CONFLICT_ID ", link, table_name, key, " KEY_TEXT ", " KEY_IS_NUMBERS ","
    "       kind, decision, NULL, NULL, NULL, NULL,"
    "       incoming, " TIME("incoming_at") ", existing, " TIME(
        "existing_at") ","
                       "       source_lsn, " TIME("recorded_at") ", " TIME(
                           "settled_at") ", NULL, NULL,"
                                         "       count(*) OVER ()"
                                         "  FROM pgtandem.conflict"
                                         " WHERE migration = $1 AND " IS_MEANT(
                                             CONFLICT_ID) "   AND ($3::bool OR settled_at IS NULL)"
                                                          " ORDER BY recorded_at DESC, id DESC "
                                                          "LIMIT nullif($4::bigint, 0)";

/* An earlier version's table has no columns for constraint and diagnostics. */
static const char parked_sql[] =
    "SELECT " PARKED_ID ", link, table_name, key, " KEY_TEXT ", " KEY_IS_NUMBERS ","
    "       operation, NULL, sqlstate, reason,"
    "       to_jsonb(t)->>'constraint_name', to_jsonb(t)->>'diagnostics',"
    "       row_image, " TIME(
        "commit_time") ", NULL, NULL,"
                       "       source_lsn, " TIME("parked_at") ", " TIME(
                           "settled_at") ", tries, " TIME("retry_at") ","
                                                                      "       count(*) OVER ()"
                                                                      "  FROM pgtandem.parked AS t"
                                                                      " WHERE migration = $1 "
                                                                      "AND " IS_MEANT(
                                                                          PARKED_ID) "   AND "
                                                                                     "($3::bool OR "
                                                                                     "settled_at "
                                                                                     "IS NULL)"
                                                                                     " ORDER BY "
                                                                                     "parked_at "
                                                                                     "DESC, id "
                                                                                     "DESC LIMIT "
                                                                                     "nullif($4::"
                                                                                     "bigint, 0)";

/* the databases that have a state schema */

struct databases {
    struct db *db[2];
    size_t count;
};

static bool add_database(struct databases *databases, struct side *side, struct err *err) {
    bool exists;
    if (!state_schema_exists(&side->db, &exists, err)) {
        return false;
    }
    if (exists) {
        databases->db[databases->count++] = &side->db;
    }
    return true;
}

static bool find_databases(struct migration *m, struct databases *databases, struct err *err) {
    databases->count = 0;
    return add_database(databases, &m->new_side, err) &&
           (m->same_database || add_database(databases, &m->old_side, err));
}

/* reading */

void records_init(struct records *records) {
    memset(records, 0, sizeof *records);
    arena_init(&records->arena);
}

void records_fini(struct records *records) {
    free(records->items);
    arena_fini(&records->arena);
}

static const char *copy_field(struct records *records, const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column) ? NULL
                                       : arena_copy(&records->arena, PQgetvalue(r, row, column),
                                                    (size_t)PQgetlength(r, row, column));
}

static void add_record(struct records *records, bool is_parked, const PGresult *r, int row) {
    if (records->count == records->capacity) {
        records->capacity = records->capacity == 0 ? 64 : mem_mul(records->capacity, 2);
        records->items =
            mem_grow(records->items, mem_mul(records->capacity, sizeof *records->items));
    }
    struct record *record = &records->items[records->count++];
    int column = 0;
    record->is_parked = is_parked;
#define FILL(name) record->name = copy_field(records, r, row, column++);
    RECORD_FIELDS(FILL)
#undef FILL
}

static bool read_table(struct migration *m, struct db *db, bool is_parked,
                       const struct record_filter *filter, struct records *records,
                       struct err *err) {
    char limit[24];
    snprintf(limit, sizeof limit, "%" PRId64, filter->limit);
    const char *params[] = {m->config->migration, filter->ids, filter->settled ? "t" : "f", limit};
    PGresult *r = db_query(db, err, is_parked ? parked_sql : conflicts_sql, 4, params);
    if (r == NULL) {
        return err_context(err, "cannot read %s", is_parked ? "parked rows" : "conflicts");
    }
    for (int row = 0; row < PQntuples(r); row++) {
        add_record(records, is_parked, r, row);
    }
    if (PQntuples(r) > 0) {
        *(is_parked ? &records->n_parked : &records->n_conflicts) +=
            result_int(r, 0, PQnfields(r) - 1);
    }
    PQclear(r);
    return true;
}

static int compare_records(const void *a, const void *b) {
    const struct record *one = a, *other = b;
    if (one->is_parked != other->is_parked) {
        return one->is_parked ? 1 : -1;
    }
    int by_time = -strcmp(one->at, other->at);
    return by_time != 0 ? by_time : -strcmp(one->id, other->id);
}

/* Each database gave as many as the limit allows for both of them. */
static void cut_to_limit(struct records *records, int64_t limit) {
    int64_t of_kind = 0;
    size_t kept = 0;
    for (size_t i = 0; i < records->count; i++) {
        of_kind = i > 0 && records->items[i].is_parked != records->items[i - 1].is_parked
                      ? 1
                      : of_kind + 1;
        if (limit == 0 || of_kind <= limit) {
            records->items[kept++] = records->items[i];
        }
    }
    records->count = kept;
}

static void forget(struct records *records) {
    records->count = 0;
    records->n_conflicts = records->n_parked = 0;
    arena_reset(&records->arena);
}

bool records_read(struct migration *m, const struct record_filter *filter, struct records *records,
                  struct err *err) {
    struct databases databases;
    forget(records);
    if (!find_databases(m, &databases, err)) {
        return false;
    }
    for (size_t i = 0; i < databases.count; i++) {
        struct db *db = databases.db[i];
        if ((!filter->parked_only && !read_table(m, db, false, filter, records, err)) ||
            !read_table(m, db, true, filter, records, err)) {
            return false;
        }
    }
    if (records->count > 0) {
        qsort(records->items, records->count, sizeof *records->items, compare_records);
    }
    cut_to_limit(records, filter->limit);
    return true;
}

const struct record *records_find(const struct records *records, const char *id) {
    for (size_t i = 0; i < records->count; i++) {
        if (strcmp(records->items[i].id, id) == 0) {
            return &records->items[i];
        }
    }
    return NULL;
}

/* discarding */

#define DISCARD(table, id)                                                                         \
    "WITH gone AS (DELETE FROM " table " WHERE migration = $1 AND " IS_MEANT(                      \
        id) "              RETURNING settled_at)"                                                  \
            " SELECT count(*), count(*) FILTER (WHERE settled_at IS NULL) FROM gone"

static bool discard_in(struct migration *m, struct db *db, const char *sql, const char *ids,
                       int64_t *deleted, int64_t *open, struct err *err) {
    PGresult *r = db_query(db, err, sql, 2, (const char *const[]){m->config->migration, ids});
    if (r == NULL) {
        return err_context(err, "cannot discard records");
    }
    *deleted += result_int(r, 0, 0);
    *open += result_int(r, 0, 1);
    PQclear(r);
    return true;
}

bool records_discard(struct migration *m, const char *ids, struct records_discarded *discarded,
                     struct err *err) {
    struct databases databases;
    int64_t ignored = 0;
    *discarded = (struct records_discarded){0};
    if (!find_databases(m, &databases, err)) {
        return false;
    }
    for (size_t i = 0; i < databases.count; i++) {
        struct db *db = databases.db[i];
        if (!discard_in(m, db, DISCARD("pgtandem.conflict", CONFLICT_ID), ids,
                        &discarded->conflicts, &ignored, err) ||
            !discard_in(m, db, DISCARD("pgtandem.parked", PARKED_ID), ids, &discarded->parked,
                        &discarded->left_open, err)) {
            return false;
        }
    }
    return true;
}

/* putting up */

static const char due_now_sql[] =
    "UPDATE pgtandem.parked SET retry_at = clock_timestamp()"
    " WHERE migration = $1 AND " IS_MEANT(PARKED_ID) " AND settled_at IS NULL";

/* The keys of one table's conflicts, each once, 500 of them to a record. */
static void add_recheck_sql(struct buf *sql, const struct mapping *mapping) {
    buf_add_text(sql, "INSERT INTO pgtandem.recheck (migration, link, table_name, keys)"
                      " SELECT $1, $3, $4, array_agg(part.value ORDER BY k.n, part.i)"
                      "  FROM (SELECT key, row_number() OVER () AS n FROM (SELECT DISTINCT ARRAY[");
    for (size_t i = 0; i < mapping->n_key; i++) {
        const char *name = mapping->target->columns[mapping->columns[mapping->key[i]].target].name;
        buf_add_text(sql, i > 0 ? ", key->>" : "key->>");
        quote_literal(sql, name, strlen(name));
    }
    buf_add_text(
        sql, "] AS key FROM pgtandem.conflict"
             "  WHERE migration = $1 AND " IS_MEANT(
                 CONFLICT_ID) "    AND link = $3 AND table_name = $4 AND settled_at IS NULL) AS d"
                              "    WHERE array_position(key, NULL) IS NULL) AS k"
                              " CROSS JOIN unnest(k.key) WITH ORDINALITY AS part(value, i)"
                              " GROUP BY (k.n - 1) / 500");
}

static bool put_up_conflicts(struct migration *m, size_t table, enum direction direction,
                             const char *ids, struct err *err) {
    const struct mapping *mapping = migration_mapping(m, table, direction);
    struct buf sql, name;
    buf_init(&sql);
    buf_init(&name);
    add_recheck_sql(&sql, mapping);
    buf_add_format(&name, "%s.%s", mapping->target->name.schema, mapping->target->name.name);
    const char *params[] = {m->config->migration, ids, direction_name(direction), name.data};
    bool ok = db_exec(&migration_target(m, direction)->db, err, sql.data, 4, params);
    buf_fini(&sql);
    buf_fini(&name);
    return ok;
}

bool records_put_up(struct migration *m, const char *ids, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!db_exec(&migration_target(m, d)->db, err, due_now_sql, 2,
                     (const char *const[]){m->config->migration, ids})) {
            return err_context(err, "cannot have parked rows tried again");
        }
        for (size_t i = 0; i < m->n_tables; i++) {
            if (!put_up_conflicts(m, i, d, ids, err)) {
                return err_context(err, "cannot have conflicts looked at again");
            }
        }
    }
    return true;
}
