/* bound.h - one key, as the end of a range: its values as text, in the key's order.
 *
 * NULL is the open end. Memory: of the system, freed by bound_free(). */
#ifndef PGTANDEM_COPY_BOUND_H
#define PGTANDEM_COPY_BOUND_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

char **bound_new(const char *const *values, size_t n);
void bound_free(char **bound, size_t n);
bool bound_equal(char *const *a, char *const *b, size_t n);

/* ", high[1], high[2]": a text[] as columns of a result, which need no parsing. */
void bound_add_columns(struct buf *sql, const char *array, size_t n);
/* `n` columns of a result's row from `column` on; NULL when the first is NULL. */
char **bound_from_result(const PGresult *result, int row, int column, size_t n);
/* A text[] as a parameter, to be freed; NULL for an open end. */
char *bound_array(char *const *bound, size_t n);

#endif
