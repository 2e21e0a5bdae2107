/* sequences.h - which columns of a table are drawn from a sequence, and where those
 * sequences stand.
 *
 * A column is drawn from a sequence where its default is nextval() of one, which the
 * column may own (serial) or not, or where it is an identity. A partition's inserts come
 * through the table that it is a part of, so that one's defaults count. A default that
 * names its sequence by a text put together at run time cannot be seen.
 * Judges nothing: model/sequence_plan.h does. Memory: the caller's arena. */
#ifndef PGTANDEM_PG_SEQUENCES_H
#define PGTANDEM_PG_SEQUENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "model/sequence_plan.h"
#include "pg/migration.h"

/* A column that is copied, and drawn from a sequence on one side at least. */
struct sequence_case {
    const char *column; /* as in the catalog */
    struct sequence_facts facts;
};

struct sequence_cases {
    struct sequence_case *items;
    size_t count;
};

/* Those of one pair of tables, in the order of the new table's columns. Needs the pair's
 * mapping. `look_at_rows`: also at the numbers of unique columns, which may take a scan of
 * an index or, where the column does not lead one, of the table; else has_values and
 * is_taken stay false. */
bool sequences_read(struct migration *m, size_t table, bool look_at_rows, struct arena *arena,
                    struct sequence_cases *cases, struct err *err)
    __attribute__((warn_unused_result));

/* The columns of one table alone, whatever the mapping; rows are not looked at. */
struct drawn_columns {
    const char **names; /* as in the catalog */
    struct drawn_column *items;
    size_t count;
};
bool sequences_read_table(struct db *db, const struct table_name *name, struct arena *arena,
                          struct drawn_columns *list, struct err *err)
    __attribute__((warn_unused_result));

/* The roles, apart from the one that asks, that may insert into a table but not draw
 * from the sequence: a text for people, for the caller to free. NULL: there are none, or
 * an error (err->code). */
char *sequences_read_barred(struct db *db, uint32_t table, uint32_t sequence, struct err *err)
    __attribute__((warn_unused_result));

#endif
