/* chunk.c - see chunk.h. */
#include "copy/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "copy/bound.h"
#include "pg/quote.h"

struct chunk *chunk_new(const struct mapping *mapping, int number, char **low, char **high) {
    struct chunk *chunk = mem_zero(1, sizeof *chunk);
    chunk->mapping = mapping;
    chunk->number = number;
    chunk->low = low;
    chunk->high = high;
    return chunk;
}

struct chunk *chunk_copy(const struct chunk *chunk) {
    size_t n = chunk->mapping->n_key;
    struct chunk *copy =
        chunk_new(chunk->mapping, chunk->number, bound_new((const char *const *)chunk->low, n),
                  bound_new((const char *const *)chunk->high, n));
    copy->rows = chunk->rows;
    return copy;
}

void chunk_free(struct chunk *chunk) {
    if (chunk != NULL) {
        bound_free(chunk->low, chunk->mapping->n_key);
        bound_free(chunk->high, chunk->mapping->n_key);
        free(chunk);
    }
}

static const struct column *key_column(const struct mapping *mapping, size_t i) {
    return &mapping->source->columns[mapping->columns[mapping->key[i]].source];
}

/* t."a", t."b" with what belongs behind each. A bare name in ORDER BY would be
 * the output column's, which is a text. */
static void add_key(struct buf *sql, const struct mapping *mapping, const char *behind) {
    for (size_t i = 0; i < mapping->n_key; i++) {
        buf_add_text(sql, i > 0 ? ", t." : "t.");
        quote_identifier(sql, key_column(mapping, i)->name);
        buf_add_text(sql, behind);
    }
}

/* Casts are to the column's own type: the comparison is then the one that the
 * key's index is sorted by. Without `bound`, the values are parameters behind the
 * first `before`. */
static void add_bound(struct buf *sql, const struct mapping *mapping, const char *comparison,
                      char *const *bound, size_t before) {
    buf_add_char(sql, '(');
    add_key(sql, mapping, "");
    buf_add_format(sql, ") %s (", comparison);
    for (size_t i = 0; i < mapping->n_key; i++) {
        buf_add_text(sql, i > 0 ? ", " : "");
        if (bound != NULL) {
            quote_literal(sql, bound[i], strlen(bound[i]));
        } else {
            buf_add_format(sql, "$%zu", before + i + 1);
        }
        buf_add_format(sql, "::%s", key_column(mapping, i)->type.name);
    }
    buf_add_char(sql, ')');
}

void chunk_sql_read(struct buf *sql, const struct chunk *chunk, const struct field_list *fields,
                    enum copy_format format) {
    const struct table *source = chunk->mapping->source;
    buf_add_text(sql, "COPY (SELECT ");
    for (size_t i = 0; i < fields->count; i++) {
        buf_add_text(sql, i > 0 ? ", " : "");
        quote_identifier(sql, source->columns[fields->columns[i]].name);
    }
    buf_add_text(sql, " FROM ");
    quote_table(sql, &source->name);
    buf_add_text(sql, " AS t");
    if (chunk->low != NULL) {
        buf_add_text(sql, " WHERE ");
        add_bound(sql, chunk->mapping, ">", chunk->low, 0);
    }
    if (chunk->high != NULL) {
        buf_add_text(sql, chunk->low != NULL ? " AND " : " WHERE ");
        add_bound(sql, chunk->mapping, "<=", chunk->high, 0);
    }
    buf_add_format(sql, ") TO STDOUT (FORMAT %s)", copy_format_name(format));
}

void chunk_sql_write(struct buf *sql, const struct mapping *mapping, enum copy_format format) {
    buf_add_text(sql, "COPY ");
    quote_table(sql, &mapping->target->name);
    for (size_t i = 0; i < mapping->n_columns; i++) {
        buf_add_text(sql, i == 0 ? " (" : ", ");
        quote_identifier(sql, mapping->target->columns[mapping->columns[i].target].name);
    }
    buf_add_format(sql, ") FROM STDIN (FORMAT %s)", copy_format_name(format));
}

static void add_keys_of_table(struct buf *sql, const struct mapping *mapping) {
    buf_add_text(sql, "SELECT ");
    add_key(sql, mapping, "::text");
    buf_add_text(sql, " FROM ");
    quote_table(sql, &mapping->source->name);
    buf_add_text(sql, " AS t");
}

void chunk_sql_boundary(struct buf *sql, const struct mapping *mapping, bool low, bool last,
                        long long rows) {
    add_keys_of_table(sql, mapping);
    if (low) {
        buf_add_text(sql, " WHERE ");
        add_bound(sql, mapping, ">", NULL, 0);
    }
    if (last) {
        buf_add_text(sql, low ? " AND " : " WHERE ");
        add_bound(sql, mapping, "<=", NULL, low ? mapping->n_key : 0);
    }
    buf_add_text(sql, " ORDER BY ");
    add_key(sql, mapping, "");
    buf_add_format(sql, " OFFSET %lld LIMIT 1", rows - 1);
}

void chunk_sql_last(struct buf *sql, const struct mapping *mapping) {
    add_keys_of_table(sql, mapping);
    buf_add_text(sql, " ORDER BY ");
    add_key(sql, mapping, " DESC");
    buf_add_text(sql, " LIMIT 1");
}
