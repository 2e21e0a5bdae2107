/* statement_record.h - pgtandem.after_copy: which statements there are, which are under way,
 * which are done.
 *
 * A session that is at a statement holds an advisory lock whose key is made of the
 * statement's place. A server does not notice that the client of a running statement is
 * gone: so the next run waits for that lock, and `status` sees by it what really runs. */
#ifndef PGTANDEM_AFTER_STATEMENT_RECORD_H
#define PGTANDEM_AFTER_STATEMENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "after/task.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "pg/migration.h"

/* The key as an SQL expression over others, for pg_try_advisory_lock(bigint) */
#define STATEMENT_LOCK_KEY(migration, file, number)                                                \
    "hashtextextended('pgtandem after_copy ' || " migration "::text || ' ' || " number             \
    "::text || ' ' || " file "::text, 0)"

struct statement_record {
    const char *file, *number, *statement;
    const char *object; /* NULL: none */
    bool started, done;
};

struct statement_records {
    struct statement_record *items; /* by file and number */
    size_t count;
};

bool statement_records_read(struct migration *m, struct arena *arena,
                            struct statement_records *records, struct err *err)
    __attribute__((warn_unused_result));

/* Puts those on record that are not there yet, and strikes off those never started that
 * are no longer in the list. */
bool statement_records_plan(struct migration *m, const struct task_list *list, struct err *err)
    __attribute__((warn_unused_result));

/* All of these are written on the new side's control connection. */
bool statement_record_start(struct migration *m, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));
bool statement_record_done(struct migration *m, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));
/* It failed for good and left nothing behind: it may be changed, and is new then. */
bool statement_record_forget(struct migration *m, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));
bool statement_record_strike(struct migration *m, const struct task *task, struct err *err)
    __attribute__((warn_unused_result));

/* Reads task->object and whether it is done: a session that was lost may have committed. */
bool statement_record_read(struct migration *m, struct task *task, struct arena *arena,
                           struct err *err) __attribute__((warn_unused_result));

/* "; UPDATE ..." behind the task's own text makes one transaction of both: the statement
 * is then done exactly when the record says so. */
void statement_record_add_done(struct buf *sql, const struct migration *m, const struct task *task);
/* The same for the constraint that the text before it has added NOT VALID. */
void statement_record_add_constraint(struct buf *sql, const struct migration *m,
                                     const struct task *task);
/* The same for one that the text before it has dropped. */
void statement_record_add_no_object(struct buf *sql, const struct migration *m,
                                    const struct task *task);

#endif
