/* pedal.c - see pedal.h. */
#include "copy/pedal.h"

#include <math.h>

static const double first_share = 1.0 / 8, least_share = 1.0 / 64;
static const double recovery = 10; /* seconds to double after a wait */
static const usec_t longest_rest = 5 * USEC_SECOND;

static void set(struct pedal *pedal, double share, double doubling, usec_t now) {
    pedal->share = share;
    pedal->doubling = doubling;
    pedal->since = now;
    pedal->holding = false;
}

void pedal_start(struct pedal *pedal, usec_t warm_up, usec_t now) {
    pedal->warm_up = warm_up;
    if (warm_up > 0) {
        set(pedal, first_share, (double)warm_up / 1e6 / -log2(first_share), now);
    } else {
        set(pedal, 1, 0, now);
    }
}

static double grown(const struct pedal *pedal, usec_t now) {
    double seconds = (double)(now - pedal->since) / 1e6;
    double share =
        pedal->doubling > 0 ? pedal->share * exp2(seconds / pedal->doubling) : pedal->share;
    return share < 1 ? share : 1;
}

void pedal_hold(struct pedal *pedal, usec_t now) {
    if (!pedal->holding) {
        pedal->share = grown(pedal, now);
        pedal->holding = true;
    }
}

void pedal_release(struct pedal *pedal, usec_t now) {
    if (pedal->holding) {
        double half = pedal->share / 2;
        set(pedal, half > least_share ? half : least_share, recovery, now);
    }
}

double pedal_share(const struct pedal *pedal, usec_t now) {
    return pedal->holding ? 0 : grown(pedal, now);
}

usec_t pedal_rest(const struct pedal *pedal, usec_t worked, usec_t now) {
    double share = grown(pedal, now);
    double rest = (double)worked * (1 - share) / share;
    return rest < (double)longest_rest ? (usec_t)rest : longest_rest;
}
