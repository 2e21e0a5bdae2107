/* statement_run.c - see statement_run.h: states, outcomes and trouble. What is sent in each
 * state is in runner_steps.c. */
#include "after/statement_run.h"

#include <stdlib.h>
#include <string.h>

#include "after/offender.h"
#include "after/runner_parts.h"
#include "after/statement_record.h"
#include "base/backoff.h"
#include "pg/cancel.h"
#include "pg/user_sql.h"

enum { MOST_CANCELS = 3 };
static const usec_t first_delay = USEC_SECOND / 5, longest_delay = 5 * USEC_SECOND;
static const usec_t lock_interval = USEC_SECOND / 2;

void runner_init(struct runner *runner, struct migration *m, struct task_list *tasks,
                 const bool *no_more, bool *bell) {
    memset(runner, 0, sizeof *runner);
    runner->m = m;
    runner->tasks = tasks;
    runner->no_more = no_more;
    runner->log = (struct log_source){m->config->migration, "after_copy", 0};
    runner->settings = user_sql_settings(m);
    db_init(&runner->db, m->loop, SESSION_SQL, m->new_side.dsn, m->new_side.label,
            "pgtandem after_copy");
    runner->db.session.settings = runner->settings;
    runner->db.pinned = true;
    runner->db.bell = bell;
    arena_init(&runner->arena);
}

void runner_fini(struct runner *runner) {
    db_close(&runner->db);
    free(runner->settings);
    arena_fini(&runner->arena);
}

/* states */

static const char *state_name(enum runner_state state) {
    static const char *const names[] = {
#define RUNNER_NAME(name) #name,
        RUNNER_STATES(RUNNER_NAME)
#undef RUNNER_NAME
    };
    return names[state];
}

void runner_set_state(struct runner *runner, enum runner_state state) {
    if (runner->state != state) {
        log_line(&runner->log, LOG_DEBUG, "%s: %s -> %s", runner->task->label,
                 state_name(runner->state), state_name(state));
    }
    runner->state = state;
}

/* In these the server is at work. */
static bool is_sent(const struct runner *runner) {
    switch (runner->state) {
        case RUNNER_dropping:
        case RUNNER_working:
        case RUNNER_validating:
        case RUNNER_searching:
        case RUNNER_undoing:
            return true;
        case RUNNER_idle:
        case RUNNER_locking:
        case RUNNER_pausing:
        case RUNNER_recording:
        case RUNNER_ended:
            return false;
    }
    return false;
}

void runner_wait_for(struct runner *runner, const char *whom) {
    if (!runner->told_wait) {
        log_line(&runner->log, LOG_INFO, "waiting for %s", whom);
        runner->told_wait = true;
    }
    runner_set_state(runner, RUNNER_locking);
    runner->wake_at = usec_monotonic() + lock_interval;
}

static void rest(struct runner *runner, const struct err *err) {
    usec_t delay = backoff_delay(first_delay, longest_delay, runner->attempts++);
    if (!runner->told_trouble) {
        runner->told_trouble = true;
        struct err shown = *err;
        err_context(&shown, "%s has to wait", runner->task->place);
        log_err(&runner->log, LOG_WARNING, &shown);
    }
    runner->wake_at = usec_monotonic() + delay;
}

/* the end of a task */

bool runner_is_exact(const struct task *task) {
    return task->kind == TASK_STATEMENT && task->ddl.transactional && !task->alone;
}

static bool write_outcome(const struct runner *runner, struct err *err) {
    struct migration *m = runner->m;
    const struct task *task = runner->task;
    if (runner->outcome == RUNNER_FAILED) {
        bool on_record = runner->started || task->interrupted;
        return !on_record || statement_record_forget(m, task, err);
    }
    if (task->kind == TASK_WITHDRAWN) {
        return statement_record_strike(m, task, err);
    }
    return task->done || statement_record_done(m, task, err);
}

static void end(struct runner *runner) {
    runner_session_unlock(runner);
    runner_set_state(runner, RUNNER_ended);
}

/* The statement is done, and may be one that cannot be repeated: this is tried for as long
 * as there is hope. */
static void record(struct runner *runner) {
    struct err err;
    err_clear(&err);
    runner_set_state(runner, RUNNER_recording);
    if (write_outcome(runner, &err)) {
        end(runner);
    } else if (err_passes(&err) || runner->m->loop->stopping) {
        rest(runner, &err);
    } else {
        runner->error = runner->outcome == RUNNER_FAILED ? runner->error : err;
        runner->outcome = RUNNER_FAILED;
        end(runner);
    }
}

