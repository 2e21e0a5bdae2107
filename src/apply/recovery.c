/* recovery.c - see recovery.h. */
#include "apply/recovery.h"

#include <stdio.h>
#include <string.h>

const char *recovery_name(enum recovery recovery) {
    static const char *const names[] = {
#define RECOVERY_NAME(name) #name,
        RECOVERIES(RECOVERY_NAME)
#undef RECOVERY_NAME
    };
    return names[recovery];
}

/* Somebody else is at the same rows. Who waits for rows of earlier slices would go on
 * waiting while this one is tried again: for ever, if it is the one who has our rows.
 * So everything is let go. What came in pieces must then be streamed anew, and may
 * first wait a little, but not in a deadlock. */
static enum recovery choose_when_contended(const struct failure *f) {
    bool deadlock = err_has_sqlstate(f->error, "40P01");
    if (!f->holds_rows) {
        return RECOVERY_again_later;
    }
    if (!f->carries) {
        return RECOVERY_from_start;
    }
    return deadlock || f->tries >= RECOVERY_HOLDING_TRIES ? RECOVERY_fail : RECOVERY_again_later;
}

/* A table was altered: the plan that the server has kept is of what it was. */
static bool is_stale_plan(const struct failure *f) {
    return f->error->class == ERR_CLASS_FATAL && err_has_sqlstate(f->error, "0A000") &&
           !f->prepared_anew;
}

/* A key that is never found and always there already does not come from others. */
static bool has_moved(const struct failure *f) {
    return f->moved && f->tries < RECOVERY_MOVED_TRIES;
}

/* A deferred constraint speaks when the changes are written, and does not say of which: they
 * are written once more, and it is asked at each of them. */
static bool wants_strictness(const struct failure *f) {
    return (f->at_constraints || (f->at_commit && f->carries)) && f->lenient;
}

static enum recovery choose_for_row(const struct failure *f) {
    if (f->parking) {
        return f->bare ? RECOVERY_fail : RECOVERY_park_bare;
    }
    if (!f->by_rows) {
        return RECOVERY_by_rows;
    }
    if (f->count > 1) {
        return RECOVERY_split;
    }
    return f->stop_on_row_error ? RECOVERY_fail : RECOVERY_park;
}

enum recovery recovery_choose(const struct failure *f) {
    if (f->error->code == ERR_NONE) {
        return RECOVERY_again;
    }
    if (f->error->class == ERR_CLASS_ROW && wants_strictness(f)) {
        return f->carries ? RECOVERY_fail : RECOVERY_strictly;
    }
    if (f->at_commit && (f->carries || f->by_rows)) {
        return RECOVERY_fail;
    }
    if (has_moved(f) || f->error->class == ERR_CLASS_CONTENDED) {
        return choose_when_contended(f);
    }
    if (is_stale_plan(f)) {
        return RECOVERY_prepare;
    }
    return f->error->class == ERR_CLASS_ROW ? choose_for_row(f) : RECOVERY_fail;
}

enum err_class recovery_class(const struct failure *f) {
    bool again = f->error->class == ERR_CLASS_CONTENDED ||
                 (f->error->class == ERR_CLASS_ROW && f->carries && wants_strictness(f));
    return again ? ERR_CLASS_PASSING : f->error->class;
}

void park_streak_end(struct park_streak *streak) {
    streak->length = 0;
}

static bool continues(const struct park_streak *streak, const char *sqlstate) {
    return streak->length > 0 && strcmp(streak->sqlstate, sqlstate) == 0;
}

bool park_streak_allows(const struct park_streak *streak, const char *sqlstate) {
    return streak->limit == 0 || !continues(streak, sqlstate) || streak->length < streak->limit;
}

void park_streak_add(struct park_streak *streak, const char *sqlstate) {
    streak->length = continues(streak, sqlstate) ? streak->length + 1 : 1;
    snprintf(streak->sqlstate, sizeof streak->sqlstate, "%s", sqlstate);
}
