/* key.h - keys as state rows hold them.
 *
 * pgtandem.recheck has the values of a key in the order of its link's mapping,
 * pgtandem.parked and pgtandem.conflict have {"column": "value"}. Here a key's values
 * are in the order of the forward mapping's. Pure. */
#ifndef PGTANDEM_MEND_KEY_H
#define PGTANDEM_MEND_KEY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"
#include "model/mapping.h"

/* For each column of the forward mapping's key, where it is in the key of the mapping
 * of that direction. */
const size_t *key_order(const struct mapping_pair *pair, enum direction direction,
                        struct arena *arena);

/* The name of column `k` of the key: the same on both sides. */
const char *key_column_name(const struct mapping_pair *pair, size_t k);

/* "jsonb_build_object('a', u.k0, 'b', u.k1)" */
void key_add_object_sql(struct buf *sql, const struct mapping_pair *pair);

/* "key->>'a', key->>'b'" */
void key_add_fields_sql(struct buf *sql, const struct mapping_pair *pair);

#endif
