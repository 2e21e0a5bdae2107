/* replication.h - START_REPLICATION as pgtandem asks for it, in one place, so
 * that what is proved (prove.h) is what is streamed (link.h). */
#ifndef PGTANDEM_STREAM_REPLICATION_H
#define PGTANDEM_STREAM_REPLICATION_H

#include "base/buf.h"
#include "model/mapping.h"
#include "pg/slot.h"

/* The prefix of pgtandem's own logical messages. */
#define MARKER_PREFIX "pgtandem"

/* `start` 0: where the slot stands. `filtered`: ids of the origins whose
 * changes are not to come. */
void replication_start_sql(struct buf *sql, const char *slot, lsn_t start,
                           const struct origin_ids *filtered, const struct mapping *const *mappings,
                           size_t n_mappings);

#endif
