/* bind.h - from a decoded message to a change of a mapped table.
 *
 * Names become positions, wal2json's spelling of a value becomes the type's
 * output format again, the row is transformed, and what the stream cannot tell
 * is marked (change.wants_source): a NULL in a numeric or float column may
 * have been NaN or Infinity.
 *
 * The catalog is checked on the way: a column that the mapping does not know,
 * or one that is missing although it cannot be unchanged TOAST, means that the
 * table was altered. */
#ifndef PGTANDEM_DECODE_BIND_H
#define PGTANDEM_DECODE_BIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "decode/message.h"
#include "model/change.h"
#include "model/mapping.h"

/* The mapping whose source is the message's table, or NULL. */
const struct mapping *bind_find(const struct mapping *const *mappings, size_t count,
                                const struct message *message);

/* Adds the row change or truncate to `batch`. The message's memory is not
 * referred to afterwards. False: the table was altered, or the message lacks
 * the key (replica identity changed). */
bool bind_change(const struct mapping *mapping, const struct message *message,
                 const struct transaction *transaction, struct batch *batch, struct err *err)
    __attribute__((warn_unused_result));

#endif
