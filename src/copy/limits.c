/* limits.c - see limits.h. */
#include "copy/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const double calm = 0.8; /* of a limit: what ends a wait */

static int64_t chosen(int64_t asked, int64_t configured) {
    return asked == CONTROL_AS_CONFIGURED ? configured : asked;
}

struct limits limits_of(const struct config *config, const struct control *control) {
    const struct config_limits *limits = &config->limits;
    return (struct limits){
        .rows_per_second = chosen(control->rows_per_second, config->backfill.max_rows_per_second),
        .replica_lag = (double)chosen(control->replica_lag, limits->replica_lag) / 1e6,
        .active_sessions = chosen(control->active_sessions, limits->active_sessions),
        .slot_wal = chosen(control->slot_wal, limits->slot_wal),
        .has_query = limits->query.sql != NULL,
        .query_max = isnan(control->query_max) ? limits->query.max : control->query_max,
    };
}

static bool is_above(double load, double limit, bool waiting) {
    return limit > 0 && load > (waiting ? limit * calm : limit);
}

int64_t limits_slot_wal(const struct limits *limits, const struct load *load) {
    int64_t most = limits->slot_wal > 0 ? limits->slot_wal : INT64_MAX;
    int64_t kept = load->slot_wal_keep >= 0 ? load->slot_wal_keep / 10 * 9 : INT64_MAX;
    return most < kept ? most : kept;
}

static double megabytes(int64_t bytes) {
    return (double)bytes / (1024 * 1024);
}

static bool slot_is_above(const struct limits *limits, const struct load *load, char *why) {
    int64_t most = limits_slot_wal(limits, load);
    if (!load->slot_grows || load->slot_wal <= most) {
        return false;
    }
    snprintf(why, LIMITS_WHY_SIZE,
             "%.0f MB of log that the slot keeps (limit %.0f MB): it does not get less by itself, "
             "\"throttle --slot-wal\" raises the limit",
             megabytes(load->slot_wal), megabytes(most));
    return true;
}

/* Any number may be the query's limit, 0 and negative ones as well. */
static bool query_is_above(const struct limits *limits, const struct load *load, char *why) {
    if (!limits->has_query) {
        return false;
    }
    if (load->query_failed) {
        snprintf(why, LIMITS_WHY_SIZE, "the query of limits.query, which has not answered in time");
        return true;
    }
    if (isnan(load->query) || load->query <= limits->query_max) {
        return false;
    }
    snprintf(why, LIMITS_WHY_SIZE, "%g, the result of limits.query (limit %g)", load->query,
             limits->query_max);
    return true;
}

bool limits_exceeded(const struct limits *limits, const struct load *load, bool waiting,
                     char why[LIMITS_WHY_SIZE]) {
    if (is_above(load->replica_lag, limits->replica_lag, waiting)) {
        snprintf(why, LIMITS_WHY_SIZE, "replica lag of %.1f s on %s (limit %g s)",
                 load->replica_lag, load->replica, limits->replica_lag);
        return true;
    }
    if (is_above((double)load->active_sessions, (double)limits->active_sessions, waiting)) {
        snprintf(why, LIMITS_WHY_SIZE, "%" PRId64 " active sessions (limit %" PRId64 ")",
                 load->active_sessions, limits->active_sessions);
        return true;
    }
    return slot_is_above(limits, load, why) || query_is_above(limits, load, why);
}
