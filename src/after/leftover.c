/* leftover.c - see leftover.h. */
#include "after/leftover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A build CONCURRENTLY holds this lock on the table from its beginning to its end, while
 * its index is there and not valid. Whose progress it is, everybody may see; on which
 * index it works, not. */
static const char namesake_sql[] =
    "SELECT c.oid, coalesce(i.indisvalid, true), coalesce(i.indrelid = ANY ($3::oid[]), false),"
    "       quote_ident(n.nspname) || '.' || quote_ident(c.relname),"
    "       (SELECT coalesce(string_agg(DISTINCT p.pid::text, ', '), '')"
    "          FROM pg_stat_progress_create_index p JOIN pg_locks l USING (pid)"
    "         WHERE l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted"
    "           AND l.mode = 'ShareUpdateExclusiveLock' AND p.datname = current_database()"
    "           AND l.pid <> pg_backend_pid())"
    "  FROM pg_class t"
    "  JOIN pg_namespace n ON n.oid = t.relnamespace"
    "  JOIN pg_class c ON c.relnamespace = t.relnamespace AND c.relname = $2::name"
    "  LEFT JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE t.oid = $1::oid";

static void fill(struct namesake *found, const struct task *task, const PGresult *r,
                 struct arena *arena) {
    bool is_ours = result_bool(r, 0, 2) || task->interrupted || task->name_was_free;
    found->exists = true;
    found->oid = (uint32_t)result_int(r, 0, 0);
    found->valid = result_bool(r, 0, 1);
    found->may_go = !found->valid && is_ours;
    found->name = arena_copy(arena, PQgetvalue(r, 0, 3), (size_t)PQgetlength(r, 0, 3));
    found->builders = arena_copy(arena, PQgetvalue(r, 0, 4), (size_t)PQgetlength(r, 0, 4));
}

bool leftover_find(const struct task *task, struct migration *m, struct db *db, struct arena *arena,
                   struct namesake *found, struct err *err) {
    const char *name = task->ddl.index != NULL ? task->ddl.index : task->object;
    memset(found, 0, sizeof *found);
    if (name == NULL || task->table.oid == 0) {
        return true;
    }
    struct buf oids;
    buf_init(&oids);
    task_add_new_tables(&oids, m);
    const char *params[] = {arena_printf(arena, "%u", task->table.oid), name, oids.data};
    PGresult *r = db_query(db, err, namesake_sql, 3, params);
    buf_fini(&oids);
    if (r == NULL) {
        return err_context(err, "while looking for the index %s", name);
    }
    if (PQntuples(r) == 1) {
        fill(found, task, r, arena);
    }
    PQclear(r);
    return true;
}

/* names */

/* A name has 63 bytes, a character up to four. */
static const char name_sql[] =
    "SELECT name FROM (SELECT CASE WHEN octet_length(full_name) > 55 THEN left(full_name, 13)"
    "                              ELSE full_name END || '_idx' || coalesce(nullif(n, 0)::text, '')"
    "                         AS name, n, relnamespace"
    "                    FROM (SELECT relname || $2::text AS full_name, relnamespace"
    "                            FROM pg_class WHERE oid = $1::oid) t"
    "                   CROSS JOIN generate_series(0, 9999) n) candidate"
    " WHERE NOT EXISTS (SELECT FROM pg_class c"
    "                    WHERE c.relnamespace = candidate.relnamespace AND c.relname = name)"
    "   AND NOT EXISTS (SELECT FROM pgtandem.after_copy a WHERE a.object = name)"
    " ORDER BY n LIMIT 1";

static bool is_column(const char *key) {
    return key[strcspn(key, " \t\r\n()")] == '\0';
}

/* "_a_b_expr" */
static void add_keys(struct buf *text, const struct ddl_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        const char *key = keys->items[i];
        buf_add_char(text, '_');
        if (!is_column(key)) {
            key = "expr";
        }
        for (const char *p = key; *p != '\0'; p++) {
            if (*p != '"') {
                buf_add_char(text, *p >= 'A' && *p <= 'Z' && *key != '"' ? (char)(*p + 32) : *p);
            }
        }
    }
}

const char *leftover_choose_name(const struct task *task, struct db *db, struct arena *arena,
                                 struct err *err) {
    struct buf keys;
    buf_init(&keys);
    add_keys(&keys, &task->ddl.keys);
    const char *params[] = {arena_printf(arena, "%u", task->table.oid), buf_text(&keys)};
    char *name = db_text(db, err, name_sql, 2, params);
    buf_fini(&keys);
    if (name == NULL && err->code == ERR_NONE) {
        err_set(err, ERR_FAILED, "there is no free name for the index of %s", task->label);
        err_hint(err, "give it one: CREATE INDEX CONCURRENTLY name ON ...");
    }
    if (name == NULL) {
        return NULL;
    }
    const char *copy = arena_copy(arena, name, strlen(name));
    free(name);
    return copy;
}
