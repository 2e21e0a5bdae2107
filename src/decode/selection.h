/* selection.h - the tables that wal2json is to send: its option add-tables.
 *
 * The option is a list `schema.table,schema.table`, case-sensitive, in which a
 *   backslash takes the meaning from the character behind it. wal2json 2.5
 *   gives a meaning to white space, comma, dot, star and backslash; here every
 *   ASCII character that is no letter, digit or underscore gets a backslash,
 *   whatever a later version may find special. Characters beyond ASCII must not
 *   get one: in the middle of a character it would not be UTF-8 any more.
 *   tests/golden/selection.* is the proof, recorded from the real plugin.
 * Beware: an empty list selects no table, no list at all selects every one, and a
 *   table that does not exist is no error. Of a partitioned table the leaves have
 *   to be named, one by one.
 * Not here: quoting the option as a literal of the replication command, which
 *   doubles its single quotes. */
#ifndef PGTANDEM_DECODE_SELECTION_H
#define PGTANDEM_DECODE_SELECTION_H

#include "base/buf.h"
#include "model/spec.h"

/* Appends the table to the list, behind a comma where it is not the first. */
void selection_add_table(struct buf *list, const struct table_name *table);

#endif
