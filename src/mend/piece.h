/* piece.h - as many keys of a table as are read at once: their rows on both sides, and
 * what is done about them. See review.h. */
#ifndef PGTANDEM_MEND_PIECE_H
#define PGTANDEM_MEND_PIECE_H

#include <stdbool.h>
#include <stddef.h>

#include "mend/plan.h"
#include "mend/review.h"

/* The rows under some keys of a table, by the direction of the link that writes there,
 * and what is to be done about them. */
struct piece {
    struct review_table *table;
    struct item **items;
    size_t n;
    bool again; /* its items are blocked: they are known to differ */
    PGresult *rows[2];
    int *row_of[2]; /* of each item, or -1 */
    struct mend *mends[2];
    size_t n_mends[2];
};

/* Memory: the review's scratch arena, and the results until piece_forget(). */
bool piece_read(struct review *review, struct piece *piece, enum read_what what, struct err *err)
    __attribute__((warn_unused_result));
void piece_forget(struct piece *piece);

/* Compares the rows, and writes what has to be written. */
bool piece_mend(struct review *review, struct piece *piece, struct err *err)
    __attribute__((warn_unused_result));

#endif
