/* comparison.c - see comparison.h. */
#include "verify/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "pg/operators.h"

enum {
    PIECE_FIRST = 16, /* before it is known how wide rows are */
    PIECE_MAX = 5000,
    PIECE_BYTES = 2 * 1024 * 1024, /* of one result; several are held at a time */
    KEYS_PER_QUERY = 20000,
};

void cursor_init(struct cursor *cursor) {
    cursor->after = NULL;
    arena_init(&cursor->arena);
}

void cursor_fini(struct cursor *cursor) {
    arena_fini(&cursor->arena);
}

static void cursor_move(struct cursor *cursor, const struct value *key, size_t n_key) {
    arena_reset(&cursor->arena);
    struct value *after = arena_zero(&cursor->arena, n_key, sizeof *after);
    for (size_t k = 0; k < n_key; k++) {
        after[k] = value_text(arena_copy(&cursor->arena, key[k].data, key[k].size), key[k].size);
    }
    cursor->after = after;
}

bool comparison_prepare(struct migration *m, struct err *err) {
    return operators_find(m, FORWARD, &m->old_side.db, err) &&
           operators_find(m, REVERSE, &m->new_side.db, err);
}

void comparison_init(struct comparison *c, struct migration *m, size_t table) {
    memset(c, 0, sizeof *c);
    arena_init(&c->arena);
    arena_init(&c->scratch);
    c->pair = &m->pairs[table];
    c->casts = compare_casts(c->pair, &c->arena);
    c->piece = PIECE_FIRST;
    suspects_init(&c->suspects, c->pair->forward.n_key);
    table_reader_init(&c->old_reader, &m->old_side.db, c->pair, &c->casts, FORWARD, &c->arena);
    table_reader_init(&c->new_reader, &m->new_side.db, c->pair, &c->casts, REVERSE, &c->arena);
}

void comparison_fini(struct comparison *c) {
    suspects_fini(&c->suspects);
    arena_fini(&c->scratch);
    arena_fini(&c->arena);
}

size_t comparison_next_piece(size_t piece, size_t rows, size_t bytes) {
    if (rows == 0) {
        return piece;
    }
    size_t fitting = PIECE_BYTES / (bytes / rows + 1) + 1;
    size_t next = fitting < piece * 2 ? fitting : piece * 2;
    return next < PIECE_MAX ? next : PIECE_MAX;
}

static void note(struct comparison *c, const struct value *key, enum verdict verdict) {
    if (verdict == VERDICT_matched) {
        c->matched++;
    } else {
        suspects_add(&c->suspects, key, verdict);
    }
}

/* A value that the other side's type cannot hold: the row is read without casts. */
static bool is_cast_failure(const struct err *err) {
    return err->class == ERR_CLASS_ROW || err_has_sqlstate(err, "0A000");
}

/* For each of `n` keys the row of the result that has it, or -1. */
static int *rows_by_position(const PGresult *result, size_t n, struct arena *arena) {
    int *rows = arena_zero(arena, n, sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        rows[i] = -1;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        rows[table_reader_position(result, row)] = row;
    }
    return rows;
}

static struct side_row row_or_none(const struct table_reader *reader, const PGresult *result,
                                   int row, struct arena *arena) {
    return row < 0 ? (struct side_row){NULL, NULL} : table_reader_row(reader, result, row, arena);
}

/* keys */

static void compare_results(struct comparison *c, const struct value *keys, size_t n,
                            const PGresult *old_rows, const PGresult *new_rows) {
    arena_reset(&c->scratch);
    const int *in_old = rows_by_position(old_rows, n, &c->scratch);
    const int *in_new = rows_by_position(new_rows, n, &c->scratch);
    for (size_t i = 0; i < n; i++) {
        struct side_row a = row_or_none(&c->old_reader, old_rows, in_old[i], &c->scratch);
        struct side_row b = row_or_none(&c->new_reader, new_rows, in_new[i], &c->scratch);
        note(c, &keys[i * c->old_reader.n_key],
             compare_rows(c->pair, &c->casts, a, b, &c->scratch));
    }
}

static bool compare_keys(struct comparison *c, enum read_what what, const struct value *keys,
                         size_t n, struct err *err) {
    PGresult *old_rows = table_reader_lookup(&c->old_reader, what, keys, n, err);
    PGresult *new_rows =
        old_rows != NULL ? table_reader_lookup(&c->new_reader, what, keys, n, err) : NULL;
    if (new_rows != NULL) {
        compare_results(c, keys, n, old_rows, new_rows);
        c->piece = comparison_next_piece(c->piece, n, PQresultMemorySize(new_rows));
    }
    bool ok = new_rows != NULL;
    PQclear(old_rows);
    PQclear(new_rows);
    return ok;
}

