/* report.h - the whole story of one key, for somebody who has to find out why. */
#ifndef CHAOS_REPORT_H
#define CHAOS_REPORT_H

#include <libpq-fe.h>

#include "cases.h"
#include "complaint.h"
#include "side.h"

struct reporter {
    PGconn *conns[SIDES];
    struct complaints *complaints; /* where the story goes */
    int64_t told;                  /* the key whose story was told last */
};

/* What the applications wrote, in the order of the commits; the rows that there are
 * now, with who wrote them last; what pgtandem has recorded of the key. Not twice in a row. */
void report_case(struct reporter *reporter, const struct key_case *c);

#endif
