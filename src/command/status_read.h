/* status_read.h - where a migration stands, gathered from both databases.
 *
 * Why: the state schema and the slots tell it to anyone who asks, whether or
 *   not the service runs, and before setup as well as after teardown.
 * Not here: how it is shown (status.c).
 * Rules:
 *   - a link is "absent" without a slot, "lost" when the server dropped log
 *     that the slot needs, "stopped" while no process holds the migration's
 *     lock, else what it says of itself;
 *   - lag in bytes is what the source has written and the link not confirmed;
 *   - speed and waits of a copy are what it has said in the last ten seconds;
 *   - lag in seconds is what a running link says; without one, the time since
 *     the link had last caught up, if there is anything to apply. */
#ifndef PGTANDEM_COMMAND_STATUS_READ_H
#define PGTANDEM_COMMAND_STATUS_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "after/statement_progress.h"
#include "base/err.h"
#include "copy/limits.h"
#include "pg/migration.h"
#include "pg/slot.h"
#include "pg/state.h"

/* What a link's rows in the state schema say. */
struct link_report {
    char state[16];
    double lag_seconds;         /* said by the service */
    double seconds_since_level; /* since it had caught up, or else since setup */
    int64_t applied_transactions, applied_changes;
    int64_t conflicts, conflicts_open; /* decided since setup; not yet seen to agree again */
    int64_t parked;                    /* rows that cannot be written; forward: of the copy, too */
    char last_error[ERR_MESSAGE_SIZE]; /* "" for none */
};

struct link_status {
    struct slot_info slot;
    struct link_report report;
    const char *state; /* absent, lost, stopped, or report.state */
    int64_t lag_bytes;
    double lag_seconds;
};

/* What a running copy says of itself, and what was asked of it. */
struct copy_status {
    bool paused;
    bool speaks;                       /* it has said something lately */
    char waiting_for[LIMITS_WHY_SIZE]; /* "" for nothing */
    double rows_per_second;
    double seconds_left; /* negative: nobody knows */
};

struct status {
    struct migration_state state; /* all zero (setup, pending) before setup */
    bool running;                 /* a service or a backfill is at work */
    int64_t rows_done, rows_total;
    struct copy_status copy;
    struct statements_progress after_copy;
    int64_t rechecks;            /* lots of keys that wait to be compared again */
    struct link_status links[2]; /* by enum direction */
};

/* Needs migration_connect(). Texts are in `arena`. */
bool status_read(struct migration *m, struct arena *arena, struct status *status, struct err *err)
    __attribute__((warn_unused_result));

/* The arithmetic behind it, pure. */
const char *status_link_state(const struct slot_info *slot, bool running, const char *reported);
int64_t status_lag_bytes(const struct slot_info *slot);
double status_lag_seconds(const struct link_report *report, bool running, int64_t lag_bytes);
/* The estimate while the copy goes on; never less than what is done. */
int64_t status_rows_total(enum backfill backfill, int64_t estimate, int64_t rows_done);

#endif
