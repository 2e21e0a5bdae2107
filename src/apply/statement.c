/* statement.c - see statement.h. */
#include "apply/statement.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply/provenance.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "pg/quote.h"

enum { TEXT_OID = 25 };

void statement_init(struct statement *statement) {
    memset(statement, 0, sizeof *statement);
}

void statement_fini(struct statement *statement) {
    buf_fini(&statement->sql);
    for (size_t i = 0; i < statement->capacity; i++) {
        buf_fini(&statement->params[i]);
    }
    free(statement->params);
    free(statement->lent);
    memset(statement, 0, sizeof *statement);
}

static void reset(struct statement *statement) {
    buf_reset(&statement->sql);
    statement->n_params = 0;
    statement->n_rows = 0;
}

struct value statement_param(const struct statement *statement, size_t i) {
    const struct buf *param = &statement->params[i];
    return statement->lent[i].kind == VALUE_TEXT ? statement->lent[i]
                                                 : value_text(param->data, param->size);
}

void statement_release(struct statement *statement) {
    for (size_t i = 0; i < statement->n_params; i++) {
        buf_reset(&statement->params[i]);
        statement->lent[i] = value_absent();
    }
}

static void set_label(struct statement *statement, const char *what, const struct table *table) {
    snprintf(statement->label, sizeof statement->label, "%s %s.%s", what, table->name.schema,
             table->name.name);
}

/* parameters */

static struct buf *add_param(struct statement *statement) {
    if (statement->n_params == statement->capacity) {
        size_t capacity = statement->capacity == 0 ? 16 : mem_mul(statement->capacity, 2);
        statement->params = mem_grow(statement->params, mem_mul(capacity, sizeof(struct buf)));
        statement->lent = mem_grow(statement->lent, mem_mul(capacity, sizeof *statement->lent));
        for (size_t i = statement->capacity; i < capacity; i++) {
            buf_init(&statement->params[i]);
        }
        statement->capacity = capacity;
    }
    statement->lent[statement->n_params] = value_absent();
    struct buf *param = &statement->params[statement->n_params++];
    buf_reset(param);
    return param;
}

/* array_recv's format: dimensions, "has NULLs", element type, then for the one
 * dimension its length and lower bound, then each element behind its length. */
static void begin_array(struct buf *param, size_t n) {
    buf_add_u32(param, 1);
    buf_add_u32(param, 1);
    buf_add_u32(param, TEXT_OID);
    buf_add_u32(param, (uint32_t)n);
    buf_add_u32(param, 1);
}

static void add_element(struct buf *param, struct value value) {
    if (value.kind != VALUE_TEXT) {
        buf_add_u32(param, UINT32_MAX);
        return;
    }
    buf_add_u32(param, (uint32_t)value.size);
    buf_add(param, value.data, value.size);
}

static void add_key_params(struct statement *statement, const struct mapping *mapping,
                           const struct value *const *keys, size_t n) {
    for (size_t k = 0; k < mapping->n_key; k++) {
        struct buf *param = add_param(statement);
        begin_array(param, n);
        for (size_t i = 0; i < n; i++) {
            add_element(param, keys[i][k]);
        }
    }
}

static void add_guard_param(struct statement *statement, const struct write *const *writes,
                            size_t n) {
    struct buf *param = add_param(statement);
    begin_array(param, n);
    for (size_t i = 0; i < n; i++) {
        add_element(param, value_text(writes[i]->guard, strlen(writes[i]->guard)));
    }
}

/* The array's head goes before the one large value that it holds. A source's value is in one
 * column of the target only, and its copies are written with no others' heads. */
static void lend(struct statement *statement, struct value value) {
    struct buf *head = &statement->params[statement->n_params - 1];
    begin_array(head, 1);
    buf_add_u32(head, (uint32_t)value.size);
    char *whole = value_before(value, head->size);
    memcpy(whole, head->data, head->size);
    statement->lent[statement->n_params - 1] = value_text(whole, head->size + value.size);
}

