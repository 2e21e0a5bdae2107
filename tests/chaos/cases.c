/* cases.c - reads both tables and pgtandem's records, and merges them by key. */
#include "cases.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conn.h"

/* ---- the rows ---- */

struct rows {
    size_t count;
    int64_t *keys;
    struct image *images;
};

static struct rows read_rows(PGconn *conn, enum side side, int64_t first, struct arena *arena) {
    char *sql = mem_printf("SELECT %s FROM %s WHERE id >= %lld ORDER BY id", side_columns(side),
                           side_table(side), (long long)first);
    PGresult *result = conn_query(conn, sql, 0, NULL);
    struct rows rows = {.count = (size_t)PQntuples(result)};
    rows.keys = arena_zero(arena, rows.count + 1, sizeof *rows.keys);
    rows.images = arena_zero(arena, rows.count + 1, sizeof *rows.images);
    for (size_t i = 0; i < rows.count; i++) {
        rows.keys[i] = image_read(result, (int)i, arena, &rows.images[i]);
    }
    rows.keys[rows.count] = INT64_MAX;
    PQclear(result);
    free(sql);
    return rows;
}

/* ---- merging ---- */

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void take_writes(struct key_case *c, const struct history *history, size_t *at) {
    c->writes = &history->writes[*at];
    for (; *at < history->count && history->writes[*at]->key == c->key; (*at)++) {
        const struct write *write = history->writes[*at];
        c->n_writes++;
        c->written[write->txn->side] = true;
        c->moved = c->moved || write->kind == WRITE_MOVED_AWAY || write->kind == WRITE_MOVED_HERE;
        c->deleted = c->deleted || write->kind == WRITE_DELETE;
    }
}

static void merge(struct cases *cases, const struct rows rows[SIDES],
                  const struct history *history) {
    size_t at[SIDES] = {0}, write = 0;
    size_t most = rows[OLD].count + rows[NEW].count + history->count;
    cases->list = arena_zero(&cases->arena, most + 1, sizeof *cases->list);
    for (;;) {
        int64_t key = least(rows[OLD].keys[at[OLD]], rows[NEW].keys[at[NEW]]);
        key = write < history->count ? least(key, history->writes[write]->key) : key;
        if (key == INT64_MAX) {
            return;
        }
        struct key_case *c = &cases->list[cases->count++];
        c->key = key;
        for (enum side side = OLD; side < SIDES; side++) {
            if (rows[side].keys[at[side]] == key) {
                c->rows[side] = &rows[side].images[at[side]++];
            }
        }
        take_writes(c, history, &write);
    }
}

/* ---- what pgtandem has recorded ---- */

static int compare_keys(const void *key, const void *c) {
    int64_t a = *(const int64_t *)key, b = ((const struct key_case *)c)->key;
    return (a > b) - (a < b);
}

/* Rows of (key, open): of a link, from the table in the database it writes to. An
 * older pgtandem has neither the table of conflicts nor the column settled_at. */
static PGresult *read_records(PGconn *conn, const char *table, enum side source, int64_t first) {
    char *exists = mem_printf("SELECT (to_regclass('pgtandem.%s') IS NOT NULL)::int", table);
    char *sql = mem_printf("SELECT (key->>'id')::bigint, to_jsonb(t)->>'settled_at' IS NULL"
                           " FROM %s%s AS t WHERE link = '%s' AND (key->>'id')::bigint >= %lld",
                           "pgtandem.", table, side_link(source), (long long)first);
    PGresult *result = conn_number(conn, exists) != 0 ? conn_query(conn, sql, 0, NULL) : NULL;
    free(exists);
    free(sql);
    return result;
}

static void mark(struct key_case *c, enum side source, bool is_parked, bool open) {
    if (is_parked) {
        c->was_parked = true;
        c->parked[source] = c->parked[source] || open;
    } else {
        c->conflicts++;
        c->open_conflicts += open;
    }
}

static void take_records(struct cases *cases, PGconn *conn, enum side source, bool is_parked,
                         int64_t first, int64_t base, struct complaints *complaints) {
    const char *table = is_parked ? "parked" : "conflict";
    PGresult *result = read_records(conn, table, source, first);
    for (int i = 0; i < PQntuples(result); i++) {
        int64_t key = strtoll(PQgetvalue(result, i, 0), NULL, 10);
        struct key_case *c =
            bsearch(&key, cases->list, cases->count, sizeof *cases->list, compare_keys);
        if (c == NULL && key >= base) {
            complain(complaints, "pgtandem.%s (%s) names key %lld, which nobody has written", table,
                     side_link(source), (long long)key);
        }
        if (c == NULL) {
            continue;
        }
        mark(c, source, is_parked, PQgetvalue(result, i, 1)[0] == 't');
    }
    PQclear(result);
}

void cases_init(struct cases *cases, PGconn *const conns[SIDES], const struct history *history,
                int64_t first, int64_t base, struct complaints *complaints) {
    *cases = (struct cases){0};
    arena_init(&cases->arena);
    struct rows rows[SIDES];
    for (enum side side = OLD; side < SIDES; side++) {
        rows[side] = read_rows(conns[side], side, first, &cases->arena);
    }
    merge(cases, rows, history);
    for (enum side source = OLD; source < SIDES; source++) {
        PGconn *target = conns[source == OLD ? NEW : OLD];
        take_records(cases, target, source, true, first, base, complaints);
        take_records(cases, target, source, false, first, base, complaints);
    }
}

void cases_fini(struct cases *cases) {
    arena_fini(&cases->arena);
}
