/* limits.h - what a copy has to keep to, and whether the servers bear it.
 *
 * A limit of 0 is none. One that was exceeded holds until the load has fallen to
 * four fifths of it, so that a copy does not stop and go around it; log that a slot
 * keeps does not fall while the copy goes on, and the limit for it is as it is.
 * Pure. */
#ifndef PGTANDEM_COPY_LIMITS_H
#define PGTANDEM_COPY_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "pg/control.h"

struct limits {
    int64_t rows_per_second;
    double replica_lag; /* seconds */
    int64_t active_sessions;
    int64_t slot_wal; /* bytes */
    bool has_query;
    double query_max;
};

/* The configuration's, but for what people have asked for since. */
struct limits limits_of(const struct config *config, const struct control *control);

/* What was seen last. */
struct load {
    double replica_lag; /* of the standby that is furthest behind */
    char replica[64];
    int64_t active_sessions;
    int64_t slot_wal;      /* bytes that the forward slot keeps */
    int64_t slot_wal_keep; /* max_slot_wal_keep_size; negative: endless */
    bool slot_grows;       /* by what the copy writes: both sides are one server */
    bool query_failed;     /* no answer in time */
    double query;          /* NaN: none yet, or NULL */
};

enum { LIMITS_WHY_SIZE = 480 };

/* True when the copy is to wait; `why` then says for what, with figure and limit:
 * "replica lag of 7.2 s on standby1 (limit 5 s)". `waiting`: it does already. */
bool limits_exceeded(const struct limits *limits, const struct load *load, bool waiting,
                     char why[LIMITS_WHY_SIZE]);

/* How much log the slot may keep: no more than nine tenths of what the server keeps
 * for it at all. INT64_MAX: any amount. */
int64_t limits_slot_wal(const struct limits *limits, const struct load *load);

#endif