void runner_finish(struct runner *runner, enum runner_outcome outcome) {
    runner->outcome = outcome;
    if (outcome == RUNNER_LEFT) {
        end(runner);
    } else {
        record(runner);
    }
}

void runner_finish_undoing(struct runner *runner) {
    runner_finish(runner, runner->task->kind == TASK_WITHDRAWN ? RUNNER_DONE : RUNNER_FAILED);
}

void runner_finish_found(struct runner *runner) {
    log_line(&runner->log, LOG_INFO, "%s had done its work", runner->task->label);
    runner_finish(runner, RUNNER_DONE);
}

void runner_finish_done(struct runner *runner) {
    log_line(&runner->log, LOG_INFO, "%s is done after %.1f s", runner->task->label,
             (double)(usec_monotonic() - runner->began_at) / 1e6);
    runner_finish(runner, RUNNER_DONE);
}

/* ANALYZE of what one does not own gets a warning, not an error. A function in an index may
 * warn of the rows' values. */
static void finish_not_analyzed(struct runner *runner, const char *why) {
    log_line(&runner->log, LOG_WARNING, "%s: the server has not done it, or warns of it",
             runner->task->label);
    log_line(&runner->log, LOG_DEBUG, "with values: %s", why);
    log_line(&runner->log, LOG_WARNING,
             "hint: let the table's owner run it: until then the planner knows little of its rows");
    runner_finish(runner, RUNNER_DONE);
}

/* trouble */

static void explain(const struct task *task, struct err *err) {
    err_context(err, "%s failed", task->place);
    if (strncmp(err->sqlstate, "23", 2) == 0) {
        err_hint(err, "mend the rows in the old table, or change the statement; then start again");
    } else if (err->hint[0] == '\0') {
        err_hint(err, "mend the statement or what it is about, and start again: statements that "
                      "are done are not run again");
    }
}

typedef bool step_fn(struct runner *runner, struct err *err);
static void take(struct runner *runner, step_fn *step);

static void fail(struct runner *runner, const struct err *err) {
    if (runner->undo) { /* what it left stays */
        log_err(&runner->log, LOG_WARNING, err);
        runner_finish_undoing(runner);
        return;
    }
    runner->error = *err;
    explain(runner->task, &runner->error);
    bool searching = runner_step_search(runner);
    runner->undo = true;
    if (!searching) {
        take(runner, runner_step);
    }
}

/* By somebody, or by a statement_timeout that the files have set: it would be so for ever. */
static bool is_cancelled_for_good(struct runner *runner, const struct err *err) {
    return err_has_sqlstate(err, "57014") && ++runner->cancels >= MOST_CANCELS;
}

static void take_trouble(struct runner *runner, const struct err *err) {
    if (runner->m->loop->stopping) {
        runner_set_state(runner, RUNNER_pausing);
        runner->wake_at = INT64_MAX;
    } else if (!err_passes(err)) {
        fail(runner, err);
    } else if (is_cancelled_for_good(runner, err)) {
        struct err lasting = *err;
        lasting.class = ERR_CLASS_FATAL;
        fail(runner, &lasting);
    } else if (*runner->no_more && !runner->undo) {
        runner_finish(runner, RUNNER_LEFT);
    } else {
        runner_set_state(runner, RUNNER_pausing);
        rest(runner, err);
    }
}

static void take(struct runner *runner, step_fn *step) {
    struct err err;
    err_clear(&err);
    if (!step(runner, &err)) {
        take_trouble(runner, &err);
    }
}

/* answers */

static void log_dropped(struct runner *runner) {
    if (runner->dropping != NULL) {
        log_line(&runner->log, LOG_INFO,
                 "dropped the index %s, which was not valid: an attempt that failed had left it",
                 runner->dropping);
        runner->dropping = NULL;
    }
}

static void after_statement(struct runner *runner) {
    struct task *task = runner->task;
    bool not_analyzed = task->kind == TASK_ANALYZE && runner->db.warning[0] != '\0';
    if (not_analyzed) {
        finish_not_analyzed(runner, runner->db.warning);
    } else if (task_has_two_steps(task)) {
        take(runner, runner_step_second);
    } else if (task->ddl.kind == DDL_CREATE_INDEX && task->ddl.concurrently) {
        take(runner, runner_step_look_back);
    } else {
        runner->settings_upto += task->ddl.kind == DDL_SETTING;
        task->done = runner_is_exact(task);
        runner_finish_done(runner);
    }
}

static bool already_exists(const struct err *err) {
    return err_has_sqlstate(err, "42P07") || err_has_sqlstate(err, "42710");
}

