/* review.c - see review.h. */
#include "mend/review.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mend/parking.h"
#include "mend/resync.h"
#include "model/remedy.h"
#include "pg/sqlstate.h"
#include "verify/comparison.h"

enum { PIECE_FIRST = 16, PIECE_MAX = 500, TRIES_MAX = 5 };

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

/* one piece */

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

static void index_rows(struct piece *piece, enum direction d, struct arena *arena) {
    piece->row_of[d] = arena_zero(arena, piece->n, sizeof(int));
    for (size_t i = 0; i < piece->n; i++) {
        piece->row_of[d][i] = -1;
    }
    for (int row = 0; row < PQntuples(piece->rows[d]); row++) {
        piece->row_of[d][table_reader_position(piece->rows[d], row)] = row;
    }
}

static bool read_rows(struct review *review, struct piece *piece, enum read_what what,
                      struct err *err) {
    size_t n_key = piece->table->pair->forward.n_key;
    struct value *keys = arena_zero(&review->scratch, piece->n * n_key, sizeof *keys);
    for (size_t i = 0; i < piece->n; i++) {
        memcpy(&keys[i * n_key], piece->items[i]->key, n_key * sizeof *keys);
    }
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        piece->rows[d] = table_reader_lookup(&piece->table->readers[d], what, keys, piece->n, err);
        if (piece->rows[d] == NULL) {
            return false;
        }
        index_rows(piece, d, &review->scratch);
    }
    return true;
}

static void forget_rows(struct piece *piece) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        PQclear(piece->rows[d]);
        piece->rows[d] = NULL;
    }
}

/* deciding */

struct found_row {
    struct side_row row; /* values NULL: absent */
    struct row_state state;
    const char *xmin;
};

static struct found_row find_row(struct review *review, const struct piece *piece, enum direction d,
                                 size_t i) {
    const struct table_reader *reader = &piece->table->readers[d];
    const PGresult *rows = piece->rows[d];
    int at = piece->row_of[d][i];
    if (at < 0) {
        return (struct found_row){.state = {STANDING_ABSENT, STAMP_UNKNOWN}, .xmin = ""};
    }
    return (struct found_row){table_reader_row(reader, rows, at, &review->scratch),
                              table_reader_state(reader, rows, at, &review->sites[d].ours),
                              table_reader_xmin(reader, rows, at)};
}

static struct mend *add_mend(struct piece *piece, enum direction d, struct item *item) {
    struct mend *mend = &piece->mends[d][piece->n_mends[d]++];
    mend->item = item;
    return mend;
}

static void plan_over(struct review *review, struct piece *piece, struct item *item,
                      enum direction d, const struct found_row *found) {
    const struct mapping *mapping = migration_mapping(review->m, item->table, d);
    const struct found_row *source = &found[d == FORWARD ? REVERSE : FORWARD];
    mend_plan_write(add_mend(piece, d, item), mapping, source->row.values, found[d].row.values,
                    found[d].xmin, &review->scratch);
}

static void plan_removal(struct review *review, struct piece *piece, struct item *item,
                         enum direction d, const struct found_row *found) {
    mend_plan_removal(add_mend(piece, d, item), migration_mapping(review->m, item->table, d),
                      found[d].row.values, found[d].xmin, &review->scratch);
}

static void plan(struct review *review, struct piece *piece, struct item *item,
                 const struct found_row *found) {
    switch (remedy_choose(found[REVERSE].state, found[FORWARD].state)) {
        case REMEDY_none:
            break;
        case REMEDY_forward:
            plan_over(review, piece, item, FORWARD, found);
            break;
        case REMEDY_reverse:
            plan_over(review, piece, item, REVERSE, found);
            break;
        case REMEDY_remove_old:
            plan_removal(review, piece, item, REVERSE, found);
            break;
        case REMEDY_remove_new:
            plan_removal(review, piece, item, FORWARD, found);
            break;
    }
}

static void judge(struct review *review, struct piece *piece, size_t i) {
    struct item *item = piece->items[i];
    struct found_row found[2];
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        found[d] = find_row(review, piece, d, i);
    }
    const struct review_table *table = piece->table;
    if (compare_rows(table->pair, &table->casts, found[REVERSE].row, found[FORWARD].row,
                     &review->scratch) == VERDICT_matched) {
        item->fate = FATE_equal;
    } else if (item_has_stood_still(item, found[REVERSE].xmin, found[FORWARD].xmin)) {
        plan(review, piece, item, found);
    }
}

