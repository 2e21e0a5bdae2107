/* conflicts.h - the parts of `pgtandem conflicts`, each command in a file of its
 * own, and what they share: the ids that a person gives. */
#ifndef PGTANDEM_COMMAND_CONFLICTS_H
#define PGTANDEM_COMMAND_CONFLICTS_H

#include <stdbool.h>

#include "base/buf.h"
#include "command/command.h"
#include "command/records.h"

/* The ids as a text[]; nothing is added for --all. Either is wanted, not both. */
bool conflicts_read_ids(const struct options *options, struct buf *ids, struct err *err)
    __attribute__((warn_unused_result));

/* Reads the records that are meant, of --all only those that `filter` lets
 * through. ERR_USAGE: one of the ids is unknown. */
bool conflicts_find(struct migration *m, const struct options *options,
                    const struct record_filter *filter, struct records *records, struct err *err)
    __attribute__((warn_unused_result));

#endif
