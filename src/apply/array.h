/* array.h - a text[] as a text parameter: {"one","t\"wo",NULL}.
 *
 * Always quoted, so that no content needs to be looked at but quotes and
 * backslashes. What is not VALUE_TEXT becomes NULL. Pure. */
#ifndef PGTANDEM_APPLY_ARRAY_H
#define PGTANDEM_APPLY_ARRAY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

void array_add(struct buf *array, const struct value *values, size_t n);

/* One element, where the caller writes braces and commas. */
void array_add_element(struct buf *array, struct value value);

#endif
