/* check_clocks.c - see check.h: do both servers mean the same by "later"? */
#include <stdlib.h>

#include "command/check.h"
#include "command/clocks.h"
#include "command/format.h"

enum { READINGS = 5 };

static const usec_t tolerance = USEC_SECOND / 10;

static bool read_clock(struct side *side, struct clock_range *range, struct err *err) {
    *range = clock_range_unknown();
    for (int i = 0; i < READINGS; i++) {
        int64_t server;
        usec_t asked = usec_monotonic();
        if (!db_int(&side->db, err, &server,
                    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", 0, NULL)) {
            return false;
        }
        clock_range_note(range, asked, usec_monotonic(), server);
    }
    return true;
}

void check_clocks(struct check *check) {
    struct clock_range old_clock, new_clock;
    struct err err;
    err_clear(&err);
    if (!read_clock(&check->m->old_side, &old_clock, &err) ||
        !read_clock(&check->m->new_side, &new_clock, &err)) {
        findings_add_err(&check->findings, FINDING_error, "clocks", &err);
        return;
    }
    usec_t ahead = clock_range_difference(old_clock, new_clock);
    struct format by = format_seconds((double)llabs(ahead) / 1e6);
    if (llabs(ahead) <= tolerance) {
        findings_add(&check->findings, FINDING_ok, "clocks", "the clocks of both servers agree");
        return;
    }
    findings_add(&check->findings, FINDING_warning, "clocks",
                 "the new server's clock is at least %s %s the old one's: when both sides change "
                 "a row within that time, the later change can be taken for the earlier one",
                 by.text, ahead > 0 ? "ahead of" : "behind");
    findings_hint(&check->findings, "let both servers follow the same time source (NTP), and "
                                    "check again before the application writes on both sides");
}