/* VACUUM, CREATE DATABASE; COMMIT within DO or CALL */
static bool wants_to_be_alone(const struct task *task, const struct err *err) {
    return runner_is_exact(task) && task->ddl.kind == DDL_OTHER &&
           (err_has_sqlstate(err, "25001") || err_has_sqlstate(err, "2D000"));
}

static void after_failed_statement(struct runner *runner, const struct err *err) {
    struct task *task = runner->task;
    if (!session_is_open(&runner->db.session)) {
        runner->unsure = true;
        task->interrupted = true;
    }
    if (task->kind == TASK_ANALYZE && err_has_sqlstate(err, "42501")) {
        finish_not_analyzed(runner, err->message);
    } else if (wants_to_be_alone(task, err)) {
        task->alone = true;
        take(runner, runner_step);
    } else if (task->interrupted && !runner_is_exact(task) && already_exists(err)) {
        runner_finish_found(runner);
    } else {
        take_trouble(runner, err);
    }
}

static void after(struct runner *runner, const PGresult *answer) {
    switch (runner->state) {
        case RUNNER_dropping:
            log_dropped(runner);
            take(runner, runner_step);
            break;
        case RUNNER_working:
            after_statement(runner);
            break;
        case RUNNER_validating:
            runner_finish_done(runner);
            break;
        case RUNNER_searching:
            offender_add(&runner->error, &runner->task->table, answer);
            take(runner, runner_step);
            break;
        case RUNNER_undoing:
            log_dropped(runner);
            runner_finish_undoing(runner);
            break;
        case RUNNER_idle:
        case RUNNER_locking:
        case RUNNER_pausing:
        case RUNNER_recording:
        case RUNNER_ended:
            break;
    }
}

static void take_answer(struct runner *runner) {
    struct err err;
    err_clear(&err);
    PGresult *answer = db_take(&runner->db, &err);
    if (err.code == ERR_NONE) {
        after(runner, answer);
    } else if (runner->state == RUNNER_working) {
        after_failed_statement(runner, &err);
    } else if (runner->state == RUNNER_searching) {
        log_err(&runner->log, LOG_DEBUG, &err); /* what the statement failed for is told */
        take(runner, runner_step);
    } else {
        take_trouble(runner, &err);
    }
    PQclear(answer);
}

/* from outside */

bool runner_look_up(struct runner *runner, struct task *task, struct err *err) {
    return runner_session_open(runner, task, err) &&
           task_look_up(task, runner->m, &runner->db, &runner->tasks->arena, err);
}

bool runner_connect(struct runner *runner, const struct task *task, struct err *err) {
    return runner_session_open(runner, task, err);
}

void runner_start(struct runner *runner, struct task *task) {
    runner->task = task;
    runner->locked = runner->started = runner->told_wait = runner->told_trouble = false;
    runner->unsure = task->interrupted;
    runner->undo = task->kind == TASK_WITHDRAWN;
    runner->attempts = runner->cancels = 0;
    runner->began_at = 0;
    runner->dropping = NULL;
    err_clear(&runner->error);
    take(runner, runner_step);
}

void runner_turn(struct runner *runner) {
    bool due = usec_monotonic() >= runner->wake_at;
    if (is_sent(runner) && runner->db.done) {
        take_answer(runner);
    } else if (due && (runner->state == RUNNER_locking || runner->state == RUNNER_pausing)) {
        take(runner, runner_step);
    } else if (due && runner->state == RUNNER_recording) {
        record(runner);
    }
}

void runner_release(struct runner *runner) {
    runner_set_state(runner, RUNNER_idle);
    runner->task = NULL;
}

bool runner_is_busy(const struct runner *runner) {
    return is_sent(runner) && !runner->db.done;
}

void runner_cancel(struct runner *runner) {
    if (!cancel_send(runner->db.session.conn)) {
        log_line(&runner->log, LOG_WARNING, "%s could not be cancelled", runner->task->label);
    }
}

/* Of an index the next run finds out by itself, as of what is on record by its own
 * transaction. */
static bool is_done_unnoticed(const struct runner *runner) {
    return runner->state == RUNNER_working && runner->db.done && runner->db.lost.code == ERR_NONE &&
           runner->task->kind == TASK_STATEMENT && runner->task->ddl.kind == DDL_OTHER;
}

void runner_stop(struct runner *runner) {
    struct err err;
    if (runner_is_busy(runner)) {
        log_line(&runner->log, LOG_WARNING, "%s has not ended yet", runner->task->label);
    }
    if (is_done_unnoticed(runner) && !statement_record_done(runner->m, runner->task, &err)) {
        log_err(&runner->log, LOG_WARNING, &err);
    }
    db_close(&runner->db);
}
