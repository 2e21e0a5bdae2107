/* task.c - see task.h. */
#include "after/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "after/statement_record.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/sqlsplit.h"
#include "pg/quote.h"

/* the list */

static struct task *append(struct task_list *list) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : mem_mul(list->capacity, 2);
        struct task *items = arena_zero(&list->arena, list->capacity, sizeof *items);
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof *items);
        }
        list->items = items;
    }
    return &list->items[list->count++];
}

void task_list_free(struct task_list *list) {
    arena_fini(&list->arena);
}

static const char *text_of_number(struct arena *arena, size_t number) {
    return arena_printf(arena, "%zu", number);
}

/* files */

static bool refuse_transaction(const struct task *task, struct err *err) {
    err_set(err, ERR_USAGE, "%s begins or ends a transaction, but each statement is run by itself",
            task->place);
    return err_hint(err, "leave BEGIN, COMMIT and their kin out; a DO block or a function is one "
                         "statement");
}

static bool add_statement(struct task_list *list, const char *file, size_t number,
                          const struct sql_statement *statement, struct err *err) {
    struct arena *arena = &list->arena;
    struct task *task = append(list);
    task->kind = TASK_STATEMENT;
    task->file = file;
    task->number = text_of_number(arena, number);
    task->text = statement->text;
    task->label = arena_printf(arena, "statement %zu of %s", number, file);
    task->place = arena_printf(arena, "%s:%d: statement %zu", file, statement->line, number);
    task->ddl = ddl_parse(statement->text, statement->size, arena);
    return task->ddl.kind != DDL_TRANSACTION || refuse_transaction(task, err);
}

static bool read_file(const char *path, struct buf *text, struct err *err) {
    return file_read(path, text, err) ||
           err_hint(err,
                    "paths under backfill.after_copy are relative to the configuration's folder");
}

static bool add_file(struct task_list *list, struct migration *m, const char *file,
                     struct err *err) {
    struct buf text;
    buf_init(&text);
    bool ok = read_file(config_resolve_path(m->config, file), &text, err);
    if (ok) {
        struct sql_statements statements = sqlsplit(buf_text(&text), text.size, &list->arena);
        for (size_t i = 0; ok && i < statements.count; i++) {
            ok = add_statement(list, file, i + 1, &statements.items[i], err);
        }
    }
    buf_fini(&text);
    return ok;
}

