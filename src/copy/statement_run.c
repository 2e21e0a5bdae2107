/* statement_run.c - see statement_run.h. */
#include "copy/statement_run.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "copy/after_copy.h"
#include "pg/quote.h"
#include "pg/sqlstate.h"

static const usec_t report_interval = 30 * USEC_SECOND, cancel_patience = 3 * USEC_SECOND;
static const usec_t first_delay = USEC_SECOND / 5, longest_delay = 5 * USEC_SECOND;
static const usec_t lock_interval = USEC_SECOND / 2;

void runner_init(struct runner *runner, struct migration *m) {
    memset(runner, 0, sizeof *runner);
    runner->m = m;
    runner->log = (struct log_source){m->config->migration, "after_copy", 0};
    db_init(&runner->db, m->loop, SESSION_SQL, m->new_side.dsn, m->new_side.label,
            "pgtandem after_copy");
    arena_init(&runner->arena);
}

void runner_fini(struct runner *runner) {
    db_close(&runner->db);
    arena_fini(&runner->arena);
}

bool after_copy_is_concurrent(const char *statement) {
    enum { WORDS = 6 }; /* CREATE UNIQUE INDEX CONCURRENTLY; REINDEX (VERBOSE) INDEX ... */
    static const char word[] = "concurrently";
    const char *at = statement;
    for (int i = 0; i < WORDS; i++) {
        at += strspn(at, " \t\r\n\f\v(),");
        size_t size = strcspn(at, " \t\r\n\f\v(),");
        if (size == sizeof word - 1 && strncasecmp(at, word, size) == 0) {
            return true;
        }
        at += size;
    }
    return false;
}

/* the session */

/* Where names without a schema are looked up: each new table's schema, public. */
static void add_search_path(struct buf *path, const struct migration *m) {
    for (size_t i = 0; i < m->n_tables; i++) {
        quote_identifier(path, m->config->tables[i].new_table.schema);
        buf_add_text(path, ", ");
    }
    buf_add_text(path, "public");
}

static bool set_search_path(struct runner *runner, struct err *err) {
    struct buf path;
    buf_init(&path);
    add_search_path(&path, runner->m);
    bool ok = db_exec(&runner->db, err, "SELECT set_config('search_path', $1, false)", 1,
                      (const char *const[]){path.data});
    buf_fini(&path);
    return ok;
}

/* A server does not notice that the client of a running statement is gone. So
 * each session holds a lock while it lives, and the next waits for that: what
 * the statement does is not lost then. */
static bool wait_for_predecessor(struct runner *runner, struct err *err) {
    char key[24];
    snprintf(key, sizeof key, "%" PRId64, migration_lock_key(runner->m) ^ 1);
    for (bool told = false;; told = true) {
        bool locked;
        if (!db_bool(&runner->db, err, &locked, "SELECT pg_try_advisory_lock($1::bigint)", 1,
                     (const char *const[]){key}) ||
            locked) {
            return err->code == ERR_NONE;
        }
        if (!told) {
            log_line(&runner->log, LOG_INFO,
                     "waiting for a statement that an earlier run has started");
        }
        if (!loop_sleep(runner->m->loop, lock_interval, err)) {
            return false;
        }
    }
}

static bool ensure_session(struct runner *runner, struct err *err) {
    if (session_is_open(&runner->db.session)) {
        return true;
    }
    err_clear(err);
    return db_open(&runner->db, err) && set_search_path(runner, err) &&
           wait_for_predecessor(runner, err);
}

static bool set_lock_timeout(struct runner *runner, usec_t timeout, struct err *err) {
    char milliseconds[24];
    snprintf(milliseconds, sizeof milliseconds, "%" PRId64, timeout / 1000);
    return db_exec(&runner->db, err, "SELECT set_config('lock_timeout', $1, false)", 1,
                   (const char *const[]){milliseconds});
}

/* one try */

/* Asks the server to give up, and waits a moment for it to say so. */
static void cancel(struct runner *runner) {
    struct loop *loop = runner->m->loop;
    char message[256];
    PGcancel *cancel = PQgetCancel(runner->db.session.conn);
    if (cancel != NULL && PQcancel(cancel, message, sizeof message) == 1) {
        bool shielded = loop->shielded;
        struct err ignored;
        loop->shielded = true;
        if (!loop_wait(loop, &runner->db.done, cancel_patience, "a cancelled statement",
                       &ignored)) {
            log_line(&runner->log, LOG_WARNING, "the statement has not ended yet");
        }
        loop->shielded = shielded;
    }
    PQfreeCancel(cancel);
    db_close(&runner->db);
}

/* Waits as long as it takes, and says so from time to time. */
static bool wait_for_answer(struct runner *runner, const struct task *task, usec_t started_at,
                            struct err *err) {
    struct db *db = &runner->db;
    while (!loop_wait(runner->m->loop, &db->done, report_interval, "a statement", err)) {
        if (err->code != ERR_TIMEOUT) {
            cancel(runner);
            return false;
        }
        log_line(&runner->log, LOG_INFO, "statement %s of %s is still running after %" PRId64 " s",
                 task->number, task->file, (usec_monotonic() - started_at) / USEC_SECOND);
    }
    PQclear(db->answer);
    db->answer = NULL;
    if (db->lost.code != ERR_NONE) {
        *err = db->lost;
        if (!session_is_open(&db->session)) {
            db_close(db);
        }
        return false;
    }
    return true;
}

