/* sync_standby.h - do commits wait for a standby that is not there?
 *
 * Why: where synchronous_standby_names asks for more standbys than are connected, every
 *   commit hangs until one comes, without an error and without a timeout. pgtandem's
 *   sessions pin synchronous_commit = on, so theirs wait whatever a role's setting is. */
#ifndef PGTANDEM_PG_SYNC_STANDBY_H
#define PGTANDEM_PG_SYNC_STANDBY_H

#include <stdbool.h>

#include "pg/db.h"

struct sync_standby {
    int wanted;      /* standbys that a commit waits for; 0: none */
    int present;     /* of those that are named, connected and streaming, at most `wanted` */
    bool is_known;   /* false: the role may not see standbys (pg_read_all_stats) */
    char names[200]; /* the setting */
};

bool sync_standby_read(struct db *db, struct sync_standby *standby, struct err *err)
    __attribute__((warn_unused_result));

/* Pure. True when commits hang until another standby comes. */
bool sync_standby_is_absent(const struct sync_standby *standby);

/* How many sessions of this role, named as pgtandem's are, wait for a standby at this
 * moment, and for how long (in seconds) the one that has waited longest. For a session of
 * one's own that commits nothing. */
bool sync_standby_waits(struct db *db, int *sessions, double *seconds, struct err *err)
    __attribute__((warn_unused_result));

#endif
