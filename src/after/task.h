/* task.h - what is to be done after the copy: the statements of the files under
 * backfill.after_copy, then ANALYZE of each new table.
 *
 * Why a list: all of it is on record before the first is started, so that anybody can
 *   see how much there is; and what may run beside what is decided over the whole.
 * Resuming: a statement that is done must not have changed. One that an earlier run has
 *   started and that has changed since, or has gone from its file, is withdrawn first: what
 *   it left is removed. ANALYZE is repeated when statements were done after it.
 * Refused: BEGIN and COMMIT. Each statement is sent by itself, maybe on another
 *   connection, and goes on record when it is done: no transaction can go over several.
 * Memory: the list's arena. */
#ifndef PGTANDEM_AFTER_TASK_H
#define PGTANDEM_AFTER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "after/order.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/ddl.h"
#include "pg/migration.h"

enum task_kind {
    TASK_STATEMENT,
    TASK_WITHDRAWN, /* nothing but removing what it left */
    TASK_ANALYZE,
};

/* The table that a task is about, as it is when its turn comes. */
struct task_table {
    uint32_t oid;     /* 0: there is none, or it cannot be told */
    char kind;        /* pg_class.relkind */
    bool is_new;      /* one of the migration's new tables */
    const char *name; /* quoted, with schema */
};

struct task {
    enum task_kind kind;
    const char *file;   /* as the configuration names it; "": pgtandem's own */
    const char *number; /* of the statement in it, from 1 */
    const char *text;
    const char *label; /* "statement 2 of sql/a.sql" */
    const char *place; /* "sql/a.sql:7: statement 2" */
    struct ddl ddl;
    bool interrupted;   /* an earlier try has started it, and may have finished it */
    bool name_was_free; /* nothing bore its index's name when it was first tried */
    bool done;          /* by an earlier run */
    bool alone;         /* the server has refused to run it together with its record */
    const char *object; /* as in sql/state.sql; NULL: none */
    struct task_table table;
};

struct task_list {
    struct task *items;
    size_t count, capacity;
    struct arena arena;
};

/* Reads the files alone, and refuses what cannot be. */
bool task_list_read(struct task_list *list, struct migration *m, struct err *err)
    __attribute__((warn_unused_result));

/* Reads files and records, refuses what cannot be, and puts all on record. */
bool task_list_load(struct task_list *list, struct migration *m, struct err *err)
    __attribute__((warn_unused_result));
void task_list_free(struct task_list *list);

/* Looks the task's table up, by a session that finds names as the task will. */
bool task_look_up(struct task *task, struct migration *m, struct db *db, struct arena *arena,
                  struct err *err) __attribute__((warn_unused_result));

/* "{16401,16420}": the oids of the migration's new tables */
void task_add_new_tables(struct buf *oids, const struct migration *m);

/* What it may run beside, once its table was looked up. */
enum order_class task_order_class(const struct task *task);

/* Its locks block nobody who reads or writes: it may wait for them as long as it takes. */
bool task_is_patient(const struct task *task);

/* It is done in two steps: a constraint is added NOT VALID, then validated. */
bool task_has_two_steps(const struct task *task);

#endif
