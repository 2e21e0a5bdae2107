/* replication.h - START_REPLICATION as pgtandem asks for it, in one place, so
 * that what is proved (prove.h) is what is streamed (link.h). */
#ifndef PGTANDEM_STREAM_REPLICATION_H
#define PGTANDEM_STREAM_REPLICATION_H

#include "base/buf.h"
#include "model/mapping.h"
#include "pg/slot.h"

/* The prefix of markers: messages that move the log, and that nobody reads. */
#define MARKER_PREFIX "pgtandem"

/* The prefix of the messages that one stream is to bring.
 *
 * Why: whoever may connect may write a message of any prefix and content. wal2json
 *   prints it as it is: bytes that are no UTF-8 make the JSON invalid, and one that
 *   grows past 1 GB fails in the server, at every try. So a stream asks for a prefix
 *   that nobody can guess, and all other messages stay in the server. */
struct message_prefix {
    char text[48];
};
struct message_prefix message_prefix_new(void);

/* `start` 0: where the slot stands. `filtered`: ids of the origins whose
 * changes are not to come. `prefix`: of the messages that are to come. */
void replication_start_sql(struct buf *sql, const char *slot, lsn_t start,
                           const struct origin_ids *filtered, const struct mapping *const *mappings,
                           size_t n_mappings, const struct message_prefix *prefix);

#endif
