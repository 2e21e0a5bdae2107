/* bind.c - see bind.h. */
#include "decode/bind.h"

#include <stdint.h>
#include <string.h>

/* Fixed in the catalog of every server (pg_type.dat). */
enum { TYPE_BYTEA = 17 };

static bool same_name(const char *name, const char *text, size_t size) {
    return strlen(name) == size && memcmp(name, text, size) == 0;
}

const struct mapping *bind_find(const struct mapping *const *mappings, size_t count,
                                const struct message *message) {
    for (size_t i = 0; i < count; i++) {
        const struct table_name *name = &mappings[i]->source->name;
        if (same_name(name->name, message->table, message->table_size) &&
            same_name(name->schema, message->schema, message->schema_size)) {
            return mappings[i];
        }
    }
    return NULL;
}

static bool altered(struct err *err, const struct mapping *mapping, const char *column,
                    const char *what) {
    const struct table_name *name = &mapping->source->name;
    err_set(err, ERR_FAILED, "column \"%s\" of %s.%s %s", column, name->schema, name->name, what);
    return err_hint(err, "the table was altered while the migration runs: bring the other side "
                         "and the configuration in line with it, then start again");
}

static const char hex_prefix[] = "\\x";
enum { HEX_PREFIX_SIZE = sizeof hex_prefix - 1 };

/* A large value goes over to the batch as it is. */
static struct value spell_large(struct value value, bool is_bytea) {
    if (!is_bytea) {
        return value;
    }
    char *prefix = value_before(value, HEX_PREFIX_SIZE);
    memcpy(prefix, hex_prefix, HEX_PREFIX_SIZE);
    return (struct value){VALUE_TEXT, prefix, value.size + HEX_PREFIX_SIZE, value.room};
}

/* wal2json prints bytea without the \x its output format has. */
static struct value spell(const struct column *column, struct value value,
                          const struct message *message, struct arena *arena) {
    bool is_bytea = column->type.oid == TYPE_BYTEA;
    if (value.kind != VALUE_TEXT) {
        return value;
    }
    if (value.room != NULL && arena_move(arena, message->arena, value.data)) {
        return spell_large(value, is_bytea);
    }
    if (!is_bytea) {
        return value_text(arena_copy(arena, value.data, value.size), value.size);
    }
    char *text = arena_alloc(arena, value.size + HEX_PREFIX_SIZE + 1);
    memcpy(text, hex_prefix, HEX_PREFIX_SIZE);
    memcpy(text + HEX_PREFIX_SIZE, value.data, value.size);
    text[value.size + HEX_PREFIX_SIZE] = '\0';
    return value_text(text, value.size + HEX_PREFIX_SIZE);
}

/* A key is never NULL, so null in it stands for a number that JSON has no word for. */
static void spell_out_nan(const struct mapping *mapping, struct value *row) {
    for (size_t i = 0; i < mapping->n_key; i++) {
        size_t source = mapping->columns[mapping->key[i]].source;
        if (row[source].kind == VALUE_NULL &&
            change_null_is_nan(&mapping->source->columns[source])) {
            row[source] = value_text("NaN", 3);
        }
    }
}

/* Puts named values at their columns' positions, over what is there. */
static bool place(const struct mapping *mapping, const struct message *message,
                  const struct named_value *values, size_t count, struct value *row,
                  struct batch *batch, struct err *err) {
    const struct table *table = mapping->source;
    for (size_t i = 0; i < count; i++) {
        const struct named_value *v = &values[i];
        /* columns come in the table's own order, but for those left out */
        size_t at = i < table->n_columns && same_name(table->columns[i].name, v->name, v->name_size)
                        ? i
                        : table_find_column(table, v->name, v->name_size);
        if (at == COLUMN_NONE) {
            return altered(err, mapping, v->name, "has appeared");
        }
        row[at] = spell(&table->columns[at], v->value, message, &batch->arena);
        batch->bytes += v->value.size + sizeof *row;
    }
    spell_out_nan(mapping, row);
    return true;
}

/* Looks at a new row as a whole: what is missing, and what is ambiguous. */
static bool inspect_row(struct change *change, struct err *err) {
    const struct table *table = change->mapping->source;
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct column *column = &table->columns[i];
        struct value *v = &change->source[i];
        if (v->kind == VALUE_ABSENT && !(column->toastable && change->op == CHANGE_update)) {
            return altered(err, change->mapping, column->name, "is no longer in the change stream");
        }
        change->wants_source |= v->kind == VALUE_NULL && change_column_hides_nan(column);
    }
    return true;
}

