/* statement_run.h - runs one statement of after_copy.h until it is done: again
 * after contention and lost connections, and never twice at once, also when an
 * earlier process was killed whose statement the server is still running.
 *
 * For sequential code. */
#ifndef PGTANDEM_COPY_STATEMENT_RUN_H
#define PGTANDEM_COPY_STATEMENT_RUN_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "copy/leftover.h"
#include "model/sqlsplit.h"
#include "pg/db.h"
#include "pg/migration.h"

struct runner {
    struct migration *m;
    struct log_source log;
    struct db db;       /* a connection of its own */
    struct arena arena; /* of a statement */
    bool told;          /* of the trouble that is on */
};

struct task {
    const char *file;   /* as the configuration names it */
    const char *number; /* of the statement in it, from 1 */
    const struct sql_statement *statement;
};

enum statement_outcome {
    STATEMENT_DONE,
    STATEMENT_STOPPED, /* by a signal, or by the loss of what it needs: interrupted */
    STATEMENT_FAILED,  /* and what it left is removed */
};

void runner_init(struct runner *runner, struct migration *m);
void runner_fini(struct runner *runner);

/* `interrupted`: an earlier run has started it, and may have finished it. */
enum statement_outcome statement_run(struct runner *runner, const struct task *task,
                                     bool interrupted, struct err *err)
    __attribute__((warn_unused_result));

#endif
