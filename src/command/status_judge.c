/* status_judge.c - see status_judge.h. */
#include "command/status_judge.h"

#include <string.h>

#include "base/timestamp.h"

enum answer status_running(enum answer locked, enum answer present) {
    return locked == YES || present == YES ? YES : locked;
}

static bool is(const char *state, const char *name) {
    return state != NULL && strcmp(state, name) == 0;
}

static const char *reported_state(enum answer running, const char *reported) {
    if (is(reported, "failed")) {
        return "failed";
    }
    if (running == NO) {
        return "stopped";
    }
    if (running == NOT_KNOWN || reported == NULL) {
        return NULL;
    }
    return reported[0] != '\0' ? reported : "stopped";
}

const char *status_link_state(const struct slot_info *slot, bool is_due, enum answer running,
                              const char *reported) {
    if (is(reported, "retired")) {
        return "retired";
    }
    if (slot != NULL && !slot->exists) {
        return is_due ? "lost" : "absent";
    }
    if (slot != NULL && slot->lost) {
        return "lost";
    }
    if (slot == NULL && is(reported, "")) {
        return NULL; /* it may be absent */
    }
    return reported_state(running, reported);
}

int64_t status_lag_bytes(const struct slot_info *slot) {
    if (!slot->exists) {
        return -1;
    }
    if (slot->server_lsn <= slot->confirmed_flush) {
        return 0;
    }
    return (int64_t)(slot->server_lsn - slot->confirmed_flush);
}

double status_lag_seconds(const struct lag_report *report, enum answer running, int64_t lag_bytes) {
    double seconds = running == YES ? report->said : report->since_level;
    if (running != YES && lag_bytes == 0) {
        return 0;
    }
    if (running == NOT_KNOWN || (running == NO && lag_bytes < 0)) {
        return -1;
    }
    return seconds > 0 ? seconds : 0;
}

bool status_is_behind(int64_t lag_bytes, double lag_seconds) {
    static const int64_t segment = INT64_C(16) * 1024 * 1024;
    return lag_bytes >= segment || (lag_bytes > 0 && lag_seconds >= 5);
}

int64_t status_rows_total(enum backfill backfill, int64_t estimate, int64_t rows_done) {
    bool copied = backfill == BACKFILL_copied || backfill == BACKFILL_done;
    return copied || estimate < rows_done ? rows_done : estimate;
}

const char *copy_activity_name(enum copy_activity activity) {
    static const char *const names[] = {
#define COPY_ACTIVITY_NAME(name) #name,
        COPY_ACTIVITIES(COPY_ACTIVITY_NAME)
#undef COPY_ACTIVITY_NAME
    };
    return names[activity];
}

enum copy_activity status_copy_activity(const struct copy_signs *signs) {
    bool begun = signs->backfill == BACKFILL_running || signs->backfill == BACKFILL_copied;
    if (!begun || signs->running == NOT_KNOWN) {
        return COPY_none;
    }
    if (signs->running == NO) {
        return COPY_interrupted;
    }
    if (signs->backfill == BACKFILL_copied) {
        return COPY_none; /* statements, which tell of themselves */
    }
    if (!signs->speaks) {
        return COPY_silent;
    }
    if (signs->waits) {
        return signs->paused ? COPY_paused : COPY_waiting;
    }
    return signs->troubled ? COPY_retrying : COPY_copying;
}
