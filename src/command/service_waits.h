/* service_waits.h - for whom a link waits: in the log and for `status`, once it has taken
 * a second.
 *
 * Why: a link that is behind because an application holds a lock, a standby is slow or a
 *   server hangs looks like one that is slow itself. Who can do something about it needs
 *   the process, whose it is, and since when.
 * How: a try of the link's lasts no longer than limits.lock_timeout, so who is in its way
 *   is asked, on a connection of the chore's own, while it is being tried. */
#ifndef PGTANDEM_COMMAND_SERVICE_WAITS_H
#define PGTANDEM_COMMAND_SERVICE_WAITS_H

#include <stdbool.h>

#include "base/timestamp.h"
#include "base/waiting.h"

enum { SERVICE_WAIT_SIZE = 1024 };

struct service;

struct service_wait {
    struct waiting waiting;
    char text[SERVICE_WAIT_SIZE];      /* for whom; "": nobody knows yet */
    char published[SERVICE_WAIT_SIZE]; /* what `status` was told last */
    bool is_published;                 /* it was: before, an earlier process's word may stand */
    usec_t look_at, publish_at;        /* not before; usec_monotonic() */
};

/* For each link, as often as the chore can: tries are short. */
void service_waits_watch(struct service *service);

#endif
