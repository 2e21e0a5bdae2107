/* settle.h - where pgtandem stands, by its own account, and waiting until it rests. */
#ifndef CHAOS_SETTLE_H
#define CHAOS_SETTLE_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "complaint.h"
#include "service.h"
#include "side.h"

/* Of `pgtandem status --json`; per link, by the side that it reads. */
struct standing {
    bool live;
    bool failed[SIDES]; /* the link has given up */
    long long lag[SIDES], transactions[SIDES], changes[SIDES];
    long long conflicts[SIDES], parked[SIDES];
    long long rechecks; /* still to be done */
};

/* False when it does not answer. The JSON is taken apart by the server of `conn`. */
bool standing_read(const struct service *service, PGconn *conn, struct standing *standing)
    __attribute__((warn_unused_result));

enum { SETTLE_SECONDS = 60 };

/* Changes that the link which reads the side has seen through since setup: those
 * that are applied and those that are parked. From the state itself, which commits
 * together with the rows. `target` is the database that it writes to. */
long long changes_taken(PGconn *target, enum side side);

/* Until the service is live, both links have nothing left to apply and nothing is
 * to be rechecked. False, and a complaint, when it ends or takes too long. */
bool settle(struct service *service, PGconn *conn, struct standing *standing,
            struct complaints *complaints) __attribute__((warn_unused_result));

/* Nothing may be applied while nobody writes: looks again after a while. */
void settle_stays(const struct service *service, PGconn *conn, const struct standing *standing,
                  int milliseconds, struct complaints *complaints);

#endif
