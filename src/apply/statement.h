/* statement.h - the statements that read and write many rows at once.
 *
 * Every statement takes one text[] a column, in binary, and unnests them:
 *
 *     INSERT INTO "app_v2"."users" AS t ("id", "email") OVERRIDING SYSTEM VALUE
 *     SELECT u.c0::bigint, u.c1::text
 *       FROM unnest($1::text[], $2::text[]) AS u(c0, c1)
 *
 * so its text depends on the table and the columns only, can be prepared, and
 * no value is ever part of it. Casts are to types without a limit
 * (column_type.name): the assignment that follows refuses what is too long,
 * where a cast to varchar(3) would cut it.
 *
 * Pure. Memory: sql and parameters are in the struct until statement_reset. */
#ifndef PGTANDEM_APPLY_STATEMENT_H
#define PGTANDEM_APPLY_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "apply/provenance.h"
#include "base/buf.h"
#include "model/effects.h"

struct statement {
    struct buf sql;
    struct buf *params; /* each a text[] in PostgreSQL's binary format */
    struct value *lent; /* or, where this is no VALUE_ABSENT, a large value with room, in which
                           its array's head is: it lasts as long as the writes */
    size_t n_params, capacity;
    size_t n_rows;
    char label[160]; /* "upsert into app_v2.users", for messages */
};

void statement_init(struct statement *statement);
void statement_fini(struct statement *statement);

/* Parameter `i`, from 0, as it is sent. */
struct value statement_param(const struct statement *statement, size_t i);
/* The statement was sent: what is large is given back to the system. */
void statement_release(struct statement *statement);

/* Rows of the target by key, to be decided on. The result's columns: the
 * key's position in `keys` from 1, the columns of provenance.h if asked for,
 * then the row's own key, the transforms' outputs and the version, in the order of
 * mapping->columns. `lock`: FOR NO KEY UPDATE. */
void statement_read(struct statement *statement, const struct mapping *mapping,
                    const struct value *const *keys, size_t n_keys, bool lock,
                    enum provenance provenance);

/* True when column `i` of the mapping is among the columns statement_read
 * returns, besides the position. */
bool statement_reads_column(const struct mapping *mapping, size_t i);

/* One statement for writes of one kind and one mapping, all guarded or none. For updates, all of
 * them must have the same columns present (statement_same_shape). */
void statement_write(struct statement *statement, const struct write *const *writes, size_t n);
bool statement_same_shape(const struct write *a, const struct write *b);

/* Those of `n` writes that are of one kind, in groups that one statement can write, in
 * the order of their keys. */
typedef void statement_group_fn(void *owner, const struct write *const *writes, size_t n);
void statement_group(const struct write *const *writes, size_t n, enum write_kind kind,
                     statement_group_fn *group, void *owner);

/* Rows are locked in the order of their keys, so that sessions of pgtandem's own never
 * wait for each other in a circle. Any order will do that all of them have. */
int statement_compare_keys(const struct mapping *mapping, const struct value *a,
                           const struct value *b);

/* Whole source rows by key, if every transaction in `xids` is visible: no rows
 * at all if one is not yet. The result's columns: the key's position from 1,
 * whether the row is there, then the source table's columns. */
void statement_fetch(struct statement *statement, const struct mapping *mapping,
                     const struct value *const *keys, size_t n_keys, const uint32_t *xids,
                     size_t n_xids);

#endif
