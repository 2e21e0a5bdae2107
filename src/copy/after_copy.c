/* after_copy.c - see after_copy.h: which statements are to be run. How one is
 * run is in statement_run.c. */
#include "copy/after_copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "copy/statement_run.h"
#include "model/sqlsplit.h"

static bool read_file(const char *path, struct buf *text, struct err *err) {
    return file_read(path, text, err) ||
           err_hint(err,
                    "paths under backfill.after_copy are relative to the configuration's folder");
}

/* the record */

enum record { RECORD_NONE, RECORD_STARTED, RECORD_DONE, RECORD_ERROR };

static enum record look_up(struct runner *runner, const struct task *task, bool *same,
                           struct err *err) {
    const char *params[] = {runner->m->config->migration, task->file, task->number,
                            task->statement->text};
    PGresult *r = db_query(&runner->m->new_side.db, err,
                           "SELECT done_at IS NOT NULL, statement = $4 FROM pgtandem.after_copy"
                           " WHERE migration = $1 AND file = $2 AND number = $3::int",
                           4, params);
    if (r == NULL) {
        err_context(err, "cannot read which statements are done");
        return RECORD_ERROR;
    }
    enum record record = RECORD_NONE;
    *same = true;
    if (PQntuples(r) == 1) {
        record = result_bool(r, 0, 0) ? RECORD_DONE : RECORD_STARTED;
        *same = result_bool(r, 0, 1);
    }
    PQclear(r);
    return record;
}

static bool write_record(struct runner *runner, const struct task *task, const char *sql,
                         int n_params, struct err *err) {
    const char *params[] = {runner->m->config->migration, task->file, task->number,
                            task->statement->text};
    return db_exec(&runner->m->new_side.db, err, sql, n_params, params) ||
           err_context(err, "cannot write which statements are done");
}

static bool record_start(struct runner *runner, const struct task *task, struct err *err) {
    return write_record(runner, task,
                        "INSERT INTO pgtandem.after_copy (migration, file, number, statement)"
                        " VALUES ($1, $2, $3::int, $4)"
                        " ON CONFLICT (migration, file, number)"
                        " DO UPDATE SET statement = excluded.statement,"
                        "               started_at = clock_timestamp()",
                        4, err);
}

static bool record_done(struct runner *runner, const struct task *task, struct err *err) {
    return write_record(runner, task,
                        "UPDATE pgtandem.after_copy SET done_at = clock_timestamp()"
                        " WHERE migration = $1 AND file = $2 AND number = $3::int",
                        3, err);
}

/* What failed for good left nothing behind: it may be changed, and is new then. */
static void forget(struct runner *runner, const struct task *task) {
    struct err ignored;
    if (!write_record(runner, task,
                      "DELETE FROM pgtandem.after_copy"
                      " WHERE migration = $1 AND file = $2 AND number = $3::int",
                      3, &ignored)) {
        log_err(&runner->log, LOG_WARNING, &ignored);
    }
}

/* statements */

static bool refuse_changed(const struct task *task, struct err *err) {
    err_set(err, ERR_FAILED, "%s:%d: statement %s is not the one that was run before", task->file,
            task->statement->line, task->number);
    return err_hint(err, "put it back as it was, or add what is new at the file's end: statements "
                         "that are done are not run again");
}

static bool do_task(struct runner *runner, const struct task *task, struct err *err) {
    bool same;
    enum record record = look_up(runner, task, &same, err);
    if (record == RECORD_ERROR) {
        return false;
    }
    if (record == RECORD_DONE) {
        return same || refuse_changed(task, err);
    }
    if (!record_start(runner, task, err)) {
        return false;
    }
    switch (statement_run(runner, task, record == RECORD_STARTED, err)) {
        case STATEMENT_DONE:
            return record_done(runner, task, err);
        case STATEMENT_STOPPED:
            return false;
        case STATEMENT_FAILED:
            forget(runner, task);
            return false;
    }
    return false;
}

static bool do_statements(struct runner *runner, const char *file,
                          const struct sql_statements *statements, struct err *err) {
    for (size_t i = 0; i < statements->count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i + 1);
        struct task task = {file, number, &statements->items[i]};
        if (!do_task(runner, &task, err)) {
            return false;
        }
    }
    return true;
}

static bool do_file(struct runner *runner, const char *file, struct err *err) {
    struct buf text;
    buf_init(&text);
    struct arena arena;
    arena_init(&arena);
    bool ok = read_file(config_resolve_path(runner->m->config, file), &text, err);
    if (ok) {
        struct sql_statements statements = sqlsplit(buf_text(&text), text.size, &arena);
        ok = do_statements(runner, file, &statements, err);
    }
    arena_fini(&arena);
    buf_fini(&text);
    return ok;
}

bool after_copy_run(struct migration *m, struct err *err) {
    const struct config_backfill *backfill = &m->config->backfill;
    struct runner runner;
    runner_init(&runner, m);
    bool ok = true;
    for (size_t i = 0; ok && i < backfill->n_after_copy; i++) {
        ok = do_file(&runner, backfill->after_copy[i].path, err);
    }
    runner_fini(&runner);
    return ok;
}
