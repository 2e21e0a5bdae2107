/* breaker.c - see breaker.h. */
#include "model/breaker.h"

void breaker_init(struct breaker *breaker, int64_t per_minute) {
    *breaker = (struct breaker){.per_minute = per_minute, .room = (double)per_minute};
}

static void fill(struct breaker *breaker, usec_t now) {
    double limit = (double)breaker->per_minute;
    if (breaker->filled_at != 0) {
        double minutes = (double)(now - breaker->filled_at) / (60.0 * (double)USEC_SECOND);
        breaker->room += limit * minutes;
    }
    breaker->room = breaker->room < limit ? breaker->room : limit;
    breaker->filled_at = now;
}

bool breaker_allows(struct breaker *breaker, uint64_t conflicts, usec_t now) {
    if (breaker->per_minute == 0 || conflicts == 0) {
        return true;
    }
    fill(breaker, now);
    return (double)conflicts <= breaker->room;
}

void breaker_count(struct breaker *breaker, uint64_t conflicts) {
    breaker->room -= (double)conflicts;
}
