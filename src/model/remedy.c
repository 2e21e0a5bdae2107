/* remedy.c - see remedy.h, whose table this is. */
#include "model/remedy.h"

const char *remedy_name(enum remedy remedy) {
    static const char *const names[] = {
#define REMEDY_NAME(name) #name,
        REMEDIES(REMEDY_NAME)
#undef REMEDY_NAME
    };
    return names[remedy];
}

static enum remedy remedy_of_one(struct row_state row, enum remedy go_over, enum remedy remove) {
    switch (row.standing) {
        case STANDING_ABSENT:
            return REMEDY_none;
        case STANDING_COPY:
            return remove;
        case STANDING_ORIGINAL:
            break;
    }
    return go_over;
}

enum remedy remedy_choose(struct row_state old_row, struct row_state new_row) {
    if (new_row.standing == STANDING_ABSENT) {
        return remedy_of_one(old_row, REMEDY_forward, REMEDY_remove_old);
    }
    if (old_row.standing == STANDING_ABSENT) {
        return remedy_of_one(new_row, REMEDY_reverse, REMEDY_remove_new);
    }
    if (old_row.standing != new_row.standing) {
        return old_row.standing == STANDING_ORIGINAL ? REMEDY_forward : REMEDY_reverse;
    }
    if (old_row.standing == STANDING_ORIGINAL &&
        stamp_is_later(old_row.stamp, false, new_row.stamp)) {
        return REMEDY_forward;
    }
    return REMEDY_reverse;
}
