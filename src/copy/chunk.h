/* chunk.h - one key range of a table, the unit that the copy works in.
 *
 * A chunk holds the keys above `low` up to and including `high`; a bound that
 * is NULL is open. Bounds are the key's values as text, in the key's order.
 * Memory: a chunk and its bounds are one allocation's worth of the system's
 *   memory each, freed by chunk_free(). */
#ifndef PGTANDEM_COPY_CHUNK_H
#define PGTANDEM_COPY_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "copy/format.h"
#include "copy/row_map.h"
#include "model/mapping.h"

struct chunk {
    const struct mapping *mapping; /* the table's, forward */
    int number;                    /* within the table, from 1 */
    char **low, **high;
    struct chunk *next; /* in a queue */
};

struct chunk *chunk_new(const struct mapping *mapping, int number, const char *const *low,
                        const char *const *high) __attribute__((returns_nonnull));
void chunk_free(struct chunk *chunk);

/* COPY takes no parameters: in these the bounds are literals.
 *
 *     COPY (SELECT "id", "full_name" FROM "public"."users" AS t
 *            WHERE (t."id") > ('100'::bigint) AND (t."id") <= ('200'::bigint))
 *       TO STDOUT (FORMAT binary) */
void chunk_sql_read(struct buf *sql, const struct chunk *chunk, const struct field_list *fields,
                    enum copy_format format);

/* COPY "app_v2"."users" ("id", "first_name", "last_name") FROM STDIN (FORMAT binary) */
void chunk_sql_write(struct buf *sql, const struct mapping *mapping, enum copy_format format);

/* The last key of a chunk of `rows` rows; no row when fewer are left. With
 * `low` the values of the bound before it are the statement's parameters.
 *
 *     SELECT t."id"::text FROM "public"."users" AS t WHERE (t."id") > ($1::bigint)
 *      ORDER BY t."id" OFFSET 19999 LIMIT 1 */
void chunk_sql_boundary(struct buf *sql, const struct mapping *mapping, bool low, long long rows);

#endif
