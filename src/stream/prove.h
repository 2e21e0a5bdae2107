/* prove.h - shows that a slot's filter holds before anything is written.
 *
 * Why: if a link's own writes came back through the other link, two tables
 *   would write each other full. Ids of origins are reused after a drop, and a
 *   filter given by name filters nothing, without a word.
 * How: on the link's source a marker is written under the origin that the
 *   other link writes with, then one without. The stream is read from there on,
 *   with the very options that the link uses: the first must not arrive, the
 *   second must. Reading acknowledges nothing, so the slot stays where it is. */
#ifndef PGTANDEM_STREAM_PROVE_H
#define PGTANDEM_STREAM_PROVE_H

#include "pg/migration.h"

/* Sequential. Needs the slot, the origins and m's mappings; no link may be
 * using them. */
bool prove_filter(struct migration *m, enum direction direction, struct err *err)
    __attribute__((warn_unused_result));

/* Writes a marker on the source and tells the position that a link must have
 * passed to have seen everything before it. */
bool marker_write(struct db *source, lsn_t *lsn, struct err *err)
    __attribute__((warn_unused_result));

#endif
