/* side.c - what is known of the two tables, and how their rows are compared. */
#include "side.h"

#include <stdlib.h>
#include <string.h>

const char *side_name(enum side side) {
    return side == OLD ? "old" : "new";
}

const char *side_link(enum side side) {
    return side == OLD ? "forward" : "reverse";
}

const char *side_table(enum side side) {
    return side == OLD ? "public.users" : "app_v2.users";
}

const char *side_columns(enum side side) {
    return side == OLD ? "id, email, full_name, (chaos.split_name(full_name))[1],"
                         " (chaos.split_name(full_name))[2], md5(bio), created_at, updated_at"
                       : "id, email, chaos.join_names(first_name, last_name), first_name,"
                         " last_name, md5(bio), created_at, updated_at";
}

int64_t image_read(const PGresult *result, int row, struct arena *arena, struct image *image) {
    for (int i = 0; i < COLUMNS; i++) {
        image->column[i] = PQgetisnull(result, row, i + 1)
                               ? NULL
                               : arena_copy(arena, PQgetvalue(result, row, i + 1),
                                            (size_t)PQgetlength(result, row, i + 1));
    }
    return strtoll(PQgetvalue(result, row, 0), NULL, 10);
}

static bool equal(const struct image *a, const struct image *b, int column) {
    const char *x = a->column[column], *y = b->column[column];
    return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

static bool copied_columns_equal(const struct image *a, const struct image *b) {
    return equal(a, b, COLUMN_EMAIL) && equal(a, b, COLUMN_BIO) && equal(a, b, COLUMN_CREATED_AT) &&
           equal(a, b, COLUMN_UPDATED_AT);
}

static bool names_equal(const struct image *a, const struct image *b) {
    return equal(a, b, COLUMN_FIRST_NAME) && equal(a, b, COLUMN_LAST_NAME);
}

bool image_same(enum side side, const struct image *a, const struct image *b) {
    return copied_columns_equal(a, b) &&
           (side == OLD ? equal(a, b, COLUMN_FULL_NAME) : names_equal(a, b));
}

bool image_agree(const struct image *old_row, const struct image *new_row) {
    return copied_columns_equal(old_row, new_row) &&
           (equal(old_row, new_row, COLUMN_FULL_NAME) || names_equal(old_row, new_row));
}

bool images_agree(enum side a_side, const struct image *a, enum side b_side,
                  const struct image *b) {
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a_side == b_side ? image_same(a_side, a, b) : image_agree(a, b);
}
