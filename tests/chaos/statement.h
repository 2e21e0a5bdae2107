/* statement.h - the SQL of one step, in the shape of either side.
 *
 * Every statement that changes rows returns them as they are afterwards, in
 * side_columns(). Values are parameters. */
#ifndef CHAOS_STATEMENT_H
#define CHAOS_STATEMENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "plan.h"
#include "side.h"

enum { STATEMENT_VALUES = 8 };

struct statement {
    struct buf sql;
    const char *values[STATEMENT_VALUES];
    int count;
};

void statement_init(struct statement *statement);
void statement_fini(struct statement *statement);

/* Of all kinds of steps but the swap, which is made of several, and savepoints. */
void statement_make(struct statement *statement, enum side side, const struct step *step,
                    struct arena *arena);

/* The parts of a swap: lock both rows, returning their emails by key; set one. */
void statement_lock_emails(struct statement *statement, enum side side, const struct step *step,
                           struct arena *arena);
void statement_set_email(struct statement *statement, enum side side, const struct step *step,
                         int64_t key, const char *email, struct arena *arena);

#endif
