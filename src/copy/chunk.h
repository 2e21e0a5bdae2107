/* chunk.h - one key range of a table, the unit that the copy works in.
 *
 * A chunk holds the keys above `low` up to and including `high`; a bound that
 * is NULL is open. Bounds are the key's values as text, in the key's order.
 * Memory: of the system, freed by chunk_free(). */
#ifndef PGTANDEM_COPY_CHUNK_H
#define PGTANDEM_COPY_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "copy/format.h"
#include "copy/row_map.h"
#include "model/mapping.h"

struct chunk {
    const struct mapping *mapping; /* the table's, forward */
    int number;                    /* within the table, from 1; below 0: cut off another */
    int64_t rows;                  /* that it held when it was planned; 0: nobody knows */
    bool whole;                    /* it cannot be cut into smaller ones */
    char **low, **high;
    struct chunk *next; /* in a queue */
};

/* Takes over the bounds. */
struct chunk *chunk_new(const struct mapping *mapping, int number, char **low, char **high)
    __attribute__((returns_nonnull));
struct chunk *chunk_copy(const struct chunk *chunk) __attribute__((returns_nonnull));
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

/* The last key of a chunk of `rows` rows; no row when fewer are left. Where there
 * is one, the values of the bound before it, and of the last key of all, are the
 * statement's parameters, in this order.
 *
 *     SELECT t."id"::text FROM "public"."users" AS t
 *      WHERE (t."id") > ($1::bigint) AND (t."id") <= ($2::bigint)
 *      ORDER BY t."id" OFFSET 19999 LIMIT 1 */
void chunk_sql_boundary(struct buf *sql, const struct mapping *mapping, bool low, bool last,
                        long long rows);
/* The greatest key of all; no row in an empty table. */
void chunk_sql_last(struct buf *sql, const struct mapping *mapping);

#endif
