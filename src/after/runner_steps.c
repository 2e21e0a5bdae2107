/* runner_steps.c - see runner_parts.h: what is sent for a task, and what is looked at before. */
#include <string.h>

#include "after/leftover.h"
#include "after/offender.h"
#include "after/runner_parts.h"
#include "after/statement_record.h"
#include "base/buf.h"
#include "pg/quote.h"

static bool send_text(struct runner *runner, enum runner_state state, const char *sql,
                      struct err *err) {
    if (!db_send(&runner->db, err, sql, 0, NULL)) {
        return false;
    }
    runner_set_state(runner, state);
    return true;
}

static bool send_buf(struct runner *runner, enum runner_state state, struct buf *sql,
                     struct err *err) {
    bool ok = send_text(runner, state, sql->data, err);
    buf_fini(sql);
    return ok;
}

static bool is_index(const struct task *task) {
    return task->ddl.kind == DDL_CREATE_INDEX;
}

static bool find_namesake(struct runner *runner, struct namesake *found, struct err *err) {
    return leftover_find(runner->task, runner->m, &runner->db, &runner->arena, found, err);
}

static void begin_clock(struct runner *runner) {
    runner->began_at = runner->began_at == 0 ? usec_monotonic() : runner->began_at;
}

/* an index that is not valid */

static bool drop_index(struct runner *runner, enum runner_state state, const struct namesake *found,
                       struct err *err) {
    if (found->builders[0] != '\0') {
        runner_wait_for(runner, arena_printf(&runner->arena, "process %s, which builds %s",
                                             found->builders, found->name));
        return true;
    }
    runner->dropping = found->name;
    return runner_session_be_patient(runner, true, err) &&
           send_text(
               runner, state,
               arena_printf(&runner->arena, "DROP INDEX CONCURRENTLY IF EXISTS %s", found->name),
               err);
}

static bool refuse_invalid(const struct namesake *found, struct err *err) {
    err_set(err, ERR_FAILED, "the index %s is not valid", found->name);
    return err_hint(err, "drop it (DROP INDEX CONCURRENTLY %s) and start again", found->name);
}

/* *clear: nothing that is not valid bears the index's name; else something was done about
 * it. Of what is valid, or not an index, the server will speak. */
static bool clear_the_way(struct runner *runner, bool *clear, struct err *err) {
    struct namesake found;
    struct task *task = runner->task;
    if (!find_namesake(runner, &found, err)) {
        return false;
    }
    if (!runner->started) {
        task->name_was_free = !found.exists;
    }
    *clear = !found.exists || found.valid || !(found.may_go || task->ddl.if_not_exists);
    if (*clear) {
        return true;
    }
    return found.may_go || found.builders[0] != '\0'
               ? drop_index(runner, RUNNER_dropping, &found, err)
               : refuse_invalid(&found, err);
}

/* the statement */

/* Of a table that is not there the server will speak. */
static bool lacks_name(const struct task *task) {
    return is_index(task) && task->ddl.concurrently && task->ddl.name_at > 0 &&
           task->table.oid != 0;
}

static bool start_record(struct runner *runner, struct err *err) {
    struct task *task = runner->task;
    if (lacks_name(task) && task->object == NULL) {
        task->object =
            leftover_choose_name(task, &runner->m->new_side.db, &runner->tasks->arena, err);
        task->name_was_free = true;
        if (task->object == NULL) {
            return false;
        }
    }
    runner->started = statement_record_start(runner->m, task, err);
    return runner->started;
}

static void add_statement(struct buf *sql, const struct task *task) {
    const char *rest = task->text;
    if (lacks_name(task) && task->object != NULL) {
        rest += task->ddl.name_at;
        buf_add(sql, task->text, task->ddl.name_at);
        quote_identifier(sql, task->object);
        buf_add_char(sql, ' ');
    }
    buf_add_text(sql, rest);
}

static bool send_statement(struct runner *runner, struct err *err) {
    const struct task *task = runner->task;
    if (!runner_session_be_patient(runner, task_is_patient(task), err)) {
        return false;
    }
    struct buf sql;
    buf_init(&sql);
    add_statement(&sql, task);
    if (task_has_two_steps(task)) {
        buf_add_text(&sql, " NOT VALID");
        statement_record_add_constraint(&sql, runner->m, task);
    } else if (runner_is_exact(task)) {
        statement_record_add_done(&sql, runner->m, task);
    }
    begin_clock(runner);
    return send_buf(runner, RUNNER_working, &sql, err);
}

static void add_alter_constraint(struct buf *sql, const struct task *task, const char *what) {
    buf_add_format(sql, "ALTER TABLE %s %s ", task->table.name, what);
    quote_identifier(sql, task->object);
}

static bool validate(struct runner *runner, struct err *err) {
    if (!runner_session_be_patient(runner, true, err)) {
        return false;
    }
    struct buf sql;
    buf_init(&sql);
    add_alter_constraint(&sql, runner->task, "VALIDATE CONSTRAINT");
    begin_clock(runner);
    return send_buf(runner, RUNNER_validating, &sql, err);
}

