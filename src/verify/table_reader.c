/* table_reader.c - see table_reader.h. */
#include "verify/table_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "apply/array.h"
#include "apply/provenance.h"
#include "base/mem.h"
#include "pg/quote.h"

/* Marks what the mapping reads of its source, or writes of its target. */
static void mark_columns(const struct mapping *mapping, bool is_source, bool *used) {
    for (size_t i = 0; i < mapping->n_columns; i++) {
        const struct mapping_column *column = &mapping->columns[i];
        size_t position = is_source ? column->source : column->target;
        if (position != COLUMN_NONE) {
            used[position] = true;
        }
    }
    for (size_t t = 0; is_source && t < mapping->n_transforms; t++) {
        for (size_t i = 0; i < mapping->transforms[t].n_inputs; i++) {
            used[mapping->transforms[t].inputs[i]] = true;
        }
    }
}

/* A generated column's copy is written by one of the two only. */
static void collect_columns(struct table_reader *reader, const struct mapping_pair *pair,
                            enum direction direction, struct arena *arena) {
    bool *used = arena_zero(arena, reader->table->n_columns, sizeof *used);
    mark_columns(&pair->forward, direction == FORWARD, used);
    mark_columns(&pair->reverse, direction == REVERSE, used);
    reader->columns = arena_zero(arena, reader->table->n_columns, sizeof *reader->columns);
    for (size_t i = 0; i < reader->table->n_columns; i++) {
        if (used[i]) {
            reader->columns[reader->n_columns++] = i;
        }
    }
}

static void collect_casts(struct table_reader *reader, const struct mapping_pair *pair,
                          const struct cast_list *casts, enum direction direction,
                          struct arena *arena) {
    const struct table *old_table = pair->forward.source, *new_table = pair->forward.target;
    reader->n_casts = casts->count;
    reader->casts = arena_zero(arena, casts->count, sizeof *reader->casts);
    for (size_t i = 0; i < casts->count; i++) {
        size_t o = casts->pairs[i].old_column, n = casts->pairs[i].new_column;
        reader->casts[i].column = direction == FORWARD ? o : n;
        reader->casts[i].type = direction == FORWARD ? new_table->columns[n].type.full_name
                                                     : old_table->columns[o].type.full_name;
    }
}

void table_reader_init(struct table_reader *reader, struct db *db, const struct mapping_pair *pair,
                       const struct cast_list *casts, enum direction direction,
                       struct arena *arena) {
    const struct mapping *mapping = &pair->forward;
    memset(reader, 0, sizeof *reader);
    reader->db = db;
    reader->table = direction == FORWARD ? mapping->source : mapping->target;
    reader->n_key = mapping->n_key;
    reader->key = arena_zero(arena, mapping->n_key, sizeof *reader->key);
    for (size_t k = 0; k < mapping->n_key; k++) {
        const struct mapping_column *column = &mapping->columns[mapping->key[k]];
        reader->key[k] = direction == FORWARD ? column->source : column->target;
    }
    collect_columns(reader, pair, direction, arena);
    collect_casts(reader, pair, casts, direction, arena);
    reader->version = direction == FORWARD ? mapping->version.source : pair->reverse.version.source;
}

void table_reader_ask_provenance(struct table_reader *reader) {
    reader->provenance = true;
}

/* statements */

static const struct column *key_column(const struct table_reader *reader, size_t k) {
    return &reader->table->columns[reader->key[k]];
}

static void add_column(struct buf *sql, const struct table_reader *reader, size_t column) {
    buf_add_text(sql, ", t.");
    quote_identifier(sql, reader->table->columns[column].name);
}

static void add_select_list(struct buf *sql, const struct table_reader *reader,
                            enum read_what what) {
    for (size_t k = 0; k < reader->n_key; k++) {
        add_column(sql, reader, reader->key[k]);
    }
    if (what == READ_KEYS) {
        return;
    }
    for (size_t i = 0; i < reader->n_columns; i++) {
        add_column(sql, reader, reader->columns[i]);
    }
    for (size_t i = 0; i < reader->n_casts; i++) {
        if (what == READ_PLAIN) {
            buf_add_text(sql, ", NULL");
        } else {
            add_column(sql, reader, reader->casts[i].column);
            buf_add_format(sql, "::%s", reader->casts[i].type);
        }
    }
    if (reader->provenance) {
        provenance_add_columns(sql, PROVENANCE_COMMITTED, reader->version != COLUMN_NONE);
    }
}

