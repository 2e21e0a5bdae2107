/* settle.h - are changes still on their way, and when have they arrived?
 *
 * Why: while links work, a row may differ only because its change is under
 *   way. Both sources' log positions are marked when a comparison ends; once
 *   both links have confirmed their marks, what was committed by then has been
 *   applied. */
#ifndef PGTANDEM_VERIFY_SETTLE_H
#define PGTANDEM_VERIFY_SETTLE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/lsn.h"
#include "pg/migration.h"

struct settle {
    lsn_t marks[2]; /* by enum direction; 0 without a slot */
    bool running;   /* a service or backfill is at work */
    bool moving;    /* or some link has something left to apply */
    bool arrived;   /* the links have confirmed their marks */
};

/* Sets the marks. */
bool settle_begin(struct settle *settle, struct migration *m, struct err *err)
    __attribute__((warn_unused_result));
/* Looks again, with the marks as they are. */
bool settle_look(struct settle *settle, struct migration *m, struct err *err)
    __attribute__((warn_unused_result));

#endif
