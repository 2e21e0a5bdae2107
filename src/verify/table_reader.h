/* table_reader.h - reads one side's rows of one table: by key, in the order of
 * keys, or some at random.
 *
 * Each query is a transaction of its own, so that no snapshot is held while a
 * large table is compared. Values come in their types' output format. A range
 * is ordered as its own database orders keys; rows are found on the other side
 * by equality, so that it does not matter if the two order text differently.
 * Result columns: the position in the list of keys asked for (from 1), the
 * key, and then, unless only keys were wanted, the columns, the casts and, if
 * they were asked for, those that tell who wrote the row (provenance.h). */
#ifndef PGTANDEM_VERIFY_TABLE_READER_H
#define PGTANDEM_VERIFY_TABLE_READER_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"
#include "model/stamp.h"
#include "pg/db.h"
#include "pg/slot.h"
#include "verify/compare.h"

enum read_what {
    READ_KEYS,  /* nothing but keys */
    READ_PLAIN, /* the columns without the casts, which come as NULL */
    READ_ROWS,  /* both */
};

struct table_reader {
    struct db *db;
    const struct table *table;
    size_t *key; /* positions in table->columns */
    size_t n_key;
    size_t *columns; /* those that a mapping of either direction uses, likewise */
    size_t n_columns;
    struct {
        size_t column;
        const char *type; /* the other side's */
    } * casts;
    size_t n_casts;
    bool provenance; /* who wrote a row is read, too */
    size_t version;  /* position of the column that tells which row is later, or COLUMN_NONE */
};

/* `direction` names the side: FORWARD reads the old table, which is the forward
 * link's source. Memory: `arena`. */
void table_reader_init(struct table_reader *reader, struct db *db, const struct mapping_pair *pair,
                       const struct cast_list *casts, enum direction direction,
                       struct arena *arena);
/* From now on, who wrote a row is read with it. */
void table_reader_ask_provenance(struct table_reader *reader);
/* Rows above the key `after` (NULL: from the first on), at most `limit`. */
PGresult *table_reader_range(struct table_reader *reader, enum read_what what,
                             const struct value *after, size_t limit, struct err *err)
    __attribute__((warn_unused_result));
/* The rows that have one of `n` keys. */
PGresult *table_reader_lookup(struct table_reader *reader, enum read_what what,
                              const struct value *keys, size_t n, struct err *err)
    __attribute__((warn_unused_result));
/* `n` random keys, or all of them; `rows` is about how many there are. */
PGresult *table_reader_sample(struct table_reader *reader, int64_t n, int64_t rows, struct err *err)
    __attribute__((warn_unused_result));
/* The planner's idea of how many rows there are. */
bool table_reader_estimate(struct table_reader *reader, int64_t *rows, struct err *err)
    __attribute__((warn_unused_result));

/* Results, taken apart; values borrow from them. */
size_t table_reader_position(const PGresult *result, int row); /* from 0 */
void table_reader_key(const struct table_reader *reader, const PGresult *result, int row,
                      struct value *key);
struct side_row table_reader_row(const struct table_reader *reader, const PGresult *result, int row,
                                 struct arena *arena);
/* Who wrote the row, and when; `ours` are the migration's origins in its server.
 * Needs table_reader_ask_provenance(). */
struct row_state table_reader_state(const struct table_reader *reader, const PGresult *result,
                                    int row, const struct origin_ids *ours);
/* The row's version; likewise. */
const char *table_reader_xmin(const struct table_reader *reader, const PGresult *result, int row);

#endif
