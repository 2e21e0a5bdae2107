/* piece.c - see piece.h. */
#include "mend/piece.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mend/late.h"
#include "mend/parking.h"
#include "mend/resync.h"
#include "model/remedy.h"

enum { TRIES_MAX = 5 };

static void index_rows(struct piece *piece, enum direction d, struct arena *arena) {
    piece->row_of[d] = arena_zero(arena, piece->n, sizeof(int));
    for (size_t i = 0; i < piece->n; i++) {
        piece->row_of[d][i] = -1;
    }
    for (int row = 0; row < PQntuples(piece->rows[d]); row++) {
        piece->row_of[d][table_reader_position(piece->rows[d], row)] = row;
    }
}

bool piece_read(struct review *review, struct piece *piece, enum read_what what, struct err *err) {
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

void piece_forget(struct piece *piece) {
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

/* The side that holds an original, of which the other has a copy or nothing; *d names
 * the link that writes there. */
static bool has_one_original(const struct found_row *found, enum direction *d) {
    *d = found[FORWARD].state.standing == STANDING_ORIGINAL ? FORWARD : REVERSE;
    enum direction other = *d == FORWARD ? REVERSE : FORWARD;
    return found[*d].state.standing == STANDING_ORIGINAL &&
           found[other].state.standing != STANDING_ORIGINAL;
}

static bool rows_agree(struct review *review, const struct piece *piece,
                       const struct found_row *found) {
    const struct review_table *table = piece->table;
    return compare_rows(table->pair, &table->casts, found[REVERSE].row, found[FORWARD].row,
                        &review->scratch) == VERDICT_matched;
}

static bool judge(struct review *review, struct piece *piece, size_t i, struct err *err) {
    struct item *item = piece->items[i];
    struct found_row found[2];
    enum direction d;
    bool late = false;
    for (d = FORWARD; d <= REVERSE; d++) {
        found[d] = find_row(review, piece, d, i);
    }
    if (has_one_original(found, &d) && review->late[d] &&
        !late_delete(&review->sites[d], item, found[d].state, &review->scratch, &late, err)) {
        return false;
    }
    if (!late && rows_agree(review, piece, found)) {
        item->fate = FATE_equal;
    } else if (item_has_stood_still(item, found[REVERSE].xmin, found[FORWARD].xmin)) {
        if (late) {
            plan_removal(review, piece, item, d, found);
        } else {
            plan(review, piece, item, found);
        }
    }
    return true;
}

/* acting */

/* By the id that `conflicts list` shows. */
static void tell_parked(struct review *review, const struct mend *mend, int64_t id) {
    const struct mapping *mapping = mend->write.mapping;
    struct err reason = *mend->reason;
    err_context(&reason, "a row of %s.%s is parked as p%c%" PRId64, mapping->target->name.schema,
                mapping->target->name.name, direction_name(mapping->direction)[0], id);
    log_err(&review->log, LOG_WARNING, &reason);
}

static bool give_up(struct review *review, struct mend *mend, struct err *err) {
    int64_t new_id;
    enum direction d = mend->write.mapping->direction, other = d == FORWARD ? REVERSE : FORWARD;
    struct item *item = mend->item;
    if (!parking_put(&review->sites[d].db, review->m, mend, &new_id, &review->scratch, err) ||
        (item->from_parked && !parking_put_off(&review->sites[other].db, review->m,
                                               migration_mapping(review->m, item->table, other),
                                               item, &review->scratch, err))) {
        return false;
    }
    if (new_id != 0) {
        tell_parked(review, mend, new_id);
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
    struct err reason = *mend->reason;
    err_context(&reason, "a unique value is taken by another row");
    mend_set_outcome(mend, MEND_blocked, &reason, &review->scratch);
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
            struct err err;
            err_set(&err, ERR_FAILED, "it was mended %d times and differs again", TRIES_MAX);
            mend_refuse(mend, &err, arena);
        }
    }
}

/* They have been tried by themselves. */
static bool untangle(struct review *review, struct piece *piece, enum direction d,
                     struct err *err) {
    struct err swap;
    err_set(&swap, ERR_FAILED, "rows exchange their unique values");
    snprintf(swap.sqlstate, sizeof swap.sqlstate, "23505");
    for (size_t i = 0; i < piece->n_mends[d]; i++) {
        struct mend *mend = &piece->mends[d][i];
        if (mend->outcome == MEND_planned) {
            mend_set_outcome(mend, MEND_blocked, &swap, &review->scratch);
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

bool piece_mend(struct review *review, struct piece *piece, struct err *err) {
    for (enum direction d = FORWARD; d <= REVERSE; d++) {
        piece->mends[d] = arena_zero(&review->scratch, piece->n, sizeof *piece->mends[d]);
    }
    for (size_t i = 0; i < piece->n; i++) {
        if (!judge(review, piece, i, err)) {
            return false;
        }
    }
    return act(review, piece, err);
}
