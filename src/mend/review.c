/* review.c - see review.h. What becomes of one piece is in piece.c. */
#include "mend/review.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mend/late.h"
#include "mend/piece.h"
#include "model/disclosure.h"
#include "verify/comparison.h"

enum { PIECE_FIRST = 16, PIECE_MAX = 500 };

void review_init(struct review *review, struct migration *m, struct site *sites) {
    memset(review, 0, sizeof *review);
    review->m = m;
    review->sites = sites;
    review->log = (struct log_source){m->config->migration, "recheck", 0};
    arena_init(&review->lasting);
    arena_init(&review->scratch);
    review->tables = arena_zero(&review->lasting, m->n_tables, sizeof *review->tables);
    for (size_t i = 0; i < m->n_tables; i++) {
        struct review_table *table = &review->tables[i];
        table->pair = &m->pairs[i];
        table->piece = PIECE_FIRST;
        table->casts = compare_casts(table->pair, &review->lasting);
        for (enum direction d = FORWARD; d <= REVERSE; d++) {
            enum direction starts_there = d == FORWARD ? REVERSE : FORWARD;
            table_reader_init(&table->readers[d], &sites[d].db, table->pair, &table->casts,
                              starts_there, &review->lasting);
            table_reader_ask_provenance(&table->readers[d]);
        }
    }
}

void review_fini(struct review *review) {
    arena_fini(&review->lasting);
    arena_fini(&review->scratch);
}

/* pieces */

static void adapt(struct review_table *table, const struct piece *piece) {
    size_t bytes = PQresultMemorySize(piece->rows[FORWARD]);
    size_t other = PQresultMemorySize(piece->rows[REVERSE]);
    table->piece = comparison_next_piece(table->piece, piece->n, bytes > other ? bytes : other);
    table->piece = table->piece < PIECE_MAX ? table->piece : PIECE_MAX;
}

/* *read: the rows could be read; else *err says why not. */
static bool try_piece(struct review *review, struct piece *piece, enum read_what what, bool *read,
                      struct err *err) {
    arena_reset(&review->scratch);
    piece->n_mends[FORWARD] = piece->n_mends[REVERSE] = 0;
    *read = piece_read(review, piece, what, err);
    bool ok = *read && piece_mend(review, piece, err);
    if (*read) {
        adapt(piece->table, piece);
    }
    piece_forget(piece);
    return ok;
}

/* A key that is none of its type, or a value that the other side's type cannot hold. */
static bool is_data_error(const struct err *err) {
    return err->class == ERR_CLASS_ROW || err_has_sqlstate(err, "0A000");
}

/* The row is read without casts. */
static bool review_alone(struct review *review, struct piece *piece, struct err *err) {
    bool read;
    if (try_piece(review, piece, READ_PLAIN, &read, err)) {
        return true;
    }
    if (read || !is_data_error(err)) {
        return false;
    }
    err_context(err, "a key that was put up for recheck is left out");
    disclosure_name_row(err, &piece->table->pair->forward, piece->items[0]->key);
    log_err(&review->log, LOG_WARNING, err);
    piece->items[0]->fate = FATE_unreadable;
    return true;
}

/* Where reading fails, halves are tried, down to the one row that is at fault. */
static bool review_piece(struct review *review, struct piece piece, struct err *err) {
    bool read;
    if (try_piece(review, &piece, READ_ROWS, &read, err)) {
        return true;
    }
    if (read || !is_data_error(err)) {
        return false;
    }
    if (piece.n == 1) {
        return review_alone(review, &piece, err);
    }
    struct piece first = piece, second = piece;
    first.n = piece.n / 2;
    second.n = piece.n - first.n;
    second.items = piece.items + first.n;
    return review_piece(review, first, err) && review_piece(review, second, err);
}

static bool review_items(struct review *review, struct review_table *table, struct item **items,
                         size_t n, bool again, struct err *err) {
    for (size_t i = 0, size; i < n; i += size) {
        size = n - i < table->piece ? n - i : table->piece;
        struct piece piece = {.table = table, .items = &items[i], .n = size, .again = again};
        if (!review_piece(review, piece, err)) {
            return false;
        }
    }
    return true;
}

/* tables */

static size_t select_items(const struct agenda *agenda, size_t table, bool blocked,
                           struct item **selected) {
    size_t n = 0;
    for (size_t i = 0; i < agenda->count; i++) {
        struct item *item = agenda->items[i];
        if (item->table == table && item->fate == FATE_open && item->blocked == blocked) {
            selected[n++] = item;
        }
    }
    return n;
}

static bool review_one_table(struct review *review, const struct agenda *agenda, size_t table,
                             struct item **items, struct err *err) {
    size_t n = select_items(agenda, table, false, items);
    if (!review_items(review, &review->tables[table], items, n, false, err)) {
        return false;
    }
    n = select_items(agenda, table, true, items);
    return review_items(review, &review->tables[table], items, n, true, err);
}

static void count_fates(struct review *review, const struct agenda *agenda) {
    for (size_t i = 0; i < agenda->count; i++) {
        switch (agenda->items[i]->fate) {
            case FATE_equal:
            case FATE_unreadable:
                review->counts.equal++;
                break;
            case FATE_parked:
                review->counts.parked++;
                break;
            case FATE_open:
                review->counts.open++;
                break;
        }
    }
}

bool review_agenda(struct review *review, struct agenda *agenda, struct err *err) {
    struct item **items = mem_zero(agenda->count + 1, sizeof(struct item *));
    bool ok = true;
    review->turn++;
    review->counts = (struct review_counts){0};
    for (enum direction d = FORWARD; ok && d <= REVERSE; d++) {
        ok = late_deletes_open(&review->sites[d], &review->late[d], err);
    }
    for (size_t i = 0; ok && i < review->m->n_tables; i++) {
        ok = review_one_table(review, agenda, i, items, err);
    }
    count_fates(review, agenda);
    free(items);
    return ok;
}
