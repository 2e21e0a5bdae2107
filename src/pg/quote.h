/* quote.h - identifiers and literals in statements: the one way to write them.
 *
 * Identifiers are always quoted; literals only where a statement takes no
 * parameters (COPY, the replication protocol). Both are pure and assume what
 * sessions are pinned to: UTF-8 and standard_conforming_strings. */
#ifndef PGTANDEM_PG_QUOTE_H
#define PGTANDEM_PG_QUOTE_H

#include <stddef.h>

#include "base/buf.h"
#include "model/spec.h"

void quote_identifier(struct buf *sql, const char *name);
/* "schema"."name" */
void quote_table(struct buf *sql, const struct table_name *table);
/* 'text', or E'text' when it has backslashes */
void quote_literal(struct buf *sql, const char *text, size_t size);

#endif
