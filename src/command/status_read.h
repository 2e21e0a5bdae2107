/* status_read.h - where a migration stands, gathered from both databases.
 *
 * Why: the state schema and the slots tell it to anyone who asks, whether or
 *   not the service runs, and before setup as well as after teardown.
 * Not here: what raw figures amount to (status_judge.h), how all of it is shown
 *   (status_show.h).
 * Each database is asked by itself, and for so long only; what the other one told stays
 *   known when one is away. Tables of an earlier version are read as well.
 * Times are by the clock of the server that tells them; 0: not known. Figures that are
 *   not known are negative, or said so beside. */
#ifndef PGTANDEM_COMMAND_STATUS_READ_H
#define PGTANDEM_COMMAND_STATUS_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "after/statement_progress.h"
#include "base/err.h"
#include "command/service_waits.h"
#include "command/status_judge.h"
#include "copy/limits.h"
#include "model/trend.h"
#include "pg/migration.h"
#include "pg/slot.h"
#include "pg/state.h"

enum which_side { SIDE_OLD, SIDE_NEW };
const char *which_side_name(enum which_side which);

struct side_status {
    bool reached;
    bool answered;      /* all that was asked of it */
    struct err error;   /* why not */
    usec_t error_since; /* by this machine's clock: when it was first seen not to answer */
    usec_t now;         /* the server's clock */
};

/* What a link's rows in the state schema say, in the database that it writes to. */
struct link_report {
    bool is_known;  /* false: that database did not answer */
    char state[16]; /* "" before setup */
    usec_t state_since, heard_at;
    struct lag_report lag;
    double changes_per_second; /* lately, while it ran */
    int64_t applied_transactions, applied_changes;
    int64_t conflicts, conflicts_open; /* decided since setup; not yet seen to agree again */
    int64_t parked;                    /* rows that cannot be written; forward: of the copy, too */
    int64_t rechecks;                  /* lots of keys that wait to be compared again */
    char last_error[ERR_MESSAGE_SIZE]; /* "" for none */
    char waiting_for[SERVICE_WAIT_SIZE]; /* whom or what, and since when; "" for nobody */
    /* What that, or else what the process ended for, is about: values of a row. "" where
     * there are none, or nobody has asked for them. */
    char last_error_values[ERR_SERVER_SIZE];
    /* the process that looks after it, or did so last */
    usec_t process_began_at, process_ended_at;
    char process_ended_for[ERR_MESSAGE_SIZE];
};

struct link_status {
    bool slot_is_known;
    struct slot_info slot;
    struct link_report report;
    const char *state; /* NULL: not known */
    usec_t since;      /* since when it is in that state */
    int64_t lag_bytes;
    double lag_seconds;
    double changes_per_second;
    double seconds_left; /* until it will have caught up */
};

/* The process: the one that is at work, or the last one. */
struct process_status {
    enum answer running;
    usec_t since;    /* it runs since, or does not; of one that was killed: heard of last */
    usec_t heard_at; /* its last sign of life */
    bool was_killed; /* or its machine is gone */
    bool is_silent;  /* it runs, and has given no sign of life for half a minute */
    char ended_for[ERR_MESSAGE_SIZE]; /* "": it was asked to, or was done */
};

/* What a copy says of itself, and what was asked of it. */
struct copy_status {
    bool is_known;
    bool paused;
    usec_t paused_at, heard_at, said_since;
    bool speaks;                       /* it has said something lately */
    char waiting_for[LIMITS_WHY_SIZE]; /* "" for nothing */
    char trouble[ERR_MESSAGE_SIZE];    /* that it tries again after; "" for none */
    double rows_per_second;
    double seconds_left;
    int64_t rows_done, rows_total;
    enum copy_activity activity;
    usec_t since;       /* it does that since */
    const char *reason; /* of waiting, retrying, having been interrupted; NULL: none is known */
};

struct phase_status {
    const char *name;
    usec_t since;
    double seconds; /* until the next one, or by now */
};

struct status {
    usec_t at; /* the moment of the reading, by this machine's clock */
    struct side_status sides[2];
    struct process_status process;
    bool state_is_known;
    struct migration_state state; /* all zero (setup, pending) before setup */
    struct phase_status *phases;  /* those entered, in order; the last one is the present one */
    size_t n_phases;
    struct copy_status copy;
    bool statements_are_known;
    struct statements_progress after_copy;
    struct link_status links[2]; /* by enum direction */
};

/* What one reading leaves to the next. All zero at first. */
struct status_memory {
    usec_t error_since[2];
    struct trend lags[2];
};

/* Asks both sides, connecting where there is no connection. Where a link is far behind
 * and only one reading is known, it looks twice at the lag, half a second apart. Texts
 * are in `arena`. Needs migration_init() only. False: a signal came. */
bool status_read(struct migration *m, struct status_memory *memory, struct arena *arena,
                 struct status *status) __attribute__((warn_unused_result));

#endif
