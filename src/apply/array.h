/* array.h - one element of a text[] in PostgreSQL's text format: {"a b",NULL}.
 *
 * The caller writes the braces and commas. Always quoted, so that no content
 * needs to be looked at but quotes and backslashes. Pure. */
#ifndef PGTANDEM_APPLY_ARRAY_H
#define PGTANDEM_APPLY_ARRAY_H

#include "base/buf.h"
#include "base/value.h"

void array_add_element(struct buf *array, struct value value);

#endif