static bool execute(struct runner *runner, const struct task *task, struct err *err) {
    usec_t started_at = usec_monotonic();
    struct db *db = &runner->db;
    db->done = false;
    err_clear(&db->lost);
    session_send(&db->session, task->statement->text, 0, NULL);
    if (!wait_for_answer(runner, task, started_at, err)) {
        return false;
    }
    log_line(&runner->log, LOG_INFO, "statement %s of %s is done after %.1f s", task->number,
             task->file, (double)(usec_monotonic() - started_at) / 1e6);
    return true;
}

/* An index that was there and is not valid makes IF NOT EXISTS a lie. */
static bool refuse_leftovers(struct runner *runner, struct err *err) {
    struct leftovers now;
    if (!leftovers_read(runner->m, &runner->db, &runner->arena, &now, err)) {
        return false;
    }
    if (now.count == 0) {
        return true;
    }
    err_set(err, ERR_FAILED, "the index %s is not valid", now.names[0]);
    return err_hint(err, "drop it (DROP INDEX CONCURRENTLY %s) and start again", now.names[0]);
}

static bool already_exists(const struct err *err) {
    return strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "42710") == 0;
}

/* What the tries at one statement have in common. */
struct tries {
    bool interrupted;        /* an earlier one may have done the statement's work */
    bool known;              /* `before` was read */
    struct leftovers before; /* somebody else's: they were there before the first try */
    unsigned count;
};

/* Leaves the session with the statement's lock_timeout. */
static bool prepare(struct runner *runner, const struct task *task, struct tries *tries,
                    struct err *err) {
    struct db *db = &runner->db;
    bool waits = after_copy_is_concurrent(task->statement->text);
    if (!ensure_session(runner, err)) {
        return false;
    }
    if (!tries->known && !tries->interrupted &&
        !leftovers_read(runner->m, db, &runner->arena, &tries->before, err)) {
        return false;
    }
    tries->known = true;
    return set_lock_timeout(runner, 0, err) &&
           (!(tries->interrupted || tries->count > 0) ||
            leftovers_drop(runner->m, db, &runner->arena, &tries->before, err)) &&
           set_lock_timeout(runner, waits ? 0 : runner->m->config->limits.lock_timeout, err);
}

static bool try_once(struct runner *runner, const struct task *task, struct tries *tries,
                     struct err *err) {
    if (!prepare(runner, task, tries, err)) {
        return false;
    }
    if (!execute(runner, task, err)) {
        if (!tries->interrupted || !already_exists(err)) {
            tries->interrupted |= !session_is_open(&runner->db.session);
            return false;
        }
        log_line(&runner->log, LOG_INFO, "statement %s of %s had done its work", task->number,
                 task->file);
    }
    return set_lock_timeout(runner, 0, err) && refuse_leftovers(runner, err);
}

/* many tries */

static usec_t note_trouble(struct runner *runner, const struct task *task, const struct err *err,
                           unsigned attempt) {
    if (!runner->told) {
        runner->told = true;
        struct err shown = *err;
        err_context(&shown, "%s:%d: statement %s has to wait", task->file, task->statement->line,
                    task->number);
        log_err(&runner->log, LOG_WARNING, &shown);
    }
    usec_t delay = first_delay << (attempt < 5 ? attempt : 5);
    return delay < longest_delay ? delay : longest_delay;
}

static void explain_failure(const struct task *task, struct err *err) {
    err_context(err, "%s:%d: statement %s failed", task->file, task->statement->line, task->number);
    if (strcmp(err->sqlstate, "23505") == 0) {
        err_hint(err, "rows of the new table have the same values: mend them in the old table, or "
                      "change the statement; then start again");
    } else if (err->hint[0] == '\0') {
        err_hint(err, "mend the statement or what it is about, and start again: statements that "
                      "are done are not run again");
    }
}

static void clean_up(struct runner *runner, const struct tries *tries) {
    struct err err;
    if (!ensure_session(runner, &err) || !set_lock_timeout(runner, 0, &err) ||
        !leftovers_drop(runner->m, &runner->db, &runner->arena, &tries->before, &err)) {
        log_err(&runner->log, LOG_WARNING, &err);
    }
}

/* An error without SQLSTATE is one of ours: nothing that passes. */
static bool passes(const struct err *err) {
    enum trouble trouble = sqlstate_classify(err->sqlstate);
    return err->sqlstate[0] != '\0' && (trouble == TROUBLE_PASSING || trouble == TROUBLE_CONTENDED);
}

enum statement_outcome statement_run(struct runner *runner, const struct task *task,
                                     bool interrupted, struct err *err) {
    struct tries tries = {.interrupted = interrupted};
    arena_reset(&runner->arena);
    runner->told = false;
    for (;; tries.count++) {
        err_clear(err);
        if (try_once(runner, task, &tries, err)) {
            return STATEMENT_DONE;
        }
        if (runner->m->loop->stopping) {
            return STATEMENT_STOPPED;
        }
        if (!passes(err)) {
            clean_up(runner, &tries);
            explain_failure(task, err);
            return STATEMENT_FAILED;
        }
        if (!loop_sleep(runner->m->loop, note_trouble(runner, task, err, tries.count), err)) {
            return STATEMENT_STOPPED;
        }
    }
}
