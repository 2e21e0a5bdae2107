/* statement_show.h - how far the statements after the copy are, for people: a line that is
 * drawn over on a terminal, else a line a statement every now and then. For sequential
 * code. */
#ifndef PGTANDEM_AFTER_STATEMENT_SHOW_H
#define PGTANDEM_AFTER_STATEMENT_SHOW_H

#include <stdbool.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "base/waiting.h"
#include "pg/db.h"
#include "pg/migration.h"

struct statement_show {
    struct migration *m;
    struct log_source log;
    struct db db;  /* a connection of its own: others may be waiting */
    bool terminal; /* standard error is one */
    usec_t shown_at, logged_at;
    struct waiting waiting; /* some statement does, for others */
};

void statement_show_begin(struct statement_show *show, struct migration *m);
/* Does nothing unless it is time again. */
void statement_show_progress(struct statement_show *show);
void statement_show_end(struct statement_show *show);

#endif
