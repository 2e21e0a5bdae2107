/* recovery.h - what an applier does after a slice has failed. Pure.
 *
 * A slice is the part of a batch that is under way: all of it, one source transaction,
 * or one change. From the coarse to the fine: a batch that fails for a row goes source
 * transaction by source transaction, one of which fails goes change by change, and the
 * change at fault is parked. What others are in the way of is tried again, and whatever
 * else goes wrong ends the link's connection. */
#ifndef PGTANDEM_APPLY_RECOVERY_H
#define PGTANDEM_APPLY_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RECOVERIES(X)                                                                              \
    X(again)       /* the slice, at once */                                                        \
    X(again_later) /* the slice, after a pause */                                                  \
    X(from_start)  /* the whole target transaction, later; meanwhile nothing is locked */          \
    X(by_rows)     /* the batch, one source transaction after the other */                         \
    X(split)       /* the source transaction, change by change */                                  \
    X(park)        /* the change is kept with the reason instead of being written */               \
    X(park_bare)   /* the same without its row, which could not be kept either */                  \
    X(strictly)    /* the source transaction anew, with its constraints checked at each change */  \
    X(prepare)     /* statements are prepared anew, then the slice again */                        \
    X(fail)        /* the link ends its connections */

enum recovery {
#define RECOVERY_ENUM(name) RECOVERY_##name,
    RECOVERIES(RECOVERY_ENUM)
#undef RECOVERY_ENUM
};
const char *recovery_name(enum recovery recovery);

enum {
    RECOVERY_HOLDING_TRIES = 3, /* while rows of earlier slices stay locked */
    RECOVERY_MOVED_TRIES = 20,  /* then the key that appears is the row's own matter */
};

struct failure {
    const struct err *error; /* code ERR_NONE: the slice wants more from its source */
    bool at_commit;          /* the whole target transaction is gone, pieces included */
    bool at_constraints;     /* deferred constraints were checked behind a slice */
    bool lenient;            /* for the first time behind several slices of its transaction */
    bool moved;              /* a row with the same key has appeared meanwhile */
    bool by_rows;            /* slices of one source transaction, or of one change */
    bool carries;            /* earlier batches' pieces are in the open target transaction */
    bool holds_rows;         /* rows of earlier slices are locked */
    bool parking;            /* the slice's one change was being parked */
    bool bare;               /* without its row */
    bool stop_on_row_error;  /* as configured: rows are not to be parked */
    bool prepared_anew;      /* that was tried for this slice */
    size_t count;            /* changes of the slice */
    unsigned tries;          /* of the slice that have failed before this one */
};

enum recovery recovery_choose(const struct failure *failure);

/* What RECOVERY_fail is to the link: whatever was in the way of this batch alone is no
 * reason to stop, since it is streamed again. */
enum err_class recovery_class(const struct failure *failure);

/* Rows that were parked one after the other, with no row between that was written: if
 * they all fail in one way it is the table or the mapping that is at fault. */
struct park_streak {
    char sqlstate[6];
    int64_t length;
    int64_t limit; /* 0: none */
};

void park_streak_end(struct park_streak *streak);
/* False: parking one more for this SQLSTATE would pass the limit. */
bool park_streak_allows(const struct park_streak *streak, const char *sqlstate);
void park_streak_add(struct park_streak *streak, const char *sqlstate);

#endif
