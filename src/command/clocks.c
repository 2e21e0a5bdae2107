/* clocks.c - see clocks.h. */
#include "command/clocks.h"

struct clock_range clock_range_unknown(void) {
    return (struct clock_range){INT64_MIN / 4, INT64_MAX / 4};
}

void clock_range_note(struct clock_range *range, usec_t asked, usec_t answered, usec_t server) {
    usec_t least = server - answered, most = server - asked;
    range->least = least > range->least ? least : range->least;
    range->most = most < range->most ? most : range->most;
}

usec_t clock_range_difference(struct clock_range a, struct clock_range b) {
    if (b.least > a.most) {
        return b.least - a.most;
    }
    return b.most < a.least ? b.most - a.least : 0;
}