static void add_column_param(struct statement *statement, const struct write *const *writes,
                             size_t n, size_t column) {
    struct buf *param = add_param(statement);
    if (n == 1 && writes[0]->values[column].room != NULL) {
        lend(statement, writes[0]->values[column]);
        return;
    }
    begin_array(param, n);
    for (size_t i = 0; i < n; i++) {
        add_element(param, writes[i]->values[column]);
    }
}

/* words */

static const struct column *target_column(const struct mapping *mapping, size_t i) {
    return &mapping->target->columns[mapping->columns[i].target];
}

static const struct column *source_column(const struct mapping *mapping, size_t i) {
    return &mapping->source->columns[mapping->columns[i].source];
}

static void add_comma(struct buf *sql, bool *first) {
    buf_add_text(sql, *first ? "" : ", ");
    *first = false;
}

/* "unnest($1::text[], ...)" over all parameters, as u(k0, .., c3, .., guard) */
static void add_unnest(struct statement *statement, const struct mapping *mapping,
                       const bool *columns, bool keys, bool guard, bool ordinality) {
    struct buf *sql = &statement->sql;
    bool first = true;
    buf_add_text(sql, "unnest(");
    for (size_t i = 0; i < statement->n_params; i++) {
        add_comma(sql, &first);
        buf_add_format(sql, "$%zu::text[]", i + 1);
    }
    buf_add_text(sql, ordinality ? ") WITH ORDINALITY AS u(" : ") AS u(");
    first = true;
    for (size_t k = 0; keys && k < mapping->n_key; k++) {
        add_comma(sql, &first);
        buf_add_format(sql, "k%zu", k);
    }
    for (size_t i = 0; columns != NULL && i < mapping->n_columns; i++) {
        if (columns[i]) {
            add_comma(sql, &first);
            buf_add_format(sql, "c%zu", i);
        }
    }
    buf_add_text(sql, guard ? ", guard" : "");
    buf_add_text(sql, ordinality ? ", position)" : ")");
}

/* Behind a key's match: under the row's lock, so that nothing comes between. */
static void add_guard_match(struct buf *sql, bool guard) {
    bool checks = guard && !MUTANT_IS(unguarded);
    buf_add_text(sql, checks ? " AND t.xmin = u.guard::xid" : "");
}

/* "t.id = u.k0::bigint AND ..." */
static void add_key_match(struct buf *sql, const struct mapping *mapping) {
    for (size_t k = 0; k < mapping->n_key; k++) {
        const struct column *column = target_column(mapping, mapping->key[k]);
        buf_add_text(sql, k > 0 ? " AND t." : "t.");
        quote_identifier(sql, column->name);
        buf_add_format(sql, " = u.k%zu::%s", k, column->type.name);
    }
}

/* reading the target */

bool statement_reads_column(const struct mapping *mapping, size_t i) {
    return mapping->columns[i].is_key || mapping->columns[i].transform != COLUMN_NONE ||
           i == mapping->version.column;
}

void statement_read(struct statement *statement, const struct mapping *mapping,
                    const struct value *const *keys, size_t n_keys, bool lock,
                    enum provenance provenance) {
    struct buf *sql = &statement->sql;
    reset(statement);
    set_label(statement, "read of", mapping->target);
    statement->n_rows = n_keys;
    add_key_params(statement, mapping, keys, n_keys);
    buf_add_text(sql, "SELECT u.position");
    if (provenance != PROVENANCE_NONE) {
        provenance_add_columns(sql, provenance, mapping->version.column != COLUMN_NONE);
    }
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (statement_reads_column(mapping, i)) {
            buf_add_text(sql, ", t.");
            quote_identifier(sql, target_column(mapping, i)->name);
        }
    }
    buf_add_text(sql, " FROM ");
    add_unnest(statement, mapping, NULL, true, false, true);
    buf_add_text(sql, " JOIN ");
    quote_table(sql, &mapping->target->name);
    buf_add_text(sql, " AS t ON ");
    add_key_match(sql, mapping);
    buf_add_text(sql, lock ? " FOR NO KEY UPDATE OF t" : "");
}

