/* clock.c - sleeping. */
#include "clock.h"

#include <time.h>

static void sleep_usec(usec_t usec) {
    struct timespec left = {.tv_sec = usec / USEC_SECOND, .tv_nsec = usec % USEC_SECOND * 1000};
    while (nanosleep(&left, &left) != 0) {
    }
}

void sleep_ms(int milliseconds) {
    if (milliseconds > 0) {
        sleep_usec(milliseconds * MILLISECOND);
    }
}

void sleep_until(usec_t moment) {
    usec_t now = usec_monotonic();
    if (moment > now) {
        sleep_usec(moment - now);
    }
}
