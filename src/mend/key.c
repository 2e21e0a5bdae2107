/* key.c - see key.h. */
#include "mend/key.h"

#include <string.h>

#include "pg/quote.h"

/* Position in the old table of column `k` of the mapping's key. */
static size_t old_column(const struct mapping *mapping, size_t k) {
    const struct mapping_column *column = &mapping->columns[mapping->key[k]];
    return mapping->direction == FORWARD ? column->source : column->target;
}

const size_t *key_order(const struct mapping_pair *pair, enum direction direction,
                        struct arena *arena) {
    const struct mapping *mapping = direction == FORWARD ? &pair->forward : &pair->reverse;
    size_t n = pair->forward.n_key;
    size_t *order = arena_zero(arena, n, sizeof *order);
    for (size_t k = 0; k < n; k++) {
        while (order[k] + 1 < n && old_column(mapping, order[k]) != old_column(&pair->forward, k)) {
            order[k]++;
        }
    }
    return order;
}

const char *key_column_name(const struct mapping_pair *pair, size_t k) {
    return pair->forward.source->columns[old_column(&pair->forward, k)].name;
}

static void add_name_literal(struct buf *sql, const struct mapping_pair *pair, size_t k) {
    const char *name = key_column_name(pair, k);
    quote_literal(sql, name, strlen(name));
}

void key_add_object_sql(struct buf *sql, const struct mapping_pair *pair) {
    buf_add_text(sql, "jsonb_build_object(");
    for (size_t k = 0; k < pair->forward.n_key; k++) {
        buf_add_text(sql, k > 0 ? ", " : "");
        add_name_literal(sql, pair, k);
        buf_add_format(sql, ", u.k%zu", k);
    }
    buf_add_char(sql, ')');
}

void key_add_fields_sql(struct buf *sql, const struct mapping_pair *pair) {
    for (size_t k = 0; k < pair->forward.n_key; k++) {
        buf_add_text(sql, k > 0 ? ", key->>" : "key->>");
        add_name_literal(sql, pair, k);
    }
}