/* writing */

static bool is_written(const struct write *write, size_t i) {
    switch (write->kind) {
        case WRITE_UPSERT:
        case WRITE_INSERT:
            return true;
        case WRITE_UPDATE:
            return write->values[i].kind != VALUE_ABSENT && !write->mapping->columns[i].is_key;
        case WRITE_MOVE:
            return write->values[i].kind != VALUE_ABSENT;
        case WRITE_DELETE:
        case WRITE_TRUNCATE:
            return false;
    }
    return false;
}

bool statement_same_shape(const struct write *a, const struct write *b) {
    if (a->kind == WRITE_TRUNCATE && b->kind == WRITE_TRUNCATE) {
        return true; /* one statement empties all of their tables */
    }
    if (a->kind != b->kind || a->mapping->number != b->mapping->number ||
        (a->guard == NULL) != (b->guard == NULL)) {
        return false;
    }
    for (size_t i = 0; i < a->mapping->n_columns; i++) {
        if (is_written(a, i) != is_written(b, i)) {
            return false;
        }
    }
    return true;
}

int statement_compare_keys(const struct mapping *mapping, const struct value *a,
                           const struct value *b) {
    for (size_t k = 0; k < mapping->n_key; k++) {
        if (a[k].size != b[k].size) {
            return a[k].size < b[k].size ? -1 : 1;
        }
        int order = a[k].size > 0 ? memcmp(a[k].data, b[k].data, a[k].size) : 0;
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static int compare_writes(const void *a, const void *b) {
    const struct write *const *one = a, *const *other = b;
    return (*one)->key == NULL
               ? 0
               : statement_compare_keys((*one)->mapping, (*one)->key, (*other)->key);
}

void statement_group(const struct write *const *writes, size_t n, enum write_kind kind,
                     statement_group_fn *group, void *owner) {
    const struct write **members = mem_zero(n, sizeof(const struct write *));
    bool *taken = mem_zero(n, sizeof *taken);
    for (size_t i = 0; i < n; i++) {
        size_t size = 0;
        for (size_t j = i; j < n && !taken[i] && writes[i]->kind == kind; j++) {
            if (!taken[j] && statement_same_shape(writes[i], writes[j])) {
                taken[j] = j > i;
                members[size++] = writes[j];
            }
        }
        if (size > 0) {
            qsort(members, size, sizeof *members, compare_writes);
            group(owner, members, size);
        }
    }
    free(members);
    free(taken);
}

static void add_written_params(struct statement *statement, const struct write *const *writes,
                               size_t n, bool *columns) {
    const struct mapping *mapping = writes[0]->mapping;
    for (size_t i = 0; i < mapping->n_columns; i++) {
        columns[i] = is_written(writes[0], i);
        if (columns[i]) {
            add_column_param(statement, writes, n, i);
        }
    }
}

static void add_write_keys(struct statement *statement, const struct write *const *writes,
                           size_t n) {
    const struct mapping *mapping = writes[0]->mapping;
    for (size_t k = 0; k < mapping->n_key; k++) {
        struct buf *param = add_param(statement);
        begin_array(param, n);
        for (size_t i = 0; i < n; i++) {
            add_element(param, writes[i]->key[k]);
        }
    }
}

static void add_conflict_target(struct buf *sql, const struct mapping *mapping) {
    bool first = true;
    buf_add_text(sql, " ON CONFLICT (");
    for (size_t k = 0; k < mapping->n_key; k++) {
        add_comma(sql, &first);
        quote_identifier(sql, target_column(mapping, mapping->key[k])->name);
    }
    buf_add_char(sql, ')');
}

static void add_conflict_clause(struct buf *sql, const struct mapping *mapping) {
    bool first = true;
    add_conflict_target(sql, mapping);
    if (mapping->n_columns == mapping->n_key) {
        buf_add_text(sql, " DO NOTHING");
        return;
    }
    buf_add_text(sql, " DO UPDATE SET ");
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (!mapping->columns[i].is_key) {
            const char *name = target_column(mapping, i)->name;
            add_comma(sql, &first);
            quote_identifier(sql, name);
            buf_add_text(sql, " = excluded.");
            quote_identifier(sql, name);
        }
    }
}

static void write_insert(struct statement *statement, const struct write *const *writes, size_t n,
                         bool *columns, bool upsert) {
    const struct mapping *mapping = writes[0]->mapping;
    struct buf *sql = &statement->sql;
    bool first = true;
    add_written_params(statement, writes, n, columns);
    buf_add_text(sql, "INSERT INTO ");
    quote_table(sql, &mapping->target->name);
    buf_add_text(sql, " AS t (");
    for (size_t i = 0; i < mapping->n_columns; i++) {
        add_comma(sql, &first);
        quote_identifier(sql, target_column(mapping, i)->name);
    }
    buf_add_text(sql, ") OVERRIDING SYSTEM VALUE SELECT ");
    first = true;
    for (size_t i = 0; i < mapping->n_columns; i++) {
        add_comma(sql, &first);
        buf_add_format(sql, "u.c%zu::%s", i, target_column(mapping, i)->type.name);
    }
    buf_add_text(sql, " FROM ");
    add_unnest(statement, mapping, columns, false, false, false);
    if (upsert) {
        add_conflict_clause(sql, mapping);
    } else if (writes[0]->guard != NULL) {
        add_conflict_target(sql, mapping);
        buf_add_text(sql, " DO NOTHING");
    }
}

static void write_update(struct statement *statement, const struct write *const *writes, size_t n,
                         bool *columns) {
    const struct mapping *mapping = writes[0]->mapping;
    struct buf *sql = &statement->sql;
    bool first = true, guard = writes[0]->guard != NULL;
    add_write_keys(statement, writes, n);
    add_written_params(statement, writes, n, columns);
    if (guard) {
        add_guard_param(statement, writes, n);
    }
    buf_add_text(sql, "UPDATE ");
    quote_table(sql, &mapping->target->name);
    buf_add_text(sql, " AS t SET ");
    for (size_t i = 0; i < mapping->n_columns; i++) {
        if (columns[i]) {
            const struct column *column = target_column(mapping, i);
            add_comma(sql, &first);
            quote_identifier(sql, column->name);
            buf_add_format(sql, " = u.c%zu::%s", i, column->type.name);
        }
    }
    buf_add_text(sql, " FROM ");
    add_unnest(statement, mapping, columns, true, guard, false);
    buf_add_text(sql, " WHERE ");
    add_key_match(sql, mapping);
    add_guard_match(sql, guard);
}

static void write_delete(struct statement *statement, const struct write *const *writes, size_t n) {
    const struct mapping *mapping = writes[0]->mapping;
    struct buf *sql = &statement->sql;
    bool guard = writes[0]->guard != NULL;
    add_write_keys(statement, writes, n);
    if (guard) {
        add_guard_param(statement, writes, n);
    }
    buf_add_text(sql, "DELETE FROM ");
    quote_table(sql, &mapping->target->name);
    buf_add_text(sql, " AS t USING ");
    add_unnest(statement, mapping, NULL, true, guard, false);
    buf_add_text(sql, " WHERE ");
    add_key_match(sql, mapping);
    add_guard_match(sql, guard);
}

static void write_truncate(struct statement *statement, const struct write *const *writes,
                           size_t n) {
    bool first = true;
    buf_add_text(&statement->sql, "TRUNCATE ");
    for (size_t i = 0; i < n; i++) {
        add_comma(&statement->sql, &first);
        quote_table(&statement->sql, &writes[i]->mapping->target->name);
    }
}

void statement_write(struct statement *statement, const struct write *const *writes, size_t n) {
    const struct mapping *mapping = writes[0]->mapping;
    bool *columns = mem_zero(mapping->n_columns, sizeof *columns);
    reset(statement);
    statement->n_rows = n;
    switch (writes[0]->kind) {
        case WRITE_UPSERT:
            set_label(statement, "upsert into", mapping->target);
            write_insert(statement, writes, n, columns, true);
            break;
        case WRITE_INSERT:
            set_label(statement, "insert into", mapping->target);
            write_insert(statement, writes, n, columns, false);
            break;
        case WRITE_UPDATE:
        case WRITE_MOVE:
            set_label(statement, "update of", mapping->target);
            write_update(statement, writes, n, columns);
            break;
        case WRITE_DELETE:
            set_label(statement, "delete from", mapping->target);
            write_delete(statement, writes, n);
            break;
        case WRITE_TRUNCATE:
            set_label(statement, "truncate of", mapping->target);
            write_truncate(statement, writes, n);
            break;
    }
    free(columns);
}

/* reading the source */

/* A transaction can be decoded before snapshots see it. The stream names it by
 * the low half of its id; the high half is the one that brings it nearest to
 * the newest id there is. */
static const char visible_sql[] =
    "WITH now AS (SELECT pg_current_snapshot() AS snapshot),"
    " newest AS (SELECT pg_snapshot_xmax(snapshot)::text::bigint AS id FROM now),"
    " visible AS (SELECT bool_and(pg_visible_in_snapshot((newest.id"
    " + ((x.low::bigint - newest.id % 4294967296 + 6442450944) % 4294967296 - 2147483648)"
    ")::text::xid8, now.snapshot)) AS all_of_them"
    " FROM now, newest, unnest($1::text[]) AS x(low)) ";

static void add_xids(struct statement *statement, const uint32_t *xids, size_t n) {
    struct buf *param = add_param(statement);
    begin_array(param, n);
    for (size_t i = 0; i < n; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "%u", xids[i]);
        add_element(param, value_text(text, (size_t)size));
    }
}

