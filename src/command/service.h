/* service.h - a migration at work: its phases in order, and its two links.
 *
 *   backfill  the copier, under the forward slot's snapshot
 *   catchup   the forward link, blind; to a marker written after the copy, then
 *             the statements after the copy while the link goes on, then to
 *             another marker
 *   live      sequences that cannot collide (sequences.h), the reverse slot (created last, so that
 * it need not decode the copy), its filter proved, both links; from here on applications may write
 * on either side, and rows that they have set apart are mended (mend/mender.h)
 *
 * Sequential code on top, links in the loop below: while a step waits, a chore
 * reconnects links, reports their state and watches the tables' definitions.
 * Every step may be repeated, so one that fails for a passing reason is. */
#ifndef PGTANDEM_COMMAND_SERVICE_H
#define PGTANDEM_COMMAND_SERVICE_H

#include <stdbool.h>

#include "command/preparation.h"
#include "command/service_waits.h"
#include "copy/rate.h"
#include "mend/mender.h"
#include "stream/link.h"

struct service_report {
    char state[16];
    double lag;
    double since_level; /* seconds since the link had caught up; negative: not known */
    double changes_per_second;
    char error[ERR_MESSAGE_SIZE];
    char error_values[ERR_SERVER_SIZE]; /* what it is about: values of a row */
    usec_t at;                          /* looked at; usec_monotonic() */
    usec_t written_at;                  /* some word of it, or a sign of life */
};

struct service {
    struct migration m;
    struct preparation preparation;
    struct log_source log;
    bool two_sided;       /* it is to go live */
    int64_t n_snapshots;  /* that the copy has read from */
    bool single_snapshot; /* all of the copy is of the slot's own moment */

    struct link links[2]; /* by direction */
    bool running[2];      /* the link was started */
    struct mender mender; /* from live on */

    /* connections of the chore's own, to each link's target: steps may be
     * using the control connections. The one to the new database holds the
     * migration's lock once the service has begun. */
    struct db reporters[2];
    struct service_report reported[2];
    struct service_wait waits[2];     /* for whom the links wait */
    struct rate rates[2];             /* of the changes applied */
    char began_at[2][USEC_TEXT_SIZE]; /* as recorded by either database; "": not yet */
    const struct err *ended_for;      /* what it ends for, for the record; NULL: it was asked to */
    unsigned shown_when_opened;       /* the sign of presence: what its db->opened was then */
    unsigned locked_when_opened;      /* what its db->opened was then */
    usec_t kept_at;                   /* the lock: looked at last */
    usec_t watched_at;
    bool runs_statements;      /* those after the copy, which may alter the new tables */
    bool outdated;             /* the mappings, by them */
    const char **fingerprints; /* of the old tables, then the new, as they were at the start */
    struct arena lasting;
    struct err fatal; /* found by the chore */
};

struct service_manner {
    bool two_sided; /* it is to go live (see prepare()) */
    bool patient;   /* waits for servers that are not there yet, or not ready */
};

/* Everything up to the first step: prepared, locked, filters proved. What passes, once
 * both servers have been reached, is waited for in any case. */
bool service_begin(struct service *service, struct config *config, struct loop *loop,
                   const struct service_manner *manner, struct err *err)
    __attribute__((warn_unused_result));
/* Stops links, reports, closes. */
void service_end(struct service *service);

/* What is left of the copy. Ends in phase catchup, backfill state `copied`. */
bool service_copy(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Skips it: the new table holds what it should. */
bool service_skip_copy(struct service *service, struct err *err)
    __attribute__((warn_unused_result));
/* The forward link to a marker, then the statements after the copy. */
bool service_catch_up(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Only the statements, when the copy is of one moment already. */
bool service_after_copy(struct service *service, struct err *err)
    __attribute__((warn_unused_result));
/* The new side's sequences, behind what was copied: for a copy by itself, since going
 * live does it, too. */
bool service_advance_sequences(struct service *service, struct err *err)
    __attribute__((warn_unused_result));
bool service_go_live(struct service *service, struct err *err) __attribute__((warn_unused_result));

/* Until a signal (true) or until a link fails for good; rows are mended meanwhile. */
bool service_stream(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Until both links have passed where their sources stand now, and rows that were set
 * apart by then are mended. */
bool service_drain(struct service *service, struct err *err) __attribute__((warn_unused_result));
/* Until what is up for recheck now has been looked at and mended, as far as it can be.
 * After service_go_live. */
bool service_settle(struct service *service, struct err *err) __attribute__((warn_unused_result));

#endif
