/* backoff.c - see backoff.h. */
#include "base/backoff.h"

usec_t backoff_delay(usec_t first, usec_t longest, unsigned tries) {
    usec_t delay = first;
    for (unsigned i = 0; i < tries && delay < longest; i++) {
        delay *= 2;
    }
    return delay < longest ? delay : longest;
}
