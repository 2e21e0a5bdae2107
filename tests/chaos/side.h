/* side.h - the two tables, and a row as it is compared: in both shapes at once.
 *
 * Why: a row of the old side is read together with what the split makes of its
 *   name, a row of the new side together with what its names join to. So whether
 *   two rows agree, and which column of which side says so, is a comparison of
 *   texts; the mapping itself is SQL's (functions.sql) and shares nothing with
 *   pgtandem. */
#ifndef CHAOS_SIDE_H
#define CHAOS_SIDE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum side { OLD, NEW, SIDES };

const char *side_name(enum side side);
/* of the link that reads this side: forward, reverse */
const char *side_link(enum side side);
const char *side_table(enum side side);
/* The select list whose result image_read() reads. */
const char *side_columns(enum side side);

enum {
    COLUMN_EMAIL,
    COLUMN_FULL_NAME, /* on the new side: what the two names join to */
    COLUMN_FIRST_NAME,
    COLUMN_LAST_NAME, /* on the old side: what the full name splits into */
    COLUMN_BIO,       /* its MD5 */
    COLUMN_CREATED_AT,
    COLUMN_UPDATED_AT,
    COLUMNS
};

/* A row, as texts; NULL is NULL. */
struct image {
    const char *column[COLUMNS];
};

/* The key in the first column, the others in `image`, copied into the arena. */
int64_t image_read(const PGresult *result, int row, struct arena *arena, struct image *image);

/* Does the row of one side hold exactly the same as another of that side? */
bool image_same(enum side side, const struct image *a, const struct image *b);

/* Do an old and a new row agree under the mapping, either way? */
bool image_agree(const struct image *old_row, const struct image *new_row);

/* The same whichever sides they are of. Absent rows (NULL) agree with each other. */
bool images_agree(enum side a_side, const struct image *a, enum side b_side, const struct image *b);

#endif
