/* table_name.h - reads "schema.table" as a person writes it.
 *
 * Each part is plain or in double quotes, as in SQL. A plain part must be what
 * SQL makes of it: one with a capital letter would be folded there and not
 * here, so it has to be quoted. */
#ifndef PGTANDEM_CONFIG_TABLE_NAME_H
#define PGTANDEM_CONFIG_TABLE_NAME_H

#include <stdbool.h>

#include "base/arena.h"
#include "model/spec.h"

/* NULL when it was read; else what is wrong with it. Memory: `arena`. */
const char *table_name_parse(const char *text, struct arena *arena, struct table_name *name)
    __attribute__((warn_unused_result));

#endif
