/* statement_record.c - see statement_record.h. */
#include "after/statement_record.h"

#include <string.h>

#include "apply/array.h"
#include "pg/quote.h"

/* reading */

static const char *copy_field(struct arena *arena, const PGresult *r, int row, int column) {
    return PQgetisnull(r, row, column)
               ? NULL
               : arena_copy(arena, PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

/* ANALYZE counts as done only if no statement was done after it. */
static const char records_sql[] =
    "SELECT file, number, statement, object, started_at IS NOT NULL,"
    "       done_at IS NOT NULL AND (file <> '' OR NOT EXISTS ("
    "           SELECT FROM pgtandem.after_copy s WHERE s.migration = a.migration"
    "              AND s.file <> '' AND s.done_at > a.done_at))"
    "  FROM pgtandem.after_copy a WHERE migration = $1 ORDER BY file, number";

bool statement_records_read(struct migration *m, struct arena *arena,
                            struct statement_records *records, struct err *err) {
    PGresult *r =
        db_query(&m->new_side.db, err, records_sql, 1, (const char *const[]){m->config->migration});
    if (r == NULL) {
        return err_context(err, "cannot read which statements are done");
    }
    records->count = (size_t)PQntuples(r);
    records->items = arena_zero(arena, records->count, sizeof *records->items);
    for (int i = 0; i < PQntuples(r); i++) {
        records->items[i] = (struct statement_record){
            .file = copy_field(arena, r, i, 0),
            .number = copy_field(arena, r, i, 1),
            .statement = copy_field(arena, r, i, 2),
            .object = copy_field(arena, r, i, 3),
            .started = result_bool(r, i, 4),
            .done = result_bool(r, i, 5),
        };
    }
    PQclear(r);
    return true;
}

bool statement_record_read(struct migration *m, struct task *task, struct arena *arena,
                           struct err *err) {
    const char *params[] = {m->config->migration, task->file, task->number};
    PGresult *r = db_query(&m->new_side.db, err,
                           "SELECT object, done_at IS NOT NULL FROM pgtandem.after_copy"
                           " WHERE migration = $1 AND file = $2 AND number = $3::int",
                           3, params);
    if (r == NULL) {
        return err_context(err, "cannot read whether %s is done", task->label);
    }
    if (PQntuples(r) == 1) {
        task->object = copy_field(arena, r, 0, 0);
        task->done = result_bool(r, 0, 1);
    }
    PQclear(r);
    return true;
}

/* writing */

static struct value text_of(const char *text) {
    return value_text(text, strlen(text));
}

/* One array of files, one of numbers, one of texts */
static void add_arrays(struct buf arrays[3], const struct task_list *list) {
    struct value comma_or_brace = value_text("{", 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct task *task = &list->items[i];
        if (task->kind == TASK_WITHDRAWN) {
            continue;
        }
        struct value fields[] = {text_of(task->file), text_of(task->number), text_of(task->text)};
        for (size_t k = 0; k < 3; k++) {
            buf_add(&arrays[k], comma_or_brace.data, 1);
            array_add_element(&arrays[k], fields[k]);
        }
        comma_or_brace = value_text(",", 1);
    }
    for (size_t k = 0; k < 3; k++) {
        buf_add_text(&arrays[k], arrays[k].size == 0 ? "{}" : "}");
    }
}

static const char plan_sql[] =
    "WITH gone AS (DELETE FROM pgtandem.after_copy a"
    "  WHERE a.migration = $1 AND a.started_at IS NULL AND a.done_at IS NULL"
    "    AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::int[]) AS w (file, number)"
    "                     WHERE w.file = a.file AND w.number = a.number))"
    "INSERT INTO pgtandem.after_copy AS a (migration, file, number, statement, started_at)"
    " SELECT $1, w.file, w.number, w.statement, NULL"
    "   FROM unnest($2::text[], $3::int[], $4::text[]) AS w (file, number, statement)"
    "     ON CONFLICT (migration, file, number) DO UPDATE SET statement = excluded.statement"
    "  WHERE a.started_at IS NULL AND a.statement <> excluded.statement";

bool statement_records_plan(struct migration *m, const struct task_list *list, struct err *err) {
    struct buf arrays[3];
    for (size_t k = 0; k < 3; k++) {
        buf_init(&arrays[k]);
    }
    add_arrays(arrays, list);
    const char *params[] = {m->config->migration, arrays[0].data, arrays[1].data, arrays[2].data};
    bool ok = db_exec(&m->new_side.db, err, plan_sql, 4, params) ||
              err_context(err, "cannot write which statements there are");
    for (size_t k = 0; k < 3; k++) {
        buf_fini(&arrays[k]);
    }
    return ok;
}

static bool write_record(struct migration *m, const struct task *task, const char *sql,
                         int n_params, struct err *err) {
    const char *params[] = {m->config->migration, task->file, task->number, task->text,
                            task->object};
    return db_exec(&m->new_side.db, err, sql, n_params, params) ||
           err_context(err, "cannot write which statements are done");
}

bool statement_record_start(struct migration *m, const struct task *task, struct err *err) {
    return write_record(m, task,
                        "INSERT INTO pgtandem.after_copy"
                        "            (migration, file, number, statement, object, started_at)"
                        " VALUES ($1, $2, $3::int, $4, $5, clock_timestamp())"
                        " ON CONFLICT (migration, file, number)"
                        " DO UPDATE SET statement = excluded.statement, object = excluded.object,"
                        "               started_at = excluded.started_at, done_at = NULL",
                        5, err);
}

bool statement_record_done(struct migration *m, const struct task *task, struct err *err) {
    return write_record(m, task,
                        "UPDATE pgtandem.after_copy SET done_at = clock_timestamp()"
                        " WHERE migration = $1 AND file = $2 AND number = $3::int",
                        3, err);
}

bool statement_record_forget(struct migration *m, const struct task *task, struct err *err) {
    return write_record(m, task,
                        "UPDATE pgtandem.after_copy SET started_at = NULL, object = NULL"
                        " WHERE migration = $1 AND file = $2 AND number = $3::int",
                        3, err);
}

bool statement_record_strike(struct migration *m, const struct task *task, struct err *err) {
    return write_record(m, task,
                        "DELETE FROM pgtandem.after_copy"
                        " WHERE migration = $1 AND file = $2 AND number = $3::int"
                        "   AND done_at IS NULL",
                        3, err);
}

/* in one transaction with the statement */

static void add_literal(struct buf *sql, const char *text) {
    quote_literal(sql, text, strlen(text));
}

/* A SET of the user's own may have given the session another role; the record belongs
 * to the one that it began with. LOCAL is: until the transaction ends. */
static void add_update(struct buf *sql, const char *set) {
    buf_add_text(sql, "; SET LOCAL session_authorization TO DEFAULT; SET LOCAL role TO DEFAULT;"
                      " UPDATE pgtandem.after_copy SET ");
    buf_add_text(sql, set);
}

static void add_where(struct buf *sql, const struct migration *m, const struct task *task) {
    buf_add_text(sql, " WHERE migration = ");
    add_literal(sql, m->config->migration);
    buf_add_text(sql, " AND file = ");
    add_literal(sql, task->file);
    buf_add_format(sql, " AND number = %s", task->number);
}

void statement_record_add_done(struct buf *sql, const struct migration *m,
                               const struct task *task) {
    add_update(sql, "done_at = pg_catalog.clock_timestamp()");
    add_where(sql, m, task);
}

void statement_record_add_constraint(struct buf *sql, const struct migration *m,
                                     const struct task *task) {
    add_update(sql, "object = (SELECT conname FROM pg_catalog.pg_constraint WHERE conrelid = ");
    buf_add_format(sql,
                   "%u AND contype IN ('c', 'f') AND NOT convalidated AND conparentid = 0"
                   " AND xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid"
                   " ORDER BY oid LIMIT 1)",
                   task->table.oid);
    add_where(sql, m, task);
}

void statement_record_add_no_object(struct buf *sql, const struct migration *m,
                                    const struct task *task) {
    add_update(sql, "object = NULL");
    add_where(sql, m, task);
}
