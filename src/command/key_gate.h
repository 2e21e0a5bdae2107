/* key_gate.h - can a row always be found by its key, whatever the key comes to hold?
 *
 * Why: what the types of keys make possible shows itself in the middle of a migration,
 *   when a link can do nothing any more but stop. So it is refused before anything is
 *   made, from the catalogs alone:
 *   - a type that has no order, or no equality (json, hstore, xml): the copy and verify
 *     walk through a table in the order of its key, and rows are looked up by it. Asked
 *     for is what their statements use: =, > and <= by name, of a btree family, for
 *     one column and for several, and the type's own order.
 *   - a type that may hold NaN or Infinity (real, double precision, numeric without a
 *     precision): wal2json prints all three as null, so nobody could tell which row it
 *     was. A validated CHECK over the column that none of them passes rules them out. It
 *     is asked, not read: each of the three is put into its expression.
 * A numeric with a precision holds no Infinity, and a NaN in it is known (change.h).
 * Domains are printed as they are, NaN included. */
#ifndef PGTANDEM_COMMAND_KEY_GATE_H
#define PGTANDEM_COMMAND_KEY_GATE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/problem.h"
#include "pg/migration.h"

/* Adds what it finds of a side's tables that are there; needs migration_read_catalogs().
 * False: the server's error. */
bool key_gate_look(struct migration *m, struct side *side, struct problem_list *problems,
                   struct err *err) __attribute__((warn_unused_result));

/* False: ERR_NOT_READY with the first problem and its cure, or the server's error. */
bool key_gate_pass(struct migration *m, struct side *side, struct err *err)
    __attribute__((warn_unused_result));

#endif