/* A file that is named twice has been run when its turn comes again. */
static bool is_named_before(const struct config_backfill *backfill, size_t i) {
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (strcmp(backfill->after_copy[earlier].path, backfill->after_copy[i].path) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_files(struct task_list *list, struct migration *m, struct err *err) {
    const struct config_backfill *backfill = &m->config->backfill;
    for (size_t i = 0; i < backfill->n_after_copy; i++) {
        if (!is_named_before(backfill, i) &&
            !add_file(list, m, backfill->after_copy[i].path, err)) {
            return false;
        }
    }
    return true;
}

/* pgtandem's own */

static void add_analyze(struct task_list *list, const struct migration *m, size_t i) {
    struct arena *arena = &list->arena;
    const struct table *table = migration_mapping(m, i, FORWARD)->target;
    struct buf name;
    buf_init(&name);
    quote_table(&name, &table->name);
    struct task *task = append(list);
    task->kind = TASK_ANALYZE;
    task->file = "";
    task->number = text_of_number(arena, i + 1);
    task->text = arena_printf(arena, "ANALYZE %s", name.data);
    task->label = task->place =
        arena_printf(arena, "ANALYZE %s.%s", table->name.schema, table->name.name);
    task->table =
        (struct task_table){table->oid, table->kind, true, arena_copy(arena, name.data, name.size)};
    buf_fini(&name);
}

/* what earlier runs have done */

static const struct statement_record *find_record(const struct statement_records *records,
                                                  const struct task *task) {
    for (size_t i = 0; i < records->count; i++) {
        const struct statement_record *record = &records->items[i];
        if (strcmp(record->file, task->file) == 0 && strcmp(record->number, task->number) == 0) {
            return record;
        }
    }
    return NULL;
}

static bool refuse_changed(const struct task *task, struct err *err) {
    err_set(err, ERR_FAILED, "%s is not the one that was run before", task->place);
    return err_hint(err, "put it back as it was, or add what is new at the file's end: statements "
                         "that are done are not run again");
}

/* What has changed since it was started is another statement: see add_withdrawn(). */
static bool note_record(struct task *task, const struct statement_record *record, struct err *err) {
    bool same = strcmp(record->statement, task->text) == 0;
    if (record->done && !same && task->kind != TASK_ANALYZE) {
        return refuse_changed(task, err);
    }
    task->done = record->done && same;
    task->interrupted = record->started && same && !task->done;
    task->object = task->interrupted ? record->object : NULL;
    return true;
}

static bool note_records(struct task_list *list, const struct statement_records *records,
                         struct err *err) {
    bool all_done = true;
    for (size_t i = 0; i < list->count; i++) {
        struct task *task = &list->items[i];
        const struct statement_record *record = find_record(records, task);
        if (record != NULL && !note_record(task, record, err)) {
            return false;
        }
        /* ANALYZE comes last, and is to see what all others have done */
        task->done &= task->kind != TASK_ANALYZE || all_done;
        all_done &= task->done || task->kind == TASK_ANALYZE;
    }
    return true;
}

static bool is_in_list(const struct task_list *list, const struct statement_record *record) {
    for (size_t i = 0; i < list->count; i++) {
        const struct task *task = &list->items[i];
        if (strcmp(task->file, record->file) == 0 && strcmp(task->number, record->number) == 0 &&
            strcmp(task->text, record->statement) == 0) {
            return true;
        }
    }
    return false;
}

static void add_withdrawn(struct task_list *list, const struct statement_record *record) {
    struct arena *arena = &list->arena;
    struct task *task = append(list);
    task->kind = TASK_WITHDRAWN;
    task->file = record->file;
    task->number = record->number;
    task->text = record->statement;
    task->label = task->place =
        arena_printf(arena, "statement %s of %s, as it was", record->number, record->file);
    task->ddl = ddl_parse(record->statement, strlen(record->statement), arena);
    task->interrupted = true;
    task->object = record->object;
}

static void add_all_withdrawn(struct task_list *list, const struct statement_records *records) {
    for (size_t i = 0; i < records->count; i++) {
        const struct statement_record *record = &records->items[i];
        bool open = record->started && !record->done && record->file[0] != '\0';
        if (open && !is_in_list(list, record)) {
            add_withdrawn(list, record);
        }
    }
}

/* They were started before anything else in the list. */
static void put_last_first(struct task_list *list, size_t n_last) {
    size_t n_others = list->count - n_last;
    struct task *items = arena_zero(&list->arena, list->count, sizeof *items);
    for (size_t i = 0; i < list->count; i++) {
        items[i] = list->items[i < n_last ? n_others + i : i - n_last];
    }
    list->items = items;
    list->capacity = list->count;
}

static bool is_configured(const struct migration *m, const char *file) {
    const struct config_backfill *backfill = &m->config->backfill;
    for (size_t i = 0; i < backfill->n_after_copy; i++) {
        if (strcmp(backfill->after_copy[i].path, file) == 0) {
            return true;
        }
    }
    return false;
}

/* Under another name it would be another file, and run again. */
static bool refuse_gone(const struct migration *m, const struct statement_records *records,
                        struct err *err) {
    for (size_t i = 0; i < records->count; i++) {
        const struct statement_record *record = &records->items[i];
        if (record->done && record->file[0] != '\0' && !is_configured(m, record->file)) {
            err_set(err, ERR_USAGE,
                    "statements of %s were run already, and it is no longer under "
                    "backfill.after_copy",
                    record->file);
            return err_hint(err, "name it there as before, to the letter: statements that are "
                                 "done are not run again");
        }
    }
    return true;
}

bool task_list_read(struct task_list *list, struct migration *m, struct err *err) {
    memset(list, 0, sizeof *list);
    arena_init(&list->arena);
    return add_files(list, m, err);
}

bool task_list_load(struct task_list *list, struct migration *m, struct err *err) {
    struct statement_records records;
    if (!task_list_read(list, m, err) || !statement_records_read(m, &list->arena, &records, err)) {
        return false;
    }
    for (size_t i = 0; i < m->n_tables; i++) {
        add_analyze(list, m, i);
    }
    if (!refuse_gone(m, &records, err) || !note_records(list, &records, err) ||
        !statement_records_plan(m, list, err)) {
        return false;
    }
    size_t n = list->count;
    add_all_withdrawn(list, &records);
    put_last_first(list, list->count - n);
    return true;
}

/* one task */

/* With a capital letter in it or not, quoted or not: to_regclass() finds it as the
 * statement would. */
static const char look_up_sql[] =
    "SELECT c.oid, c.relkind, c.oid = ANY ($2::pg_catalog.oid[]),"
    "       quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = pg_catalog.to_regclass($1)";

static void add_name(struct buf *sql, const struct table_name *table) {
    if (table->schema != NULL) {
        quote_identifier(sql, table->schema);
        buf_add_char(sql, '.');
    }
    quote_identifier(sql, table->name);
}

void task_add_new_tables(struct buf *oids, const struct migration *m) {
    for (size_t i = 0; i < m->n_tables; i++) {
        buf_add_format(oids, "%s%u", i == 0 ? "{" : ",",
                       migration_mapping(m, i, FORWARD)->target->oid);
    }
    buf_add_char(oids, '}');
}

static void note_table(struct task *task, const PGresult *r, struct arena *arena) {
    task->table = (struct task_table){
        .oid = (uint32_t)result_int(r, 0, 0),
        .kind = *PQgetvalue(r, 0, 1),
        .is_new = result_bool(r, 0, 2),
        .name = arena_copy(arena, PQgetvalue(r, 0, 3), (size_t)PQgetlength(r, 0, 3)),
    };
}

bool task_look_up(struct task *task, struct migration *m, struct db *db, struct arena *arena,
                  struct err *err) {
    if (task->kind == TASK_ANALYZE || task->ddl.table.name == NULL) {
        return true;
    }
    struct buf name, oids;
    buf_init(&name);
    buf_init(&oids);
    add_name(&name, &task->ddl.table);
    task_add_new_tables(&oids, m);
    PGresult *r = db_query(db, err, look_up_sql, 2, (const char *const[]){name.data, oids.data});
    task->table.oid = 0;
    if (r != NULL && PQntuples(r) == 1) {
        note_table(task, r, arena);
    }
    PQclear(r);
    buf_fini(&name);
    buf_fini(&oids);
    return r != NULL || err_context(err, "while looking for the table of %s", task->label);
}

/* Of a partitioned table all partitions are locked: then nothing goes beside it. */
enum order_class task_order_class(const struct task *task) {
    if (task->kind == TASK_ANALYZE) {
        return ORDER_ANALYZE;
    }
    if (task->ddl.kind != DDL_CREATE_INDEX || task->table.oid == 0 ||
        (task->table.kind != 'r' && task->table.kind != 'm')) {
        return ORDER_ALONE;
    }
    return task->ddl.concurrently ? ORDER_BUILD_CONCURRENTLY : ORDER_BUILD;
}

bool task_is_patient(const struct task *task) {
    return task->kind == TASK_ANALYZE || task->ddl.concurrently;
}

/* A foreign key of a partitioned table cannot be added NOT VALID. */
bool task_has_two_steps(const struct task *task) {
    const struct ddl *ddl = &task->ddl;
    return (ddl->adds == DDL_CHECK || ddl->adds == DDL_FOREIGN_KEY) && !ddl->not_valid &&
           task->table.oid != 0 && task->table.kind == 'r';
}
