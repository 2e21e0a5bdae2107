/* site.h - a connection that reads and writes one side's rows beside the links.
 *
 * It writes under an origin of its own, which both slots filter: what is mended on
 * one side does not go back to the other. The link's origin would not do, since it
 * has one user at a time. No progress is stored: a mend is repeated until both
 * sides agree.
 * Lifetime: site_init, site_prepare once, then site_open before each use; the
 * connection is pinned (db.h), so that nothing is ever written without the origin. */
#ifndef PGTANDEM_MEND_SITE_H
#define PGTANDEM_MEND_SITE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "pg/migration.h"
#include "pg/slot.h"

struct site {
    struct migration *m;
    enum direction direction; /* of the link whose target it is */
    struct db db;
    char application[40];
    struct buf settings;
    /* No trigger or foreign key answers to what is written here: a row may be
     * deleted and inserted anew. */
    bool is_quiet;
    bool is_ready;
    struct origin_ids ours; /* in its server; while ready */
    struct arena lasting;   /* of one connection */
};

void site_init(struct site *site, struct migration *m, enum direction direction);
void site_fini(struct site *site);

/* Reads from the catalog what the connection's settings depend on. */
bool site_prepare(struct site *site, struct err *err) __attribute__((warn_unused_result));
/* Opens it if it is not, and takes the origin. */
bool site_open(struct site *site, struct err *err) __attribute__((warn_unused_result));
void site_close(struct site *site);

#endif