static void add_source_columns(struct buf *sql, const struct table *source) {
    for (size_t i = 0; i < source->n_columns; i++) {
        buf_add_text(sql, ", s.");
        quote_identifier(sql, source->columns[i].name);
    }
}

void statement_fetch(struct statement *statement, const struct mapping *mapping,
                     const struct value *const *keys, size_t n_keys, const uint32_t *xids,
                     size_t n_xids) {
    struct buf *sql = &statement->sql;
    reset(statement);
    set_label(statement, "read of", mapping->source);
    statement->n_rows = n_keys;
    add_xids(statement, xids, n_xids);
    add_key_params(statement, mapping, keys, n_keys);
    buf_add_text(sql, visible_sql);
    buf_add_text(sql, "SELECT u.position, s.");
    quote_identifier(sql, source_column(mapping, mapping->key[0])->name);
    buf_add_text(sql, " IS NOT NULL");
    add_source_columns(sql, mapping->source);
    buf_add_text(sql, " FROM visible CROSS JOIN unnest(");
    bool first = true;
    for (size_t k = 0; k < mapping->n_key; k++) {
        add_comma(sql, &first);
        buf_add_format(sql, "$%zu::text[]", k + 2);
    }
    buf_add_text(sql, ") WITH ORDINALITY AS u(");
    for (size_t k = 0; k < mapping->n_key; k++) {
        buf_add_format(sql, "k%zu, ", k);
    }
    buf_add_text(sql, "position) LEFT JOIN ");
    quote_table(sql, &mapping->source->name);
    buf_add_text(sql, " AS s ON ");
    for (size_t k = 0; k < mapping->n_key; k++) {
        const struct column *column = source_column(mapping, mapping->key[k]);
        buf_add_text(sql, k > 0 ? " AND s." : "s.");
        quote_identifier(sql, column->name);
        buf_add_format(sql, " = u.k%zu::%s", k, column->type.name);
    }
    buf_add_text(sql, " WHERE visible.all_of_them");
}
