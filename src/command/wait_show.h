/* wait_show.h - what the process waits for, for people: on a terminal a line that is
 * redrawn, else log lines at intervals that grow.
 *
 * Why: a command that says nothing for a minute looks as if it hung. Every wait of
 *   sequential code is heard here, in one place (pg/loop.h). */
#ifndef PGTANDEM_COMMAND_WAIT_SHOW_H
#define PGTANDEM_COMMAND_WAIT_SHOW_H

#include <stdbool.h>

#include "base/log.h"
#include "pg/loop.h"

struct wait_show {
    struct log_source log;
    bool terminal; /* standard error is one */
    bool drawn;    /* a line is there */
};

/* From now on the loop's waits are shown. `part` is the command's name; both borrowed. */
void wait_show_begin(struct wait_show *show, struct loop *loop, const char *migration,
                     const char *part);

#endif
