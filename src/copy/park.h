/* park.h - the record of a row that could not be copied.
 *
 * It is written by the chunk's own transaction, so that a row is either in the
 * target or parked, never both and never neither. */
#ifndef PGTANDEM_COPY_PARK_H
#define PGTANDEM_COPY_PARK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "model/mapping.h"

enum { PARK_PARAMS = 10 };

extern const char park_sql[];

/* Parameters of park_sql. `row` is parallel to mapping->columns; `has_image`:
 * all of it is there, not only the key; `reason`: why it cannot be written, which must
 * last as long as the parameters. Memory: `arena`. */
void park_params(const struct mapping *mapping, const char *migration, const struct value *row,
                 bool has_image, const struct err *reason, struct arena *arena,
                 const char *params[PARK_PARAMS]);

/* The key of such a row: n_key values */
struct value *park_key(const struct mapping *mapping, const struct value *row, struct arena *arena);

#endif