/* acting */

static bool give_up(struct review *review, struct mend *mend, struct err *err) {
    bool is_news;
    enum direction d = mend->write.mapping->direction, other = d == FORWARD ? REVERSE : FORWARD;
    struct item *item = mend->item;
    if (!parking_put(&review->sites[d].db, review->m, mend, &is_news, &review->scratch, err) ||
        (item->from_parked && !parking_put_off(&review->sites[other].db, review->m,
                                               migration_mapping(review->m, item->table, other),
                                               item, &review->scratch, err))) {
        return false;
    }
    if (is_news) {
        log_line(&review->log, LOG_WARNING, "a row of %s.%s is parked: %s",
                 mend->write.mapping->target->name.schema, mend->write.mapping->target->name.name,
                 mend->reason);
    }
    item->fate = FATE_parked;
    return true;
}

/* Blocked also by those that were tried together with it. */
static bool stay_blocked(struct review *review, struct mend *mend, struct err *err) {
    struct item *item = mend->item;
    if (++item->tries < TRIES_MAX && !item->from_parked) {
        return true;
    }
    mend->reason =
        arena_printf(&review->scratch, "a unique value is taken by another row: %s", mend->reason);
    return give_up(review, mend, err);
}

static bool conclude(struct review *review, const struct piece *piece, struct mend *mend,
                     struct err *err) {
    switch (mend->outcome) {
        case MEND_planned:
        case MEND_contended:
            return true;
        case MEND_refused:
            return give_up(review, mend, err);
        case MEND_done:
            review->counts.mended++;
            mend->item->tries++;
            return true;
        case MEND_blocked:
            mend->item->blocked = true;
            return !piece->again || stay_blocked(review, mend, err);
    }
    return true;
}

/* What was mended again and again, and is different again, is tried no more for a
 * while: something undoes it. */
static void stop_trying(struct piece *piece, enum direction d, struct arena *arena) {
    for (size_t i = 0; i < piece->n_mends[d]; i++) {
        struct mend *mend = &piece->mends[d][i];
        if (mend->outcome == MEND_planned && mend->item->tries >= TRIES_MAX) {
            mend_set_outcome(
                mend, MEND_refused, "22000",
                arena_printf(arena, "it was mended %d times and differs again", TRIES_MAX));
        }
    }
}

/* They have been tried by themselves. */
static bool untangle(struct review *review, struct piece *piece, enum direction d,
                     struct err *err) {
    for (size_t i = 0; i < piece->n_mends[d]; i++) {
        struct mend *mend = &piece->mends[d][i];
        if (mend->outcome == MEND_planned) {
            mend_set_outcome(mend, MEND_blocked, "23505", "");
        }
    }
    return resync_untangle(&review->sites[d], piece->mends[d], piece->n_mends[d], &review->scratch,
                           err);
}

static bool write_mends(struct review *review, struct piece *piece, enum direction d,
                        struct err *err) {
    if (piece->again) {
        return untangle(review, piece, d, err);
    }
    stop_trying(piece, d, &review->scratch);
    return resync_write(&review->sites[d], piece->mends[d], piece->n_mends[d], review->turn,
                        &review->scratch, err);
}

static bool act(struct review *review, struct piece *piece, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        if (!write_mends(review, piece, d, err)) {
            return false;
        }
        for (size_t i = 0; i < piece->n_mends[d]; i++) {
            if (!conclude(review, piece, &piece->mends[d][i], err)) {
                return false;
            }
        }
    }
    return true;
}

static bool review_rows(struct review *review, struct piece *piece, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        piece->mends[d] = arena_zero(&review->scratch, piece->n, sizeof *piece->mends[d]);
    }
    for (size_t i = 0; i < piece->n; i++) {
        judge(review, piece, i);
    }
    return act(review, piece, err);
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
    *read = read_rows(review, piece, what, err);
    bool ok = *read && review_rows(review, piece, err);
    if (*read) {
        adapt(piece->table, piece);
    }
    forget_rows(piece);
    return ok;
}

/* A key that is none of its type, or a value that the other side's type cannot hold. */
static bool is_data_error(const struct err *err) {
    return sqlstate_classify(err->sqlstate) == TROUBLE_DATA || strcmp(err->sqlstate, "0A000") == 0;
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
    for (size_t i = 0; ok && i < review->m->n_tables; i++) {
        ok = review_one_table(review, agenda, i, items, err);
    }
    count_fates(review, agenda);
    free(items);
    return ok;
}