static void add_from(struct buf *sql, const struct table_reader *reader) {
    quote_table(sql, &reader->table->name);
    buf_add_text(sql, " AS t");
}

/* "t."a", t."b"" */
static void add_key_names(struct buf *sql, const struct table_reader *reader) {
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_add_text(sql, k > 0 ? ", t." : "t.");
        quote_identifier(sql, key_column(reader, k)->name);
    }
}

static void range_sql(struct buf *sql, const struct table_reader *reader, enum read_what what,
                      bool after, size_t limit) {
    buf_add_text(sql, "SELECT 1");
    add_select_list(sql, reader, what);
    buf_add_text(sql, " FROM ");
    add_from(sql, reader);
    if (after) {
        buf_add_text(sql, " WHERE (");
        add_key_names(sql, reader);
        buf_add_text(sql, ") > (");
        for (size_t k = 0; k < reader->n_key; k++) {
            buf_add_format(sql, "%s$%zu::%s", k > 0 ? ", " : "", k + 1,
                           key_column(reader, k)->type.name);
        }
        buf_add_char(sql, ')');
    }
    buf_add_text(sql, " ORDER BY ");
    add_key_names(sql, reader);
    buf_add_format(sql, " LIMIT %zu", limit);
}

static void lookup_sql(struct buf *sql, const struct table_reader *reader, enum read_what what) {
    buf_add_text(sql, "SELECT u.position");
    add_select_list(sql, reader, what);
    buf_add_text(sql, " FROM unnest(");
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_add_format(sql, "%s$%zu::text[]", k > 0 ? ", " : "", k + 1);
    }
    buf_add_text(sql, ") WITH ORDINALITY AS u(");
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_add_format(sql, "k%zu, ", k);
    }
    buf_add_text(sql, "position) JOIN ");
    add_from(sql, reader);
    buf_add_text(sql, " ON ");
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_add_text(sql, k > 0 ? " AND t." : "t.");
        quote_identifier(sql, key_column(reader, k)->name);
        buf_add_format(sql, " = u.k%zu::%s", k, key_column(reader, k)->type.name);
    }
}

/* queries */

static PGresult *query(struct table_reader *reader, struct buf *sql, size_t n_params,
                       struct buf *params, struct err *err) {
    const char **texts = mem_zero(n_params + 1, sizeof *texts);
    for (size_t i = 0; i < n_params; i++) {
        texts[i] = buf_text(&params[i]);
    }
    PGresult *r = db_query(reader->db, err, sql->data, (int)n_params, texts);
    free(texts);
    if (r == NULL) {
        err_context(err, "while reading %s.%s from %s", reader->table->name.schema,
                    reader->table->name.name, reader->db->label);
    }
    return r;
}

static struct buf *new_params(const struct table_reader *reader) {
    struct buf *params = mem_zero(reader->n_key, sizeof *params);
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_init(&params[k]);
    }
    return params;
}

static void free_params(const struct table_reader *reader, struct buf *params) {
    for (size_t k = 0; k < reader->n_key; k++) {
        buf_fini(&params[k]);
    }
    free(params);
}

PGresult *table_reader_range(struct table_reader *reader, enum read_what what,
                             const struct value *after, size_t limit, struct err *err) {
    struct buf sql, *params = new_params(reader);
    buf_init(&sql);
    range_sql(&sql, reader, what, after != NULL, limit);
    for (size_t k = 0; after != NULL && k < reader->n_key; k++) {
        buf_add(&params[k], after[k].data, after[k].size);
    }
    PGresult *r = query(reader, &sql, after != NULL ? reader->n_key : 0, params, err);
    free_params(reader, params);
    buf_fini(&sql);
    return r;
}

PGresult *table_reader_lookup(struct table_reader *reader, enum read_what what,
                              const struct value *keys, size_t n, struct err *err) {
    struct buf sql, *params = new_params(reader);
    buf_init(&sql);
    lookup_sql(&sql, reader, what);
    for (size_t k = 0; k < reader->n_key; k++) {
        for (size_t i = 0; i < n; i++) {
            buf_add_char(&params[k], i == 0 ? '{' : ',');
            array_add_element(&params[k], keys[i * reader->n_key + k]);
        }
        buf_add_text(&params[k], n == 0 ? "{}" : "}");
    }
    PGresult *r = query(reader, &sql, reader->n_key, params, err);
    free_params(reader, params);
    buf_fini(&sql);
    return r;
}

