/* comparison.h - compares pieces of one pair of tables; verify.h says how they
 * make up the whole.
 *
 * Why apart from verify.c: that decides what is compared when, this does it.
 * Verdicts are noted in the struct: what matches is counted, what does not is
 * kept by key, to be read again. */
#ifndef PGTANDEM_VERIFY_COMPARISON_H
#define PGTANDEM_VERIFY_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/migration.h"
#include "verify/compare.h"
#include "verify/suspects.h"
#include "verify/table_reader.h"

struct comparison {
    const struct mapping_pair *pair;
    struct cast_list casts;
    struct table_reader old_reader, new_reader;
    int64_t matched;
    struct suspects suspects;
    size_t piece;         /* rows a query */
    struct arena arena;   /* of the whole comparison */
    struct arena scratch; /* of one piece */
};

/* A place between two keys of a table. */
struct cursor {
    const struct value *after; /* NULL: before the first */
    struct arena arena;
};

void cursor_init(struct cursor *cursor);
void cursor_fini(struct cursor *cursor);

/* Makes the operators of the keys' types known to both control connections. */
bool comparison_prepare(struct migration *m, struct err *err) __attribute__((warn_unused_result));

void comparison_init(struct comparison *c, struct migration *m, size_t table);
void comparison_fini(struct comparison *c);

/* Compares the rows that have one of `n` keys, which must not be in the
 * scratch arena. */
bool comparison_keys(struct comparison *c, const struct value *keys, size_t n, struct err *err)
    __attribute__((warn_unused_result));

/* Compares the next rows of the old table with those of the new one, and moves
 * the cursor behind them. *n: how many there were; 0 at the end. */
bool comparison_next(struct comparison *c, struct cursor *cursor, size_t *n, struct err *err)
    __attribute__((warn_unused_result));

/* Notes those of `n` keys of the new table that the old one does not have. */
bool comparison_missing(struct comparison *c, const struct value *keys, size_t n, struct err *err)
    __attribute__((warn_unused_result));

/* The same for the next keys of the new table. */
bool comparison_next_missing(struct comparison *c, struct cursor *cursor, size_t *n,
                             struct err *err) __attribute__((warn_unused_result));

/* How many rows to ask for, after `rows` of them took `bytes`: a few mebibytes'
 * worth, and at most twice as many as before. Pure. */
size_t comparison_next_piece(size_t piece, size_t rows, size_t bytes);

#endif