static bool work(struct runner *runner, struct err *err) {
    struct task *task = runner->task;
    if (task_has_two_steps(task) && task->object != NULL) {
        return validate(runner, err);
    }
    if (*runner->no_more) {
        runner_finish(runner, RUNNER_LEFT);
        return true;
    }
    bool clear = true;
    if (is_index(task) && !clear_the_way(runner, &clear, err)) {
        return false;
    }
    return !clear ||
           ((runner->started || start_record(runner, err)) && send_statement(runner, err));
}

bool runner_step_second(struct runner *runner, struct err *err) {
    struct task *task = runner->task;
    runner->unsure = true; /* until it was read */
    if (!statement_record_read(runner->m, task, &runner->tasks->arena, err)) {
        return false;
    }
    runner->unsure = false;
    if (task->object == NULL) { /* IF EXISTS, and nothing was there */
        runner_finish_done(runner);
        return true;
    }
    return validate(runner, err);
}

bool runner_step_look_back(struct runner *runner, struct err *err) {
    struct namesake found;
    if (!find_namesake(runner, &found, err)) {
        return false;
    }
    if (found.exists && !found.valid) {
        return work(runner, err);
    }
    runner_finish_done(runner);
    return true;
}

/* what it left */

/* A constraint is dropped together with the record that it was there. */
static bool drop_constraint(struct runner *runner, struct err *err) {
    if (!runner_session_be_patient(runner, false, err)) {
        return false;
    }
    struct buf sql;
    buf_init(&sql);
    add_alter_constraint(&sql, runner->task, "DROP CONSTRAINT IF EXISTS");
    statement_record_add_no_object(&sql, runner->m, runner->task);
    return send_buf(runner, RUNNER_undoing, &sql, err);
}

static bool undo(struct runner *runner, struct err *err) {
    struct task *task = runner->task;
    struct namesake found = {0};
    if (is_index(task) && !find_namesake(runner, &found, err)) {
        return false;
    }
    if (found.may_go) {
        return drop_index(runner, RUNNER_undoing, &found, err);
    }
    if (task_has_two_steps(task) && task->object != NULL) {
        return drop_constraint(runner, err);
    }
    runner_finish_undoing(runner);
    return true;
}

/* from wherever it was left */

static void wait_for_predecessor(struct runner *runner) {
    const struct task *task = runner->task;
    bool begun = runner->undo && task->kind != TASK_WITHDRAWN;
    if (*runner->no_more && !begun) {
        runner_finish(runner, RUNNER_LEFT);
    } else {
        runner_wait_for(runner, arena_printf(&runner->arena,
                                             "a statement that an earlier run has started: %s",
                                             task->label));
    }
}

bool runner_step(struct runner *runner, struct err *err) {
    struct task *task = runner->task;
    bool locked;
    arena_reset(&runner->arena);
    if (!runner_session_open(runner, task, err)) {
        return false;
    }
    /* whoever had the lock meanwhile, a second service that was started while this one's
     * connections were gone, may have done it; ANALYZE may well be done twice */
    runner->unsure |= !runner->locked && task->kind != TASK_ANALYZE;
    if (!runner_session_lock(runner, &locked, err)) {
        return false;
    }
    if (!locked) {
        wait_for_predecessor(runner);
        return true;
    }
    if (runner->unsure && !statement_record_read(runner->m, task, &runner->tasks->arena, err)) {
        return false;
    }
    runner->unsure = false;
    if (task->done) {
        runner_finish_found(runner);
        return true;
    }
    return runner->undo ? undo(runner, err) : work(runner, err);
}

/* the rows at fault */

static bool is_about_rows(const struct err *err) {
    return err_has_sqlstate(err, "23505") || err_has_sqlstate(err, "23503") ||
           err_has_sqlstate(err, "23514");
}

/* NULL with or without an error */
static const char *search_sql(struct runner *runner, struct err *err) {
    const struct task *task = runner->task;
    struct arena *arena = &runner->arena;
    struct db *db = &runner->db;
    struct namesake found = {0};
    if (runner->state == RUNNER_validating) {
        return offender_constraint_sql(&task->table, task->object, db, arena, err);
    }
    if (is_index(task) && !find_namesake(runner, &found, err)) {
        return NULL;
    }
    return found.exists && !found.valid
               ? offender_index_sql(&task->table, found.oid, db, arena, err)
               : offender_keys_sql(&task->table, &task->ddl.keys, db, arena, err);
}

bool runner_step_search(struct runner *runner) {
    struct err err;
    if (!is_about_rows(&runner->error) || !session_is_open(&runner->db.session)) {
        return false;
    }
    err_clear(&err);
    const char *sql = search_sql(runner, &err);
    if (sql != NULL && runner_session_be_patient(runner, true, &err) &&
        send_text(runner, RUNNER_searching, sql, &err)) {
        return true;
    }
    if (err.code != ERR_NONE) {
        log_err(&runner->log, LOG_DEBUG, &err); /* what the statement failed for is told */
    }
    return false;
}
