/* writer.h - the settings of every session that writes rows to a target.
 *
 * Why: rows that a link or the copier writes were already checked and reacted
 *   to where the application wrote them. So where the target has triggers or
 *   foreign keys, its writers run as session_replication_role = replica, as
 *   native logical replication does - unless the target has deferrable unique
 *   constraints, which that role would leave unchecked (their check is a
 *   trigger). Locks are waited for no longer than limits.lock_timeout, and
 *   deadlocks are looked for early where the role may set that, so that
 *   pgtandem is the victim. */
#ifndef PGTANDEM_PG_WRITER_H
#define PGTANDEM_PG_WRITER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "pg/migration.h"

/* For session.settings. Needs m->pairs. */
bool writer_settings(struct migration *m, enum direction direction, struct buf *settings,
                     struct err *err) __attribute__((warn_unused_result));

/* What `check` wants to know: triggers that would fire on pgtandem's writes
 * because the role may not switch them off. */
bool writer_fires_triggers(struct migration *m, enum direction direction, bool *fires,
                           struct err *err) __attribute__((warn_unused_result));

#endif
