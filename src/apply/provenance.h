/* provenance.h - asks a server who wrote a row last, and when.
 *
 * Why: stamp.h's "original or copy, and when" comes from the server, in one of two
 *   ways: by the commit's time and origin (track_commit_timestamp), or, where a
 *   column tells which change is later, by the transactions that pgtandem has
 *   written lately (pgtandem.own_write).
 * Rules: asked for in the select list, not in a join: when a read waits for a
 *   row's lock, only the select list is evaluated anew for the row as it then is.
 *   A commit time that the server has forgotten is STAMP_UNKNOWN.
 *   A transaction that is still open has no commit time yet: rows of its own earlier
 *   pieces are told by their age, which is not above the transaction's. Nobody else
 *   may ask by age: a row whose id is half the circle of ids back has a negative one,
 *   too, and would be taken for pgtandem's own. */
#ifndef PGTANDEM_APPLY_PROVENANCE_H
#define PGTANDEM_APPLY_PROVENANCE_H

#include <libpq-fe.h>

#include "base/buf.h"
#include "model/stamp.h"
#include "pg/slot.h"

enum provenance {
    PROVENANCE_NONE,      /* not asked for */
    PROVENANCE_COMMITTED, /* of rows that were committed */
    PROVENANCE_OWN_OPEN,  /* also of rows that this open transaction has written */
};

/* Adds ", <xmin>, <commit>, <own>" of the row called `t`: so many columns. */
enum { PROVENANCE_COLUMNS = 3 };
void provenance_add_columns(struct buf *sql, enum provenance how, bool by_version);

/* The row's version: its xmin as text. Borrowed from the result. */
const char *provenance_xmin(const PGresult *result, int row, int column);

/* The state of a row that is there; `column` is the first of the three. `ours`:
 * ids of the migration's origins in that server. `version`: the value of the
 * version column, with its type, or `type` NULL where commits decide. */
struct row_state provenance_read(const PGresult *result, int row, int column,
                                 const struct origin_ids *ours, const struct column_type *type,
                                 struct value version);

/* The pure part: '("2026-11-22 09:10:23.02+00",3)', or '(,)' where the server
 * does not know (any more). */
bool provenance_parse(const char *text, usec_t *time, uint32_t *origin)
    __attribute__((warn_unused_result));

#endif
