/* settle.c - see settle.h. */
#include "verify/settle.h"

#include <string.h>

#include "pg/slot.h"
#include "pg/state.h"

bool settle_look(struct settle *settle, struct migration *m, struct err *err) {
    if (!state_is_locked(m, &settle->running, err)) {
        return false;
    }
    settle->moving = settle->running;
    settle->arrived = true;
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        struct slot_info slot;
        if (!slot_read(m, d, &slot, err)) {
            return false;
        }
        if (slot.exists && !slot.lost) {
            settle->moving |= slot.confirmed_flush < slot.server_lsn;
            settle->arrived &= slot.confirmed_flush >= settle->marks[d];
        }
    }
    return true;
}

bool settle_begin(struct settle *settle, struct migration *m, struct err *err) {
    memset(settle, 0, sizeof *settle);
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        struct slot_info slot;
        if (!slot_read(m, d, &slot, err)) {
            return false;
        }
        settle->marks[d] = slot.server_lsn;
    }
    return settle_look(settle, m, err);
}
