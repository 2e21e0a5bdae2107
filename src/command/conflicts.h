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

/* Where the record's table, of either side, stands in the configuration; -1: nowhere. */
int conflicts_table_number(const struct config *config, const struct record *record);

/* What of a record is shown without being asked for. Its key, by the rule of
 * model/disclosure.h, for which the catalogs must have been read; */
bool conflicts_may_show_key(const struct migration *m, const struct record *record);
/* and why a row is parked: where an earlier version has put the server's words there, only
 * what the SQLSTATE means. */
const char *conflicts_reason(const struct record *record);

#endif
