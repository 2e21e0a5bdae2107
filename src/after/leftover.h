/* leftover.h - an index that bears the name a statement is to make, and is not valid: what
 * CREATE INDEX CONCURRENTLY leaves when it fails. It slows writes down, a unique one still
 * refuses rows, and IF NOT EXISTS takes it for a good one.
 *
 * Only that one counts: invalid indexes of other names are other people's. For sequential
 * code. */
#ifndef PGTANDEM_AFTER_LEFTOVER_H
#define PGTANDEM_AFTER_LEFTOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "after/task.h"
#include "base/arena.h"
#include "base/err.h"
#include "pg/db.h"

struct namesake {
    bool exists, valid;
    bool may_go;          /* it is not valid, and this migration's: to be dropped */
    uint32_t oid;         /* of the index */
    const char *name;     /* quoted, with schema */
    const char *builders; /* "123, 456": other sessions that build CONCURRENTLY on its table */
};

/* What bears the name of the index that the task makes, in the schema of its table. Needs
 * the task's table; nothing is found without one. In `arena`. */
bool leftover_find(const struct task *task, struct migration *m, struct db *db, struct arena *arena,
                   struct namesake *found, struct err *err) __attribute__((warn_unused_result));

/* A free name for the task's index, such as PostgreSQL would choose, where its text gives
 * none: only by a name can it be known again after an interruption. In `arena`; NULL with
 * an error. */
const char *leftover_choose_name(const struct task *task, struct db *db, struct arena *arena,
                                 struct err *err) __attribute__((warn_unused_result));

#endif
