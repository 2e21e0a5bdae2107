/* compare.h - the verdict on one key: does its row say the same on both sides?
 *
 * Why casts: a target may hold a value less finely than its source: 1.2345
 *   becomes 1.23 in a numeric(10,2), and json loses its white space in a
 *   jsonb. Where the types of a copied column differ like that, each server
 *   casts its value to the other side's type as well, and the pair agrees when
 *   either cast gives the other's value. The rest is mapping_rows_agree().
 * Pure. */
#ifndef PGTANDEM_VERIFY_COMPARE_H
#define PGTANDEM_VERIFY_COMPARE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/value.h"
#include "model/mapping.h"

#define VERDICTS(X) X(matched) X(different) X(missing_in_old) X(missing_in_new)

enum verdict {
#define VERDICT_ENUM(name) VERDICT_##name,
    VERDICTS(VERDICT_ENUM)
#undef VERDICT_ENUM
        VERDICT_COUNT
};

const char *verdict_name(enum verdict verdict);

/* A copied column of which the servers give casts to each other's type:
 * positions in the old and the new table's columns. */
struct cast_pair {
    size_t old_column, new_column;
};

struct cast_list {
    struct cast_pair *pairs; /* in the arena given */
    size_t count;
};

/* Only types that every database has, so that the names mean the same. */
struct cast_list compare_casts(const struct mapping_pair *pair, struct arena *arena);

/* One side's row; NULL values: it is not there. */
struct side_row {
    struct value *values;      /* parallel to the table's columns; may be changed by comparing */
    const struct value *casts; /* parallel to the list; absent where there is none */
};

/* A row that is on neither side has gone meanwhile and counts as matched. */
enum verdict compare_rows(const struct mapping_pair *pair, const struct cast_list *casts,
                          struct side_row old_row, struct side_row new_row, struct arena *arena);

#endif
