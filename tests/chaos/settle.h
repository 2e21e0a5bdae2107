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
    long long lag[SIDES], transactions[SIDES], changes[SIDES];
    long long conflicts[SIDES], parked[SIDES];
    long long rechecks; /* still to be done */
};

/* False when it does not answer. The JSON is taken apart by the server of `conn`. */
bool standing_read(const struct service *service, PGconn *conn, struct standing *standing)
    __attribute__((warn_unused_result));

enum { SETTLE_SECONDS = 60 };

/* Until the service is live, both links have nothing left to apply and nothing is
 * to be rechecked. False, and a complaint, when it ends or takes too long. */
bool settle(struct service *service, PGconn *conn, struct standing *standing,
            struct complaints *complaints) __attribute__((warn_unused_result));

/* Nothing may be applied while nobody writes: looks again after a while. */
void settle_stays(const struct service *service, PGconn *conn, const struct standing *standing,
                  int milliseconds, struct complaints *complaints);

#endif
