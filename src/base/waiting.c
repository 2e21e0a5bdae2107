/* waiting.c - see waiting.h. */
#include "base/waiting.h"

static const usec_t first_word = USEC_SECOND, longest_silence = 60 * USEC_SECOND;

void waiting_begin(struct waiting *waiting, usec_t now) {
    if (waiting->since == 0) {
        waiting->since = now;
    }
}

/* Each word comes when the wait is twice as long as at the last. */
bool waiting_is_due(struct waiting *waiting, usec_t now) {
    waiting_begin(waiting, now);
    if (now - waiting->since < first_word) {
        return false;
    }
    if (waiting->told_at != 0 && now - waiting->told_at < longest_silence &&
        now - waiting->told_at < waiting->told_at - waiting->since) {
        return false;
    }
    waiting->told_at = now;
    return true;
}

bool waiting_end(struct waiting *waiting) {
    bool told = waiting->told_at != 0;
    *waiting = (struct waiting){0};
    return told;
}

usec_t waiting_time(const struct waiting *waiting, usec_t now) {
    return waiting->since == 0 ? 0 : now - waiting->since;
}

double waiting_seconds(const struct waiting *waiting, usec_t now) {
    return (double)waiting_time(waiting, now) / USEC_SECOND;
}
