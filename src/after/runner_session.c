/* runner_session.c - see runner_parts.h. */
#include "after/runner_parts.h"

#include <inttypes.h>
#include <stdio.h>

#include "after/statement_record.h"

static bool apply_setting(struct runner *runner, const struct task *task, struct err *err) {
    return task->kind != TASK_STATEMENT || task->ddl.kind != DDL_SETTING ||
           db_exec(&runner->db, err, task->text, 0, NULL) ||
           err_context(err, "%s failed in another session", task->place);
}

bool runner_session_open(struct runner *runner, const struct task *task, struct err *err) {
    if (!session_is_open(&runner->db.session)) {
        err_clear(err);
        runner->locked = false;
        runner->settings_upto = 0;
        if (!db_open(&runner->db, err)) {
            return false;
        }
    }
    size_t wanted = (size_t)(task - runner->tasks->items);
    while (runner->settings_upto < wanted) {
        if (!apply_setting(runner, &runner->tasks->items[runner->settings_upto], err)) {
            return false;
        }
        runner->settings_upto++;
    }
    return true;
}

static const char lock_sql[] =
    "SELECT pg_try_advisory_lock(" STATEMENT_LOCK_KEY("$1", "$2", "$3") ")";
static const char unlock_sql[] =
    "SELECT pg_advisory_unlock(" STATEMENT_LOCK_KEY("$1", "$2", "$3") ")";

bool runner_session_lock(struct runner *runner, bool *locked, struct err *err) {
    const char *params[] = {runner->m->config->migration, runner->task->file, runner->task->number};
    if (!runner->locked && !db_bool(&runner->db, err, &runner->locked, lock_sql, 3, params)) {
        return false;
    }
    *locked = runner->locked;
    return true;
}

/* A session that cannot be told to let it go is closed, and has it no longer. */
void runner_session_unlock(struct runner *runner) {
    const char *params[] = {runner->m->config->migration, runner->task->file, runner->task->number};
    struct err ignored;
    if (runner->locked && session_is_open(&runner->db.session) &&
        !db_exec(&runner->db, &ignored, unlock_sql, 3, params)) {
        db_close(&runner->db);
    }
    runner->locked = false;
}

bool runner_session_be_patient(struct runner *runner, bool patient, struct err *err) {
    char milliseconds[24];
    snprintf(milliseconds, sizeof milliseconds, "%" PRId64,
             patient ? 0 : runner->m->config->limits.lock_timeout / 1000);
    return db_exec(&runner->db, err, "SELECT set_config('lock_timeout', $1, false)", 1,
                   (const char *const[]){milliseconds});
}
