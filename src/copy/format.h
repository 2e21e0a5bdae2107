/* format.h - which of COPY's formats a table is copied in.
 *
 * Binary, where the bytes that the old server sends of a value are those that
 * the new one takes for the same value: every copied column has one type on both
 * sides, of those that types.h lists, and whatever a transform reads or makes is
 * text. Otherwise text, for the whole table.
 * A chunk with a row that cannot be written is always copied in text (sift.h),
 * since a parked row is kept for people to read.
 * Pure. */
#ifndef PGTANDEM_COPY_FORMAT_H
#define PGTANDEM_COPY_FORMAT_H

#include <stdbool.h>

#include "model/mapping.h"

enum copy_format { FORMAT_TEXT, FORMAT_BINARY };

/* "text" and "binary", as COPY's option has them */
const char *copy_format_name(enum copy_format format);

/* `kin`: both sides are the same database, so that types made by users are the
 * same as well. Not asked here: two servers of different major versions want
 * FORMAT_TEXT. */
enum copy_format copy_format_of(const struct mapping *mapping, bool kin);

#endif