static const char *why_no_key(const struct column *column, struct value value) {
    return value.kind == VALUE_NULL && change_column_hides_nan(column)
               ? "holds NaN or Infinity, which the change stream does not tell apart"
               : "is missing from a row's identity";
}

static bool place_key(struct change *change, const struct value *row, struct batch *batch,
                      struct err *err) {
    const struct mapping *mapping = change->mapping;
    change->key = arena_zero(&batch->arena, mapping->n_key, sizeof *change->key);
    for (size_t i = 0; i < mapping->n_key; i++) {
        size_t source = mapping->columns[mapping->key[i]].source;
        change->key[i] = row[source];
        if (row[source].kind != VALUE_TEXT) {
            const struct column *column = &mapping->source->columns[source];
            return altered(err, mapping, column->name, why_no_key(column, row[source]));
        }
    }
    return true;
}

static bool moves_key(const struct change *change) {
    const struct mapping *mapping = change->mapping;
    for (size_t i = 0; i < mapping->n_key; i++) {
        struct value now = change->target[mapping->key[i]];
        if (now.kind != VALUE_ABSENT && !value_equal(now, change->key[i])) {
            return true;
        }
    }
    return false;
}

static struct value *new_row(const struct mapping *mapping, struct batch *batch) {
    return arena_zero(&batch->arena, mapping->source->n_columns, sizeof(struct value));
}

/* The identity holds the key as it was before; under REPLICA IDENTITY FULL
 * also the old values of columns that the new row left out as unchanged. */
static bool bind_update(struct change *change, const struct message *message, struct batch *batch,
                        struct err *err) {
    const struct mapping *mapping = change->mapping;
    struct value *old = new_row(mapping, batch);
    change->source = new_row(mapping, batch);
    if (!place(mapping, message, message->identity, message->n_identity, old, batch, err) ||
        !place(mapping, message, message->columns, message->n_columns, change->source, batch,
               err) ||
        !place_key(change, old, batch, err)) {
        return false;
    }
    for (size_t i = 0; i < mapping->source->n_columns; i++) {
        if (change->source[i].kind == VALUE_ABSENT) {
            change->source[i] = old[i];
        }
    }
    if (!inspect_row(change, err)) {
        return false;
    }
    change_map(change, &batch->arena);
    change->moves_key = moves_key(change);
    return true;
}

static bool bind_insert(struct change *change, const struct message *message, struct batch *batch,
                        struct err *err) {
    change->source = new_row(change->mapping, batch);
    if (!place(change->mapping, message, message->columns, message->n_columns, change->source,
               batch, err) ||
        !inspect_row(change, err) || !place_key(change, change->source, batch, err)) {
        return false;
    }
    change_map(change, &batch->arena);
    return true;
}

static bool bind_delete(struct change *change, const struct message *message, struct batch *batch,
                        struct err *err) {
    struct value *old = new_row(change->mapping, batch);
    return place(change->mapping, message, message->identity, message->n_identity, old, batch,
                 err) &&
           place_key(change, old, batch, err);
}

bool bind_change(const struct mapping *mapping, const struct message *message,
                 const struct transaction *transaction, struct batch *batch, struct err *err) {
    struct change *change = batch_add(batch);
    change->mapping = mapping;
    change->transaction = *transaction;
    batch->bytes += sizeof *change;
    bool ok = true;
    switch (message->kind) {
        case MESSAGE_INSERT:
            change->op = CHANGE_insert;
            ok = bind_insert(change, message, batch, err);
            break;
        case MESSAGE_UPDATE:
            change->op = CHANGE_update;
            ok = bind_update(change, message, batch, err);
            break;
        case MESSAGE_DELETE:
            change->op = CHANGE_delete;
            ok = bind_delete(change, message, batch, err);
            break;
        case MESSAGE_TRUNCATE:
            change->op = CHANGE_truncate;
            break;
        case MESSAGE_BEGIN:
        case MESSAGE_COMMIT:
        case MESSAGE_LOGICAL:
            batch->n_changes--;
            return err_set(err, ERR_FAILED, "a %s message is no change",
                           message_kind_name(message->kind));
    }
    if (!ok) {
        batch->n_changes--;
    }
    return ok;
}