static PGresult *draw(struct table_reader *reader, int64_t n, double percent, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "SELECT 1");
    add_select_list(&sql, reader, READ_KEYS);
    buf_add_text(&sql, " FROM ");
    add_from(&sql, reader);
    if (percent < 100) {
        buf_add_format(&sql, " TABLESAMPLE BERNOULLI (%.9f)", percent);
    }
    buf_add_format(&sql, " ORDER BY random() LIMIT %" PRId64, n);
    PGresult *r = query(reader, &sql, 0, NULL, err);
    buf_fini(&sql);
    return r;
}

/* A fifth more than wanted is drawn, and what is too many left out at random.
 * When the estimate was too high, too few are drawn: again, then, with more. */
PGresult *table_reader_sample(struct table_reader *reader, int64_t n, int64_t rows,
                              struct err *err) {
    double percent = rows > 0 ? 120.0 * (double)(n + 50) / (double)rows : 100;
    PGresult *r = draw(reader, n, percent, err);
    while (r != NULL && PQntuples(r) < n && percent < 100) {
        PQclear(r);
        percent *= 3;
        r = draw(reader, n, percent, err);
    }
    return r;
}

/* EXPLAIN looks at the file's size now, so it is right without ANALYZE, too. */
bool table_reader_estimate(struct table_reader *reader, int64_t *rows, struct err *err) {
    struct buf sql;
    buf_init(&sql);
    buf_add_text(&sql, "EXPLAIN (FORMAT JSON) SELECT FROM ");
    add_from(&sql, reader);
    PGresult *r = query(reader, &sql, 0, NULL, err);
    buf_fini(&sql);
    if (r == NULL) {
        return false;
    }
    static const char label[] = "\"Plan Rows\": ";
    const char *found = strstr(PQgetvalue(r, 0, 0), label);
    *rows = found != NULL ? strtoll(found + strlen(label), NULL, 10) : 0;
    PQclear(r);
    return true;
}

/* results */

size_t table_reader_position(const PGresult *result, int row) {
    return (size_t)result_int(result, row, 0) - 1;
}

void table_reader_key(const struct table_reader *reader, const PGresult *result, int row,
                      struct value *key) {
    for (size_t k = 0; k < reader->n_key; k++) {
        key[k] = result_value(result, row, (int)(1 + k));
    }
}

struct side_row table_reader_row(const struct table_reader *reader, const PGresult *result, int row,
                                 struct arena *arena) {
    struct value *values = arena_zero(arena, reader->table->n_columns, sizeof *values);
    struct value *casts = arena_zero(arena, reader->n_casts, sizeof *casts);
    int field = 1 + (int)reader->n_key;
    for (size_t i = 0; i < reader->n_columns; i++) {
        values[reader->columns[i]] = result_value(result, row, field++);
    }
    for (size_t i = 0; i < reader->n_casts; i++) {
        casts[i] = result_value(result, row, field++);
        if (casts[i].kind == VALUE_NULL && values[reader->casts[i].column].kind != VALUE_NULL) {
            casts[i] = value_absent(); /* was not asked for */
        }
    }
    return (struct side_row){values, casts};
}

static int provenance_at(const struct table_reader *reader) {
    return 1 + (int)(reader->n_key + reader->n_columns + reader->n_casts);
}

/* Where the column is in the result. */
static int field_of(const struct table_reader *reader, size_t column) {
    size_t i = 0;
    while (reader->columns[i] != column) {
        i++;
    }
    return 1 + (int)(reader->n_key + i);
}

struct row_state table_reader_state(const struct table_reader *reader, const PGresult *result,
                                    int row, const struct origin_ids *ours) {
    if (reader->version == COLUMN_NONE) {
        return provenance_read(result, row, provenance_at(reader), ours, NULL, value_absent());
    }
    struct value version = result_value(result, row, field_of(reader, reader->version));
    return provenance_read(result, row, provenance_at(reader), ours,
                           &reader->table->columns[reader->version].type, version);
}

const char *table_reader_xmin(const struct table_reader *reader, const PGresult *result, int row) {
    return provenance_xmin(result, row, provenance_at(reader));
}
