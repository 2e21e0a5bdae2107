/* text_array.h - a text[] as a parameter: {"one","t\"wo",NULL}. Pure. */
#ifndef PGTANDEM_COPY_TEXT_ARRAY_H
#define PGTANDEM_COPY_TEXT_ARRAY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

/* What is not VALUE_TEXT becomes NULL. */
void text_array_add(struct buf *text, const struct value *values, size_t n);

#endif