/* Where a cast fails, halves are tried, down to the one row that is at fault. */
bool comparison_keys(struct comparison *c, const struct value *keys, size_t n, struct err *err) {
    if (compare_keys(c, READ_ROWS, keys, n, err)) {
        return true;
    }
    if (!is_cast_failure(err)) {
        return false;
    }
    if (n == 1) {
        return compare_keys(c, READ_PLAIN, keys, 1, err);
    }
    return comparison_keys(c, keys, n / 2, err) &&
           comparison_keys(c, &keys[n / 2 * c->old_reader.n_key], n - n / 2, err);
}

/* pieces of the old table */

static PGresult *read_range(struct comparison *c, const struct cursor *cursor, struct err *err) {
    PGresult *r = table_reader_range(&c->old_reader, READ_ROWS, cursor->after, c->piece, err);
    if (r == NULL && is_cast_failure(err)) {
        r = table_reader_range(&c->old_reader, READ_PLAIN, cursor->after, c->piece, err);
    }
    return r;
}

static PGresult *look_up(struct comparison *c, const struct value *keys, size_t n,
                         struct err *err) {
    PGresult *r = table_reader_lookup(&c->new_reader, READ_ROWS, keys, n, err);
    if (r == NULL && is_cast_failure(err)) {
        r = table_reader_lookup(&c->new_reader, READ_PLAIN, keys, n, err);
    }
    return r;
}

static struct value *keys_of(const struct table_reader *reader, const PGresult *rows,
                             struct arena *arena) {
    size_t n = (size_t)PQntuples(rows);
    struct value *keys = arena_zero(arena, n * reader->n_key, sizeof *keys);
    for (size_t i = 0; i < n; i++) {
        table_reader_key(reader, rows, (int)i, &keys[i * reader->n_key]);
    }
    return keys;
}

/* The rows of a range against those looked up by its keys. */
static void compare_range(struct comparison *c, const struct value *keys, const PGresult *old_rows,
                          const PGresult *new_rows) {
    size_t n = (size_t)PQntuples(old_rows);
    const int *in_new = rows_by_position(new_rows, n, &c->scratch);
    for (size_t i = 0; i < n; i++) {
        struct side_row a = table_reader_row(&c->old_reader, old_rows, (int)i, &c->scratch);
        struct side_row b = row_or_none(&c->new_reader, new_rows, in_new[i], &c->scratch);
        note(c, &keys[i * c->old_reader.n_key],
             compare_rows(c->pair, &c->casts, a, b, &c->scratch));
    }
}

bool comparison_next(struct comparison *c, struct cursor *cursor, size_t *n, struct err *err) {
    PGresult *old_rows = read_range(c, cursor, err);
    if (old_rows == NULL) {
        return false;
    }
    *n = (size_t)PQntuples(old_rows);
    arena_reset(&c->scratch);
    struct value *keys = keys_of(&c->old_reader, old_rows, &c->scratch);
    PGresult *new_rows = *n > 0 ? look_up(c, keys, *n, err) : NULL;
    if (new_rows != NULL) {
        compare_range(c, keys, old_rows, new_rows);
        cursor_move(cursor, &keys[(*n - 1) * c->old_reader.n_key], c->old_reader.n_key);
        c->piece = comparison_next_piece(c->piece, *n, PQresultMemorySize(old_rows));
    }
    bool ok = *n == 0 || new_rows != NULL;
    PQclear(old_rows);
    PQclear(new_rows);
    return ok;
}

/* keys of the new table */

bool comparison_missing(struct comparison *c, const struct value *keys, size_t n, struct err *err) {
    PGresult *rows = table_reader_lookup(&c->old_reader, READ_KEYS, keys, n, err);
    if (rows == NULL) {
        return false;
    }
    bool *found = mem_zero(n, sizeof *found);
    for (int row = 0; row < PQntuples(rows); row++) {
        found[table_reader_position(rows, row)] = true;
    }
    for (size_t i = 0; i < n; i++) {
        if (!found[i]) {
            note(c, &keys[i * c->old_reader.n_key], VERDICT_missing_in_old);
        }
    }
    free(found);
    PQclear(rows);
    return true;
}

bool comparison_next_missing(struct comparison *c, struct cursor *cursor, size_t *n,
                             struct err *err) {
    PGresult *rows =
        table_reader_range(&c->new_reader, READ_KEYS, cursor->after, KEYS_PER_QUERY, err);
    if (rows == NULL) {
        return false;
    }
    *n = (size_t)PQntuples(rows);
    arena_reset(&c->scratch);
    const struct value *keys = keys_of(&c->new_reader, rows, &c->scratch);
    bool ok = *n == 0 || comparison_missing(c, keys, *n, err);
    if (ok && *n > 0) {
        cursor_move(cursor, &keys[(*n - 1) * c->new_reader.n_key], c->new_reader.n_key);
    }
    PQclear(rows);
    return ok;
}
