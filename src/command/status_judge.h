/* status_judge.h - what raw figures of slots, links and copies amount to.
 *
 * Pure: whatever is not known comes in as "not known", and what does not follow from
 * what is known goes out so.
 *
 * A link is
 *   retired    when it said so last: it was given up on purpose;
 *   absent     when its slot is not there, and need not be yet;
 *   lost       when it is not there, though the migration is past its making, or when the
 *              server dropped log that it needs: changes have gone with it;
 *   failed     when it said so last, also after its process has ended: until it is
 *              started again, a person must act;
 *   stopped    while no process is at work on the migration;
 *   what it says of itself otherwise, and not known (NULL) where nobody can be asked. */
#ifndef PGTANDEM_COMMAND_STATUS_JUDGE_H
#define PGTANDEM_COMMAND_STATUS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "pg/slot.h"
#include "pg/state.h"

enum answer { NOT_KNOWN, NO, YES };

/* By the lock in the new database and the sign of presence in the old one. Without the
 * lock, and without a sign of presence, no process is at work. */
enum answer status_running(enum answer locked, enum answer present);

/* `is_due`: there should be a slot. `slot`, `reported` (what the link said last; "" when
 * it never did): NULL when its source, or its target, did not answer. */
const char *status_link_state(const struct slot_info *slot, bool is_due, enum answer running,
                              const char *reported);

/* Log that the source has written and the link not confirmed; negative: without a slot
 * nobody knows. */
int64_t status_lag_bytes(const struct slot_info *slot);

struct lag_report {
    double said;        /* by the service */
    double since_level; /* since the link had caught up, or else since setup */
};
/* What a running link says; without one (no process runs, or it has not started the link
 * yet) the time since it had caught up, if there is
 * anything to apply (`lag_bytes` negative: not known). Negative: not known. */
double status_lag_seconds(const struct lag_report *report, enum answer running, int64_t lag_bytes);

/* So far behind that people ask when that will be over: by more than one segment of log,
 * or by seconds. */
bool status_is_behind(int64_t lag_bytes, double lag_seconds);

/* The estimate while the copy goes on; never less than what is done. */
int64_t status_rows_total(enum backfill backfill, int64_t estimate, int64_t rows_done);

/* What a copy that is neither to come nor over is doing: */
#define COPY_ACTIVITIES(X)                                                                         \
    X(none) /* there is nothing to copy, or nobody knows */                                        \
    X(copying)                                                                                     \
    X(waiting)     /* for a limit */                                                               \
    X(paused)      /* by somebody */                                                               \
    X(retrying)    /* after trouble that may pass, such as a disk that is full */                  \
    X(silent)      /* a process is at work, and the copy has not said anything lately */           \
    X(interrupted) /* no process is at it */

enum copy_activity {
#define COPY_ACTIVITY_ENUM(name) COPY_##name,
    COPY_ACTIVITIES(COPY_ACTIVITY_ENUM)
#undef COPY_ACTIVITY_ENUM
};
const char *copy_activity_name(enum copy_activity activity);

struct copy_signs {
    enum backfill backfill;
    enum answer running;
    bool speaks;   /* it has said something in the last ten seconds */
    bool paused;   /* it is asked to */
    bool waits;    /* it says what for */
    bool troubled; /* it says by what */
};
enum copy_activity status_copy_activity(const struct copy_signs *signs);

#endif
